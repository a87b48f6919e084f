//! What comes in, as people read it, for an operator who looks: `farol-collector tail`, or `curl -N` at `/-/tail`.
//!
//! It shows what pages sent, scrubbed, so it is told on the listener of operators alone, and only to who asks by address: a page
//! that made its own name point here (DNS rebinding) would else read it. While nobody looks it costs one look at a counter a request.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, StatusCode, Uri};
use http_body::Frame;
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::convert::{Dialect, to_otlp, weight};
use crate::decode::Unreadable;
use crate::error::ApiError;
use crate::export::{by_app, safe, told};
use crate::record::{Header, Record};
use farol_protocol::payload::Payload;

pub mod follow;

/// Apps of one request that are told apart.
const APPS: usize = 16;
/// What waits for a listener that is slow; older is left out, and the gap is told. A page's burst is some ten payloads.
const WAITING: usize = 256;

/// Bytes of lines that are told of one app in one payload, so that what waits comes to 16 MiB at most: some hundred items, more than anybody reads of it.
const TOLD: usize = 64 << 10;

/// What a payload may come to in memory that is shown, some times what is told of it: it is converted on the thread that answers requests, and a
/// kilobyte as stored may be a hundred megabytes.
const SHOWN: usize = 4 << 20;

/// Bytes of an app's name by which it is chosen: where no apps are declared a client may say any.
const NAME: usize = 256;

/// How often a listener gets a line when there is nothing to say: who went away without a word is found out by writing, and what lies between may close what
/// is silent. Below the time that most NATs keep a silent connection.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// The line.
const BEAT: &[u8] = b"#\n";

/// Listeners at once: each costs a conversion of everything. A few people with a terminal.
const LISTENERS: usize = 4;

/// Tells what comes in. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Tail(broadcast::Sender<Seen>);

impl Default for Tail {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

/// Something that came in.
#[derive(Debug, Clone)]
struct Seen {
    /// It was refused, or something of it was dropped.
    bad: bool,
    app: Option<Arc<str>>,
    text: Bytes,
}

/// What is to be shown of a record once it is in the queue.
#[derive(Debug)]
pub struct Shown {
    header: Header,
    /// None where it is too large.
    payload: Option<Box<Payload>>,
}

impl Shown {
    fn of(record: &Record, payload: Option<&Payload>) -> Self {
        let items = record.header.counts.items();
        let own = weight::decoded(items, &record.body);
        let payload = (own <= SHOWN).then(|| match payload {
            Some(payload) => Box::new(payload.clone()),
            None => Payload::decode(&record.body).unwrap_or_default().into(),
        });
        Self {
            header: record.header.clone(),
            payload: payload
                .filter(|payload| weight::converted(own, items, || &**payload) <= SHOWN),
        }
    }
}

impl Tail {
    /// Whether somebody looks.
    pub fn watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Keeps what is shown of a record that is about to be put into the queue, if somebody looks.
    pub fn keep(&self, record: &Record, payload: Option<&Payload>) -> Option<Shown> {
        self.watched().then(|| Shown::of(record, payload))
    }

    /// It is in the queue.
    pub fn taken(&self, shown: &Shown) {
        let header = &shown.header;
        let Some(payload) = &shown.payload else {
            let app = Some(header.app.as_str()).filter(|app| !app.is_empty());
            let what = format!("{} items, too much to be shown", header.counts.items());
            return self.say(false, app, line("accepted", app, &what));
        };
        let otlp = to_otlp(header, payload, Dialect::Semconv);
        if !header.app.is_empty() {
            return self.say(false, Some(&header.app), told(&otlp));
        }
        let apps = by_app(&otlp);
        if apps.len() > APPS {
            // Nobody's in particular: a listener's room is for what others send, too.
            return self.say(false, None, told(&otlp));
        }
        for (app, otlp) in apps {
            self.say(false, app.as_deref(), told(&otlp));
        }
    }

    /// Items of an accepted batch that could not be read.
    pub fn dropped(&self, app: Option<&str>, items: &[Unreadable]) {
        if !self.watched() {
            return;
        }
        let mut text = String::new();
        for item in items {
            text += &line(
                "dropped",
                app,
                &format!(
                    "{}[{}] {}",
                    item.kind.name(),
                    item.index,
                    item.reason.as_str()
                ),
            );
        }
        self.say(true, app, text);
    }

    /// A request that was refused.
    pub fn refused(&self, app: Option<&str>, error: &ApiError) {
        if self.watched() {
            let what = format!(
                "{} {}: {}",
                error.status().as_u16(),
                error.why,
                error.message
            );
            self.say(true, app, line("refused", app, &what));
        }
    }

