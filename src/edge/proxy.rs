//! pingora's callbacks. Each hands over to the core or applies what it said.
//!
//! `request_filter` decides; `upstream_request_filter` needs the permit that
//! came of it, or fails; `response_filter` guards cookies and caching;
//! `logging` writes the one line of the access log.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::HttpPeer;
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::{Error, ErrorType};

use super::context::Context;
use super::failed::{failure, is_late, unreadable};
use super::leash::{self, Leash};
use super::lifecycle::Lifecycle;
use super::respond;
use super::serving::{Current, Serving};
use super::upstream::Resolver;
use super::view::{self, Received};
use super::websocket::Farewell;
use crate::config::ClientTimeouts;
use crate::gate::cache::Audience;
use crate::gate::headers::Name;
use crate::gate::origin::PublicOrigin;
use crate::gate::reply::{Note, Reply};
use crate::gate::route::Access;
use crate::gate::switching::is_websocket;
use crate::gate::{Decision, Forward};
use crate::telemetry::Spans;

/// The public listener's service.
pub struct Proxy {
    /// What the configuration of today has come to; each request keeps its own.
    serving: Arc<Current>,
    life: Arc<Lifecycle>,
}

impl Proxy {
    /// A proxy that serves by whatever is current.
    #[must_use]
    pub fn new(serving: Arc<Current>, life: Arc<Lifecycle>) -> Self {
        Self { serving, life }
    }

    /// The life of the process that it serves in.
    pub(super) fn life(&self) -> &Arc<Lifecycle> {
        &self.life
    }
}

/// What tells browsers to keep to https, on origins that they reach by it.
fn hsts<'s>(session: &Session, serving: &'s Serving) -> Option<&'s HeaderValue> {
    let hsts = serving.hsts.as_ref()?;
    let host = view::host_of(session)?;
    serving.gate.is_https(host).then_some(hsts)
}

