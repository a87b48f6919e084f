//! The sampling function beside its golden values, which the TypeScript side reads too.

use farol_protocol::sampling::{hash, sampled};

#[test]
fn hashes_and_verdicts_are_the_golden_ones() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/fixtures/sampling.json")).unwrap();
    for row in golden.as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        assert_eq!(u64::from(hash(id)), row["hash"].as_u64().unwrap(), "{id:?}");
        for (rate, verdict) in row["sampled"].as_object().unwrap() {
            let rate: f64 = rate.parse().unwrap();
            assert_eq!(
                sampled(id, rate),
                verdict.as_bool().unwrap(),
                "{id:?} at {rate}"
            );
        }
    }
}
