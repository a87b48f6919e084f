//! Writes the optimised core in the packed form that `sdk-wasm/unpack` reads, which also says why there is one.

use anyhow::{Context, Result, ensure};
use farol_unpack::{BASE, SHIFT, SMALL, code, stream, unpacked};

use super::module::{self, Reader};

/// Numbers from this on are no single character of the Basic Multilingual Plane, and go into `REST`.
const END: i64 = 0xd000;

/// The packed form of a module.
pub fn pack(core: &[u8]) -> Result<String> {
    let section = module::section(core, module::CODE)?.context("the core has no code")?;
    let mut reader = Reader::new(&core[section.body.clone()]);
    let functions = reader.number()?;
    let mut bodies = Vec::new();
    for _ in 0..functions {
        let length = reader.number()?;
        bodies.push(reader.take(length)?);
    }
    // Each body's length takes three bytes when it comes back.
    let length =
        module::number(functions).len() + bodies.iter().map(|body| 3 + body.len()).sum::<usize>();
    let mut head = core[..section.whole.start].to_vec();
    head.push(module::CODE);
    head.extend(module::number(length));
    head.extend(module::number(functions));
    let tail = &core[section.body.end..];

    let mut packer = Packer::default();
    packer.rest(&head);
    for body in bodies {
        packer.function(body)?;
    }
    packer.rest(tail);
    packer.back.extend(tail);
    head.extend(&packer.back);
    let text = packer.text(functions);
    // SAFETY: this is the packed form, and there is room for what should come of it.
    let back = unsafe { unpacked(&text, head.len()) };
    ensure!(back == head, "what was packed does not come back");
    Ok(text)
}

#[derive(Default)]
struct Packer {
    streams: [String; stream::COUNT],
    /// What has to come back.
    back: Vec<u8>,
}

impl Packer {
    fn number(&mut self, stream: usize, number: u32) {
        self.streams[stream].push(character(number + SHIFT));
    }

    fn rest(&mut self, bytes: &[u8]) {
        let stream = &mut self.streams[stream::REST];
        stream.push(character(bytes.len() as u32));
        stream.extend(bytes.iter().copied().map(char::from));
    }

    fn code_rest(&mut self, bytes: &[u8]) {
        self.number(stream::CODE, code::REST);
        self.rest(bytes);
    }

    fn function(&mut self, body: &[u8]) -> Result<()> {
        let length = body.len();
        let length = [length & 127 | 128, length >> 7 & 127 | 128, length >> 14];
        self.back.extend(length.map(|byte| byte as u8));
        let from = self.back.len();
        self.back.extend(body);

        let mut reader = Reader::new(body);
        for _ in 0..reader.number()? {
            reader.number()?;
            reader.byte()?;
        }
        self.code_rest(&body[..reader.at]);
        while !reader.done() {
            let start = reader.at;
            let op = reader.byte()?;
            let mut field = None;
            match op {
                0x02..=0x04 if body.get(reader.at) == Some(&0x40) => {
                    reader.byte()?;
                }
                0x02..=0x04 => field = Some((stream::REST, reader.signed()?)),
                0x0c | 0x0d => field = Some((stream::BRANCH, reader.number()? as i64)),
                0x10 => field = Some((stream::CALL, reader.number()? as i64)),
                0x20..=0x22 => field = Some((stream::LOCAL, reader.number()? as i64)),
                0x23 | 0x24 => ensure!(reader.number()? == 0, "the core has a second global"),
                0x28..=0x3e => {
                    // Engines take an alignment for a hint: none is as good as the natural one.
                    self.back[from + reader.at] = 0;
                    reader.byte()?;
                    field = Some((stream::OFFSET, reader.number()? as i64));
                }
                0x41 => field = Some(constant(reader.signed()?)),
                0x0e => {
                    for _ in 0..=reader.number()? {
                        reader.number()?;
                    }
                    field = Some((stream::REST, 0));
                }
                0x11 => {
                    reader.take(2)?;
                    field = Some((stream::REST, 0));
                }
                0x3f | 0x40 | 0x42 => field = Some((stream::REST, reader.signed()?)),
                0x44 => {
                    reader.take(8)?;
                    field = Some((stream::REST, 0));
                }
                0xfc => {
                    let more = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1];
                    let op = reader.number()?;
                    reader.take(
                        *more
                            .get(op)
                            .context("an opcode that the packer does not know")?,
                    )?;
                    field = Some((stream::REST, 0));
                }
                0x0b if reader.done() => {
                    self.number(stream::CODE, code::LAST);
                    continue;
                }
                // What has no fields.
                0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 => {}
                _ => anyhow::bail!("the packer does not know the opcode {op:#x}"),
            }
            match field {
                Some((stream, value)) if stream != stream::REST && value < END => {
                    self.number(stream::CODE, op.into());
                    self.number(stream, u32::try_from(value)?);
                }
                Some(_) => {
                    let bytes = self.back[from + start..from + reader.at].to_vec();
                    self.code_rest(&bytes);
                }
                None => self.number(stream::CODE, op.into()),
            }
        }
        Ok(())
    }

    fn text(self, functions: usize) -> String {
        let [first, others @ ..] = &self.streams;
        // The places stand in front of what they count, in as many bytes as they take: try until it comes out.
        let mut header = 0;
        loop {
            let mut text = String::from(character(functions as u32));
            let mut place = header + first.len();
            for stream in others {
                text.push(character(place as u32));
                place += stream.len();
            }
            if text.len() == header {
                return text + &self.streams.concat();
            }
            header = text.len();
        }
    }
}

