//! What farol.js is made of. The parts are measured before compression, where they can be told apart; their share of the brotli
//! bytes is reckoned by size, which is right within a few per cent for code of one kind.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Size;
use crate::process;

/// Parts below this many bytes stand together in one row.
const SMALL: u64 = 200;

pub(super) fn table(root: &Path, sizes: &[Size]) -> Result<String> {
    let whole = sizes
        .iter()
        .find(|size| size.artefact == "farol.js")
        .context("npm/web/dist/farol.js is missing")?;
    let script = include_str!("parts.mjs");
    let printed = process::output(
        Command::new("node")
            .args(["--input-type=module", "--eval", script, "--"])
            .arg(root),
        "measuring parts",
    )?;
    let mut parts = Vec::new();
    for line in printed.lines() {
        let one: Value = serde_json::from_str(line)?;
        parts.push((
            one["part"].as_str().context("part")?.to_owned(),
            one["raw"].as_u64().context("raw")?,
        ));
    }
    Ok(rows(parts, whole.brotli))
}

fn rows(mut parts: Vec<(String, u64)>, brotli: u64) -> String {
    let all: u64 = parts.iter().map(|(_, raw)| raw).sum();
    let small: u64 = parts
        .iter()
        .filter(|(_, raw)| *raw < SMALL)
        .map(|(_, raw)| raw)
        .sum();
    parts.retain(|(_, raw)| *raw >= SMALL);
    parts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if small > 0 {
        parts.push(("all smaller ones".to_owned(), small));
    }
    let mut text =
        String::from("| part of farol.js | raw | of the brotli bytes, about |\n|---|--:|--:|\n");
    for (part, raw) in parts {
        text += &format!("| {part} | {raw} | {} |\n", raw * brotli / all.max(1));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn parts_come_by_size_and_small_ones_together() {
        let parts = [("a", 300), ("b", 600), ("c", 60), ("d", 40)]
            .map(|(name, raw)| (name.to_owned(), raw));
        let table = rows(parts.to_vec(), 100);
        let names: Vec<&str> = table
            .lines()
            .skip(2)
            .map(|line| line.split('|').nth(1).unwrap().trim())
            .collect();
        assert_eq!(names, ["b", "a", "all smaller ones"]);
        assert!(table.contains("| b | 600 | 60 |"));
    }
}
