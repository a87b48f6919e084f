//! As much of Wasm's binary form as the build has to know: sections, numbers, imports, exports.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};

/// Ids of the sections that are looked into.
pub const IMPORTS: u8 = 2;
pub const EXPORTS: u8 = 7;
pub const CODE: u8 = 10;
/// The section that holds the memory's first content.
pub const DATA: u8 = 11;

/// A cursor over a module's bytes.
pub struct Reader<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let found = self
            .bytes
            .get(self.at..self.at + len)
            .context("the module ends early")?;
        self.at += len;
        Ok(found)
    }

    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned number of at most 32 bits.
    pub fn number(&mut self) -> Result<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= usize::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(value);
            }
        }
        bail!("a number in the module is too long")
    }

    /// A signed number of at most 64 bits.
    pub fn signed(&mut self) -> Result<i64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 127) << shift;
            if byte < 128 {
                let sign = shift + 6;
                return Ok(if byte & 64 != 0 && sign < 63 {
                    value | -1 << sign
                } else {
                    value
                });
            }
        }
        bail!("a number in the module is too long")
    }

    pub fn name(&mut self) -> Result<String> {
        let len = self.number()?;
        Ok(String::from_utf8(self.take(len)?.to_vec())?)
    }
}

/// An unsigned number as Wasm writes it.
pub fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push((value & 127) as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A section: its id, the place of all of it, the place of what it holds.
pub struct Section {
    pub id: u8,
    pub whole: Range<usize>,
    pub body: Range<usize>,
}

pub fn sections(module: &[u8]) -> Result<Vec<Section>> {
    let mut reader = Reader::new(module);
    ensure!(reader.take(8)? == b"\0asm\x01\0\0\0", "this is no module");
    let mut found = Vec::new();
    while !reader.done() {
        let start = reader.at;
        let id = reader.byte()?;
        let len = reader.number()?;
        let from = reader.at;
        reader.take(len)?;
        found.push(Section {
            id,
            whole: start..reader.at,
            body: from..reader.at,
        });
    }
    Ok(found)
}

/// The section `id`, if there is one.
pub fn section(module: &[u8], id: u8) -> Result<Option<Section>> {
    Ok(sections(module)?
        .into_iter()
        .find(|section| section.id == id))
}

/// The names in the import section of a module, in order.
pub fn imports(module: &[u8]) -> Result<Vec<String>> {
    let Some(section) = section(module, IMPORTS)? else {
        return Ok(Vec::new());
    };
    let mut reader = Reader::new(&module[section.body]);
    let mut names = Vec::new();
    for _ in 0..reader.number()? {
        reader.name()?;
        names.push(reader.name()?);
        ensure!(
            reader.byte()? == 0,
            "the core imports something that is no function: {names:?}"
        );
        reader.number()?;
    }
    Ok(names)
}

/// The functions that the name section knows: their places and names.
pub fn function_names(module: &[u8]) -> Result<Vec<(usize, String)>> {
    let mut found = Vec::new();
    for section in sections(module)? {
        let mut reader = Reader::new(&module[section.body]);
        if section.id != 0 || reader.name()? != "name" {
            continue;
        }
        while !reader.done() {
            let kind = reader.byte()?;
            let length = reader.number()?;
            let mut names = Reader::new(reader.take(length)?);
            if kind == 1 {
                for _ in 0..names.number()? {
                    found.push((names.number()?, names.name()?));
                }
            }
        }
    }
    Ok(found)
}

/// The module with `from` in place of the module that it imports from, and each import's name as `short` has it.
pub fn rename_imports(
    module: &[u8],
    from: &str,
    short: impl Fn(&str) -> String,
) -> Result<Vec<u8>> {
    let section = section(module, IMPORTS)?.context("the module imports nothing")?;
    let mut reader = Reader::new(&module[section.body.clone()]);
    let count = reader.number()?;
    let mut body = number(count);
    for _ in 0..count {
        reader.name()?;
        for name in [from, &short(&reader.name()?)] {
            body.extend(number(name.len()));
            body.extend(name.as_bytes());
        }
        body.push(reader.byte()?);
        body.extend(number(reader.number()?));
    }
    Ok(with_section(module, &section, &body))
}

/// The module with another body of a section.
pub fn with_section(module: &[u8], section: &Section, body: &[u8]) -> Vec<u8> {
    [
        &module[..section.whole.start],
        &[section.id],
        &number(body.len()),
        body,
        &module[section.whole.end..],
    ]
    .concat()
}

/// The module with those exports alone that `wanted` names: what is exported for nobody costs bytes, and keeps what it names alive.
pub fn export_only(module: &[u8], wanted: &[&str]) -> Result<Vec<u8>> {
    let section = section(module, EXPORTS)?.context("the module exports nothing")?;
    let mut reader = Reader::new(&module[section.body.clone()]);
    let mut kept = 0;
    let mut entries: Vec<u8> = Vec::new();
    for _ in 0..reader.number()? {
        let start = reader.at;
        let name = reader.name()?;
        reader.byte()?;
        reader.number()?;
        if wanted.contains(&name.as_str()) {
            kept += 1;
            entries.extend(&module[section.body.start + start..section.body.start + reader.at]);
        }
    }
    ensure!(
        kept == wanted.len(),
        "the module does not export all of {wanted:?}"
    );
    let mut body = number(kept);
    body.extend(entries);
    Ok(with_section(module, &section, &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for value in [0, 1, 127, 128, 16384, u32::MAX as usize] {
            assert_eq!(Reader::new(&number(value)).number().unwrap(), value);
        }
        for (bytes, value) in [
            (&[0x3f][..], 63),
            (&[0x40], -64),
            (&[0xff, 0x00], 127),
            (&[0x80, 0x7f], -128),
        ] {
            assert_eq!(Reader::new(bytes).signed().unwrap(), value);
        }
        assert!(Reader::new(&[0x80]).number().is_err());
    }

    #[test]
    fn imports_get_other_names() {
        let module = b"\0asm\x01\0\0\0\x02\x0b\x01\x03env\x03abc\x00\x01";
        let renamed = rename_imports(module, "h", |name| name[..1].to_owned()).unwrap();
        assert_eq!(renamed, b"\0asm\x01\0\0\0\x02\x07\x01\x01h\x01a\x00\x01");
        assert_eq!(imports(&renamed).unwrap(), ["a"]);
    }

    #[test]
    fn exports_that_nobody_wants_go() {
        let module = b"\0asm\x01\0\0\0\x07\x09\x02\x01a\x00\x00\x01b\x03\x01\x0b\x00";
        let left = export_only(module, &["b"]).unwrap();
        assert_eq!(left, b"\0asm\x01\0\0\0\x07\x05\x01\x01b\x03\x01\x0b\x00");
        assert!(export_only(module, &["c"]).is_err());
    }
}
