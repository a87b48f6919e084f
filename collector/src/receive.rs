//! One request: admit → read → dedupe → inflate → decode → scrub → enrich → filter → enqueue → answer.
//!
//! What a client can go wrong with is checked as early as it can be known. From the moment the body is here the rest runs in its own
//! task: a client that hangs up then changes nothing, so the ledgers never lose sight of an item.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, trace_span};

use crate::admit::{Pass, Toll};
use crate::client_address::ClientAddress;
use crate::config::App;
use crate::decode;
use crate::dedupe::{Claim, Dedupe};
use crate::enrich::Hints;
use crate::error::{ApiError, json_text};
use crate::health::Life;
use crate::inflate::{Budget, Encoding, InflateError, Reserved};
use crate::live::{Current, Live};
use crate::memory::{LARGE, give_back, room};
use crate::outcome::{Ledgers, Refusal, RequestGuard};
use crate::queue::{Queue, Refused};
use crate::record::record_id_of;
use crate::tail::Tail;
use crate::telemetry::{Meters, TARGET};

mod body;
mod otlp;
mod owed;
mod parameters;
mod prepare;
mod random;
mod wire;

pub(crate) use otlp::Said;
pub use otlp::otlp_answers;
pub(crate) use owed::Owed;
use parameters::Parameters;
pub(crate) use prepare::counts;
use prepare::{Prepared, Source, inflate_error, paid, prepare, unpack};
pub use random::RandomIds;
use wire::Wire;

/// The door for fuzzers: what a request says beside its body.
#[doc(hidden)]
pub fn fuzz(uri: &Uri, headers: &HeaderMap) {
    parameters::fuzz(uri, headers);
}

/// Bodies up to this are worked on where they are read; that takes well under a millisecond. Larger ones go to the threads for blocking
/// work, so that others are answered meanwhile.
const INLINE: usize = 32 * 1024;

/// A small body can be a bomb. Up to this it is inflated where it was read, which takes half a millisecond; ten times what pages send.
const INLINE_INFLATED: usize = 256 * 1024;

/// What inflating brotli takes at most beside what comes of it: its largest window, twice while it grows. The format lets a body of some bytes ask for
/// that, so that large ones are inflated one after the other.
const BROTLI: usize = 32 << 20;

/// What a client is told that comes while the collector stops.
const STOPPING: &str = "the collector is stopping; send the batch again";

/// How long a client waits that comes while the collector stops: a restart takes a few seconds.
const RETRY_STOPPING: Duration = Duration::from_secs(5);

/// How long a client waits that comes while too many bodies are worked on: these are gone in a moment.
const RETRY_BUSY: Duration = Duration::from_secs(1);

/// What receiving needs.
#[derive(Debug)]
pub struct Receiver {
    /// The settings that can change while it runs. Taken once for each request.
    pub current: Current,
    /// Batches taken already.
    pub dedupe: Dedupe,
    /// Where records go.
    pub queue: Queue,
    /// The books.
    pub ledgers: Ledgers,
    /// Bodies in memory, of all requests together.
    pub bodies: Budget,
    /// Figures for `/metrics`.
    pub meters: Arc<Meters>,
    /// Whether the collector is to stop.
    pub life: Life,
    /// For operators who look.
    pub tail: Tail,
    /// Ids of records whose request names no batch.
    pub random: RandomIds,
    /// Marks of first exceptions that were left out.
    pub(crate) owed: Owed,
    /// Large bodies that are worked on at once: one for each processor, more would only wait for each other.
    pub heavy: Arc<Semaphore>,
}

/// What is known of a request apart from its body.
#[derive(Debug)]
struct Head {
    /// The settings that this request is worked on with.
    live: Arc<Live>,
    app: Option<Arc<App>>,
    wire: Wire,
    id: Option<[u8; 16]>,
    /// Which try of its client this is.
    tries: u32,
    encoding: Encoding,
    sent_ms: Option<u64>,
    late: bool,
    received: Duration,
    client: Option<ClientAddress>,
    hints: Hints,
    toll: Toll,
}

/// What became of a request that was not refused.
#[derive(Debug)]
enum Taken {
    Accepted(Accepted),
    Duplicate,
}

/// What an answer says about a batch that was taken.
#[derive(Debug)]
struct Accepted {
    items: u64,
    dropped: u64,
    /// Data points of the metrics among them.
    points: u64,
    unreadable: Vec<decode::Unreadable>,
}

/// The most unreadable items that an answer describes; enough to find the fault.
const DESCRIBED: usize = 8;

/// `POST /collect` and `POST /collect/{app_key}`.
pub async fn collect(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let start = Instant::now();
    let span = trace_span!(
        target: TARGET,
        "POST /collect",
        otel.kind = "server",
        http.request.method = "POST",
        http.response.status_code = Empty,
        farol.items = Empty,
    );
    let answer = receiver
        .clone()
        .answer(request)
        .instrument(span.clone())
        .await;
    // Signed, because OpenTelemetry has no unsigned numbers.
    span.record(
        "http.response.status_code",
        i64::from(answer.status().as_u16()),
    );
    receiver
        .meters
        .request_duration
        .observe(start.elapsed().as_secs_f64());
    answer
}

