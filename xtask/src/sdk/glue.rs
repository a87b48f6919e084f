//! wasm-bindgen's stock glue keeps one instance a page in module variables. Here the part of it that the optimised core still
//! imports is wrapped as `createCore(instantiate)(host)`: one instance a client.

use anyhow::{Context, Result, ensure};

/// The name of the module that the core imports from, which no bundler sees. wasm-bindgen's is longer.
pub const MODULE: &str = "h";

/// An import's own name: wasm-bindgen puts it between a mark and a hash, and both cannot be compressed.
pub fn short(name: &str) -> String {
    let own = name
        .strip_prefix("__wbg_")
        .and_then(|rest| rest.rsplit_once('_'));
    own.map_or(name, |(own, _)| own).to_owned()
}

/// The glue as an ES module: the entries of the imports object that are still used, closed over `host`.
pub fn wrap(glue: &str, used: &[String]) -> Result<String> {
    let mut entries = String::new();
    for import in used {
        let head = glue
            .split_whitespace()
            .find(|word| {
                word.strip_suffix(':')
                    .is_some_and(|name| short(name) == *import)
            })
            .with_context(|| format!("the glue has no {import}"))?;
        let head = format!("{head} function(");
        let from = glue
            .find(&head)
            .with_context(|| format!("the glue's {import} is no function"))?;
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
         export const createCore = (instantiate) => (host) =>\n  instantiate({{\n  {MODULE}: {{\n{entries}  }},\n  }});\n"
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
