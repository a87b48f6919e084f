//! About what a record takes in memory, before it is read or converted: what those who keep or send converted forms bound themselves by.
//! A kilobyte as stored may be a hundred megabytes once what it says of all its items stands on each.

use farol_protocol::payload::Payload;

use crate::decode::repeat::{self, Size};

/// What an attribute takes beside the bytes of its JSON: OTLP's form of it, and two allocations.
const VALUE: usize = 88;

/// What an item takes that says nothing: its own form, its names, what the collector adds to it.
const ITEM: usize = 7 << 8;

/// Below this a loose guess from the outside does. Of what pages send, nearly all is.
const SMALL: usize = 64 << 10;

/// A payload in memory, by its JSON.
pub(crate) fn decoded(items: u64, body: &[u8]) -> usize {
    let items = usize::try_from(items).unwrap_or(usize::MAX);
    let own = weigh(Size {
        bytes: body.len(),
        commas: memchr::memchr_iter(b',', body).count(),
    });
    own.saturating_add(items.saturating_mul(ITEM))
}

/// A request in protobuf, by its bytes and the messages in it.
pub(crate) fn protobuf(bytes: usize, messages: usize) -> usize {
    // No byte is for the eye alone: a value takes two at least, and seldom less than eight.
    let loose = bytes.saturating_mul(8);
    let commas = messages;
    loose.max(weigh(Size { bytes, commas }))
}

/// A record once converted, by what it weighs decoded. `payload` is asked for only where it may be much.
pub(crate) fn converted<P: std::ops::Deref<Target = Payload>>(
    own: usize,
    items: u64,
    payload: impl FnOnce() -> P,
) -> usize {
    // Nothing that is repeated is more than the whole.
    let most = own.saturating_mul(usize::try_from(items).unwrap_or(usize::MAX));
    if most <= SMALL {
        return own.max(most);
    }
    own.saturating_add(weigh(repeat::repeated(&payload())))
}

/// An item in memory, by its JSON.
pub(crate) fn item(json: &str) -> usize {
    decoded(1, json.as_bytes())
}

/// Something else in memory, by its JSON.
pub(crate) fn json(json: &str) -> usize {
    decoded(0, json.as_bytes())
}

fn weigh(size: Size) -> usize {
    (size.bytes).saturating_add(size.commas.saturating_mul(VALUE))
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

    use super::*;
    use crate::convert::{Dialect, Otlp, to_otlp};
    use crate::record::Header;

    /// What an allocator gives for so many bytes, about.
    fn heap(bytes: usize) -> usize {
        match bytes {
            0 => 0,
            bytes => bytes.next_multiple_of(16),
        }
    }

    fn of_value(value: &AnyValue) -> usize {
        match &value.value {
            Some(Value::StringValue(text)) => heap(text.capacity()),
            Some(Value::ArrayValue(list)) => {
                let own = heap(list.values.capacity() * size_of::<AnyValue>());
                own + list.values.iter().map(of_value).sum::<usize>()
            }
            _ => 0,
        }
    }

    fn of_attributes(list: &Vec<KeyValue>) -> usize {
        let each = list
            .iter()
            .map(|it| heap(it.key.capacity()) + it.value.as_ref().map_or(0, of_value));
        heap(list.capacity() * size_of::<KeyValue>()) + each.sum::<usize>()
    }

    fn held(otlp: &Otlp) -> usize {
        let records = otlp.logs.iter().flat_map(|it| &it.scope_logs);
        let records = records.flat_map(|it| &it.log_records);
        let records = records.map(|it| {
            size_of_val(it)
                + it.body.as_ref().map_or(0, of_value)
                + heap(it.severity_text.capacity())
                + of_attributes(&it.attributes)
        });
        let said = otlp.said.iter().map(of_attributes);
        records.chain(said).sum()
    }

    #[test]
    fn a_guess_is_two_thirds_of_what_is_held_at_least_and_four_times_that_at_most() {
        let list = |what: &str| vec![what; 500].join(",");
        let about: Vec<String> = (0..128).map(|n| format!(r#""k{n}":{n}"#)).collect();
        let about = about.join(",");
        let text = "x".repeat(1000);
        let bodies = [
            format!(
                r#"{{"meta":{{"session":{{"id":"s","attributes":{{{about}}}}}}},"logs":[{}]}}"#,
                list(r#"{"message":"m"}"#)
            ),
            format!(
                r#"{{"meta":{{}},"logs":[{}]}}"#,
                list(&format!(r#"{{"message":"m","context":{{{about}}}}}"#))
            ),
            format!(r#"{{"meta":{{}},"logs":[{}]}}"#, list(r#"{"message":"m"}"#)),
            format!(
                r#"{{"meta":{{"page":{{"url":"{text}"}}}},"logs":[{}]}}"#,
                list(&format!(r#"{{"message":"{text}"}}"#))
            ),
            include_str!("../../../tests/fixtures/payload/maximal.json").to_owned(),
        ];
        for body in bodies {
            let payload = Payload::decode(body.as_bytes()).unwrap();
            for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
                let held = held(&to_otlp(&Header::default(), &payload, dialect));
                let items = payload.len() as u64;
                let own = decoded(items, body.as_bytes());
                let guess = converted(own, items, || &payload);
                let told = format!("{guess} for {held} of {}", &body[..body.len().min(80)]);
                // A page's address stands on each record twice.
                assert!(
                    guess * 3 >= held * 2 && guess <= held * 4,
                    "{dialect:?}: {told}"
                );
            }
        }
    }
}
