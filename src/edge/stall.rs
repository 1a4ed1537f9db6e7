//! How long a client may take nothing of what it is sent.
//!
//! Owns the end of a connection on which something waits to be written and
//! nothing moves: not how long a write takes, but how long none of it is taken.
//! Must not know what is written. Whoever has nothing to say (a websocket, a
//! stream of events) has no clock, and a write that succeeds at once costs
//! nothing: the clock starts when the socket is full. pingora's own limit is
//! one for each 64 KiB, however steadily a client reads them, and there is none
//! for a head that waits for its body and for the last chunk of a body.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pingora::protocols::Stream;
use tokio::io::AsyncWrite as _;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep};

/// Ends a connection that takes nothing.
#[derive(Debug)]
pub(super) struct Stall {
    patience: Duration,
    /// From the first write that had to wait until nothing is left to be sent.
    waiting: Option<Waiting>,
    /// It is: what comes after a part that is missing must not be read as if it were that part.
    is_over: bool,
}

#[derive(Debug)]
struct Waiting {
    late: Pin<Box<Sleep>>,
    /// As far as the client had got when the clock started.
    acknowledged: Option<u64>,
    /// The socket has taken something since.
    has_moved: bool,
}

impl Stall {
    /// For a client that has to take something within this time.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            waiting: None,
            is_over: false,
        }
    }

    /// A write, in whatever way.
    pub(super) fn poll_write(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Stream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.goes_on()?;
        let written = write(Pin::new(inner), context);
        match &mut self.waiting {
            _ if written.is_pending() => self.poll_late(inner, context),
            Some(waiting) => {
                waiting.has_moved = true;
                written
            }
            None => written,
        }
    }

    /// As `AsyncWrite::poll_flush`: nothing waits after it.
    pub(super) fn poll_flush(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.goes_on()?;
        let flushed = Pin::new(&mut *inner).poll_flush(context);
        if flushed.is_pending() {
            return self.poll_late(inner, context);
        }
        self.waiting = None;
        flushed
    }

    /// As `AsyncWrite::poll_shutdown`: TLS says goodbye by a write.
    pub(super) fn poll_shutdown(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.goes_on()?;
        match Pin::new(&mut *inner).poll_shutdown(context) {
            Poll::Pending => self.poll_late(inner, context),
            done => done,
        }
    }

    /// Whether anything more may be sent.
    fn goes_on(&self) -> io::Result<()> {
        match self.is_over {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }

    /// Something waits: whether it has for too long.
    fn poll_late<T>(&mut self, inner: &Stream, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let waiting = match &mut self.waiting {
            Some(waiting) => waiting,
            // A connection may be dropped after its runtime, with a last write.
            None if Handle::try_current().is_err() => return Poll::Pending,
            none => none.insert(Waiting {
                late: Box::pin(sleep(self.patience)),
                acknowledged: acknowledged(inner),
                has_moved: false,
            }),
        };
        loop {
            ready!(waiting.late.as_mut().poll(context));
            if !waiting.moved(acknowledged(inner)) {
                self.is_over = true;
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            waiting.late.as_mut().reset(Instant::now() + self.patience);
        }
    }
}

impl Waiting {
    /// Whether the client has taken anything since this was asked last. The
    /// kernel has buffers of megabytes and says only when a third of one is
    /// free, and TLS has its own: what the client has acknowledged is the truth,
    /// where the kernel tells it.
    fn moved(&mut self, acknowledged: Option<u64>) -> bool {
        let has_moved = std::mem::take(&mut self.has_moved);
        let before = std::mem::replace(&mut self.acknowledged, acknowledged);
        match (before, acknowledged) {
            (Some(before), Some(now)) => now != before,
            // The first of all.
            (None, Some(_)) => true,
            _ => has_moved,
        }
    }
}

/// How many bytes the client has acknowledged so far (`tcpi_bytes_acked`).
/// `None` on unix sockets, and where the kernel's `tcp_info` is shorter than
/// pingora's (Linux before 6.2).
fn acknowledged(inner: &Stream) -> Option<u64> {
    let info = inner.get_socket_digest()?.tcp_info()?;
    // 0: a system that does not count them, or nothing yet.
    Some(info.tcpi_bytes_acked).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use pingora::protocols::l4::stream::Stream as Socket;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;
    use tokio::time::timeout;

    use super::super::gather::gathered;
    use super::super::layer::Layered;
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);
    const LONG: Duration = Duration::from_secs(3_600);
    /// More than any socket keeps.
    const MUCH: usize = 8 << 20;

    fn pair() -> (Layered<super::super::gather::Gather>, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (gathered(Box::new(Socket::from(here)), PATIENCE), there)
    }

    fn is_late<T: std::fmt::Debug>(done: io::Result<T>) -> bool {
        done.unwrap_err().kind() == io::ErrorKind::TimedOut
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_left_after_its_time() {
        let (mut stream, _there) = pair();
        let began = Instant::now();
        assert!(is_late(stream.write_all(&vec![1; MUCH]).await));
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
        // For good, and at once.
        assert!(is_late(stream.write_all(&vec![1; MUCH]).await));
        assert!(is_late(stream.flush().await));
        assert!(is_late(stream.shutdown().await));
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_some_now_and_then_may_take_as_long_as_it_likes() {
        let (mut stream, mut there) = pair();
        let client = tokio::spawn(async move {
            let (mut some, mut all) = (vec![0; 200_000], 0);
            while all < MUCH {
                sleep(PATIENCE / 2).await;
                let read = there.read(&mut some).await.unwrap();
                all += read;
            }
            all
        });
        let began = Instant::now();
        stream.write_all(&vec![1; MUCH]).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(client.await.unwrap(), MUCH);
        assert!(began.elapsed() > 10 * PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_nothing_to_write_waits_as_long_as_it_likes() {
        let (mut stream, mut there) = pair();
        let mut all = vec![0; MUCH];
        // It has had to wait before.
        let written = async {
            stream.write_all(&vec![1; MUCH]).await.unwrap();
            stream.flush().await.unwrap();
        };
        tokio::join!(written, there.read_exact(&mut all)).1.unwrap();
        let mut byte = [0; 1];
        assert!(timeout(LONG, stream.read_exact(&mut byte)).await.is_err());
        stream.write_all(&[1; 9]).await.unwrap();
        stream.flush().await.unwrap();
        // A new wait has its whole time.
        let began = Instant::now();
        assert!(is_late(stream.write_all(&vec![1; MUCH]).await));
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_was_given_up_is_judged_by_what_was_taken_since() {
        let (mut stream, mut there) = pair();
        let much = vec![1; MUCH];
        let given_up = timeout(PATIENCE / 2, stream.write_all(&much)).await;
        assert!(given_up.is_err());
        sleep(LONG).await;
        // Nothing: its time was up long ago.
        let began = Instant::now();
        assert!(is_late(stream.flush_all(&much).await));
        assert_eq!(began.elapsed().as_secs(), 0);
        drop(stream);
        let mut all = Vec::new();
        there.read_to_end(&mut all).await.unwrap();
    }

    impl Layered<super::super::gather::Gather> {
        async fn flush_all(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.write_all(bytes).await?;
            self.flush().await
        }
    }

    /// With a full socket, and what waits for a flush.
    fn filled(
        runtime: &tokio::runtime::Runtime,
    ) -> (Layered<super::super::gather::Gather>, UnixStream) {
        runtime.block_on(async {
            let (mut stream, there) = pair();
            let filled = timeout(Duration::from_millis(1), stream.write_all(&vec![1; MUCH])).await;
            assert!(filled.is_err());
            stream.layer = super::super::gather::Gather::new(PATIENCE);
            stream.write_all(&[1; 300]).await.unwrap();
            (stream, there)
        })
    }

    #[test]
    fn a_connection_may_be_dropped_outside_of_its_runtime_and_after_it() {
        let runtime = || {
            let mut new = tokio::runtime::Builder::new_current_thread();
            new.enable_all().build().unwrap()
        };
        let outside = runtime();
        let (stream, _there) = filled(&outside);
        // Its last write has to wait, and there is no clock.
        drop(stream);
        let after = runtime();
        let (stream, _there) = filled(&after);
        drop(after);
        drop(stream);
    }

    #[test]
    fn what_was_acknowledged_is_the_truth_where_it_is_known() {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let _entered = { runtime }.enable_time().build().unwrap();
        let _context = _entered.enter();
        let mut waiting = Waiting {
            late: Box::pin(sleep(PATIENCE)),
            acknowledged: Some(5),
            has_moved: true,
        };
        // TLS takes more than the socket does.
        assert!(!waiting.moved(Some(5)));
        assert!(waiting.moved(Some(6)));
        assert!(!waiting.moved(Some(6)));
        waiting.has_moved = true;
        assert!(waiting.moved(None));
        assert!(!waiting.moved(None));
        // Before its first acknowledgement, the kernel says 0.
        assert!(waiting.moved(Some(1)));
        assert!(!waiting.moved(Some(1)));
    }
}
