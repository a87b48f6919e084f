//! What is left out on purpose before the queue. Sampling by destination comes after it, so that metrics see all that was taken.

use farol_protocol::kind::Kind;
use farol_protocol::payload::Payload;

use crate::condition::{Condition, Ground, Subject};
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

/// Holds an app's own sampling against the SDK's: the same function of the session's id, so a session that is in the smaller sample is in
/// the larger one, whichever collector decides. What names no session goes by its trace, and else by its batch. Writes the rate that comes
/// of it into the payload and says how many items are left out.
///
/// What was kept for an error's sake stays: what came while the session was not sampled, and exceptions where the SDK says that it keeps
/// them by a rate of their own.
pub fn sample(payload: &mut Payload, rate: f64, state: SampleState, batch: &[u8; 16]) -> u64 {
    if rate >= 1.0 || state != SampleState::On {
        return 0;
    }
    let own = payload.farol.kept.get(Kind::Exception.name());
    let exceptions = own.map_or(rate, |kept| kept.max(rate));
    let out = |subject: &Subject<'_>| {
        let rate = match subject.kind() {
            Some(Kind::Exception) => exceptions,
            _ => rate,
        };
        !subject.is_sampled(rate, batch)
    };
    let ground = Ground {
        app: "",
        tenant: "",
        payload,
    };
    let lost: Vec<u32> = (ground.subjects())
        .filter(|(_, subject)| out(subject))
        .map(|(place, _)| place)
        .collect();
    payload.remove(&lost);
    payload.farol.rate = Some(sample_rate(payload).min(rate));
    lost.len() as u64
}

/// What is left out by rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, in metrics.
    pub name: String,
    /// What it is about.
    pub when: Condition,
    /// The share of sessions of which that is kept all the same.
    pub keep: f64,
}

/// Leaves out what the rules say, and gives for each rule (by its place) how many items. The first that holds counts.
pub fn apply(
    rules: &[Rule],
    app: &str,
    tenant: &str,
    payload: &mut Payload,
    batch: &[u8; 16],
) -> Vec<u64> {
    let mut counts = vec![0; rules.len()];
    if rules.is_empty() {
        return counts;
    }
    let mut lost = Vec::new();
    let ground = Ground {
        app,
        tenant,
        payload,
    };
    for (place, subject) in ground.subjects() {
        let left_out =
            |rule: &Rule| rule.when.holds(&subject) && !subject.is_sampled(rule.keep, batch);
        if let Some(rule) = rules.iter().position(left_out) {
            counts[rule] += 1;
            lost.push(place);
        }
    }
    payload.remove(&lost);
    counts
}

#[cfg(test)]
mod tests {
    use farol_protocol::sampling::sampled;

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

    fn decoded(body: &str) -> Payload {
        let limits = crate::decode::Limits::default();
        *crate::decode::faro(body.as_bytes(), &limits)
            .unwrap()
            .payload
    }

    #[test]
    fn a_session_is_in_an_apps_sample_by_its_id_and_the_smaller_rate_is_told() {
        let (mut kept, rate) = (0, 0.25);
        for n in 0..400 {
            let mut payload = decoded(&format!(
                r#"{{"meta":{{"session":{{"id":"s{n}"}}}},"logs":[{{"message":"a"}},{{"message":"b","farol":{{"session":{{"id":"t{n}"}}}}}}],"farol":{{"rate":0.5}}}}"#
            ));
            let out = sample(&mut payload, rate, SampleState::On, &[7; 16]);
            let wanted = [format!("s{n}"), format!("t{n}")]
                .iter()
                .filter(|id| sampled(id, rate))
                .count();
            assert_eq!((payload.len(), out as usize), (wanted, 2 - wanted));
            assert_eq!(payload.farol.rate, Some(rate));
            kept += wanted;
        }
        assert!((140..260).contains(&kept), "{kept}");
        let mut ring = decoded(r#"{"meta":{"session":{"id":"s"}},"logs":[{"message":"a"}]}"#);
        assert_eq!(sample(&mut ring, 0.0, SampleState::Ring, &[7; 16]), 0);
    }

    #[test]
    fn exceptions_that_the_sdk_keeps_by_a_rate_of_their_own_stay() {
        let mut payload = decoded(
            r#"{"meta":{"session":{"id":"s"}},"logs":[{"message":"a"}],"exceptions":[{"type":"E"}],"farol":{"rate":0.5,"kept":{"exception":1}}}"#,
        );
        assert_eq!(sample(&mut payload, 0.0, SampleState::On, &[7; 16]), 1);
        assert_eq!((payload.logs.len(), payload.exceptions.len()), (0, 1));
    }

    #[test]
    fn items_go_by_the_first_rule_that_holds_and_keep_their_places() {
        let rule = |name: &str, when: &str| Rule {
            name: name.into(),
            when: Condition::parse(when).unwrap(),
            keep: 0.0,
        };
        let rules = [
            rule("debug", r#"kind == "log" && level == "debug""#),
            rule("bots", r#"message =~ "*bot*""#),
        ];
        let mut payload = decoded(
            r#"{"logs":[{"message":"a bot","level":"debug"},{"message":"robots"},{"message":"kept"}],"events":[{"name":"e"}]}"#,
        );
        assert_eq!(apply(&rules, "shop", "", &mut payload, &[7; 16]), [1, 1]);
        assert_eq!(
            payload.items().map(|(place, _)| place).collect::<Vec<_>>(),
            [2, 3]
        );
    }
}
