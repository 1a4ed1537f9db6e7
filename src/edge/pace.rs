//! How long a client of HTTP/2 may take to say what it asks for, and to take what it is sent.
//!
//! Owns where a header of HTTP/2 begins and ends among the frames (RFC 9113 4.1,
//! 6.2, 6.10), and the connection's end if that takes too long. Must not know
//! what a frame says. The library below waits for the next byte anew each time,
//! and nobody hears of a request before its header is complete. Bodies are not
//! looked at: they may take as long as they like.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pingora::protocols::Stream;
use tokio::io::{AsyncRead, AsyncWrite as _, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::layer::{Layer, Layered};
use super::stall::Stall;
use crate::config::ClientTimeouts;

/// What HTTP/2 begins with (RFC 9113 3.4); no method of HTTP/1 begins so.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes before a frame's payload (RFC 9113 4.1).
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Ends a connection of HTTP/2 if a header takes too long.
#[derive(Debug)]
pub(super) struct Pace {
    frames: Frames,
    header: Duration,
    /// When it ends, while something is begun.
    late: Option<Pin<Box<Sleep>>>,
    /// One for all of its streams: whether one of them is taken, the library below asks.
    stall: Stall,
}

/// The connection, paced from its first byte on, which may be as late as that
/// of any request.
pub(super) fn paced(inner: Stream, limits: ClientTimeouts) -> Layered<Pace> {
    let layer = Pace {
        frames: Frames::default(),
        header: limits.header,
        late: Some(Box::pin(sleep(limits.idle + limits.header))),
        stall: Stall::new(limits.write),
    };
    Layered { inner, layer }
}

impl Pace {
    fn note(&mut self, bytes: &[u8]) {
        let has_ended = self.frames.advance(bytes);
        if !self.frames.is_begun() {
            self.late = None;
        } else if has_ended || self.late.is_none() {
            self.late = Some(Box::pin(sleep(self.header)));
        }
    }
}

/// How far the client has got.
#[derive(Clone, Copy, Debug)]
struct Frames {
    at: At,
    /// A header has begun and not ended, in whatever frame.
    in_header: bool,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// Before the first frame; so many bytes are left.
    Preface(usize),
    /// In the head of a frame, of which these are there.
    Head { bytes: [u8; HEAD], read: usize },
    /// In its payload, of which so much is left; whether a header ends with it.
    Payload { left: usize, ends: bool },
}

impl At {
    const BETWEEN: Self = Self::Head {
        bytes: [0; HEAD],
        read: 0,
    };
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            at: At::Preface(PREFACE.len()),
            in_header: false,
        }
    }
}

impl Frames {
    /// Whether the preface or a header is there in part.
    fn is_begun(&self) -> bool {
        self.in_header || matches!(self.at, At::Preface(_))
    }

    /// Goes on by these bytes; whether the preface or a header ended in them.
    fn advance(&mut self, mut bytes: &[u8]) -> bool {
        let mut has_ended = false;
        while let Some((first, rest)) = bytes.split_first() {
            let was_begun = self.is_begun();
            bytes = match &mut self.at {
                At::Preface(left) => {
                    *left -= 1;
                    if *left == 0 {
                        self.at = At::BETWEEN;
                    }
                    rest
                }
                At::Head { bytes, read } => {
                    if let Some(slot) = bytes.get_mut(*read) {
                        *slot = *first;
                    }
                    *read += 1;
                    if *read == HEAD {
                        let head = *bytes;
                        self.begin(head);
                    }
                    rest
                }
                At::Payload { left, .. } => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    bytes.get(taken..).unwrap_or_default()
                }
            };
            if let At::Payload { left: 0, ends } = self.at {
                self.in_header &= !ends;
                self.at = At::BETWEEN;
            }
            has_ended |= was_begun && !self.is_begun();
        }
        has_ended
    }

    fn begin(&mut self, head: [u8; HEAD]) {
        let [high, middle, low, kind, flags, ..] = head;
        let is_header = matches!(kind, HEADERS | CONTINUATION);
        self.in_header |= is_header;
        self.at = At::Payload {
            left: usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low),
            ends: is_header && flags & END_HEADERS != 0,
        };
    }
}

