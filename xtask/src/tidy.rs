//! The rules of ARCHITECTURE.md that a search can hold, over the files that git knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// Lines that a source file may have outside its tests.
const LONGEST: usize = 600;

/// Names that may stand in some files only: what is looked for, where it is looked for, and where it may be.
struct Border {
    names: &'static [&'static str],
    within: &'static str,
    allowed: &'static [&'static str],
    reason: &'static str,
}

const BORDERS: &[Border] = &[
    Border {
        names: &["web_sys", "js_sys", "wasm_bindgen", "gloo_"],
        within: "sdk-wasm/src/",
        allowed: &[
            "sdk-wasm/src/browser.rs",
            "sdk-wasm/src/browser/",
            "sdk-wasm/src/rust_app/browser",
            "sdk-wasm/src/lib.rs",
        ],
        reason: "only browser.rs, browser/, rust_app/browser and lib.rs name browser crates: all else is tested on the host",
    },
    Border {
        names: &["opentelemetry_proto", "opentelemetry::proto"],
        within: "collector/src/",
        allowed: &[
            "collector/src/decode/",
            "collector/src/convert/",
            "collector/src/export/",
            "collector/src/export.rs",
            "collector/src/aggregate/",
            "collector/src/aggregate.rs",
            "collector/src/scrub",
        ],
        reason: "only decode, convert, export, aggregate and scrub's visitor name OTLP types",
    },
    Border {
        names: &["axum::", "use axum"],
        within: "collector/src/",
        allowed: &[
            "collector/src/router.rs",
            "collector/src/router/",
            "collector/src/receive.rs",
            "collector/src/receive/",
            "collector/src/health.rs",
            "collector/src/error.rs",
            "collector/src/serve",
        ],
        reason: "only router, receive, serve, health and error name axum",
    },
    Border {
        names: &[
            "SystemTime::now",
            "Instant::now",
            "std::fs",
            "std::net",
            "getrandom",
            " rand::",
        ],
        within: "protocol/src/",
        allowed: &[],
        reason: "protocol has no clock, no randomness, no I/O",
    },
    Border {
        names: &[
            "SystemTime",
            "Instant::now",
            "std::time",
            "std::fs",
            "std::net",
        ],
        within: "sdk-wasm/src/",
        allowed: &[],
        reason: "the core is told the time",
    },
    Border {
        names: &["SystemTime::now", "Instant::now", "Utc::now"],
        within: "collector/src/convert/",
        allowed: &[],
        reason: "convert is pure: the time is an argument",
    },
];

/// What stands in no file at all. Put together here, so that this file does not hold it itself.
fn nowhere() -> Vec<(String, &'static str)> {
    let todo = ["TO", "DO"].concat();
    vec![
        (format!("{todo}:"), "an open end belongs into an issue"),
        (format!("{todo}("), "an open end belongs into an issue"),
        (["FIX", "ME"].concat(), "an open end belongs into an issue"),
        (["/", "root/"].concat(), "a path of one machine"),
        (["/", "work/"].concat(), "a path of one machine"),
        (["/", "Users/"].concat(), "a path of one machine"),
        (
            ["registry.npm", "js.org"].concat(),
            "a registry's host: each machine has its own",
        ),
        (
            ["\"resolved\": \"", "http"].concat(),
            "a registry's host: each machine has its own",
        ),
    ]
}

/// Everything that is wrong, a line each: file, line, what, why.
pub fn findings(root: &Path) -> Result<Vec<String>> {
    let listed = process::output(
        Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root),
        "git ls-files",
    )?;
    let nowhere = nowhere();
    let mut found = Vec::new();
    let limits = fs::read_to_string(root.join(LIMITS))?;
    let mut unread = constants(&limits);
    for path in listed.lines() {
        // Captured requests hold what other people's pages held; what is not UTF-8 is no text.
        if path.starts_with("tests/fixtures/") || path == "LICENSE" {
            continue;
        }
        let Ok(text) = fs::read_to_string(root.join(path)) else {
            continue;
        };
        check(path, &text, &nowhere, &mut found);
        if path.ends_with(".rs") && path != LIMITS {
            unread.retain(|name| !reads(&text, name));
        }
    }
    let unread = unread.iter();
    found.extend(unread.map(|name| format!("{LIMITS}: nothing reads {name}, so nothing keeps it")));
    Ok(found)
}

/// The bounds that both ends keep.
const LIMITS: &str = "protocol/src/limits.rs";

/// The names of a file's public constants.
fn constants(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines
        .filter_map(|line| Some(line.strip_prefix("pub const ")?.split_once(':')?.0))
        .collect()
}

/// Whether code has the name.
fn reads(text: &str, name: &str) -> bool {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .any(|word| word == name)
}

