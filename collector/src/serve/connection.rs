//! What a connection is doing, and when it has done nothing for too long.
//!
//! The deadline is looked at after each poll of the connection and kept in one timer that is only moved forward when it fires,
//! so that a busy connection costs no timer work.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use super::Side;
use super::head::HeadScan;
use crate::config::Limits;

/// A write of HTTP/2 from which on it may be one of an answer: what acknowledges a ping or settings comes to some tens of bytes. Of many at once it
/// comes to more, but never to more than they had themselves.
const ANSWERS: usize = 512;

/// What HTTP/2 begins with; no method of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI * ";

/// The state of one connection. Only its own task writes it; atomics spare a lock, not a race.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    head_timeout: Duration,
    idle_timeout: Duration,
    /// While a request is worked on its own time-outs hold; this one ends a client that never takes its answer.
    work_timeout: Duration,
    /// An operator's, who waits for as long as it takes.
    patient: bool,
    /// The client does not take what is written.
    blocked: AtomicBool,
    /// Requests that are being answered.
    working: AtomicU32,
    /// Milliseconds from `start` to the last byte in either direction, or end of a request. Frames of HTTP/2 that neither open a request nor
    /// are of an answer count for nothing: pings would keep a connection for ever.
    moved: AtomicU64,
    /// Milliseconds from `start` to the first byte of a head that is not whole yet, plus one; 0 where there is none.
    head: AtomicU64,
    /// HTTP/2 has frames between requests that are no head.
    http2: AtomicBool,
    /// Bytes of HTTP/2 that came while nothing was worked on, less what was written since.
    unanswered: AtomicU64,
}

impl Activity {
    /// `http2`: where it is known before the first byte.
    pub(super) fn new(limits: &Limits, side: Side, http2: bool) -> Self {
        Self {
            start: Instant::now(),
            head_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            work_timeout: limits.idle_timeout.max(limits.body_timeout * 2),
            patient: side == Side::Admin,
            blocked: AtomicBool::new(false),
            working: AtomicU32::new(0),
            moved: AtomicU64::new(0),
            head: AtomicU64::new(0),
            http2: AtomicBool::new(http2),
            unanswered: AtomicU64::new(0),
        }
    }