impl Layer for Pace {
    fn poll_read(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(inner).poll_read(context, buffer) {
            Poll::Pending => match &mut self.late {
                Some(late) => late
                    .as_mut()
                    .poll(context)
                    .map(|()| Err(io::ErrorKind::TimedOut.into())),
                None => Poll::Pending,
            },
            Poll::Ready(done) => {
                self.note(buffer.filled().get(before..).unwrap_or_default());
                Poll::Ready(done)
            }
        }
    }

    fn poll_write(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write =
            |inner: Pin<&mut Stream>, context: &mut Context<'_>| inner.poll_write(context, bytes);
        self.stall.poll_write(inner, context, write)
    }

    fn poll_write_vectored(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = |inner: Pin<&mut Stream>, context: &mut Context<'_>| {
            inner.poll_write_vectored(context, bytes)
        };
        self.stall.poll_write(inner, context, write)
    }

    fn poll_flush(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.stall.poll_flush(inner, context)
    }

    fn poll_shutdown(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.stall.poll_shutdown(inner, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let [.., high, middle, low] = payload.to_be_bytes();
        let mut frame = vec![high, middle, low, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD + payload, 0xFF);
        frame
    }

    /// Whether something is begun after each part, whatever the pieces are in which it comes.
    fn begun_after(parts: &[Vec<u8>]) -> Vec<bool> {
        let (mut whole, mut drops) = (Frames::default(), Frames::default());
        whole.advance(PREFACE);
        drops.advance(PREFACE);
        let after = parts.iter().map(|part| {
            whole.advance(part);
            for byte in part {
                drops.advance(&[*byte]);
            }
            assert_eq!(whole.is_begun(), drops.is_begun(), "{whole:?} {drops:?}");
            whole.is_begun()
        });
        after.collect()
    }

    #[test]
    fn a_header_begins_with_its_frame_and_ends_with_its_last_one() {
        let data = frame(0, END_HEADERS, 70_000);
        let headers = frame(HEADERS, END_HEADERS, 300);
        let (half, rest) = headers.split_at(20);
        for (parts, begun) in [
            (vec![headers.clone(), data.clone()], vec![false, false]),
            (vec![half.to_vec(), rest.to_vec()], vec![true, false]),
            (vec![frame(HEADERS, 0, 0)], vec![true]),
            (
                vec![
                    frame(HEADERS, 0, 10),
                    frame(CONTINUATION, 0, 0),
                    frame(CONTINUATION, END_HEADERS, 0),
                ],
                vec![true, true, false],
            ),
            // A body, and settings, however slow.
            (vec![data[..5_000].to_vec()], vec![false]),
            (vec![frame(4, 0, 6)[..12].to_vec()], vec![false]),
        ] {
            assert_eq!(begun_after(&parts), begun);
        }
    }

    #[test]
    fn the_preface_is_waited_for_and_each_header_for_itself() {
        let mut frames = Frames::default();
        assert!(frames.is_begun(), "from the start");
        assert!(!frames.advance(&PREFACE[..23]));
        let mut next = PREFACE[23..].to_vec();
        next.extend(frame(HEADERS, 0, 1));
        assert!(frames.advance(&next) && frames.is_begun());
        let mut next = frame(CONTINUATION, END_HEADERS, 1);
        next.extend(frame(HEADERS, 0, 1));
        assert!(frames.advance(&next) && frames.is_begun(), "another one");
        assert!(!frames.advance(&frame(CONTINUATION, 0, 1)));
        assert!(frames.advance(&frame(CONTINUATION, END_HEADERS, 1)));
        assert!(!frames.is_begun());
    }
}
