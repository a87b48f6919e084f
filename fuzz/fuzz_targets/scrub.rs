//! Any text on its way through every rule of the scrubber: none may panic, and none may make a text grow without bound.
#![no_main]

use farol_collector::scrub::Scrubber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let scrubber = Scrubber::default();
    for name in ["", "url.full", "message"] {
        if let Some(clean) = scrubber.text(name, text) {
            assert!(clean.len() <= text.len() * 9 + 8);
        }
    }
});
