//! Head and body of a small answer leave together.
//!
//! Owns what was written and not sent yet. pingora writes the head, then the
//! body, and flushes where something may be waited for; of a connection that
//! its own loop accepts it keeps the first in a buffer that is not to be had
//! otherwise. It is one system call, one packet and, with TLS, one record less.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pingora::protocols::Stream;
use tokio::io::AsyncWrite;

use super::layer::{Layer, Layered};

/// As much as fits into a packet waits for more. What is larger goes at once.
const KEPT_MAX: usize = 1_460;
/// Most parts that are written at a time.
const PARTS_MAX: usize = 8;

/// Keeps small writes until a flush, or until they are no longer small.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// Without memory of its own while there is nothing.
    kept: Vec<u8>,
}

/// A connection that gathers what is written to it.
pub(super) fn gathered(inner: Stream) -> Layered<Gather> {
    Layered {
        inner,
        layer: Gather::default(),
    }
}

impl Gather {
    /// So many bytes were sent: how many of them came after what was kept.
    fn sent(&mut self, bytes: usize) -> usize {
        let of_kept = bytes.min(self.kept.len());
        if of_kept == self.kept.len() {
            self.kept = Vec::new();
        } else {
            self.kept.drain(..of_kept);
        }
        bytes - of_kept
    }

    fn poll_kept(&mut self, inner: &mut Stream, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.kept.is_empty() {
            match ready!(Pin::new(&mut *inner).poll_write(context, &self.kept))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.sent(bytes),
            };
        }
        Poll::Ready(Ok(()))
    }
}

impl Layer for Gather {
    fn poll_write(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(inner, context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let more: usize = bytes.iter().map(|part| part.len()).sum();
        if self.kept.len().saturating_add(more) <= KEPT_MAX {
            self.kept.extend(bytes.iter().flat_map(|part| part.iter()));
            return Poll::Ready(Ok(more));
        }
        if !inner.is_write_vectored() {
            ready!(self.poll_kept(inner, context))?;
        }
        loop {
            let mut parts = [IoSlice::new(&[]); PARTS_MAX];
            let all = std::iter::once(&*self.kept).chain(bytes.iter().map(|part| &**part));
            for (part, written) in parts.iter_mut().zip(all.filter(|part| !part.is_empty())) {
                *part = IoSlice::new(written);
            }
            let sent = ready!(Pin::new(&mut *inner).poll_write_vectored(context, &parts))?;
            let had_kept = !self.kept.is_empty();
            match self.sent(sent) {
                // None of the caller's yet: that would be the end of the connection.
                0 if had_kept && sent > 0 => {}
                bytes => return Poll::Ready(Ok(bytes)),
            }
        }
    }

    fn poll_flush(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_kept(inner, context))?;
        Pin::new(inner).poll_flush(context)
    }
}