impl Receiver {
    async fn answer(self: Arc<Self>, request: Request) -> Response {
        let books = self.ledgers.request();
        let (parts, body) = request.into_parts();
        let client = ClientAddress::of(&parts.extensions);
        let head = match self.head(client, &parts.uri, &parts.headers) {
            Ok(head) => head,
            Err(error) => {
                self.tail.refused(None, &error);
                return refuse_unread(books, error, body, body::UNKNOWN, None).await;
            }
        };
        let app = head.app.clone();
        let app = app.as_ref().map(|app| app.name.as_str());
        let mut reserved = self.bodies.reserve();
        let body = match body::read(
            body,
            &parts.headers,
            &head.live.limits,
            &head.toll,
            &mut reserved,
        )
        .await
        {
            Ok(body) => body,
            Err(body::ReadError::Cut(why)) => {
                books.aborted(why);
                // Nobody is there to read it, or its framing is broken.
                let message = "the body ended before its announced length";
                return crate::error::error_json(StatusCode::BAD_REQUEST, why.as_str(), message);
            }
            Err(body::ReadError::Refused(error, body, rest)) => {
                self.tail.refused(app, &error);
                let toll = (rest == body::Rest::Unpaid).then_some(&head.toll);
                return refuse_unread(books, error, body, body::ADMITTED, toll).await;
            }
        };
        self.meters.request_body.observe(body.len() as f64);
        match tokio::spawn(
            self.clone()
                .take(books, head, body, reserved)
                .in_current_span(),
        )
        .await
        {
            Ok(Ok(taken)) => {
                match &taken {
                    Taken::Duplicate => self.tail.duplicate(app),
                    Taken::Accepted(accepted) => self.tail.dropped(app, &accepted.unreadable),
                }
                taken.into_answer()
            }
            Ok(Err(error)) => {
                self.tail.refused(app, &error);
                axum::response::IntoResponse::into_response(error)
            }
            Err(_) => axum::response::IntoResponse::into_response(internal()),
        }
    }