#[expect(
    clippy::large_enum_variant,
    reason = "made once, and taken apart where it is made"
)]
enum Fate {
    Forward(Box<Forward>),
    Reply(Reply),
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::new(self.serving.load_full(), self.life.request())
    }

    fn init_downstream_modules(&self, _modules: &mut pingora::modules::http::HttpModules) {
        // The app's bodies pass through as they are.
    }

    async fn early_request_filter(
        &self,
        _session: &mut Session,
        _ctx: &mut Context,
    ) -> pingora::Result<()> {
        leash::header_is_read();
        Ok(())
    }

    async fn request_filter(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<bool> {
        ctx.begin(session);
        limit_connection(session, ctx.serving.client, self.life.is_leaving());
        let serving = Arc::clone(&ctx.serving);
        let client = view::client_of(session);
        let fate = serving.fate_of(session, client, &mut ctx.phases).await;
        ctx.phases.decided();
        let fate = match fate {
            Ok(Decision::Forward(forward)) => Fate::Forward(forward),
            Ok(Decision::Reply(reply)) => Fate::Reply(reply),
            // An effect asks for no other.
            Ok(Decision::Perform(_)) => return Err(Error::new_in(ErrorType::InternalError)),
            Err(error) => {
                // What follows such a request cannot be told from its body.
                session.set_keepalive(None);
                Fate::Reply(unreadable(error))
            }
        };
        match fate {
            Fate::Forward(mut forward) => {
                ctx.note = std::mem::take(&mut forward.note);
                let ask = forward.refresh.take();
                ctx.refresh = ask.map(|ask| serving.refresher.begin(&serving.gate, ask));
                ctx.forward = Some(forward);
                Ok(false)
            }
            Fate::Reply(mut reply) => {
                if reply.status == StatusCode::MISDIRECTED_REQUEST {
                    let configured: Vec<_> =
                        serving.gate.origins().map(PublicOrigin::as_str).collect();
                    tracing::warn!(
                        configured = configured.join(", "),
                        "a request for a host that is no server.public_url"
                    );
                }
                warn_of_left_out(&reply.left_out);
                ctx.note = std::mem::take(&mut reply.note);
                // What a front proxy asked about.
                ctx.origin = reply.origin.or(ctx.origin);
                ctx.status = reply.status.as_u16();
                let hsts = hsts(session, &serving);
                respond::send(session, serving.gate.look(), reply, hsts).await?;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<Box<HttpPeer>> {
        let attempt = ctx.attempts;
        ctx.attempts += 1;
        ctx.phases.seeks_app();
        match ctx.app() {
            Some(app) => app.peer(attempt).await,
            None => None,
        }
        .ok_or_else(|| Error::new_up(ErrorType::ConnectNoRoute))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        upstream_request: &mut RequestHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        // No permit, no forwarding.
        let Some(forward) = &ctx.forward else {
            return Err(Error::new_in(ErrorType::InternalError));
        };
        warn_of_left_out(forward.edits.left_out());
        let host = ctx.app().and_then(Resolver::host);
        respond::edit_request(
            upstream_request,
            &ctx.serving.gate,
            forward,
            session.req_header().version == Version::HTTP_2,
        )?;
        let span = ctx.spans.as_ref().map(Spans::told);
        respond::tell_trace(upstream_request, ctx.trace.as_ref(), span)?;
        match host {
            Some(host) => upstream_request.insert_header(header::HOST, host.clone()),
            None => Ok(()),
        }
    }

    /// HTTP/2 may end a body with a frame of no bytes. To an app of HTTP/1.1
    /// pingora writes that as a chunk, which is the last one (RFC 9112 7.1), and
    /// then its own last chunk, where the app expects the next request.
    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        _ctx: &mut Context,
    ) -> pingora::Result<()> {
        if end_of_stream && body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
        Ok(())
    }

    async fn connected_to_upstream(
        &self,
        _session: &mut Session,
        reused: bool,
        _peer: &HttpPeer,
        _fd: RawFd,
        _digest: Option<&Digest>,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        ctx.phases.connected(!reused);
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        upstream_response: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> pingora::Result<()> {
        if upstream_response.status.is_informational() && !is_switch(upstream_response.status) {
            // The answer proper gets our cookies and caching.
            respond::drop_our_cookies(upstream_response, &ctx.serving.gate)?;
            return Ok(());
        }
        ctx.phases.answered();
        let asked = &session.req_header().headers;
        if is_switch(upstream_response.status) && !is_websocket(asked, &upstream_response.headers) {
            // Whatever came behind it would be taken for what no request asked for.
            return Err(Error::new_up(ErrorType::InvalidHTTPHeader));
        }
        let serving = Arc::clone(&ctx.serving);
        let flight = ctx.refresh.take();
        let Some(forward) = &mut ctx.forward else {
            return Err(Error::new_in(ErrorType::InternalError));
        };
        let waits = flight.is_some().then(Instant::now);
        let set_cookies = serving.cookies_for_head(session, forward, flight).await;
        ctx.status = upstream_response.status.as_u16();
        if let Some(since) = waits {
            ctx.phases.waited(since);
        }
        if stays_open(upstream_response) {
            let internal = || Error::new_in(ErrorType::InternalError);
            let received = Received::of(session).map_err(|_| internal())?;
            let leash = Leash {
                lease: forward.lease.take(),
                request: received.into_outline(),
                // No other change of protocol gets this far.
                farewell: is_switch(upstream_response.status)
                    .then(Farewell::begin)
                    .flatten(),
            };
            leash.put_on().map_err(|_| internal())?;
        }
        let audience = match forward.permit.access() {
            _ if !set_cookies.is_empty() => Audience::OneSession,
            _ if forward.shared_cache => Audience::Everybody,
            Access::Public => Audience::Everybody,
            Access::Optional | Access::SignedIn | Access::Rules(_) | Access::Nobody => {
                Audience::OnePerson
            }
        };
        respond::set_hsts(upstream_response, hsts(session, &serving))?;
        respond::announce_trailers(upstream_response, session.req_header().version);
        respond::edit_response(upstream_response, &serving.gate, audience, &set_cookies)
    }

    /// Never fails: pingora would pass the trailers on as they are.
    async fn response_trailer_filter(
        &self,
        _session: &mut Session,
        trailers: &mut HeaderMap,
        ctx: &mut Context,
    ) -> pingora::Result<Option<Bytes>> {
        match &ctx.forward {
            Some(forward) => respond::edit_trailers(trailers, &ctx.serving.gate, forward.upstream),
            None => trailers.clear(),
        }
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        ctx: &mut Context,
        mut e: Box<Error>,
    ) -> Box<Error> {
        // Nothing has been sent yet: another address may do.
        e.set_retry(ctx.app().is_some_and(|app| ctx.attempts < app.count()));
        e
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        e: &Error,
        ctx: &mut Context,
    ) -> FailToProxy {
        let mut status = 0;
        if let Some(mut reply) = failure(e, session) {
            ctx.ended(std::mem::take(&mut reply.note));
            status = reply.status.as_u16();
            // An interim answer (100, 103) does not take the place of one; after
            // 101 the connection speaks another protocol.
            let answered = session.response_written().is_some_and(|response| {
                !response.status.is_informational() || is_switch(response.status)
            });
            let hsts = hsts(session, &ctx.serving);
            if !answered {
                ctx.status = status;
                let sent = respond::send(session, ctx.serving.gate.look(), reply, hsts).await;
                status = sent.map_or(0, |()| status);
            }
        } else {
            ctx.ended(Note {
                reason: is_late(e).then_some("client_stalled"),
                ..Note::new("client_gone")
            });
        }
        FailToProxy {
            error_code: status,
            can_reuse_downstream: false,
        }
    }

    fn suppress_error_log(&self, _session: &Session, _ctx: &Context, _error: &Error) -> bool {
        // pingora's line would show the request; ours says what is needed.
        true
    }

    async fn logging(&self, session: &mut Session, _e: Option<&Error>, ctx: &mut Context) {
        ctx.status = session
            .response_written()
            .map_or(0, |response| response.status.as_u16());
        ctx.tell();
    }
}

fn warn_of_left_out(headers: &[Name]) {
    for header in headers {
        tracing::warn!(
            %header,
            "the header cannot say all of its value truly; a part was left out"
        );
    }
}

/// Whether a status hands the connection over to another protocol.
fn is_switch(status: StatusCode) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS
}

/// Whether the connection outlives the request: a websocket, a stream of events.
fn stays_open(response: &ResponseHeader) -> bool {
    let kind = response.headers.get(header::CONTENT_TYPE);
    let essence = kind.and_then(|kind| kind.as_bytes().split(|b| *b == b';').next());
    is_switch(response.status)
        || essence.is_some_and(|essence| {
            essence
                .trim_ascii()
                .eq_ignore_ascii_case(b"text/event-stream")
        })
}

/// pingora waits for the next request on a connection without end, and for a
/// stream of HTTP/2 whose client gives it no room: both hold resources for
/// nothing. (A socket that takes nothing is `stall`'s.) Once the end has
/// begun, the answer says that it is the connection's last one.
fn limit_connection(session: &mut Session, limits: ClientTimeouts, is_leaving: bool) {
    match is_leaving {
        true => session.set_keepalive(None),
        false => {
            leash::limit_idle(session, limits.idle);
        }
    }
    // For each piece of up to 64 KiB, however steadily the client takes it: by
    // HTTP/2 a stream that is slower is reset, since nobody else sees that one
    // has no room. By HTTP/1.1 `stall` sees it.
    let write = session.is_http2().then_some(limits.write);
    session.set_write_timeout(write);
}
