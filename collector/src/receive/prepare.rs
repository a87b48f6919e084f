//! The part of receiving that computes: from the bytes of a body to a record.

use bytes::Bytes;
use farol_protocol::payload::Payload;

use super::{Accepted, Head, RETRY_BUSY, Receiver, otlp, owed};
use crate::convert::weight;

use crate::decode::{self, Code, Decoded, Form, repeat};
use crate::enrich::{Known, clock_offset_ms};
use crate::error::ApiError;
use crate::filter::{apply, filter, sample, sample_rate, sample_state};
use crate::inflate::{Bounds, InflateError, Reserved, inflate};
use crate::outcome::{DropReason, Filter, ItemsGuard, Refusal};
use crate::record::{Counts, FORMAT, Header, Record, SourceKind};

/// Where a body came from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) head: Head,
    pub(super) id: [u8; 16],
}

/// Bytes of the name that a client calls its app by, in the record's header, which stays in memory for as long as the record waits. All of it
/// stands in the payload.
const CLAIMED: usize = 256;

/// A body that can be put into the queue.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The record, and the payload that its body was written from, unless that is large. None where nothing is left to keep.
    pub(super) record: Option<(Record, Option<Box<Payload>>)>,
    pub(super) accepted: Accepted,
    /// What the app may have in the queue on disk, in bytes.
    pub(super) quota: Option<u64>,
    /// The items of the record, which want their verdict.
    pub(super) items: ItemsGuard,
}

impl Prepared {
    /// Keeps the record alone.
    pub(super) fn forget_payload(&mut self) {
        if let Some((_, payload)) = &mut self.record {
            *payload = None;
        }
    }
}

/// About what a body comes to in memory once decoded.
pub(super) fn weight(source: &Source, plain: &[u8]) -> usize {
    let Head { wire, live, .. } = &source.head;
    match wire.form {
        Form::Json => weight::decoded(0, plain),
        Form::Protobuf => {
            let messages = decode::messages(wire.kind, plain, &live.decode_limits);
            weight::protobuf(plain.len(), messages)
        }
    }
}

/// Inflates a body, to at most `most` bytes.
pub(super) fn unpack(
    source: &Source,
    body: &Bytes,
    most: usize,
    reserved: &mut Reserved,
) -> Result<Bytes, InflateError> {
    let bounds = Bounds {
        inflated: most,
        zstd_window: source.head.live.limits.zstd_window,
    };
    inflate(source.head.encoding, body, bounds, reserved)
}

/// Whether what a body came to is paid for.
pub(super) fn paid(source: &Source, body: &Bytes, plain: &Bytes) -> Result<(), ApiError> {
    let Head { toll, live, .. } = &source.head;
    toll.inflated(body.len(), plain.len(), live.limits.body)
}

