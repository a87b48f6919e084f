//! Sampling is a function of the session's id: both ends, and every tab, come to the same answer without asking.

/// Spreads an id over 32 bits: FNV-1a, then Murmur3's finaliser, because FNV's high bits hardly move for short ids.
#[must_use]
pub fn hash(id: &str) -> u32 {
    let mut h: u32 = 0x811c_9dc5;
    for byte in id.bytes() {
        h = (h ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// Whether the session of this id is in a sample of `rate` (0 to 1). Not-a-number is no rate: nothing is sampled.
#[must_use]
pub fn sampled(id: &str, rate: f64) -> bool {
    f64::from(hash(id)) < rate * 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::{hash, sampled};

    #[test]
    fn the_ends_of_the_range_take_all_and_none() {
        for id in ["", "a", "dc5WsBi0wc"] {
            assert!(sampled(id, 1.0));
            assert!(!sampled(id, 0.0));
            assert!(!sampled(id, f64::NAN));
        }
    }

    #[test]
    fn a_rate_takes_its_share_of_sequential_ids() {
        let taken = (0..100_000)
            .filter(|n| sampled(&std::format!("session-{n}"), 0.1))
            .count();
        assert!((9_700..10_300).contains(&taken), "{taken}");
    }

    #[test]
    fn a_sampled_session_stays_sampled_when_the_rate_rises() {
        for n in 0..1_000 {
            let id = std::format!("{n}");
            if sampled(&id, 0.2) {
                assert!(sampled(&id, 0.5), "{id} {}", hash(&id));
            }
        }
    }
}