/// Where a constant goes, and as what.
fn constant(value: i64) -> (usize, i64) {
    let (small, base) = (i64::from(SMALL), i64::from(BASE));
    match value {
        _ if (0..small).contains(&value) => (stream::NUMBER, value),
        _ if value >= base => (stream::NUMBER, value - base + small),
        _ => (stream::REST, value),
    }
}

fn character(number: u32) -> char {
    char::from_u32(number).expect("lengths and addresses of the core are below the surrogates")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module of one function, with `code` before its end.
    fn module(code: &[u8]) -> Vec<u8> {
        let body = [&[1, 2, 0x7f][..], code, &[0x0b]].concat();
        let mut section = vec![1];
        section.extend(super::module::number(body.len()));
        section.extend(&body);
        let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a".to_vec();
        module.extend(super::module::number(section.len()));
        module.extend(section);
        module.extend(b"\x0b\x03\x01\0\"");
        module
    }

    fn back(text: &str) -> Vec<u8> {
        // SAFETY: the tests give what `pack` wrote.
        unsafe { unpacked(text, 4096) }
    }

    #[test]
    fn a_packed_module_comes_back_with_long_lengths_and_without_alignments() {
        let code = b"\x02\x40\x41\x10\x28\x02\x80\x01\x22\x01\x0d\x00\x0b\x04\x7f\x10\x07\x05\x41\x7f\x0b\x1a\x41\x80\x80\x04\x1a\x44\0\0\0\0\0\0\xf0\x3f\x1a\xfc\x0a\0\0\x42\x80\x80\x7f\x1a\x23\0\x24\0";
        let before = module(code);
        let after = back(&pack(&before).unwrap());
        let at = before.len() - after.len().min(before.len());
        assert_eq!(at, 0);
        assert_eq!(after.len(), before.len() + 2);
        let found = after.windows(code.len()).any(|bytes| {
            let mut bytes = bytes.to_vec();
            bytes[5] = 2;
            bytes == code
        });
        assert!(found, "{after:x?}");
    }

    #[test]
    fn constants_of_every_size_come_back() {
        for value in [
            0,
            63,
            64,
            127,
            128,
            255,
            65535,
            65536,
            70_000,
            118_783,
            118_784,
            -1,
            i32::MAX,
            i32::MIN,
        ] {
            let mut code = vec![0x41];
            let mut rest = value;
            loop {
                let byte = (rest & 127) as u8;
                rest >>= 7;
                if rest == -i32::from(byte >> 6) {
                    code.push(byte);
                    break;
                }
                code.push(byte | 128);
            }
            code.push(0x1a);
            let after = back(&pack(&module(&code)).unwrap());
            assert!(
                after.windows(code.len()).any(|bytes| bytes == code),
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(pack(&module(b"\xd0\x70\x1a")).is_err());
        assert!(pack(b"\0asm\x01\0\0\0").is_err());
    }
}
