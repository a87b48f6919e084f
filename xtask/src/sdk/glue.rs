//! wasm-bindgen's stock glue keeps one instance a page in module variables. Here the part of it that the optimised core still
//! imports is wrapped as `createCore(instantiate)(host)`: one instance a client.

use anyhow::{Context, Result, bail, ensure};

/// The names in the import section of a Wasm module, in order.
pub fn imports(module: &[u8]) -> Result<Vec<String>> {
    let mut at = 8;
    while at < module.len() {
        let id = module[at];
        at += 1;
        let size = leb(module, &mut at)?;
        if id != 2 {
            at += size;
            continue;
        }
        let mut names = Vec::new();
        for _ in 0..leb(module, &mut at)? {
            name(module, &mut at)?;
            names.push(name(module, &mut at)?);
            ensure!(
                module.get(at) == Some(&0),
                "the core imports something that is no function: {names:?}"
            );
            at += 1;
            leb(module, &mut at)?;
        }
        return Ok(names);
    }
    Ok(Vec::new())
}

fn leb(bytes: &[u8], at: &mut usize) -> Result<usize> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at).context("module ends early")?;
        *at += 1;
        value |= ((byte & 0x7f) as usize) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    bail!("a number in the module is too long")
}

fn name(bytes: &[u8], at: &mut usize) -> Result<String> {
    let len = leb(bytes, at)?;
    let text = bytes.get(*at..*at + len).context("module ends early")?;
    *at += len;
    Ok(String::from_utf8(text.to_vec())?)
}

/// The glue as an ES module: the entries of the imports object that are still used, closed over `host`.
pub fn wrap(glue: &str, used: &[String]) -> Result<String> {
    let mut entries = String::new();
    for import in used {
        let head = format!("{import}: function(");
        let from = glue
            .find(&head)
            .with_context(|| format!("the glue has no {import}"))?;
        let rest = &glue[from + head.len()..];
        let to = rest
            .find("\n},")
            .with_context(|| format!("the glue's {import} has no end"))?;
        let (params, body) = rest[..to]
            .split_once(") {")
            .context("an import without a body")?;
        ensure!(
            ![
                "takeObject",
                "getObject",
                "addHeapObject",
                "FromWasm",
                "ToWasm"
            ]
            .iter()
            .any(|part| body.contains(part)),
            "the core's import {import} passes objects or strings, which the narrow ABI does not: {body}"
        );
        entries.push_str(&format!("    {import}({params}) {{{body}\n    }},\n"));
    }
    Ok(format!(
        "// Made by `cargo xtask sdk` from wasm-bindgen's glue.\n\
         export const createCore = (instantiate) => (host) =>\n  instantiate({{\n  \"./core_bg.js\": {{\n{entries}  }},\n  }});\n"
    ))
}

/// wasm2js's output as an ES module with the same `instantiate(imports)`.
pub fn wrap_wasm2js(script: &str) -> Result<String> {
    let body: Vec<&str> = script
        .lines()
        .filter(|line| !line.starts_with("import ") && !line.starts_with("export "))
        .collect();
    let body = body.join("\n");
    let call = body
        .find("var retasmFunc = asmFunc(")
        .context("wasm2js wrote no asmFunc call")?;
    Ok(format!(
        "// Made by `cargo xtask sdk` with wasm2js.\n{}\nexport const instantiate = (imports) => asmFunc(imports);\n",
        &body[..call]
    ))
}
