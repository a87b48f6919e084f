//! What is left out on purpose before the queue. Sampling by destination comes after it, so that metrics see all that was taken.

use farol_protocol::payload::Payload;

use crate::outcome::Filter;
use crate::record::SampleState;

/// What the payload says of its session's sampling. An SDK that says nothing sends what it wants kept.
pub fn sample_state(payload: &Payload) -> SampleState {
    match payload.farol.state.as_str() {
        "off" => SampleState::Off,
        "ring" => SampleState::Ring,
        _ => SampleState::On,
    }
}

/// The session sampling rate; 1 where the payload has none that makes sense.
pub fn sample_rate(payload: &Payload) -> f64 {
    let rate = payload.farol.rate.unwrap_or(1.0);
    match rate.is_finite() {
        true => rate.clamp(0.0, 1.0),
        false => 1.0,
    }
}

/// Why the whole payload is left out, if it is.
pub fn filter(state: SampleState) -> Option<Filter> {
    (state == SampleState::Off).then_some(Filter::SampledOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(state: &str, rate: Option<f64>) -> Payload {
        let mut payload = Payload::default();
        payload.farol.state = state.into();
        payload.farol.rate = rate;
        payload
    }

    #[test]
    fn a_session_that_is_sampled_out_is_left_out_and_no_other() {
        let verdict = |state| filter(sample_state(&payload(state, None)));
        assert_eq!(verdict("off"), Some(Filter::SampledOut));
        for state in ["on", "ring", "", "unheard of"] {
            assert_eq!(verdict(state), None, "{state}");
        }
    }

    #[test]
    fn a_rate_is_a_share_or_one() {
        let rate = |r| sample_rate(&payload("on", r));
        assert_eq!(rate(Some(0.25)), 0.25);
        assert_eq!(
            (
                rate(None),
                rate(Some(f64::NAN)),
                rate(Some(7.0)),
                rate(Some(-1.0))
            ),
            (1.0, 1.0, 1.0, 0.0)
        );
    }
}
