//! The seeds of every target, whole, cut and bent: what a fuzzer finds in its first seconds is found in each test run.

use farol_fuzz_targets::{TARGETS, Target};

/// Bent copies of a target's seeds; `FAROL_FULL` asks for more.
fn copies() -> usize {
    if std::env::var_os("FAROL_FULL").is_some() {
        20_000
    } else {
        400
    }
}

/// xorshift64*: the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// A copy with a few of the changes that break parsers: bits, cuts, doubled and swapped parts, extreme bytes.
fn bend(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = seed.to_vec();
    for _ in 0..=random.below(4) {
        if out.is_empty() {
            break;
        }
        let (at, length) = (random.below(out.len()), 1 + random.below(16));
        let end = (at + length).min(out.len());
        match random.below(6) {
            0 => out[at] ^= 1 << random.below(8),
            1 => out.truncate(at),
            2 => drop(out.drain(at..end)),
            3 => {
                let part = out[at..end].to_vec();
                out.splice(at..at, part);
            }
            4 => out[at..end].fill([0, 0xff, 0x7f, b'"', b'{', b'['][random.below(6)]),
            _ => {
                let other = random.below(out.len());
                out.swap(at, other);
            }
        }
    }
    out
}

fn replay(target: &Target) {
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    for seed in &seeds {
        (target.run)(seed);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..copies() {
        (target.run)(&bend(&seeds[random.below(seeds.len())], &mut random));
    }
}

#[test]
fn no_target_is_broken_by_its_seeds_or_their_likes() {
    for target in TARGETS {
        replay(target);
    }
}

#[test]
fn each_target_has_a_program_for_the_fuzzer() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for Target { name, .. } in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")));
        let program = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs")));
        assert!(program.unwrap().contains(&format!("run(\"{name}\"")));
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
