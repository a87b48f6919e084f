//! `npm/web/src/abi.ts` holds the numbers of `src/abi.rs`: the compiler of neither sees the other.

use std::collections::BTreeMap;

/// The constants of a module of abi.rs: name in lower case without underscores → number.
fn rust(module: &str) -> BTreeMap<String, u32> {
    let text = include_str!("../src/abi.rs");
    let from = text.find(&format!("pub mod {module} {{")).expect(module);
    let body = &text[from..from + text[from..].find("\n}").expect("an end")];
    body.lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().strip_prefix("pub const ")?.split_once(": u")?;
            let number = rest.split_once("= ")?.1.trim_end_matches(';');
            Some((name.replace('_', "").to_lowercase(), number.parse().ok()?))
        })
        .collect()
}

/// The members of an enum of abi.ts.
fn typescript(name: &str) -> BTreeMap<String, u32> {
    let text = include_str!("../../npm/web/src/abi.ts");
    let from = text.find(&format!("const enum {name} {{")).expect(name);
    let body = &text[from..];
    let body = &body[body.find('{').expect("a start") + 1..body.find('}').expect("an end")];
    let mut next = 0;
    body.split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .map(|member| {
            let (name, number) = member.split_once(" = ").unwrap_or((member, ""));
            next = number.parse().unwrap_or(next) + 1;
            (name.to_lowercase(), next - 1)
        })
        .collect()
}

#[test]
fn both_languages_use_the_same_numbers() {
    for (module, name) in [
        ("op", "Op"),
        ("trail", "Trail"),
        ("signal", "Signal"),
        ("diagnostic", "Diagnostic"),
    ] {
        let (ours, theirs) = (rust(module), typescript(name));
        assert!(ours.len() > 4, "{module}");
        assert_eq!(ours, theirs, "{module}");
    }
}
