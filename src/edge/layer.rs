//! What stands between a connection and whoever serves it.
//!
//! Owns that everything that a layer says nothing about passes as it is, so
//! that no layer can forget a part of it. Must not know what a layer is for.

use std::fmt::Debug;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    Stream, TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::unconstrained;

/// What is done to the bytes on their way.
pub(super) trait Layer: Debug + Send + Sync + Unpin + 'static {
    /// As `AsyncRead::poll_read`.
    fn poll_read(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(inner).poll_read(context, buffer)
    }

    /// As `AsyncWrite::poll_write`.
    fn poll_write(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(inner).poll_write(context, bytes)
    }

    /// As `AsyncWrite::poll_write_vectored`. Whoever changes what is written
    /// changes this too.
    fn poll_write_vectored(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(inner).poll_write_vectored(context, bytes)
    }

    /// As `AsyncWrite::poll_flush`; the end of a connection begins with it.
    fn poll_flush(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(inner).poll_flush(context)
    }

    /// As `AsyncWrite::poll_shutdown`, once all is flushed.
    fn poll_shutdown(
        &mut self,
        inner: &mut Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(inner).poll_shutdown(context)
    }
}

/// A connection behind a layer.
#[derive(Debug)]
pub(super) struct Layered<L: Layer> {
    pub(super) inner: Stream,
    pub(super) layer: L,
}

/// What a layer still has is sent if it can be at once, as pingora does with its
/// own buffer: the beginning of an answer that broke off tells the client more
/// than nothing would, and that its request must not be sent again.
impl<L: Layer> Drop for Layered<L> {
    fn drop(&mut self) {
        // What has panicked is not asked again: a second panic would end the process.
        if std::thread::panicking() {
            return;
        }
        let Self { inner, layer } = self;
        // However much the task has done already: this is its last chance.
        let flush = unconstrained(poll_fn(|context| layer.poll_flush(inner, context)));
        match pin!(flush).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) | Poll::Pending => {
                tracing::debug!("a connection ended before all was sent");
            }
        }
    }
}

impl<L: Layer> AsyncRead for Layered<L> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, layer } = &mut *self;
        layer.poll_read(inner, context, buffer)
    }
}

impl<L: Layer> AsyncWrite for Layered<L> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { inner, layer } = &mut *self;
        layer.poll_write(inner, context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { inner, layer } = &mut *self;
        layer.poll_write_vectored(inner, context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, layer } = &mut *self;
        layer.poll_flush(inner, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        let Self { inner, layer } = &mut *self;
        layer.poll_shutdown(inner, context)
    }
}

#[async_trait]
impl<L: Layer> Shutdown for Layered<L> {
    async fn shutdown(&mut self) {
        if let Err(error) = poll_fn(|context| Pin::new(&mut *self).poll_flush(context)).await {
            tracing::debug!(%error, "a connection ended before all was sent");
        }
        self.inner.shutdown().await;
    }
}

#[async_trait]
impl<L: Layer> Peek for Layered<L> {
    async fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        self.inner.try_peek(buffer).await
    }
}

impl<L: Layer> UniqueID for Layered<L> {
    fn id(&self) -> UniqueIDType {
        self.inner.id()
    }
}

impl<L: Layer> Ssl for Layered<L> {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner.selected_alpn_proto()
    }
}

impl<L: Layer> GetTimingDigest for Layered<L> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.get_timing_digest()
    }

    fn get_read_pending_time(&self) -> Duration {
        self.inner.get_read_pending_time()
    }

    fn get_write_pending_time(&self) -> Duration {
        self.inner.get_write_pending_time()
    }
}

impl<L: Layer> GetProxyDigest for Layered<L> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner.get_proxy_digest()
    }
}

impl<L: Layer> GetSocketDigest for Layered<L> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }
}