    /// A batch that was taken before.
    pub fn duplicate(&self, app: Option<&str>) {
        if self.watched() {
            let text = line("duplicate", app, "this batch was taken before");
            self.say(false, app, text);
        }
    }

    fn say(&self, bad: bool, app: Option<&str>, text: String) {
        if text.is_empty() {
            return;
        }
        // Nobody there any more is no fault.
        let _ = self.0.send(Seen {
            bad,
            app: app.map(|app| app[..app.floor_char_boundary(NAME)].into()),
            text: cut(text).into(),
        });
    }
}

/// As many lines as are told at once.
fn cut(text: String) -> String {
    if text.len() <= TOLD {
        return text;
    }
    let kept = &text[..text.floor_char_boundary(TOLD)];
    let kept = &kept[..kept.rfind('\n').map_or(0, |at| at + 1)];
    let left = text[kept.len()..].lines().count();
    format!("{kept}# {left} lines left out: more came in one payload than is told\n")
}

/// A line of ours, in the columns of the others.
fn line(what: &str, app: Option<&str>, text: &str) -> String {
    let zone = jiff::tz::TimeZone::system();
    let time = Timestamp::now()
        .to_zoned(zone)
        .strftime("%H:%M:%S%.3f")
        .to_string();
    let (app, text) = (safe(app.unwrap_or("-")), safe(text));
    format!("{time}  {what:<9}  {app}  {text}\n")
}

/// What a listener wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only what was refused or dropped.
    pub rejected: bool,
    /// Only what belongs to this app.
    pub app: Option<String>,
}

impl Wanted {
    fn read(uri: &Uri) -> Result<Self, String> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match (&*name, &*value) {
                ("rejected", "" | "true" | "1") => wanted.rejected = true,
                ("app", app) => wanted.app = Some(app.to_owned()),
                (name, _) => {
                    return Err(format!("`{name}` is not known; there are rejected and app"));
                }
            }
        }
        Ok(wanted)
    }

    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.rejected {
            query.append_pair("rejected", "true");
        }
        if let Some(app) = &self.app {
            query.append_pair("app", app);
        }
        query.finish()
    }

    fn takes(&self, seen: &Seen) -> bool {
        (seen.bad || !self.rejected)
            && (self.app.is_none() || self.app.as_deref() == seen.app.as_deref())
    }
}

/// Why nobody is shown anything.
#[derive(Debug)]
pub struct NotShown {
    /// The answer's status.
    pub status: StatusCode,
    /// The short name of what is wrong.
    pub code: &'static str,
    /// What, and what to do about it.
    pub message: String,
}

