//! Ends connections that outlive what they were let through for.
//!
//! Owns the watch over websockets and event streams, and over requests that
//! take too long to say what they ask for. Decides nothing: the core
//! says whether a lease still holds. pingora has no means to end a connection
//! on which nothing moves, so each request is served inside a future of ours
//! that can be dropped, and with it both of its sockets. A client sees the
//! connection break. When the process stops, websockets are told first
//! (`websocket`), since their people did nothing that would end them.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp as _};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::lifecycle::Lifecycle;
use super::proxy::Proxy;
use super::serving::Current;
use super::view::{HEADER_MAX, Received};
use super::websocket::Farewell;
use crate::clock;
use crate::gate::Gate;
use crate::gate::lease::Lease;
use crate::gate::policy::{Denial, Forbidden};
use crate::telemetry::Telemetry;

/// How often the core is asked at least: a newer generation that another
/// request brings has to be noticed while it is new.
const STEP: Duration = Duration::from_secs(10);

/// The reason of connections that end with the process.
const STOPPING: &str = "stopping";
/// And of requests that still ran when it ended.
const CUT: &str = "grace_period_over";

/// How long an HTTP/2 connection may go without a request.
const HTTP2_IDLE: Duration = Duration::from_secs(180);

tokio::task_local! {
    /// What the callbacks of a request say of it.
    static SAID: Said;
}

/// Most bytes that are read for one header of HTTP/1.1: what one may have, and a
/// body's first part, which may come with its end. They are kept until it is
/// whole, so what is above counts for `files::CLIENT`. Some that are too long
/// are told so.
const READ_MAX: usize = HEADER_MAX + 64 * 1024;

#[derive(Default)]
struct Said {
    /// All of the header is there.
    header: Cell<bool>,
    /// Bytes that have been read of it.
    read: Cell<usize>,
    /// The lease of its connection. Few have one, and what is said moves at every look at a request.
    leash: RefCell<Option<Box<Leash>>>,
    /// Why we have ended it.
    ended: Cell<Option<&'static str>>,
}

/// The header of the request that is being served is there.
pub(super) fn header_is_read() {
    // Without somebody who watches, nobody waits for it either.
    let _unwatched = SAID.try_with(|said| said.header.set(true));
}

/// Why the request that is being served, or dropped, had to end, if that was our doing.
pub(super) fn ended_by_us() -> Option<&'static str> {
    SAID.try_with(|said| said.ended.get()).ok().flatten()
}

/// The request that is being served has to end; the first reason is the one that is told.
fn end(reason: &'static str) {
    SAID.with(|said| said.ended.set(said.ended.get().or(Some(reason))));
}

/// So many bytes more were read on the connection: whether that goes on.
/// pingora keeps what it reads of a header, up to a megabyte for each client.
pub(super) fn may_go_on(bytes: usize) -> bool {
    let of_header = SAID.try_with(|said| {
        let read = said.read.get().saturating_add(bytes);
        said.read.set(read);
        said.header.get() || read <= READ_MAX
    });
    // Nobody serves a request: these are no part of a header.
    of_header.unwrap_or(true)
}

/// A connection that stays open.
pub(super) struct Leash {
    /// What it stands on, if the request showed a session.
    pub(super) lease: Option<Lease>,
    /// The request, as far as it says where it leads.
    pub(super) request: Received<'static>,
    /// How it is told of the end, if it can be told.
    pub(super) farewell: Option<Farewell>,
}

/// The request was not served by [`Leashed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody watches over this connection")]
pub(super) struct Unwatched;

impl Leash {
    /// Has the connection of the request that is being served end with its session.
    ///
    /// # Errors
    /// If nobody watches: it must not stay open then.
    pub(super) fn put_on(self) -> Result<(), Unwatched> {
        SAID.try_with(|said| said.leash.replace(Some(Box::new(self))))
            .map(drop)
            .map_err(|_| Unwatched)
    }
}

/// Says when open connections have to end.
pub struct Ends {
    /// By whom they are judged, and where that is logged.
    by: ArcSwap<(Arc<Gate>, Arc<Telemetry>)>,
    changed: watch::Sender<()>,
}

impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ends")
    }
}

impl Ends {
    pub(super) fn new(gate: Arc<Gate>, telemetry: Arc<Telemetry>) -> Self {
        Self {
            by: ArcSwap::from_pointee((gate, telemetry)),
            changed: watch::Sender::new(()),
        }
    }

    /// From now on this core is asked, and at once.
    pub(super) fn follow(&self, gate: Arc<Gate>, telemetry: Arc<Telemetry>) {
        self.by.store(Arc::new((gate, telemetry)));
        self.look_again();
    }

    /// Something may have ended sessions (a sign-out, a reload): every open
    /// connection asks the core at once.
    pub fn look_again(&self) {
        self.changed.send_replace(());
    }

