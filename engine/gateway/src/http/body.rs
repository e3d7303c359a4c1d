//! A body on its way: gathered, inflated while it comes, and never more of it held than is allowed. A bomb is cut where it passes the
//! bound; what is refused is drained, so that the refusal arrives.

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{CONTENT_ENCODING, EXPECT, HeaderMap};

use super::Spoilt;
use super::limits::{DISCARD_BYTES_MAX, INFLATE_BYTES, Limits};

/// Bytes of all bodies that are held.
#[derive(Debug)]
pub(super) struct Budget {
    held: AtomicUsize,
    max: usize,
}

impl Budget {
    pub(super) fn new(max: usize) -> Arc<Budget> {
        Arc::new(Budget { held: AtomicUsize::new(0), max })
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

/// What one body holds of the budget; given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(budget: &Arc<Budget>) -> Held {
        Held { budget: Arc::clone(budget), bytes: 0 }
    }

    fn take(&mut self, more: usize) -> Result<(), Spoilt> {
        let max = self.budget.max;
        let sum = |held: usize| held.checked_add(more).filter(|sum| *sum <= max);
        let taken = self.budget.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        taken.map_err(|_| Spoilt::Busy)?;
        self.bytes += more;
        Ok(())
    }

    fn give_back(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.budget.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// A body that came whole, and its part of the budget until the call is answered.
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    _held: Held,
}

/// How a body is coded.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Coding {
    Plain,
    Gzip,
}

fn coding(headers: &HeaderMap) -> Result<Coding, Spoilt> {
    let mut found = Coding::Plain;
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| Spoilt::Coding)?;
        for one in value.split(',').map(str::trim) {
            let plain = one.is_empty() || one.eq_ignore_ascii_case("identity");
            let gzip = one.eq_ignore_ascii_case("gzip") || one.eq_ignore_ascii_case("x-gzip");
            match found {
                _ if plain => (),
                Coding::Plain if gzip => found = Coding::Gzip,
                // Packed twice is nobody's habit but a bomb's.
                Coding::Plain | Coding::Gzip => return Err(Spoilt::Coding),
            }
        }
    }
    Ok(found)
}

/// What has come of a body, inflated.
#[derive(Debug)]
struct Gathered {
    /// The first piece as it lies in the buffer it was read into: most bodies are one, and are not copied.
    first: Option<Bytes>,
    bytes: Vec<u8>,
    max: usize,
    held: Held,
    /// Why nothing more is taken.
    full: Option<Spoilt>,
}

impl Gathered {
    fn keep(&mut self, piece: Bytes) -> Result<(), Spoilt> {
        if self.first.is_none() && self.bytes.is_empty() {
            if piece.len() > self.max {
                return Err(Spoilt::TooLong);
            }
            self.held.take(piece.len())?;
            self.first = Some(piece);
            return Ok(());
        }
        if let Some(first) = self.first.take() {
            self.append(&first)?;
            self.held.give_back(first.len());
        }
        self.append(&piece)
    }

