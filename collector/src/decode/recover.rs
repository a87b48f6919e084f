//! Reading item by item, for bodies of which the typed pass refused a part: every item is a raw value first, so that one
//! that cannot be read costs its own place and no other.

use super::limit::boundary;
use super::{Code, Cut, DecodeError, Decoded, Limits, Reason, Repair, Unreadable};
use farol_protocol::Kind;
use farol_protocol::map::Attributes;
use farol_protocol::meta::Meta;
use farol_protocol::payload::Farol;
use farol_protocol::read::{Entry, Key, TOO_LONG};
use farol_protocol::span::{Resource, ResourceSpans, Scope, ScopeSpans, Span};
use farol_protocol::value::Value;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Reads the body again. Fails only where the body as a whole is no JSON object.
pub(super) fn recover(
    text: &str,
    limits: &Limits,
    decoded: &mut Decoded,
) -> Result<(), DecodeError> {
    let mut top = match serde_json::from_str::<Fields<'_>>(text) {
        Ok(fields) => fields,
        Err(error) => return Err(whole(text, &error)),
    };
    let mut reader = Reader::new(limits);
    let payload = &mut decoded.payload;
    if let Some(raw) = top.take("meta") {
        payload.meta = reader.meta(raw);
    }
    if let Some(raw) = top.take("farol") {
        payload.farol = reader.part::<Farol>(raw, "farol");
    }
    payload.logs = reader.list(top.take("logs"), Kind::Log);
    payload.exceptions = reader.list(top.take("exceptions"), Kind::Exception);
    payload.measurements = reader.list(top.take("measurements"), Kind::Measurement);
    payload.events = reader.list(top.take("events"), Kind::Event);
    if let Some(raw) = top.take("traces").filter(|raw| !is_null(raw)) {
        match fields(raw) {
            Some(mut inner) => {
                let list = inner.take_one_of(["resourceSpans", "resource_spans"]);
                payload.traces.resource_spans = reader.resources(list);
                payload.traces.extra = reader.extra(inner);
            }
            None => reader.refuse(Kind::Span, Reason::NotAnObject),
        }
    }
    // The collector's own. Among what nobody asked for it would be stored, and what is stored could not be read again.
    top.take("farol.otlp");
    payload.extra = reader.extra(top);
    reader.end(decoded);
    Ok(())
}

pub(super) struct Reader<'a> {
    limits: &'a Limits,
    /// The place of the next item.
    next: u32,
    cut: Cut,
    unreadable: Vec<Unreadable>,
    repaired: Vec<Repair>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            next: 0,
            cut: Cut::default(),
            unreadable: Vec::new(),
            repaired: Vec::new(),
        }
    }

    /// Hands over what was not taken.
    pub(super) fn end(mut self, decoded: &mut Decoded) {
        let lost = self.unreadable.iter().map(|item| u64::from(item.index));
        decoded.payload.farol.lost = lost.collect();
        decoded.unreadable = self.unreadable;
        decoded.cut = self.cut;
        decoded.repaired.append(&mut self.repaired);
    }
}

