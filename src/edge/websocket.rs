//! The one thing that we ever say in a websocket: that this instance goes away.
//!
//! Owns where a frame of the app ends (RFC 6455 5.2), and the close frame that
//! may stand there, even between the frames of one message (5.4). Must not know
//! when: that is `leash`. Nothing is read out of a frame, and nothing is kept.
//! A browser that gets 1001 (7.4.1) opens its websocket anew, somewhere else; one
//! whose connection breaks cannot tell that from a network that fails.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pingora::protocols::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::layer::{Layer, Layered};
use super::leash;

/// FIN and close, unmasked as a server's are; two bytes: 1001, "going away".
const GOING_AWAY: [u8; 4] = [0x88, 2, 0x03, 0xE9];
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

tokio::task_local! {
    /// The connection whose requests are being served.
    static LINE: Arc<Line>;
}

/// What is agreed about a connection between whoever serves it and its stream.
#[derive(Debug, Default)]
struct Line {
    /// An answer of 101 is on its way, and then frames.
    is_websocket: AtomicBool,
    /// The close frame is wanted.
    is_going: AtomicBool,
}

/// Says goodbye on one websocket.
#[derive(Debug)]
pub(super) struct Farewell(Arc<Line>);

impl Farewell {
    /// How long the other side may take to answer a close frame.
    pub(super) const PATIENCE: Duration = Duration::from_secs(5);

    /// For the connection that is being served, whose answer makes it a websocket.
    pub(super) fn begin() -> Option<Self> {
        let line = LINE.try_with(Arc::clone).ok()?;
        line.is_websocket.store(true, Ordering::Release);
        Some(Self(line))
    }

    /// From now on the app says nothing more, and the next frame is the last.
    pub(super) fn say(&self) {
        self.0.is_going.store(true, Ordering::Release);
    }
}

/// Serves a connection in a way that knows of its websocket.
pub(super) async fn watched<F: Future>(
    connection: Stream,
    serve: impl FnOnce(Stream) -> F,
) -> F::Output {
    let line = Arc::new(Line::default());
    let layer = Watch {
        line: Arc::clone(&line),
        frames: Frames::Head(0),
        said: 0,
        is_said: false,
    };
    LINE.scope(
        line,
        serve(Box::new(Layered {
            inner: connection,
            layer,
        })),
    )
    .await
}

/// How far the app's answer has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frames {
    /// In the head; so many bytes of its end are there.
    Head(usize),
    /// In the first bytes of a frame, of which these are there.
    Start { bytes: [u8; 10], read: usize },
    /// In its payload, of which so much is left.
    Payload(u64),
}

impl Frames {
    const BETWEEN: Self = Self::Start {
        bytes: [0; 10],
        read: 0,
    };

    fn is_between(self) -> bool {
        self == Self::BETWEEN
    }

    /// Goes on to the end of a frame, or of the bytes; how many that took.
    fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            taken += self.step(rest);
            if self.is_between() {
                break;
            }
        }
        taken
    }

    /// One byte of a head, or as much as there is of a payload.
    fn step(&mut self, rest: &[u8]) -> usize {
        let byte = rest.first().copied().unwrap_or_default();
        match self {
            Self::Head(matched) => {
                let goes_on = END_OF_HEAD.get(*matched) == Some(&byte);
                let matched = match goes_on {
                    true => *matched + 1,
                    false => usize::from(byte == b'\r'),
                };
                *self = match matched == END_OF_HEAD.len() {
                    true => Self::BETWEEN,
                    false => Self::Head(matched),
                };
                1
            }
            Self::Start { bytes, read } => {
                if let Some(slot) = bytes.get_mut(*read) {
                    *slot = byte;
                }
                *read += 1;
                if let Some(size) = payload(bytes, *read) {
                    *self = after(size);
                }
                1
            }
            Self::Payload(left) => {
                let there = u64::try_from(rest.len()).unwrap_or(u64::MAX);
                let taken = there.min(*left);
                *self = after(*left - taken);
                usize::try_from(taken).unwrap_or(rest.len())
            }
        }
    }
}

fn after(left: u64) -> Frames {
    match left {
        0 => Frames::BETWEEN,
        left => Frames::Payload(left),
    }
}

/// The length of a frame's payload, once so many of its first bytes say it. A
/// server's frames are not masked (RFC 6455 5.1); of one that is, the mask
/// counts as payload.
fn payload(bytes: &[u8; 10], read: usize) -> Option<u64> {
    let [_, second, a, b, c, d, e, f, g, h] = *bytes;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let size = match (second & 0x7F, read) {
        (_, ..2) => return None,
        (126, 4) => u64::from(u16::from_be_bytes([a, b])),
        (127, 10) => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        (126 | 127, _) => return None,
        (size, _) => u64::from(size),
    };
    Some(size.saturating_add(mask))
}

