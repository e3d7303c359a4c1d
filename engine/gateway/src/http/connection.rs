//! One connection from its first byte to its last: where it stands, since when, and for how long it may stand there. Bodies and calls
//! have timers of their own (`body`, `serve`), as they still get an answer; here a connection is closed.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::limits::{BUFFER_BYTES_MAX, HEAD_BYTES_MAX, Limits};
use super::measure::{Counters, Loss};
use super::pieces::Pieces;
use super::server::{Hall, Stage};

/// Where a connection stands.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Phase {
    /// Nothing has come yet.
    Silent = 0,
    /// A head has begun.
    Head = 1,
    /// A request is being read and answered, on timers of its own.
    Call = 2,
    /// There is an answer, not all of which the connection has taken up: what it has may be written, and the client still takes it.
    Given = 3,
    /// The last of the answer is being written.
    Taken = 4,
    /// Between an answer and the next head.
    Idle = 5,
}

/// Where a connection stands and since when, in one word: the task of the connection sets it, its timer looks at it. Milliseconds since
/// the connection began, above three bits of phase.
#[derive(Debug)]
pub(super) struct Pulse {
    began: Instant,
    word: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Pulse {
        Pulse { began: Instant::now(), word: AtomicU64::new(Phase::Silent as u64) }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX >> 3)
    }

    fn set(&self, phase: Phase) {
        self.word.store(self.now_ms() << 3 | phase as u64, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match self.word.load(Ordering::Relaxed) & 7 {
            0 => Phase::Silent,
            1 => Phase::Head,
            2 => Phase::Call,
            3 => Phase::Given,
            4 => Phase::Taken,
            _ => Phase::Idle,
        }
    }

    /// Goes on to another phase if it stands in one of these.
    fn turn(&self, from: &[Phase], to: Phase) {
        if from.contains(&self.phase()) {
            self.set(to);
        }
    }

    /// The connection has all of an answer. The time that the client has to take it began with its first byte.
    pub(super) fn all_is_given(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & 7 == Phase::Given as u64 {
            self.word.store(word & !7 | Phase::Taken as u64, Ordering::Relaxed);
        }
    }

    /// How long it may still stand where it stands; `None` in a call.
    fn left(&self, limits: &Limits) -> Option<Duration> {
        let limit = match self.phase() {
            Phase::Silent | Phase::Head => limits.head,
            Phase::Call => return None,
            Phase::Given | Phase::Taken => limits.taken,
            Phase::Idle => limits.idle,
        };
        let since = Duration::from_millis(self.word.load(Ordering::Relaxed) >> 3);
        Some(limit.saturating_sub(self.began.elapsed().saturating_sub(since)))
    }
}

/// A stream that tells the pulse what passes through it, and counts.
struct Felt<'c, S> {
    stream: S,
    pulse: Arc<Pulse>,
    counters: &'c Counters,
}

impl<S: AsyncRead + Unpin> AsyncRead for Felt<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, to);
        let bytes = to.filled().len() - before;
        if bytes > 0 {
            self.counters.bytes_in.add(bytes);
            self.pulse.turn(&[Phase::Silent, Phase::Idle], Phase::Head);
        }
        read
    }
}

impl<S> Felt<'_, S> {
    /// What TLS writes in pieces is idle after each, as it was flushed, and is not while the next is on its way.
    fn written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.pulse.turn(&[Phase::Idle], Phase::Taken);
        if let Poll::Ready(Ok(bytes)) = &written {
            self.counters.bytes_out.add(*bytes);
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Felt<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Asked for when all is written: then the answer is with the kernel, and the wait for the next head begins.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.pulse.turn(&[Phase::Taken], Phase::Idle);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pulse.turn(&[Phase::Silent, Phase::Call, Phase::Idle], Phase::Taken);
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Serves one connection until it ends, is too slow, or the server stops.
pub(super) async fn tend<S, A, F>(
    stream: S,
    hall: &Hall,
    mut stages: watch::Receiver<Stage>,
    ending: Stage,
    answer: A,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Request<body::Incoming>) -> F,
    F: Future<Output = Response<Bytes>>,
{
    let pulse = Arc::new(Pulse::new());
    let service = service_fn(|request| {
        pulse.set(Phase::Call);
        hall.counters.requests.add(1);
        let (pulse, answering) = (Arc::clone(&pulse), answer(request));
        async move {
            let response = answering.await;
            pulse.set(Phase::Given);
            Ok::<_, Infallible>(response.map(|answer| Pieces::of(answer, pulse)))
        }
    });
    let felt = Felt { stream, pulse: Arc::clone(&pulse), counters: &hall.counters };
    let connection = http1::Builder::new()
        // Who shuts its own side after the request still wants the answer.
        .half_close(true)
        .header_read_timeout(None)
        .max_header_size(HEAD_BYTES_MAX)
        // Head and answer in one write of one piece, which takes less time than one of two; what it keeps for that is bounded.
        .writev(false)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(felt), service);
    let mut connection = pin!(connection);
    // Often enough that no phase begun since the last look can be over before the next.
    let tick = hall.limits.head.min(hall.limits.idle).min(hall.limits.taken);
    let look = |pulse: &Pulse| pulse.left(&hall.limits).map_or(tick, |left| left.min(tick));
    let mut alarm = pin!(tokio::time::sleep(tick));
    let mut stage = *stages.borrow_and_update();
    let mut told = false;
    loop {
        if stage >= Stage::Closed {
            return hall.counters.lose(Loss::Stopped);
        }
        if stage >= ending {
            match pulse.phase() {
                Phase::Silent => return,
                Phase::Head | Phase::Call | Phase::Given | Phase::Taken | Phase::Idle => {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
        tokio::select! {
            biased;
            ended = connection.as_mut() => return report(ended, hall),
            changed = stages.changed() => {
                // A server that was dropped without a stop cuts what it has.
                stage = changed.map_or(Stage::Closed, |()| *stages.borrow_and_update());
            }
            () = alarm.as_mut() => {
                if pulse.left(&hall.limits).is_some_and(|left| left.is_zero()) {
                    match pulse.phase() {
                        Phase::Silent | Phase::Head => return hall.counters.lose(Loss::SlowHead),
                        Phase::Given | Phase::Taken => {
                            return hall.counters.lose(Loss::SlowTaker);
                        }
                        // With a farewell, where TLS has one; what does not end by it holds half a head.
                        Phase::Idle if told => return hall.counters.lose(Loss::SlowHead),
                        Phase::Idle => {
                            told = true;
                            connection.as_mut().graceful_shutdown();
                        }
                        Phase::Call => (),
                    }
                }
                alarm.set(tokio::time::sleep(look(&pulse).max(SHORTEST)));
            }
        }
    }
}

/// Between two looks at least this: a connection that is told to end takes a turn to do so.
const SHORTEST: Duration = Duration::from_millis(10);

fn report(ended: hyper::Result<()>, hall: &Hall) {
    let Err(error) = ended else { return };
    tracing::debug!(%error, "a connection ended badly");
    let garbage = error.is_parse() || error.is_parse_too_large();
    hall.counters.lose(if garbage { Loss::Garbage } else { Loss::Gone });
}