impl Reader<'_> {
    pub(super) fn list<T: DeserializeOwned>(
        &mut self,
        raw: Option<&RawValue>,
        kind: Kind,
    ) -> Vec<T> {
        let items = match raw.filter(|raw| !is_null(raw)) {
            None => return Vec::new(),
            Some(raw) => self.raws(raw, kind),
        };
        items
            .into_iter()
            .filter_map(|raw| self.item(raw, kind))
            .collect()
    }

    /// The elements of a list; what is no list takes one place.
    pub(super) fn raws<'r>(&mut self, raw: &'r RawValue, kind: Kind) -> Vec<&'r RawValue> {
        serde_json::from_str(raw.get()).unwrap_or_else(|_| {
            self.refuse(kind, Reason::NotAList);
            Vec::new()
        })
    }

    fn item<T: DeserializeOwned>(&mut self, raw: &RawValue, kind: Kind) -> Option<T> {
        if self.next as usize >= self.limits.items {
            self.cut.items[kind as usize] += 1;
            self.cut.points += points(kind, raw);
            return None;
        }
        match serde_json::from_str(raw.get()) {
            Ok(item) => {
                self.next += 1;
                Some(item)
            }
            Err(error) => {
                self.refuse(kind, reason(raw, &error));
                self.cut.points += points(kind, raw);
                None
            }
        }
    }

    pub(super) fn refuse(&mut self, kind: Kind, reason: Reason) {
        if self.next as usize >= self.limits.items {
            self.cut.items[kind as usize] += 1;
            return;
        }
        self.unreadable.push(Unreadable {
            kind,
            index: self.next,
            reason,
        });
        self.next += 1;
    }

    /// The meta part by part: a page that cannot be read does not cost the app.
    fn meta(&mut self, raw: &RawValue) -> Meta {
        if let Ok(meta) = serde_json::from_str(raw.get()) {
            return meta;
        }
        let mut meta = Meta::default();
        let Some(mut parts) = fields(raw) else {
            self.repaired.push(Repair::Meta("meta"));
            return meta;
        };
        macro_rules! parts {
            ($($field:ident),*) => { $(
                if let Some(raw) = parts.take(stringify!($field)) {
                    meta.$field = self.part(raw, stringify!($field));
                }
            )* };
        }
        parts!(
            sdk, app, user, session, page, browser, view, k6, os, device, geo
        );
        meta.extra = self.extra(parts);
        meta
    }

    /// An object without those of its fields that cannot be read.
    pub(super) fn part<T: DeserializeOwned + Default>(
        &mut self,
        raw: &RawValue,
        name: &'static str,
    ) -> T {
        if let Ok(part) = serde_json::from_str(raw.get()) {
            return part;
        }
        self.repaired.push(Repair::Meta(name));
        let Some(fields) = fields(raw) else {
            return T::default();
        };
        let mut good = String::from("{");
        for (key, raw) in fields.0 {
            // The key is text that JSON can always hold.
            let field = format!(
                "{}:{}",
                serde_json::to_string(&key).unwrap_or_default(),
                raw.get()
            );
            if serde_json::from_str::<T>(&format!("{{{field}}}")).is_ok() {
                if good.len() > 1 {
                    good.push(',');
                }
                good.push_str(&field);
            }
        }
        good.push('}');
        serde_json::from_str(&good).unwrap_or_default()
    }

    /// Fields that nobody asked for.
    fn extra(&mut self, fields: Fields<'_>) -> Attributes {
        let mut values = Vec::with_capacity(fields.0.len());
        for (key, raw) in fields.0 {
            match Value::entry(&mut serde_json::Deserializer::from_str(raw.get())) {
                Ok(Some(value)) => values.push((key.into_owned(), value)),
                Ok(None) => {}
                Err(_) => self.cut.parts += 1,
            }
        }
        values.into_iter().collect()
    }

    pub(super) fn resources(&mut self, raw: Option<&RawValue>) -> Vec<ResourceSpans> {
        let Some(raw) = raw.filter(|raw| !is_null(raw)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for raw in self.raws(raw, Kind::Span) {
            let Some(mut inner) = fields(raw) else {
                self.refuse(Kind::Span, Reason::NotAnObject);
                continue;
            };
            let resource = inner.take("resource");
            let scopes = inner.take_one_of(["scopeSpans", "scope_spans"]);
            let schema = inner.take_one_of(["schemaUrl", "schema_url"]);
            out.push(ResourceSpans {
                resource: resource.map_or_else(Resource::default, |raw| self.part(raw, "resource")),
                scope_spans: self.scopes(scopes),
                schema_url: text(schema),
                extra: self.extra(inner),
            });
        }
        out
    }

    fn scopes(&mut self, raw: Option<&RawValue>) -> Vec<ScopeSpans> {
        let Some(raw) = raw.filter(|raw| !is_null(raw)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for raw in self.raws(raw, Kind::Span) {
            let Some(mut inner) = fields(raw) else {
                self.refuse(Kind::Span, Reason::NotAnObject);
                continue;
            };
            let scope = inner.take("scope");
            let schema = inner.take_one_of(["schemaUrl", "schema_url"]);
            let spans = inner.take("spans");
            out.push(ScopeSpans {
                scope: scope.map_or_else(Scope::default, |raw| self.part(raw, "scope")),
                spans: self.list::<Span>(spans, Kind::Span),
                schema_url: text(schema),
                extra: self.extra(inner),
            });
        }
        out
    }
}

pub(super) fn text(raw: Option<&RawValue>) -> String {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

pub(super) fn fields(raw: &RawValue) -> Option<Fields<'_>> {
    serde_json::from_str(raw.get()).ok()
}

/// The data points of a metric that is not taken, as far as they can be seen.
fn points(kind: Kind, raw: &RawValue) -> u64 {
    let Some(metric) = fields(raw).filter(|_| kind == Kind::Measurement) else {
        return 0;
    };
    let of_field = |raw: &RawValue| {
        let list = fields(raw)?.take_one_of(["dataPoints", "data_points"])?;
        let list = serde_json::from_str::<Vec<&RawValue>>(list.get()).ok()?;
        Some(list.len() as u64)
    };
    metric.0.iter().filter_map(|(_, raw)| of_field(raw)).sum()
}

/// The raw value is known to be JSON, so what the parser calls bad syntax is a number that fits nowhere.
fn reason(raw: &RawValue, error: &serde_json::Error) -> Reason {
    match error.classify() {
        Category::Syntax => Reason::NumberRange,
        _ if error.to_string().starts_with(TOO_LONG) => Reason::TooLong,
        _ if !raw.get().starts_with('{') => Reason::NotAnObject,
        _ => Reason::WrongType,
    }
}

/// An object's fields as raw values; the last of equal keys stands.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        self.take_one_of([name])
    }

    /// A field of several spellings. All of them are taken: one left behind would be stored beside the field, and be the field when that is read.
    fn take_one_of<const N: usize>(&mut self, names: [&str; N]) -> Option<&'a RawValue> {
        let mut found = None;
        self.0.retain(|(key, raw)| {
            let same = names.contains(&&**key);
            if same {
                found = Some(*raw);
            }
            !same
        });
        found
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            out.push((key, map.next_value::<&RawValue>()?));
        }
        Ok(out)
    }
}

