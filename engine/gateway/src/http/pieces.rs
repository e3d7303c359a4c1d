//! The body of an answer, which its connection takes piece by piece: it copies what it sends behind the head, so that most answers are
//! one write of one piece, and copies no more of a long one than it is about to send.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection::Pulse;
use super::limits::PIECE_BYTES;

/// What is left of an answer. The connection drops it when it has all it wants of it.
#[derive(Debug)]
pub(super) struct Pieces {
    left: Bytes,
    pulse: Arc<Pulse>,
}

impl Pieces {
    pub(super) fn of(answer: Bytes, pulse: Arc<Pulse>) -> Pieces {
        Pieces { left: answer, pulse }
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.pulse.all_is_given();
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let left = &mut self.left;
        let piece = left.split_to(left.len().min(PIECE_BYTES));
        Poll::Ready(if piece.is_empty() { None } else { Some(Ok(Frame::data(piece))) })
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.left.len()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_long_answer_comes_in_pieces_and_is_what_it_was() {
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES] {
            let answer: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut body = Pieces::of(answer.clone().into(), Arc::new(Pulse::new()));
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            let mut came = Vec::new();
            while !body.is_end_stream() {
                let piece = body.frame().await.expect("more").expect("given").into_data();
                let piece = piece.expect("data");
                assert!(!piece.is_empty() && piece.len() <= PIECE_BYTES);
                came.extend_from_slice(&piece);
            }
            assert!(body.frame().await.is_none());
            assert_eq!(came, answer);
        }
    }
}
