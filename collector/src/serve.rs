//! The accept loop. Own, because a server that strangers reach needs bounds that `axum::serve` has no knobs for: time for a head,
//! time to idle, connections in all and per address, HTTP/2's streams; and because PROXY protocol and TLS come before HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, Version};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tower::{Service, ServiceExt};

use crate::client_address::{ClientAddress, FromHere};
use crate::config::Limits;
use crate::live::{Current, Live};
use connection::{Activity, Answer, Watched};
pub use entry::{Entries, Side};
use limiter::Place;
pub use limiter::{Connections, Refused};
use stream::Stream;

mod connection;
mod entry;
mod head;
mod limiter;
mod proxy;
mod stream;
pub mod tls;

/// Streams that may wait to be reset: hyper's own guard against rapid reset (CVE-2023-44487), at its default.
const H2_RESETS: usize = 20;
/// The window of an HTTP/2 stream: what a client may send unasked. A beacon's 64 KiB fit.
const H2_WINDOW: u32 = 64 * 1024;
/// The window of a whole HTTP/2 connection: what it can make the collector hold before a request is worked on. Four beacons.
const H2_CONNECTION_WINDOW: u32 = 256 * 1024;
/// Answers that a connection's client may leave unread; the rest waits in the task that makes them.
const H2_SEND_BUFFER: usize = 64 * 1024;
/// A client that is gone without a word holds its requests no longer than this and the next: below the time that most NATs keep a silent connection.
const H2_PING: Duration = Duration::from_secs(20);
/// How long a ping's answer may take.
const H2_PONG: Duration = Duration::from_secs(10);
/// Header fields of a request: browsers send about 20. Of HTTP/2's the router counts them, since its server does not.
pub(crate) const MAX_HEADERS: usize = 64;
/// What a head may have beyond its bound until it is whole, so that its sender is told why; beyond that it is answered by the server itself.
const HEAD_SLACK: usize = 4 * 1024;
/// The pause after a failed accept (no file handle left): long enough for some connection to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The door for fuzzers: what a proxy says first.
#[doc(hidden)]
pub fn fuzz_proxy(bytes: &[u8]) {
    proxy::fuzz(bytes);
}

/// The door for fuzzers: a head that comes in pieces of this size.
#[doc(hidden)]
pub fn fuzz_head(bytes: &[u8], size: usize) {
    head::fuzz(bytes, size);
}

/// A server on one socket.
#[derive(Debug, Clone)]
pub struct Server<S> {
    /// What answers.
    pub service: S,
    /// Which listener it is.
    pub side: Side,
    /// What clients may do: each connection keeps what held when it came.
    pub current: Current,
    /// Who is connected.
    pub connections: Connections,
    /// How long requests may go on once it is to stop.
    pub grace: Duration,
}

impl<S, B> Server<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Accepts until `stop` says true; then lets open requests end.
    pub async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        // Closed when the last connection has dropped its end.
        let (open, mut all_closed) = mpsc::channel::<()>(1);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(kind = %error.kind(), "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // Over the cap the connection is closed at once: one that waits in the backlog would time out instead, later and dearer.
            let live = self.current.load();
            let is_proxy = live.entries.of(self.side).is_proxy(from.ip());
            let address = (!is_proxy).then(|| ClientAddress::new(from.ip()));
            let Ok(place) = self.connections.enter(&live.limits, address) else {
                continue;
            };
            let (server, stop, open) = (self.clone(), stop.clone(), open.clone());
            tokio::spawn(async move {
                server.connection(stream, from.ip(), place, stop).await;
                drop(open);
            });
        }
        drop((listener, open));
        let _ = all_closed.recv().await;
    }

    async fn connection(
        self,
        stream: TcpStream,
        from: IpAddr,
        mut place: Place,
        mut stop: watch::Receiver<bool>,
    ) {
        // Answers are one small write each; nothing is gained by waiting to fill a segment.
        let _ = stream.set_nodelay(true);
        let live = self.current.load();
        let limits = live.limits;
        // A proxy that says whom it speaks for is here for others.
        let here = match live.entries.of(self.side).is_proxy(from) {
            true => None,
            false => FromHere::of(from),
        };
        // Boxed: what a handshake needs is given back before the connection idles.
        let entering = Box::pin(enter(live, self.side, stream, from, &mut place));
        let entered = tokio::select! {
            entered = entering => entered,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let Some((stream, address)) = entered else {
            return;
        };
        let activity = Arc::new(Activity::new(&limits, self.side, stream.is_http2()));
        let service = {
            let (activity, service) = (activity.clone(), self.service);
            hyper::service::service_fn(move |mut request: Request<Incoming>| {
                let working = activity.begin(request.version() == Version::HTTP_2);
                request.extensions_mut().insert(address);
                if let Some(here) = here {
                    request.extensions_mut().insert(here);
                }
                // Where a body's end is in doubt between readers (a length beside chunks, chunks named twice), what follows may be somebody else's
                // request. No browser sends chunks over HTTP/1.1; who does connects anew.
                let last = request.headers().contains_key(TRANSFER_ENCODING);
                let answer = service.clone().oneshot(request);
                async move {
                    let mut answer = answer.await;
                    if let (true, Ok(answer)) = (last, &mut answer) {
                        let headers = answer.headers_mut();
                        headers.insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    let working = working.goes_on();
                    answer.map(|answer| answer.map(|body| Answer::new(body, working)))
                }
            })
        };
        let builder = builder(&limits);
        let io = TokioIo::new(Watched::new(stream, activity.clone()));
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut expired = pin!(activity.expired());
        let mut stopped = pin!(async move { drop(stop.wait_for(|stop| *stop).await) });
        let mut last_moment = pin!(None);
        std::future::poll_fn(|cx| {
            if last_moment.is_none() && stopped.as_mut().poll(cx).is_ready() {
                last_moment.set(Some(sleep(self.grace)));
                connection.as_mut().graceful_shutdown();
            }
            let over = last_moment.as_mut().as_pin_mut().map(|at| at.poll(cx));
            if over.is_some_and(|over| over.is_ready()) {
                return Poll::Ready(());
            }
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            expired.as_mut().poll(cx)
        })
        .await;
    }
}

/// Takes a connection to where HTTP begins; one that does not get there is counted.
async fn enter(
    live: Arc<Live>,
    side: Side,
    stream: TcpStream,
    from: IpAddr,
    place: &mut Place,
) -> Option<(Stream, ClientAddress)> {
    let entry = live.entries.of(side);
    match entry.pass(stream, from, place, &live.limits).await {
        Ok(entered) => Some(entered),
        Err(why) => {
            place.refused(why);
            None
        }
    }
}

/// The most that a connection of HTTP/1.1 reads into at once: all of a head that is allowed fits; what is exactly too large is the router's to say.
pub(crate) fn read_buffer(limits: &Limits) -> usize {
    limits.header_bytes.max(8 * 1024) + HEAD_SLACK
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Ours covers both protocols and the idle time between requests.
        .header_read_timeout(None)
        .max_buf_size(read_buffer(limits))
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(H2_RESETS)
        .max_local_error_reset_streams(H2_RESETS)
        .initial_stream_window_size(H2_WINDOW)
        .initial_connection_window_size(H2_CONNECTION_WINDOW)
        .max_send_buf_size(H2_SEND_BUFFER)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG)
        .max_header_list_size(limits.header_bytes as u32);
    builder
}