    /// Why the connection ends, once it has to.
    async fn of(&self, lease: &mut Option<Lease>, request: &Received<'static>) -> Denial {
        let mut changed = self.changed.subscribe();
        loop {
            let goes_on = match request.view() {
                Ok(view) => {
                    let gate = &self.by.load().0;
                    gate.stays_open(lease.as_mut(), &view, clock::now())
                }
                Err(_) => Err(Denial::Forbidden(Forbidden::Nobody)),
            };
            let wait = match goes_on {
                Ok(seconds) => Duration::from_secs(seconds.max(1)).min(STEP),
                Err(why) => return why,
            };
            tokio::select! {
                _ = changed.changed() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Where requests that end now are told of.
    pub(super) fn telemetry(&self) -> Arc<Telemetry> {
        Arc::clone(&self.by.load().1)
    }
}

/// The public listener's application: pingora's proxy, on a leash.
pub struct Leashed {
    proxy: Arc<HttpProxy<Proxy>>,
    ends: Arc<Ends>,
    serving: Arc<Current>,
    life: Arc<Lifecycle>,
    options: HttpServerOptions,
}

impl std::fmt::Debug for Leashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leashed")
    }
}

impl Leashed {
    /// Serves by that proxy.
    #[must_use]
    pub fn new(conf: &Arc<ServerConf>, proxy: Proxy, serving: Arc<Current>) -> Self {
        let ends = Arc::clone(serving.load().ends());
        let life = Arc::clone(proxy.life());
        let mut proxy = HttpProxy::new(proxy, Arc::clone(conf));
        proxy.handle_init_modules();
        Self {
            proxy: Arc::new(proxy),
            ends,
            serving,
            life,
            options: options(false),
        }
    }

    /// The same for connections that begin with HTTP/2.
    #[must_use]
    pub fn of_http2(&self) -> Self {
        Self {
            proxy: Arc::clone(&self.proxy),
            ends: Arc::clone(&self.ends),
            serving: Arc::clone(&self.serving),
            life: Arc::clone(&self.life),
            options: options(true),
        }
    }

    /// Serves a connection of HTTP/2, which breaks when its requests are cut off: a
    /// client must not take each of them for one that the app has given up.
    pub(super) async fn serve_http2(
        self: &Arc<Self>,
        connection: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let served = pin!(self.process_new(connection, shutdown));
        self.life.until_cut(served).await?
    }

    /// Serves a request to its end, or to the end of its session if it put
    /// itself on the leash. Whoever sends its header byte by byte is dropped:
    /// pingora waits for each part of it anew, and so the time of a header runs
    /// from its first bytes on.
    async fn serve(
        &self,
        request: impl Future<Output = Option<ReusedHttpStream>>,
        shutdown: &ShutdownWatch,
        wait: Wait,
    ) -> Option<ReusedHttpStream> {
        let mut request = pin!(request);
        let mut late = None;
        let leashed = poll_fn(|context| match request.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Err(done)),
            Poll::Pending => SAID.with(|said| match said.leash.take() {
                Some(leash) => Poll::Ready(Ok(leash)),
                None if said.header.get() => Poll::Pending,
                // Most headers come as a whole, and need no clock of ours.
                None if wait == Wait::Limited && said.read.get() == 0 => Poll::Pending,
                None => {
                    let limits = self.serving.load().client;
                    let limit = match wait {
                        Wait::Limited => limits.header,
                        Wait::Unlimited => limits.idle + limits.header,
                    };
                    let late = late.get_or_insert_with(|| Box::pin(sleep(limit)));
                    late.as_mut().poll(context).map(|()| Err(None))
                }
            }),
        });
        let mut leash = match leashed.await {
            Ok(leash) => leash,
            Err(done) => return done,
        };
        tokio::select! {
            done = &mut request => return done,
            why = self.ends.of(&mut leash.lease, &leash.request) => {
                end(why.reason());
                return None;
            }
            () = stopped(shutdown) => {}
        }
        // What never ends by itself is not waited for; its browser asks again.
        end(STOPPING);
        let farewell = leash.farewell?;
        farewell.say();
        timeout(Farewell::PATIENCE, request).await.ok()?
    }
}

/// How long pingora waits for a header's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// As long as it was told.
    Limited,
    /// Without end.
    Unlimited,
}

/// The next request on the connection is waited for so long, or its first one.
pub(super) fn limit_idle(session: &mut ServerSession, idle: Duration) -> Wait {
    // None is for a connection that ends with this request, and for HTTP/2.
    match session.get_keepalive() {
        Some(_) => {
            session.set_keepalive(Some(idle.as_secs().max(1)));
            Wait::Limited
        }
        None => Wait::Unlimited,
    }
}

/// Returns when the process stops.
async fn stopped(shutdown: &ShutdownWatch) {
    let mut shutdown = shutdown.clone();
    if shutdown.wait_for(|stops| *stops).await.is_err() {
        // Nobody can say so any more.
        pending::<()>().await;
    }
}

fn options(h2c: bool) -> HttpServerOptions {
    let mut options = HttpServerOptions::default();
    options.h2c = h2c;
    options.h2_idle_timeout = Some(HTTP2_IDLE);
    options
}

#[async_trait]
impl HttpServerApp for Leashed {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let wait = limit_idle(&mut session, self.serving.load().client.idle);
        let request = self.proxy.process_new_http(session, shutdown);
        let served = async {
            let mut served = pin!(self.serve(request, shutdown, wait));
            let done = self.life.until_cut(served.as_mut()).await;
            // Said before it is dropped.
            done.unwrap_or_else(|| {
                end(CUT);
                None
            })
        };
        SAID.scope(Said::default(), served).await
    }

    fn h2_options(&self) -> Option<H2Options> {
        self.proxy.h2_options()
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }

    async fn http_cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