fn check(path: &str, text: &str, nowhere: &[(String, &str)], found: &mut Vec<String>) {
    if is_source(path) && !is_test(path) {
        let lines = outside_tests(path, text).lines().count();
        if lines > LONGEST {
            found.push(format!("{path}: {lines} lines outside tests, {LONGEST} at most: what two things does it hold?"));
        }
    }
    found.extend(
        unsaid(path, text).into_iter().map(|name| {
            format!("{path}: no `{name}`: what is published says what and whose it is")
        }),
    );
    for (name, why) in nowhere {
        report(path, text, name, why, true, found);
    }
    for border in BORDERS
        .iter()
        .filter(|border| path.starts_with(border.within))
    {
        if border
            .allowed
            .iter()
            .any(|allowed| path.starts_with(allowed))
            || is_test(path)
        {
            continue;
        }
        for name in border.names {
            // A comment may say what the code must not do.
            report(
                path,
                outside_tests(path, text),
                name,
                border.reason,
                false,
                found,
            );
        }
    }
}

/// What the manifest of a package that is published does not say.
fn unsaid(path: &str, text: &str) -> Vec<&'static str> {
    let wanted: &[&str] = match path.rsplit('/').next() {
        Some("Cargo.toml") if text.contains("[package]") && !text.contains("publish = false") => {
            &["\ndescription", "\nlicense", "\nrepository"]
        }
        Some("package.json")
            if text.contains("\"version\"") && !text.contains("\"private\": true") =>
        {
            &["\"description\"", "\"license\"", "\"repository\""]
        }
        _ => &[],
    };
    wanted
        .iter()
        .filter(|name| !text.contains(**name))
        .map(|name| name.trim())
        .collect()
}

fn report(path: &str, text: &str, name: &str, why: &str, comments: bool, found: &mut Vec<String>) {
    for (index, line) in text.lines().enumerate() {
        if line.contains(name) && (comments || !line.trim_start().starts_with("//")) {
            found.push(format!("{path}:{}: `{name}`: {why}", index + 1));
        }
    }
}

fn is_source(path: &str) -> bool {
    // What the build makes of npm/web for apps in Rust is kept, but is nobody's source.
    !path.starts_with("sdk-wasm/js/")
        && [".rs", ".ts", ".mjs", ".js"]
            .iter()
            .any(|end| path.ends_with(end))
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs")
        || path.ends_with(".test.ts")
        || path.starts_with("tests/")
        || path.contains("/tests/")
}

/// A file up to its unit tests, which stand at its end.
fn outside_tests<'a>(path: &str, text: &'a str) -> &'a str {
    if !path.ends_with(".rs") {
        return text;
    }
    let end = text
        .find("\n#[cfg(test)]\nmod tests {")
        .or_else(|| text.find("\n#[cfg(all(test,"));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_in(path: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        check(path, text, &nowhere(), &mut found);
        found
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let code = "let a = 1;\n".repeat(LONGEST);
        assert!(findings_in("collector/src/a.rs", &code).is_empty());
        assert!(
            findings_in(
                "collector/src/a.rs",
                &format!("{code}\n#[cfg(test)]\nmod tests {{\n{code}")
            )
            .is_empty()
        );
        assert_eq!(
            findings_in("collector/src/a.rs", &format!("{code}x\n")).len(),
            1
        );
    }

    #[test]
    fn what_is_published_says_what_and_whose_it_is() {
        let crate_ = "[package]\nname = \"a\"\nlicense.workspace = true\n";
        let found = findings_in("a/Cargo.toml", crate_);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`description`") && found[1].contains("`repository`"));
        let own = format!("{crate_}publish = false\n");
        assert!(findings_in("a/Cargo.toml", &own).is_empty());
        let npm = r#"{ "name": "a", "version": "1.0.0", "description": "b", "license": "c" }"#;
        assert_eq!(findings_in("a/package.json", npm).len(), 1);
        assert!(findings_in("a/package.json", r#"{ "type": "module" }"#).is_empty());
    }

    #[test]
    fn a_limit_that_nothing_reads_is_found() {
        let limits = "/// One.\npub const ONE: usize = 1;\npub const TWO: usize = 2;\n";
        let read = "// TWO\nlet more = limits::ONE + TWO_MORE;\n";
        let unread = constants(limits)
            .into_iter()
            .filter(|name| !reads(read, name));
        assert_eq!(unread.collect::<Vec<_>>(), ["TWO"]);
    }

    #[test]
    fn a_browser_crate_is_allowed_at_the_border_alone() {
        let line = "use js_sys::Date;\n";
        assert_eq!(findings_in("sdk-wasm/src/client.rs", line).len(), 1);
        assert!(findings_in("sdk-wasm/src/browser/memory.rs", line).is_empty());
        assert!(findings_in("collector/src/client.rs", line).is_empty());
    }

    #[test]
    fn a_comment_may_name_what_the_code_must_not() {
        assert!(
            findings_in("sdk-wasm/src/client.rs", "// js_sys would cost 3 KB here\n").is_empty()
        );
    }

    #[test]
    fn paths_of_a_machine_and_open_ends_are_found_in_any_file() {
        assert_eq!(
            findings_in("docs/a.md", &["see /", "root/notes"].concat()).len(),
            1
        );
        assert_eq!(
            findings_in("npm/web/src/a.ts", &["// TO", "DO: later"].concat()).len(),
            1
        );
    }
}