    /// A head is whole and its request begins; it ends when the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>, http2: bool) -> Working {
        self.working.fetch_add(1, Relaxed);
        self.head.store(0, Relaxed);
        self.http2.store(http2, Relaxed);
        Working(self.clone())
    }

    /// Ends when the connection has been idle, or at one head, for too long. To be polled after the connection itself.
    pub(super) async fn expired(&self) {
        let mut timer = pin!(sleep_until(self.deadline()));
        std::future::poll_fn(|cx| {
            let deadline = self.deadline();
            if deadline < timer.deadline() {
                timer.as_mut().reset(deadline);
            }
            while timer.as_mut().poll(cx).is_ready() {
                let deadline = self.deadline();
                if deadline <= Instant::now() {
                    return Poll::Ready(());
                }
                timer.as_mut().reset(deadline);
            }
            Poll::Pending
        })
        .await;
    }

    fn deadline(&self) -> Instant {
        let head = self.head.load(Relaxed);
        let moved = self.start + Duration::from_millis(self.moved.load(Relaxed));
        if self.working.load(Relaxed) == 0 && head > 0 {
            return self.start + Duration::from_millis(head - 1) + self.head_timeout;
        }
        if self.working.load(Relaxed) > 0 {
            let waits = self.patient && !self.blocked.load(Relaxed);
            let from = if waits { Instant::now() } else { moved };
            return from + self.work_timeout;
        }
        moved + self.idle_timeout
    }

    /// Whether what comes is the head of a request of HTTP/1.1.
    fn is_between_requests(&self) -> bool {
        self.working.load(Relaxed) == 0 && !self.http2.load(Relaxed)
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn did_read(&self, bytes: &[u8]) {
        let now = self.now();
        let working = self.working.load(Relaxed) > 0;
        let head = self.head.load(Relaxed);
        if !working && head == 0 && bytes.starts_with(PREFACE) {
            self.http2.store(true, Relaxed);
        }
        let http2 = self.http2.load(Relaxed);
        if !working && !http2 && head == 0 {
            self.head.store(now + 1, Relaxed);
        }
        if working || !http2 {
            self.moved.store(now, Relaxed);
            self.unanswered.store(0, Relaxed);
        } else {
            self.unanswered.fetch_add(bytes.len() as u64, Relaxed);
        }
    }

    fn did_write(&self, polled: &Poll<io::Result<usize>>) {
        self.blocked.store(polled.is_pending(), Relaxed);
        let Poll::Ready(written) = polled else {
            return;
        };
        let written = *written.as_ref().unwrap_or(&0);
        let unanswered = self.unanswered.load(Relaxed);
        let rest = unanswered.saturating_sub(written as u64);
        self.unanswered.store(rest, Relaxed);
        let answers = written >= ANSWERS && written as u64 > unanswered;
        if self.working.load(Relaxed) > 0 || !self.http2.load(Relaxed) || answers {
            self.moved.store(self.now(), Relaxed);
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Working(Arc<Activity>);

impl Working {
    /// Until when that is, once the answer begins. A client's ends there: what comes after it is taken in the idle time. An operator's goes on to the end of the
    /// body, which may have nothing to say for long (`tail.rs`).
    pub(super) fn goes_on(self) -> Option<Self> {
        self.0.patient.then_some(self)
    }
}

/// An answer's body, with the request that is being answered by it.
#[derive(Debug)]
pub(super) struct Answer<B> {
    body: B,
    _working: Option<Working>,
}

impl<B> Answer<B> {
    pub(super) fn new(body: B, working: Option<Working>) -> Self {
        Self {
            body,
            _working: working,
        }
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.moved.store(self.0.now(), Relaxed);
        self.0.working.fetch_sub(1, Relaxed);
    }
}

/// A stream that tells its [`Activity`] of every byte.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    scan: HeadScan,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            scan: HeadScan::default(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            let new = &mut buf.filled_mut()[before..];
            self.activity.did_read(new);
            match self.activity.is_between_requests() {
                true => self.scan.look(new),
                false => self.scan.end(),
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.activity.did_write(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.activity.did_write(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of one, and of what acknowledges it.
    const PING: usize = 17;

    fn activity() -> Arc<Activity> {
        activity_of(Side::Public)
    }

    fn activity_of(side: Side) -> Arc<Activity> {
        let limits = Limits {
            header_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            ..Limits::default()
        };
        Arc::new(Activity::new(&limits, side, false))
    }

    async fn expires_after(activity: &Activity) -> u64 {
        let start = Instant::now();
        activity.expired().await;
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_has_the_idle_time() {
        assert_eq!(expires_after(&activity()).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_has_begun_has_its_own_time_however_it_drips() {
        let activity = activity();
        activity.did_read(b"POST");
        tokio::time::advance(Duration::from_secs(3)).await;
        activity.did_read(b" /");
        assert_eq!(expires_after(&activity).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_work_is_not_a_head_and_the_idle_time_starts_with_its_end() {
        let activity = activity();
        activity.did_read(b"POST / HTTP/1.1");
        let working = activity.begin(false);
        tokio::time::advance(Duration::from_secs(30)).await;
        drop(working);
        assert_eq!(expires_after(&activity).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operator_waits_for_as_long_as_it_takes_and_takes_the_answer() {
        let activity = activity_of(Side::Admin);
        activity.did_read(b"GET / HTTP/1.1");
        let working = activity.begin(false).goes_on();
        let hour = tokio::time::timeout(Duration::from_secs(3600), activity.expired());
        assert!(hour.await.is_err());
        activity.did_write(&Poll::Pending);
        let start = Instant::now();
        activity.expired().await;
        assert!(start.elapsed() <= Duration::from_secs(60));
        activity.did_write(&Poll::Ready(Ok(4)));
        drop(working);
        assert_eq!(expires_after(&activity).await, 60);
        assert!(activity_of(Side::Public).begin(false).goes_on().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn pings_keep_no_connection_of_http_2() {
        let activity = activity();
        activity.did_read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        for many in [1, 40, 1, 900, 31] {
            tokio::time::advance(Duration::from_secs(10)).await;
            activity.did_read(&vec![b'p'; many * PING]);
            activity.did_write(&Poll::Ready(Ok(many * PING)));
        }
        assert_eq!(expires_after(&activity).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_http_2_has_the_idle_time_from_each_piece_that_is_taken() {
        let activity = activity();
        activity.did_read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        drop(activity.begin(true));
        for _ in 0..5 {
            tokio::time::advance(Duration::from_secs(50)).await;
            // It says that it has room for more.
            activity.did_read(&[0; 26]);
            activity.did_write(&Poll::Ready(Ok(1024)));
        }
        assert_eq!(expires_after(&activity).await, 60);
    }
}