    fn append(&mut self, piece: &[u8]) -> Result<(), Spoilt> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = length.checked_add(piece.len()).filter(|needed| *needed <= self.max);
        let needed = needed.ok_or(Spoilt::TooLong)?;
        if needed > capacity {
            let grown = needed.max(capacity.saturating_mul(2).min(self.max));
            self.held.take(grown - capacity)?;
            self.bytes.reserve_exact(grown - length);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// What the decoder writes into: it stops there, in the middle of a bomb.
impl Write for Gathered {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.full.is_none() {
            self.full = self.append(piece).err();
        }
        if self.full.is_some() { Err(io::ErrorKind::Other.into()) } else { Ok(piece.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body being gathered.
enum Gathering {
    Plain(Gathered),
    Gzip(Box<MultiGzDecoder<Gathered>>),
}

impl Gathering {
    fn new(coding: Coding, max: usize, budget: &Arc<Budget>) -> Result<Gathering, Spoilt> {
        let mut held = Held::new(budget);
        if coding == Coding::Gzip {
            held.take(INFLATE_BYTES)?;
        }
        let gathered = Gathered { first: None, bytes: Vec::new(), max, held, full: None };
        Ok(match coding {
            Coding::Plain => Gathering::Plain(gathered),
            Coding::Gzip => Gathering::Gzip(Box::new(MultiGzDecoder::new(gathered))),
        })
    }

    fn push(&mut self, piece: Bytes) -> Result<(), Spoilt> {
        match self {
            Gathering::Plain(gathered) => gathered.keep(piece),
            Gathering::Gzip(decoder) => {
                let written = decoder.write_all(&piece);
                written.map_err(|_| decoder.get_ref().full.unwrap_or(Spoilt::NotGzip))
            }
        }
    }

    fn finish(self) -> Result<Whole, Spoilt> {
        let gathered = match self {
            Gathering::Plain(gathered) => gathered,
            Gathering::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|_| decoder.get_ref().full.unwrap_or(Spoilt::NotGzip))?;
                decoder.finish().map_err(|_| Spoilt::NotGzip)?
            }
        };
        let bytes = gathered.first.unwrap_or_else(|| gathered.bytes.into());
        Ok(Whole { bytes, _held: gathered.held })
    }
}

/// Reads a body whole, whose head came when it began. `refused` is what the head alone was refused for: the body is then drained, and that
/// is the answer.
pub(super) async fn read<B>(
    mut body: B,
    headers: &HeaderMap,
    refused: Option<Spoilt>,
    began: Instant,
    limits: &Limits,
    budget: &Arc<Budget>,
) -> Result<Whole, Spoilt>
where
    B: Body<Data = Bytes> + Unpin,
{
    let gathering = || {
        let coding = coding(headers)?;
        let max = limits.body_bytes;
        let declared = body.size_hint().lower();
        if coding == Coding::Plain && usize::try_from(declared).map_or(true, |bytes| bytes > max) {
            return Err(Spoilt::TooLong);
        }
        Gathering::new(coding, max, budget)
    };
    let mut so_far = refused.map_or_else(gathering, Err);
    if so_far.is_err() && headers.contains_key(EXPECT) {
        // The client waits for leave to send its body, and gets the answer instead.
        return so_far?.finish();
    }
    let mut received = 0_u64;
    loop {
        let mut frame = body.frame();
        // Most bodies are there with their heads, and no clock is looked at for them.
        let frame = match poll_fn(|cx| Poll::Ready(Pin::new(&mut frame).poll(cx))).await {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let time = limits.body_time(received).saturating_sub(began.elapsed());
                let Ok(frame) = tokio::time::timeout(time, frame).await else {
                    return so_far.and(Err(Spoilt::TooSlow));
                };
                frame
            }
        };
        let piece = match frame {
            None => return so_far?.finish(),
            Some(Err(_)) => return so_far.and(Err(Spoilt::Cut)),
            // Trailers say nothing to us.
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        received = received.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        // What was gathered is let go as soon as it is refused.
        if let Err(why) = so_far.as_mut().map_or(Ok(()), |gathering| gathering.push(piece)) {
            so_far = Err(why);
        }
        if so_far.is_err() && received > DISCARD_BYTES_MAX {
            return so_far?.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn gather(coding: Coding, pieces: &[&[u8]], max: usize, budget: &Arc<Budget>) -> Answer {
        let mut gathering = Gathering::new(coding, max, budget)?;
        for piece in pieces {
            gathering.push(Bytes::copy_from_slice(piece))?;
        }
        gathering.finish().map(|whole| whole.bytes.to_vec())
    }

    type Answer = Result<Vec<u8>, Spoilt>;

    #[test]
    fn a_body_in_pieces_is_what_was_sent_and_gives_its_bytes_back() {
        let budget = Budget::new(200 << 10);
        let plain = |pieces: &[&[u8]]| gather(Coding::Plain, pieces, 10, &budget);
        assert_eq!(plain(&[]), Ok(Vec::new()));
        assert_eq!(plain(&[b"one"]), Ok(b"one".to_vec()));
        assert_eq!(plain(&[b"one", b"", b"two", b"four"]), Ok(b"onetwofour".to_vec()));
        assert_eq!(plain(&[b"one", b"two", b"fours"]), Err(Spoilt::TooLong));
        assert_eq!(plain(&[b"onetwofours"]), Err(Spoilt::TooLong));
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn gzip_comes_in_any_pieces_and_must_end() {
        let budget = Budget::new(200 << 10);
        let bytes = packed(b"a body");
        let gzip = |pieces: &[&[u8]]| gather(Coding::Gzip, pieces, 100, &budget);
        for cut in 0..bytes.len() {
            let (before, after) = bytes.split_at(cut);
            assert_eq!(gzip(&[before, after]), Ok(b"a body".to_vec()));
            assert_eq!(gzip(&[before]), Err(Spoilt::NotGzip), "cut at {cut}");
        }
        assert_eq!(gzip(&[&bytes, &bytes]), Ok(b"a bodya body".to_vec()));
        assert_eq!(gzip(&[&bytes, b"rest"]), Err(Spoilt::NotGzip));
        let mut other = bytes.clone();
        other[12] ^= 1;
        assert_eq!(gzip(&[&other]), Err(Spoilt::NotGzip));
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_bomb_holds_no_more_than_the_bound() {
        let budget = Budget::new(INFLATE_BYTES + (1 << 20));
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100 << 10);
        assert_eq!(gather(Coding::Gzip, &[&bomb], 1 << 20, &budget), Err(Spoilt::TooLong));
        let mut gathering = Gathering::new(Coding::Gzip, 1 << 20, &budget).expect("room");
        assert_eq!(gathering.push(bomb.into()), Err(Spoilt::TooLong));
        assert!(budget.held() <= INFLATE_BYTES + (1 << 20));
        drop(gathering);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn beyond_the_budget_a_body_is_busy() {
        let budget = Budget::new(10);
        let first = {
            let mut gathering = Gathering::new(Coding::Plain, 100, &budget).expect("room");
            gathering.push(Bytes::from_static(b"sixsix")).expect("room");
            gathering.finish().expect("whole")
        };
        let second = || gather(Coding::Plain, &[b"fives"], 100, &budget);
        assert_eq!(second(), Err(Spoilt::Busy));
        assert_eq!(gather(Coding::Gzip, &[], 100, &budget), Err(Spoilt::Busy));
        drop(first);
        assert_eq!(second(), Ok(b"fives".to_vec()));
    }

    #[test]
    fn codings_are_read_as_they_are_written() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, value.parse().expect("a value"));
            }
            coding(&headers)
        };
        assert_eq!(of(&[]), Ok(Coding::Plain));
        assert_eq!(of(&["identity", ""]), Ok(Coding::Plain));
        assert_eq!(of(&["GZip"]), Ok(Coding::Gzip));
        assert_eq!(of(&["x-gzip, identity"]), Ok(Coding::Gzip));
        for wrong in [&["br"][..], &["gzip, gzip"], &["gzip", "gzip"], &["deflate"]] {
            assert_eq!(of(wrong), Err(Spoilt::Coding));
        }
    }
}
