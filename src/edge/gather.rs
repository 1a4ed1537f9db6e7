//! Head and body of a small answer leave together.
//!
//! Owns what was written and not sent yet: it is sent as soon as it is flushed,
//! no longer small, or nothing else is to be done at the moment, and at the
//! latest when the connection is dropped. pingora writes the head, then the
//! body; its own buffer is not to be had for a connection that another loop than
//! its own accepted. Together they are one system call, one packet and, with
//! TLS, one record less.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pingora::protocols::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::layer::{Layer, Layered};
use super::stall::Stall;

/// As much as fits into a packet waits for more. What is larger goes at once.
const KEPT_MAX: usize = 1_460;
/// Most parts that are written at a time.
const PARTS_MAX: usize = 8;

/// Keeps small writes for a moment.
#[derive(Debug)]
pub(super) struct Gather {
    /// Without memory of its own while there is nothing.
    kept: Vec<u8>,
    /// Something was written since the last flush. With TLS, what is not kept
    /// here may be kept there.
    is_unflushed: bool,
    stall: Stall,
}

/// A connection that gathers what is written to it, whose client has to take
/// something of that within `patience`.
pub(super) fn gathered(inner: Stream, patience: Duration) -> Layered<Gather> {
    Layered {
        inner,
        layer: Gather::new(patience),
    }
}

impl Gather {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            kept: Vec::new(),
            is_unflushed: false,
            stall: Stall::new(patience),
        }
    }

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
            let Self { kept, stall, .. } = self;
            let write = |inner: Pin<&mut Stream>, context: &mut Context<'_>| {
                inner.poll_write(context, kept)
            };
            match ready!(stall.poll_write(inner, context, write))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.sent(bytes),
            };
        }
        Poll::Ready(Ok(()))
    }
}

