//! An address on its way through the scrubber: what it takes out stays out.
#![no_main]

use farol_collector::scrub::scrub_url;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let once = scrub_url(text);
    assert_eq!(scrub_url(&once), once);
});