/// Says what is wrong with the body as a whole. Only the parser's words about syntax are repeated: those about types quote
/// the body, which may hold what must not be logged.
pub(super) fn whole(text: &str, error: &serde_json::Error) -> DecodeError {
    let (line, column) = (error.line(), error.column());
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let byte = (lines.map(str::len).sum::<usize>() + column.saturating_sub(1)).min(text.len());
    let place = format!("at byte {byte} (line {line}, column {column})");
    match error.classify() {
        Category::Data => DecodeError {
            code: Code::BadPayload,
            message: "The body is JSON, but no object. Send one JSON object with meta and items."
                .to_owned(),
        },
        Category::Eof => DecodeError {
            code: Code::BadJson,
            message: format!(
                "The body ends in the middle of its JSON, {place}. It was cut on the way, or its length is wrong."
            ),
        },
        Category::Syntax | Category::Io => {
            let words = error.to_string();
            let what = words.split(" at line ").next().unwrap_or_default();
            DecodeError {
                code: Code::BadJson,
                message: format!("The body is no JSON: {what} {place}.{}", hint(text, byte)),
            }
        }
    }
}

/// What JavaScript programs get wrong most often.
fn hint(text: &str, byte: usize) -> &'static str {
    let start = boundary(text, byte.saturating_sub(10));
    let end = boundary(text, byte + 9);
    let around = &text[start..end];
    if ["NaN", "Infinity", "Inf"]
        .iter()
        .any(|word| around.contains(word))
    {
        " NaN and Infinity are no JSON; send null, or leave the value out."
    } else if around.contains("undefined") {
        " undefined is no JSON; leave the field out."
    } else if byte == 0 && text.starts_with('\u{1f}') {
        " It looks compressed; say so with content-encoding: gzip, or z=gzip in the address."
    } else {
        " Send what JSON.stringify makes."
    }
}