impl Layer for Gather {
    /// Whoever waits for the client, or looks whether it is still there, has
    /// nothing to write at the moment: the client gets what there is.
    fn poll_read(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut *inner).poll_read(context, buffer);
        if read.is_pending()
            && self.is_unflushed
            && let Poll::Ready(Err(error)) = self.poll_flush(inner, context)
        {
            return Poll::Ready(Err(error));
        }
        read
    }

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
        self.is_unflushed = true;
        let more: usize = bytes.iter().map(|part| part.len()).sum();
        if self.kept.len().saturating_add(more) <= KEPT_MAX {
            self.kept.reserve(more);
            for part in bytes {
                self.kept.extend_from_slice(part);
            }
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
            let write = |inner: Pin<&mut Stream>, context: &mut Context<'_>| {
                inner.poll_write_vectored(context, &parts)
            };
            let sent = ready!(self.stall.poll_write(inner, context, write))?;
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
        ready!(self.stall.poll_flush(inner, context))?;
        self.is_unflushed = false;
        Poll::Ready(Ok(()))
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use pingora::protocols::Shutdown;
    use pingora::protocols::l4::stream::Stream as Socket;
    use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A client that takes so many bytes at a time, and has to be asked twice for each.
    #[derive(Debug)]
    struct Client {
        taken: Arc<Mutex<Vec<Vec<u8>>>>,
        at_a_time: usize,
        is_busy: bool,
    }

    impl AsyncRead for Client {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Client {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.is_busy = !self.is_busy;
            if self.is_busy {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let taken = bytes.len().min(self.at_a_time);
            self.taken.lock().unwrap().push(bytes[..taken].to_vec());
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl VirtualSocket for Client {
        fn set_socket_option(&self, _: VirtualSockOpt) -> io::Result<()> {
            Ok(())
        }
    }

    type Taken = Arc<Mutex<Vec<Vec<u8>>>>;

    fn to_client(at_a_time: usize) -> (Layered<Gather>, Taken) {
        let taken = Taken::default();
        let client = VirtualSocketStream::new(Box::new(Client {
            taken: Arc::clone(&taken),
            at_a_time,
            is_busy: false,
        }));
        (gathered(Box::new(Socket::from(client)), PATIENCE), taken)
    }

    fn lengths(taken: &Taken) -> Vec<usize> {
        taken.lock().unwrap().iter().map(Vec::len).collect()
    }

    #[tokio::test]
    async fn head_and_body_leave_together_when_they_are_flushed() {
        let (mut stream, taken) = to_client(usize::MAX);
        stream.write_all(&[1; 200]).await.unwrap();
        stream.write_all(&[2; 1_000]).await.unwrap();
        assert_eq!(lengths(&taken), [0; 0]);
        stream.flush().await.unwrap();
        assert_eq!(lengths(&taken), [1_200]);
        stream.flush().await.unwrap();
        assert_eq!(lengths(&taken), [1_200]);
    }

    #[tokio::test]
    async fn what_is_not_small_is_not_kept() {
        let (mut stream, taken) = to_client(usize::MAX);
        stream.write_all(&[1; KEPT_MAX + 1]).await.unwrap();
        assert_eq!(lengths(&taken), [KEPT_MAX + 1]);
        stream.write_all(&[1; 200]).await.unwrap();
        stream.write_all(&[2; KEPT_MAX + 1]).await.unwrap();
        assert_eq!(lengths(&taken), [KEPT_MAX + 1, 200, KEPT_MAX + 1]);
    }

    #[tokio::test]
    async fn a_connection_that_ends_has_sent_all() {
        let (mut stream, taken) = to_client(7);
        stream.write_all(&[1; 20]).await.unwrap();
        Shutdown::shutdown(&mut stream).await;
        assert_eq!(lengths(&taken), [7, 7, 6]);
        let (mut stream, taken) = to_client(7);
        stream.write_all(&[1; 20]).await.unwrap();
        AsyncWriteExt::shutdown(&mut stream).await.unwrap();
        assert_eq!(lengths(&taken), [7, 7, 6]);
    }

    #[tokio::test]
    async fn a_connection_that_is_dropped_has_sent_what_it_can() {
        let (here, mut there) = tokio::net::UnixStream::pair().unwrap();
        let mut stream = gathered(Box::new(Socket::from(here)), PATIENCE);
        stream.write_all(&[1; 300]).await.unwrap();
        drop(stream);
        let mut all = Vec::new();
        there.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, [1; 300]);
    }

    /// As TLS does, it takes everything, and sends it when it is flushed: the second time.
    #[derive(Debug, Default)]
    struct Buffering {
        flushes: Arc<AtomicUsize>,
    }

    impl AsyncRead for Buffering {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Buffering {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            match self.flushes.fetch_add(1, Ordering::Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready(Ok(())),
            }
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl VirtualSocket for Buffering {
        fn set_socket_option(&self, _: VirtualSockOpt) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_kept_further_on_is_flushed_until_it_is_gone() {
        for length in [20, 10 * KEPT_MAX] {
            let below = Buffering::default();
            let flushes = Arc::clone(&below.flushes);
            let below = VirtualSocketStream::new(Box::new(below));
            let mut stream = gathered(Box::new(Socket::from(below)), PATIENCE);
            stream.write_all(&vec![1; length]).await.unwrap();
            let mut asked = Vec::new();
            for _ in 0..4 {
                let mut read = [0; 1];
                let mut read = ReadBuf::new(&mut read);
                let mut nobody = Context::from_waker(std::task::Waker::noop());
                assert!(
                    Pin::new(&mut stream)
                        .poll_read(&mut nobody, &mut read)
                        .is_pending()
                );
                asked.push(flushes.load(Ordering::Relaxed));
            }
            assert_eq!(asked, [1, 2, 2, 2], "{length}");
        }
    }

    #[tokio::test]
    async fn whoever_waits_for_the_client_lets_it_have_what_there_is() {
        let (here, mut there) = tokio::net::UnixStream::pair().unwrap();
        let mut stream = gathered(Box::new(Socket::from(here)), PATIENCE);
        stream.write_all(&[1; 300]).await.unwrap();
        let mut told = [0; 300];
        let mut said = [0; 3];
        let client = async {
            there.read_exact(&mut told).await.unwrap();
            there.write_all(&[2; 3]).await.unwrap();
        };
        let (_, read) = tokio::join!(client, stream.read_exact(&mut said));
        assert_eq!((read.unwrap(), said, told), (3, [2; 3], [1; 300]));
    }

    const LENGTHS: [usize; 10] = [0, 1, 200, KEPT_MAX, 5, KEPT_MAX - 5, 9, 500_000, 3, 20];

    /// Writes as many bytes in one way and the other; all of them.
    async fn write_in_turns(stream: &mut Layered<Gather>) -> Vec<u8> {
        let mut all = Vec::new();
        for (turn, length) in LENGTHS.into_iter().enumerate() {
            let bytes: Vec<u8> = (0..length).map(|at| ((at + turn) % 251) as u8).collect();
            all.extend_from_slice(&bytes);
            if turn % 2 == 0 {
                stream.write_all(&bytes).await.unwrap();
            } else {
                let (one, rest) = bytes.split_at(length / 3);
                let mut both = bytes::Buf::chain(one, rest);
                stream.write_all_buf(&mut both).await.unwrap();
            }
            if turn == 5 {
                stream.flush().await.unwrap();
            }
        }
        stream.flush().await.unwrap();
        all
    }

    #[tokio::test]
    async fn nothing_is_lost_or_turned_round_however_it_is_cut() {
        for at_a_time in [100, KEPT_MAX, usize::MAX] {
            let (mut stream, taken) = to_client(at_a_time);
            let all = write_in_turns(&mut stream).await;
            assert!(taken.lock().unwrap().concat() == all, "{at_a_time}");
        }
        // A socket takes several parts at a time, and a part of them.
        let (here, mut there) = tokio::net::UnixStream::pair().unwrap();
        let client = tokio::spawn(async move {
            let mut all = Vec::new();
            there.read_to_end(&mut all).await.unwrap();
            all
        });
        let mut stream = gathered(Box::new(Socket::from(here)), PATIENCE);
        let all = write_in_turns(&mut stream).await;
        drop(stream);
        assert!(client.await.unwrap() == all);
    }
}