/// Decodes, scrubs, enriches and filters.
pub(super) fn prepare(
    receiver: &Receiver,
    source: Source,
    plain: Bytes,
) -> Result<Prepared, ApiError> {
    let head = source.head;
    let live = &head.live;
    let decoded = match head.wire.kind {
        SourceKind::Faro if head.wire.reports => {
            let now = u64::try_from(head.received.as_nanos()).unwrap_or(u64::MAX);
            decode::reports(&plain, &live.decode_limits, now)
        }
        SourceKind::Faro => decode::faro(&plain, &live.decode_limits),
        kind => decode::otlp(kind, head.wire.form, &plain, &live.decode_limits),
    };
    let decoded = decoded.map_err(decode_error)?;
    if repeat::too_much(&decoded.payload, plain.len()) {
        return Err(ApiError::new(
            Refusal::TooMuchRepeated,
            format!(
                "what it says about all of its items (meta, a resource) would come to more than {} bytes, written out with each; send fewer items with it",
                repeat::MOST_REPEATED
            ),
        ));
    }
    drop(plain);
    let Decoded {
        mut payload,
        unreadable,
        cut,
        ..
    } = decoded;
    let mut counts = counts(&payload);
    let left = counts.items();
    let mut items = receiver
        .ledgers
        .items(left + unreadable.len() as u64 + cut.all_items());
    items.dropped(DropReason::Unreadable, unreadable.len() as u64);
    items.dropped(DropReason::TooMany, cut.all_items());
    receiver.meters.cut(&cut);
    counts.unreadable =
        u32::try_from(unreadable.len() as u64 + cut.all_items()).unwrap_or(u32::MAX);
    let mut accepted = Accepted {
        items: left,
        dropped: u64::from(counts.unreadable),
        points: cut.points,
        unreadable,
    };
    let state = sample_state(&payload);
    if let Some(why) = filter(state) {
        items.filtered(why, left);
        accepted.items = 0;
    }
    if items.open() == 0 {
        return Ok(Prepared {
            record: None,
            accepted,
            quota: None,
            items,
        });
    }
    if head.late {
        payload.farol.deferred = Some(true);
    }
    let own_headers =
        head.wire.kind == SourceKind::Faro || otlp::claim(&mut payload, head.app.as_deref());
    let rules = live.rules.of(head.app.as_deref());
    rules.scrubber.scrub(&mut payload);
    if cut.strings > 0 {
        decode::trim(&mut payload, &live.decode_limits);
    }
    let known = Known {
        app: head.app.as_deref(),
        hints: own_headers.then_some(&head.hints),
        client: head.client,
        address: rules.address,
        routes: &rules.routes,
    };
    live.enricher.enrich(&mut payload, &known);
    let mut app_name = payload.meta.app.name.clone();
    if head.app.is_none() {
        app_name.truncate(app_name.floor_char_boundary(CLAIMED));
    }
    let service = &payload.meta.session.overrides.service_name;
    if let Some(app) = &head.app
        && live.admission.may_call_itself(app, service)
    {
        payload.meta.app.name.clone_from(service);
    }
    let tenant = (head.app.as_ref()).map_or("", |app| app.tenant.as_str());
    let share = head.app.as_ref().map_or(1.0, |app| app.sampling);
    let batch = source.id;
    let out = sample(&mut payload, share, state, &batch);
    items.filtered(Filter::SampledOut, out);
    let filters = &live.rules.filters;
    let failed = owed::session(&payload, &app_name);
    let out = apply(filters, &app_name, tenant, &mut payload, &batch);
    for (rule, n) in filters.iter().zip(out) {
        items.filtered(Filter::Rule, n);
        receiver.meters.filtered(&rule.name, n);
    }
    if let Some(session) = failed {
        let now = u64::try_from(head.received.as_nanos()).unwrap_or(u64::MAX);
        receiver.owed.settle(&mut payload, session, now);
    }
    accepted.items = items.open();
    if items.open() == 0 {
        return Ok(Prepared {
            record: None,
            accepted,
            quota: None,
            items,
        });
    }
    let counts = Counts {
        unreadable: counts.unreadable,
        ..self::counts(&payload)
    };
    let received_ms = u64::try_from(head.received.as_millis()).unwrap_or(u64::MAX);
    let header = Header {
        format: FORMAT,
        kind: head.wire.kind,
        app: app_name,
        tenant: tenant.to_owned(),
        received_ns: u64::try_from(head.received.as_nanos()).unwrap_or(u64::MAX),
        clock_offset_ms: clock_offset_ms(head.sent_ms, received_ms),
        id: source.id,
        counts,
        rate: sample_rate(&payload),
        state,
        deferred: payload.farol.deferred.unwrap_or_default(),
        generation: live.generation,
    };
    let record = Record {
        header,
        body: payload.encode().into(),
    };
    Ok(Prepared {
        record: Some((record, Some(payload))),
        accepted,
        quota: head.app.as_ref().and_then(|app| app.disk_quota),
        items,
    })
}

/// How many items of each kind a payload holds.
pub(crate) fn counts(payload: &Payload) -> Counts {
    let n = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    Counts {
        logs: n(payload.logs.len() + payload.otlp.records()),
        exceptions: n(payload.exceptions.len()),
        measurements: n(payload.measurements.len() + payload.otlp.metrics()),
        events: n(payload.events.len()),
        spans: n(payload.spans()),
        unreadable: 0,
    }
}

pub(super) fn inflate_error(error: InflateError, cap: usize) -> ApiError {
    match error {
        InflateError::TooLarge => ApiError::new(
            Refusal::InflatedTooLarge,
            format!(
                "the body is larger than {cap} bytes once inflated; send smaller batches, or raise limits.inflated"
            ),
        ),
        InflateError::Corrupt => ApiError::new(
            Refusal::BadEncoding,
            "the body does not inflate: it is cut short, or not packed as content-encoding or z says",
        ),
        InflateError::Busy => ApiError::later(
            Refusal::Busy,
            "too many bodies are being worked on at once; send the batch again",
            RETRY_BUSY,
        ),
    }
}

fn decode_error(error: decode::DecodeError) -> ApiError {
    let why = match error.code {
        Code::Empty => Refusal::Empty,
        Code::BadJson => Refusal::BadJson,
        Code::BadPayload => Refusal::BadPayload,
        Code::TooDeep => Refusal::TooDeep,
        Code::TooMany => Refusal::TooLarge,
    };
    ApiError::new(why, error.message)
}