/// Lets a connection be said goodbye on.
#[derive(Debug)]
struct Watch {
    line: Arc<Line>,
    frames: Frames,
    /// How much of the close frame has been written.
    said: usize,
    is_said: bool,
}

impl Watch {
    fn is_websocket(&self) -> bool {
        self.line.is_websocket.load(Ordering::Acquire)
    }

    fn is_going(&self) -> bool {
        self.line.is_going.load(Ordering::Acquire)
    }

    /// Writes the close frame, if it is wanted and may stand here.
    fn poll_farewell(&mut self, inner: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let may = self.is_going() && self.frames.is_between();
        if !may || self.is_said {
            return Poll::Ready(Ok(()));
        }
        while let Some(rest) = GOING_AWAY.get(self.said..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *inner).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.said += written,
            }
        }
        ready!(Pin::new(inner).poll_flush(cx))?;
        self.is_said = true;
        Poll::Ready(Ok(()))
    }
}

impl Layer for Watch {
    fn poll_read(
        &mut self,
        inner: &mut Stream,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Somebody always waits for what the client says next, the app or not.
        if self.is_websocket()
            && let Poll::Ready(Err(error)) = self.poll_farewell(inner, cx)
        {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(inner).poll_read(cx, buffer))?;
        match leash::may_go_on(buffer.filled().len().saturating_sub(before)) {
            true => Poll::Ready(Ok(())),
            false => Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
        }
    }

    fn poll_write(
        &mut self,
        inner: &mut Stream,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.is_websocket() {
            return Pin::new(inner).poll_write(cx, bytes);
        }
        ready!(self.poll_farewell(inner, cx))?;
        if self.is_said {
            // Nothing comes after a close frame (RFC 6455 5.5.1).
            return Poll::Ready(Ok(bytes.len()));
        }
        // As far as the frame goes, if it is the last one.
        let mut frames = self.frames;
        let limit = match self.is_going() {
            true => frames.advance(bytes),
            false => bytes.len(),
        };
        let bytes = bytes.get(..limit).unwrap_or(bytes);
        let written = ready!(Pin::new(inner).poll_write(cx, bytes))?;
        let mut rest = bytes.get(..written).unwrap_or(bytes);
        while !rest.is_empty() {
            let taken = self.frames.advance(rest);
            rest = rest.get(taken..).unwrap_or_default();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        &mut self,
        inner: &mut Stream,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.is_websocket() {
            return Pin::new(inner).poll_write_vectored(cx, bytes);
        }
        let first = bytes.iter().find(|bytes| !bytes.is_empty());
        self.poll_write(inner, cx, first.map_or(&[], |bytes| bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of all three forms of a length, and where each ends.
    fn answer() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = b"HTTP/1.1 101 S\r\n\rx\r\nA: b\r\n\r\n".to_vec();
        let mut ends = vec![bytes.len()];
        let mut add = |start: &[u8], size: usize| {
            bytes.extend(start);
            bytes.extend(vec![0x88; size]);
            ends.push(bytes.len());
        };
        add(&[0x82, 0], 0);
        add(&[0x82, 125], 125);
        add(&[0x01, 126, 0, 126], 126);
        add(&[0x80, 126, 0xFF, 0xFF], 65_535);
        add(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536);
        // Masked, as no server may: the mask goes by too.
        add(&[0x82, 0x83], 4 + 3);
        (bytes, ends)
    }

    #[test]
    fn the_ends_of_frames_are_found_however_they_are_cut() {
        let (bytes, ends) = answer();
        for cut in [1, 2, 3, 7, 1_000, bytes.len()] {
            let (mut frames, mut at, mut found) = (Frames::Head(0), 0, Vec::new());
            for mut piece in bytes.chunks(cut) {
                while !piece.is_empty() {
                    let taken = frames.advance(piece);
                    assert!(taken > 0 && taken <= piece.len());
                    at += taken;
                    piece = &piece[taken..];
                    if frames.is_between() {
                        found.push(at);
                    }
                }
            }
            assert_eq!(found, ends, "in pieces of {cut}");
        }
    }

    #[test]
    fn the_largest_length_there_is_ends_nowhere() {
        let mut frames = Frames::BETWEEN;
        let start = [0x82, 0xFF, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(frames.advance(&start), start.len());
        assert_eq!(frames, Frames::Payload(u64::MAX));
        assert_eq!(frames.advance(&[0; 100]), 100);
        assert!(!frames.is_between());
    }
}
