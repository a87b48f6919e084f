//! Panics that trap at once. The standard library comes compiled, with all that it takes to say what went wrong: texts, places,
//! numbers as text. Nobody reads them here (the panic handler traps), but the linker cannot know. What begins to say it traps instead,
//! and wasm-opt takes away what nothing leads to any more; the texts themselves become zeros. It is what `-Cpanic=immediate-abort` does where the library is built anew.

use anyhow::{Result, ensure};

use super::module::{self, Reader};

/// Parts of the names of functions that only panic.
const PANICS: [&str; 4] = [
    "::panicking::",
    "raw_vec::handle_error",
    "raw_vec::capacity_overflow",
    "alloc::handle_alloc_error",
];

/// The module with a trap for a body in each function that only panics. Its name section is still there.
pub fn at_once(wasm: &[u8]) -> Result<Vec<u8>> {
    let imports = module::imports(wasm)?.len();
    let panics: Vec<usize> = module::function_names(wasm)?
        .into_iter()
        .filter(|(_, name)| PANICS.iter().any(|part| name.contains(part)))
        .map(|(index, _)| index)
        .collect();
    ensure!(
        !panics.is_empty(),
        "no function of the core is known to panic: their names have changed"
    );
    let Some(section) = module::section(wasm, module::CODE)? else {
        return Ok(wasm.to_vec());
    };
    let mut reader = Reader::new(&wasm[section.body.clone()]);
    let count = reader.number()?;
    let mut body = module::number(count);
    for function in 0..count {
        let length = reader.number()?;
        let code = reader.take(length)?;
        // No locals, `unreachable`, `end`.
        let code = if panics.contains(&(imports + function)) {
            &[0, 0, 0x0b]
        } else {
            code
        };
        body.extend(module::number(code.len()));
        body.extend(code);
    }
    let mut wasm = module::with_section(wasm, &section, &body);
    if let Some(data) = module::section(&wasm, module::DATA)? {
        blank(&mut wasm[data.body]);
    }
    Ok(wasm)
}

/// What panics would have said. Nothing reads it any more, and wasm-opt cannot know: zeros take no room.
const TEXTS: [&[u8]; 5] = [
    b" index out of bounds: the len is ",
    b"memory allocation of ",
    b"copy_from_slice: source slice length (",
    b") does not match destination slice length (",
    b"capacity overflow",
];

/// Zeros in the place of these texts, of names of source files, and of the digits by which panics write numbers.
fn blank(data: &mut [u8]) {
    let mut dead = Vec::new();
    let mut digits = Vec::new();
    for number in 0..100 {
        digits.extend(format!("{number:02}").into_bytes());
    }
    for text in TEXTS.into_iter().chain([&*digits]) {
        dead.extend(places(data, text).map(|at| at..at + text.len()));
    }
    for end in places(data, b".rs\0") {
        let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(byte);
        let length = data[..end].iter().rev().take_while(|byte| name(byte));
        dead.push(end - length.count()..end + 3);
    }
    for range in dead {
        data[range].fill(0);
    }
}

fn places(data: &[u8], text: &[u8]) -> impl Iterator<Item = usize> {
    data.windows(text.len())
        .enumerate()
        .filter_map(move |(at, here)| (here == text).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_panics_say_becomes_zeros_and_nothing_else() {
        let mut data = b"keep\0/rustc/59/library/alloc.rs\0capacity overflow\0error.rs=".to_vec();
        let length = data.len();
        blank(&mut data);
        assert_eq!(data.len(), length);
        assert!(data.starts_with(b"keep\0\0"));
        assert!(data.ends_with(b"\0error.rs="));
        assert!(data[5..length - 9].iter().all(|&byte| byte == 0));
    }
}
