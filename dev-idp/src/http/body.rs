//! The body of a response: all of it, or half of it and then an end that is none.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Long enough for the first half to leave the process.
const UNTIL_CUT: Duration = Duration::from_millis(30);

/// How much of a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Both,
    /// The length that is declared is that of both.
    First,
}

/// A body as hyper wants it.
pub(crate) struct ReplyBody {
    part: Option<Bytes>,
    declared: u64,
    cut: Option<Pin<Box<Sleep>>>,
}

/// The body ends before its declared length.
#[derive(Debug, thiserror::Error)]
#[error("cut off")]
pub(crate) struct CutOff;

impl ReplyBody {
    pub(crate) fn new(body: Bytes, half: Half) -> Self {
        let declared = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let (part, cut) = match half {
            Half::Both => (body, None),
            Half::First => (
                body.slice(..body.len() / 2),
                Some(Box::pin(sleep(UNTIL_CUT))),
            ),
        };
        Self {
            part: (!part.is_empty()).then_some(part),
            declared,
            cut,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        match &mut self.cut {
            None => Poll::Ready(None),
            Some(cut) => cut.as_mut().poll(context).map(|()| Some(Err(CutOff))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.part.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}
