//! What is fuzzed. Each target takes any bytes and panics where something that must hold does not; `fuzz/` gives them to libFuzzer, and the test
//! here replays the seeds, each of them also cut and bent, in every test run.

mod sdk;
pub mod seeds;
mod targets;

/// A parser with what must hold of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
    /// What it starts from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "payload",
        run: targets::payload,
        seeds: seeds::payloads,
    },
    Target {
        name: "reports",
        run: targets::reports,
        seeds: seeds::reports,
    },
    Target {
        name: "otlp",
        run: targets::otlp,
        seeds: seeds::otlp,
    },
    Target {
        name: "inflate",
        run: targets::inflate,
        seeds: seeds::packed,
    },
    Target {
        name: "record",
        run: targets::record,
        seeds: seeds::records,
    },
    Target {
        name: "segment",
        run: targets::segment,
        seeds: seeds::segments,
    },
    Target {
        name: "config",
        run: targets::config,
        seeds: seeds::settings,
    },
    Target {
        name: "proxy",
        run: targets::proxy,
        seeds: seeds::proxies,
    },
    Target {
        name: "head",
        run: targets::head,
        seeds: seeds::heads,
    },
    Target {
        name: "forwarded",
        run: targets::forwarded,
        seeds: seeds::forwarded,
    },
    Target {
        name: "scrub",
        run: targets::scrub,
        seeds: seeds::texts,
    },
    Target {
        name: "url",
        run: targets::url,
        seeds: seeds::texts,
    },
    Target {
        name: "sdk_messages",
        run: sdk::messages,
        seeds: seeds::messages,
    },
    Target {
        name: "sdk_stack",
        run: sdk::stack,
        seeds: seeds::stacks,
    },
    Target {
        name: "sdk_entries",
        run: sdk::entries,
        seeds: seeds::entries,
    },
    Target {
        name: "sdk_url",
        run: sdk::url,
        seeds: seeds::texts,
    },
    Target {
        name: "sdk_storage",
        run: sdk::storage,
        seeds: seeds::storages,
    },
];

/// Runs the target of this name.
///
/// # Panics
/// When there is none, or it found something.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("no target {name}")).run)(input);
}