/// `GET /-/tail`: what comes in from now on, as an answer's body.
///
/// # Errors
/// When it was asked for by a name, in words that are not known, or there are enough who look.
pub fn look(tail: &Tail, uri: &Uri, headers: &HeaderMap) -> Result<Lines, NotShown> {
    let no = |status, code, message| {
        Err(NotShown {
            status,
            code,
            message,
        })
    };
    if !by_address(headers) {
        let message =
            "ask by address (127.0.0.1:…) and not by name: a page could have made the name up";
        return no(StatusCode::FORBIDDEN, "host", message.into());
    }
    let wanted = match Wanted::read(uri) {
        Ok(wanted) => wanted,
        Err(message) => return no(StatusCode::BAD_REQUEST, "bad_request", message),
    };
    if tail.0.receiver_count() >= LISTENERS {
        let message = format!("{LISTENERS} look already; end one of them");
        return no(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
    }
    let (lines, told) = mpsc::channel(1);
    tokio::spawn(pass_on(tail.0.subscribe(), wanted, lines));
    Ok(Lines(told))
}

/// Whether the host that was asked for is an address, or this machine by its common name.
pub(crate) fn by_address(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(is_address)
}

/// Whether a host, with a port or without, is an address or this machine's common name.
pub(crate) fn is_address(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || host.parse::<SocketAddr>().is_ok() || bare.parse::<IpAddr>().is_ok()
}

async fn pass_on(mut seen: broadcast::Receiver<Seen>, wanted: Wanted, lines: mpsc::Sender<Bytes>) {
    // A first line, so that whoever asked knows that it listens.
    let mut next = Some(Bytes::from_static(b"# what comes in from now on\n"));
    let mut silent = Instant::now();
    loop {
        if let Some(text) = next.take() {
            if lines.send(text).await.is_err() {
                return;
            }
            silent = Instant::now();
        }
        next = tokio::select! {
            () = lines.closed() => return,
            () = sleep_until(silent + HEARTBEAT) => Some(Bytes::from_static(BEAT)),
            came = seen.recv() => match came {
                Ok(seen) => wanted.takes(&seen).then_some(seen.text),
                Err(broadcast::error::RecvError::Lagged(n)) => {
                    Some(format!("# {n} payloads or refusals left out: more came than could be written\n").into())
                }
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
    }
}

/// An answer's body that goes on for as long as somebody reads it.
#[derive(Debug)]
pub struct Lines(mpsc::Receiver<Bytes>);

impl http_body::Body for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(context)
            .map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn who_asks_by_a_name_of_the_network_is_refused() {
        for (host, allowed) in [
            ("127.0.0.1:12348", true),
            ("[::1]:12348", true),
            ("10.1.2.3", true),
            ("[::1]", true),
            ("localhost:12348", true),
            ("rebound.example:12348", false),
            ("127.0.0.1.rebound.example", false),
            ("", false),
        ] {
            let headers = [(HOST, HeaderValue::from_static(host))]
                .into_iter()
                .collect();
            assert_eq!(by_address(&headers), allowed, "{host}");
        }
        assert!(!by_address(&HeaderMap::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_listens_is_written_to_though_nothing_comes() {
        let tail = Tail::default();
        let headers = [(HOST, HeaderValue::from_static("127.0.0.1"))];
        let uri = Uri::from_static("/-/tail?rejected");
        let mut lines = look(&tail, &uri, &headers.into_iter().collect()).unwrap();
        let start = Instant::now();
        assert!(lines.0.recv().await.unwrap().starts_with(b"# what"));
        for beats in 1..4 {
            assert_eq!(lines.0.recv().await.unwrap(), BEAT);
            assert_eq!(start.elapsed(), beats * HEARTBEAT);
        }
    }

    #[test]
    fn what_is_wanted_survives_the_query() {
        let wanted = Wanted {
            rejected: true,
            app: Some("a & b".to_owned()),
        };
        let uri: Uri = format!("/-/tail?{}", wanted.query()).parse().unwrap();
        assert_eq!(Wanted::read(&uri).unwrap(), wanted);
        assert!(Wanted::read(&Uri::from_static("/-/tail?apps=x")).is_err());
    }

    #[test]
    fn of_a_payload_of_any_size_so_much_is_told() {
        let line = format!("{}\n", "é".repeat(99));
        assert_eq!(cut(line.clone()), line);
        let told = cut(line.repeat(2_000));
        assert!(told.len() <= TOLD + 100, "{}", told.len());
        let (kept, note) = told.rsplit_once("\n# ").unwrap();
        let left = 2_000 - kept.lines().count();
        assert!(
            note.starts_with(&format!("{left} lines left out")),
            "{note}"
        );
    }

    #[test]
    fn what_would_be_too_much_to_convert_is_one_line() {
        let about: Vec<_> = (0..700).map(|n| format!(r#""k{n}":"v""#)).collect();
        let about = about.join(",");
        for (items, shown) in [(2, true), (900, false)] {
            let logs = vec![r#"{"message":"m"}"#; items].join(",");
            let json =
                format!(r#"{{"meta":{{"session":{{"attributes":{{{about}}}}}}},"logs":[{logs}]}}"#);
            let payload = Payload::decode(json.as_bytes()).unwrap();
            let record = Record {
                header: Header {
                    app: "shop".to_owned(),
                    counts: crate::receive::counts(&payload),
                    ..Header::default()
                },
                body: payload.encode().into(),
            };
            let tail = Tail::default();
            assert!(tail.keep(&record, Some(&payload)).is_none());
            let mut listener = tail.0.subscribe();
            for payload in [Some(&payload), None] {
                tail.taken(&tail.keep(&record, payload).unwrap());
                let text = listener.try_recv().unwrap().text;
                let text = String::from_utf8(text.to_vec()).unwrap();
                let large = text.ends_with("accepted   shop  900 items, too much to be shown\n");
                assert_eq!(large, !shown, "{text}");
                assert_eq!(text.lines().count() == 1, large, "{text}");
            }
        }
    }

    #[test]
    fn a_line_of_ours_is_one_line() {
        let hostile = "a\nb\u{1b}[2J";
        for (app, what) in [(Some("shop"), hostile), (Some(hostile), "w"), (None, "w")] {
            let text = line("refused", app, what);
            assert_eq!(text.matches('\n').count(), 1);
            assert!(!text.contains('\u{1b}'));
        }
        // Where no apps are declared their names are clients'.
        let tail = Tail::default();
        let mut listener = tail.0.subscribe();
        let header = Header {
            app: hostile.to_owned(),
            ..Header::default()
        };
        let payload = None;
        tail.taken(&Shown { header, payload });
        let text = listener.try_recv().unwrap().text;
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert!(!text.contains(&0x1b));
    }
}
