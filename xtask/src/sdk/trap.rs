//! Panics that trap at once. The standard library comes compiled, with all that it takes to say what went wrong: texts, places,
//! numbers as text. Nobody reads them here (the panic handler traps), but the linker cannot know. What begins to say it traps instead,
//! and wasm-opt takes away what nothing leads to any more. It is what `-Cpanic=immediate-abort` does where the library is built anew.

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
    Ok(module::with_section(wasm, &section, &body))
}
