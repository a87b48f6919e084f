//! Attributes of an item, in the three forms that the wire has for them.

use farol_protocol::limits::{ATTRIBUTES, KEY_BYTES};

use crate::host::Host;
use crate::json::{Json, shorten};
use crate::message::{Attrs, Value};

/// How an attribute is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A member of an object; numbers and booleans stay what they are.
    Typed,
    /// A member of an object; all values are strings, as Faro's receivers demand.
    Strings,
    /// An element of OTLP's list of key and value.
    Otlp,
}

/// The core's own attributes of an item.
pub(crate) type Own<'a> = &'a [(&'a str, Value<'a>)];

/// Writes `own`, then what `local` adds, then what `global` adds. No key comes twice; an empty text that is ours is left out.
#[inline(never)]
pub(crate) fn write<H: Host>(
    json: &mut Json,
    host: &H,
    form: Form,
    own: Own<'_>,
    local: Attrs<'_>,
    global: Attrs<'_>,
) {
    let ours = |key: &[u8]| own.iter().any(|(k, _)| k.as_bytes() == key);
    for (key, value) in own {
        if *value != Value::Text(b"") {
            one(json, host, form, key.as_bytes(), *value);
        }
    }
    let added = local.filter(|(key, _)| !ours(key));
    let everywhere = global.filter(|(key, _)| !ours(key) && !local.has(key));
    for (count, (key, value)) in added.chain(everywhere).enumerate() {
        if count == ATTRIBUTES || json.full() {
            json.cut = true;
            return;
        }
        one(json, host, form, key, value);
    }
}

/// Writes one; a number that is none is left out, as JSON has no word for it.
#[inline(never)]
fn one<H: Host>(json: &mut Json, host: &H, form: Form, key: &[u8], value: Value<'_>) {
    if matches!(value, Value::Number(n) if !n.is_finite()) {
        return;
    }
    let key = shorten(key, KEY_BYTES);
    if form == Form::Otlp {
        json.open(b'{');
        json.field("key", key);
        json.open_key("value", b'{');
        json.key(match value {
            Value::Text(_) => "stringValue",
            // JavaScript has one kind of number; what it writes without a fraction is an integer there.
            Value::Number(n) if whole(n) => "intValue",
            Value::Number(_) => "doubleValue",
            Value::Bool(_) => "boolValue",
        });
    } else {
        json.text(key);
        json.byte(b':');
    }
    let quote = form == Form::Strings && !matches!(value, Value::Text(_))
        || form == Form::Otlp && matches!(value, Value::Number(n) if whole(n));
    if quote {
        json.byte(b'"');
    }
    match value {
        Value::Text(text) => json.text(text),
        Value::Number(n) => json.number(host, n),
        Value::Bool(value) => json.boolean(value),
    }
    if quote {
        json.byte(b'"');
    }
    if form == Form::Otlp {
        json.raw(b"}}");
    }
}

/// Whether OTLP's integer holds it exactly; above 2³¹ a double does just as well.
fn whole(value: f64) -> bool {
    f64::from(value as i32) == value
}