    fn head(
        &self,
        client: Option<ClientAddress>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Head, ApiError> {
        if self.life.is_stopping() {
            return Err(ApiError::later(
                Refusal::ShuttingDown,
                STOPPING,
                RETRY_STOPPING,
            ));
        }
        let live = self.current.load();
        // First, so that what cannot be read costs its address as much as all else.
        let toll = live.admission.arrive(client)?;
        let parameters = Parameters::read(uri, headers)?;
        let wire = Wire::of(uri.path(), headers)?;
        let key = parameters.key.as_deref();
        let now = SystemTime::now();
        let Pass { app, toll } = live.admission.enter(toll, key, headers, now)?;
        let name = app.as_ref().map_or("", |app| &app.name);
        let head = Head {
            id: (parameters.id.as_deref()).map(|id| record_id_of(wire.kind, name, id)),
            tries: parameters.tries,
            encoding: parameters.encoding,
            sent_ms: parameters.sent_ms,
            late: parameters.late,
            received: now.duration_since(UNIX_EPOCH).unwrap_or_default(),
            client,
            hints: Hints::of(headers),
            app,
            wire,
            toll,
            live,
        };
        Ok(head)
    }

    async fn take(
        self: Arc<Self>,
        books: RequestGuard,
        head: Head,
        body: Bytes,
        reserved: Reserved,
    ) -> Result<Taken, ApiError> {
        let first = match head.id {
            None => None,
            Some(id) => match self.dedupe.claim(id, head.tries).await {
                Claim::First(first) => Some(first),
                Claim::Duplicate => {
                    books.duplicate();
                    return Ok(Taken::Duplicate);
                }
            },
        };
        // Behind the look for duplicates, which are taken however full it is, and before all that costs something.
        let app = head.app.as_deref();
        let name = app.map_or("", |app| &app.name);
        let refused = self
            .queue
            .refuses(name, app.and_then(|app| app.disk_quota), body.len());
        let taken = match refused {
            Some(refused) => Err(not_stored(refused)),
            None => match self.prepare(head, body, reserved).await {
                Ok(prepared) => self.enqueue(prepared).await,
                Err(error) => Err(error),
            },
        };
        match taken {
            Ok(accepted) => {
                if let Some(first) = first {
                    first.taken();
                }
                books.accepted();
                Ok(Taken::Accepted(accepted))
            }
            Err(error) => {
                books.refused(error.why);
                Err(error)
            }
        }
    }

    async fn prepare(
        self: &Arc<Self>,
        head: Head,
        body: Bytes,
        reserved: Reserved,
    ) -> Result<Prepared, ApiError> {
        let source = Source {
            id: head.id.unwrap_or_else(|| self.random.next()),
            head,
        };
        let span = trace_span!(target: TARGET, "prepare", farol.body_bytes = body.len() as i64);
        let most = source.head.live.limits.inflated;
        // No browser packs by brotli, and what is packed so may ask for a large window, however small it is.
        if body.len() <= INLINE && source.head.encoding != Encoding::Brotli {
            let small = most.min(INLINE_INFLATED);
            let mut plain_reserved = self.bodies.reserve();
            match span.in_scope(|| unpack(&source, &body, small, &mut plain_reserved)) {
                Ok(plain) => {
                    paid(&source, &body, &plain)?;
                    return span.in_scope(|| prepare(self, source, plain));
                }
                Err(InflateError::TooLarge) if small < most => {}
                Err(error) => return Err(inflate_error(error, most)),
            }
        }
        let place = self.heavy.clone().acquire_owned().await;
        let receiver = self.clone();
        let work = move || {
            let mut reserved = reserved;
            let prepared = span.in_scope(|| {
                let window = match source.head.encoding {
                    Encoding::Brotli => Some(Handle::current().block_on(room(BROTLI))),
                    _ => None,
                };
                let plain = unpack(&source, &body, most, &mut reserved);
                if window.is_some() {
                    // Before the next one takes as much.
                    give_back();
                }
                drop(window);
                let plain = plain.map_err(|error| inflate_error(error, most))?;
                paid(&source, &body, &plain)?;
                let weight = prepare::weight(&source, &plain);
                // This thread is for work that blocks.
                let _room = Handle::current().block_on(room(weight));
                let mut prepared = prepare(&receiver, source, plain)?;
                if weight > LARGE {
                    // Readers of the queue decode it anew, when they come to it.
                    prepared.forget_payload();
                }
                Ok(prepared)
            });
            drop(body);
            give_back();
            drop((place, reserved));
            prepared
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(internal()))
    }

    async fn enqueue(&self, prepared: Prepared) -> Result<Accepted, ApiError> {
        let Prepared {
            record,
            accepted,
            quota,
            items,
        } = prepared;
        let Some((record, payload)) = record else {
            items.enqueued();
            return Ok(accepted);
        };
        let shown = self.tail.keep(&record, payload.as_deref());
        let counts = record.header.counts;
        Span::current().record("farol.items", counts.items() as i64);
        let span = trace_span!(target: TARGET, "enqueue");
        match self
            .queue
            .append_known(record, payload, quota)
            .instrument(span)
            .await
        {
            Ok(_) => {
                items.enqueued();
                self.meters.enqueued(&counts);
                if let Some(shown) = shown {
                    self.tail.taken(&shown);
                }
                Ok(accepted)
            }
            Err(refused) => {
                items.refused(refused.why);
                Err(not_stored(refused))
            }
        }
    }
}

impl Taken {
    fn into_answer(self) -> Response {
        let (dropped, points) = match &self {
            Self::Duplicate => (0, 0),
            Self::Accepted(accepted) => (accepted.dropped, accepted.points),
        };
        // Nearly all say no more than this, which needs no tree to be written.
        let brief = |status, items, dropped| {
            format!(r#"{{"dropped":{dropped},"items":{items},"status":"{status}"}}"#)
        };
        let body = match self {
            Self::Duplicate => brief("duplicate", 0, 0),
            Self::Accepted(it) if it.unreadable.is_empty() => {
                brief("accepted", it.items, it.dropped)
            }
            Self::Accepted(accepted) => accepted.json().to_string(),
        };
        let mut answer = json_text(StatusCode::ACCEPTED, body);
        answer
            .extensions_mut()
            .insert(Said::Taken { dropped, points });
        answer
    }
}

impl Accepted {
    fn json(&self) -> serde_json::Value {
        let mut body =
            json!({ "status": "accepted", "items": self.items, "dropped": self.dropped });
        if !self.unreadable.is_empty() {
            let described = self.unreadable.iter().take(DESCRIBED);
            body["unreadable"] = described
                .map(|u| json!({ "kind": u.kind.name(), "index": u.index, "reason": u.reason.as_str() }))
                .collect();
        }
        body
    }
}

fn not_stored(refused: Refused) -> ApiError {
    let message = match refused.why {
        Refusal::ShuttingDown => STOPPING,
        Refusal::QueueFull => {
            "the queue is full: the destinations do not take as much as comes in; send the batch again"
        }
        Refusal::AppQuota => {
            "this app has as much in the queue as it may: the destinations do not take as much as it sends; send the batch again"
        }
        Refusal::DiskFull => "the disk is nearly full; send the batch again",
        Refusal::TooLarge => {
            return ApiError::new(
                refused.why,
                "what the batch comes to, written as JSON, is more than the queue takes of one; send smaller batches",
            );
        }
        _ => "the batch could not be stored; send it again",
    };
    ApiError::later(refused.why, message, refused.retry_after)
}

fn internal() -> ApiError {
    ApiError::later(
        Refusal::Internal,
        "a fault of the collector; send the batch again",
        RETRY_BUSY,
    )
}

/// Refuses a request whose body was not read. What is on its way is taken and thrown away, within bounds: a browser that is still
/// sending when the connection closes shows its page a network error instead of the answer.
async fn refuse_unread(
    books: RequestGuard,
    error: ApiError,
    body: Body,
    linger: body::Linger,
    toll: Option<&Toll>,
) -> Response {
    books.refused(error.why);
    body::discard(body, linger, toll).await;
    axum::response::IntoResponse::into_response(error)
}
