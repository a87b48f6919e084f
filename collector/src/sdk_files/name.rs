//! What a file's name says: its type, and whether its content ever changes.

/// The type of a file that a page loads; `None` for others, which are not served.
pub(super) fn content_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Whether the name, or a folder in it, holds a version or a hash of the content: `farol-1.2.3.js`, `1.2.3/farol.js`, `farol.3f2a9c1b.js`.
pub(super) fn is_versioned(name: &str) -> bool {
    name.split('/')
        .any(|part| has_version(part) || has_hash(part))
}

/// Three numbers with dots between, as whole words.
fn has_version(part: &str) -> bool {
    let is_break = |c: char| !(c.is_ascii_alphanumeric() || c == '.');
    part.split(is_break).any(|word| {
        let word = word.strip_prefix('v').unwrap_or(word);
        let mut numbers = word.split('.');
        let is_number = |n: Option<&str>| {
            n.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        };
        (0..3).all(|_| is_number(numbers.next()))
    })
}

/// Eight hexadecimal digits or more, with a digit and a letter among them: `deadbeef` alone may be a word.
fn has_hash(part: &str) -> bool {
    part.split(['.', '-', '_']).any(|word| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        word.len() >= 8
            && word.bytes().all(hex)
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_version_or_a_hash_never_changes_its_content() {
        for name in [
            "farol-0.1.0.js",
            "farol-nowasm-12.0.3.js",
            "0.1.0/farol.js",
            "v1.2.3/farol.js",
            "farol.3f2a9c1b.js",
            "farol-1.2.3-rc.1.js",
        ] {
            assert!(is_versioned(name), "{name}");
        }
        for name in [
            "farol.js",
            "farol-nowasm.js",
            "index.js",
            "farol-2.js",
            "farol-1.2.js",
            "es2020/farol.js",
            "feedface.js",
        ] {
            assert!(!is_versioned(name), "{name}");
        }
    }

    #[test]
    fn what_no_page_loads_has_no_type() {
        assert_eq!(
            content_type("farol.js"),
            Some("text/javascript; charset=utf-8")
        );
        assert_eq!(content_type("core.wasm"), Some("application/wasm"));
        for name in ["index.d.ts", "README", "key.pem", "page.html", "passwd"] {
            assert_eq!(content_type(name), None, "{name}");
        }
    }
}
