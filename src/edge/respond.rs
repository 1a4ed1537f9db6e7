//! From the core's replies and edits to pingora.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::Session;
use pingora::{ErrorType, OrErr};

use crate::gate::cache::{Audience, CacheControl, cache_control};
use crate::gate::cookie::Stripped;
use crate::gate::headers::is_override;
use crate::gate::page::Look;
use crate::gate::reply::Reply;
use crate::gate::{Forward, Gate};
use crate::telemetry::trace::{SpanId, TRACEPARENT, TRACESTATE, Trace};

/// Headers that speak to shared caches past `Cache-Control` (RFC 9213 and its
/// forerunners).
const PAST_CACHE_CONTROL: &[&str] = &["surrogate-control", "edge-control", "x-accel-expires"];

/// What the names of all others of them end with: targeted fields are called so (RFC 9213 2).
const TARGETED: &str = "-cache-control";

/// Sends a reply of ours, a page in the language of the request; the app sees nothing of the request.
pub(super) async fn send(
    session: &mut Session,
    look: &Look,
    reply: Reply,
    hsts: Option<&HeaderValue>,
) -> pingora::Result<()> {
    let reply = reply.spoken(look, &session.req_header().headers);
    let mut head = ResponseHeader::build(reply.status, Some(reply.headers.len() + 2))?;
    for (name, value) in reply.headers {
        head.append_header(name, value)?;
    }
    set_hsts(&mut head, hsts)?;
    head.insert_header(header::CONTENT_LENGTH, reply.body.len().to_string())?;
    let body_follows = session.req_header().method != Method::HEAD && !reply.body.is_empty();
    session
        .write_response_header(Box::new(head), !body_follows)
        .await
        .map_err(|e| e.into_down())?;
    if body_follows {
        session
            .write_response_body(Some(reply.body), true)
            .await
            .map_err(|e| e.into_down())?;
    }
    Ok(())
}

/// Tells browsers to keep to https. The app's own word would be a second one,
/// and they take only the first (RFC 6797 8.1).
pub(super) fn set_hsts(
    head: &mut ResponseHeader,
    hsts: Option<&HeaderValue>,
) -> pingora::Result<()> {
    match hsts {
        Some(value) => head.insert_header(header::STRICT_TRANSPORT_SECURITY, value.clone()),
        None => Ok(()),
    }
}

/// Turns the received header into what the app gets: managed names out, ours
/// in, our cookies out, one reading of the path.
pub(super) fn edit_request(
    header: &mut RequestHeader,
    gate: &Gate,
    forward: &Forward,
    in_crumbs: bool,
) -> pingora::Result<()> {
    let managed: Vec<_> = header
        .headers
        .keys()
        .filter(|name| gate.is_managed_header(forward.upstream, name.as_str()))
        .filter(|name| !(forward.pass_override_headers && is_override(name.as_str())))
        .cloned()
        .collect();
    if forward.took_bearer {
        header.remove_header(&header::AUTHORIZATION);
    }
    for name in &managed {
        header.remove_header(name);
    }
    for (name, value) in forward.edits.set() {
        header.insert_header(name.as_written().clone(), value.clone())?;
    }
    strip_cookies(header, gate, in_crumbs)?;
    // A new path takes the authority's place, in which HTTP/2 says the host.
    if !header.headers.contains_key(header::HOST)
        && let Some(authority) = header.uri.authority()
    {
        let host = HeaderValue::from_str(authority.as_str())
            .or_err(ErrorType::InvalidHTTPHeader, "in the authority")?;
        header.insert_header(header::HOST, host)?;
    }
    // An absolute-form target goes on as a path: the app is an origin server.
    match forward.target.as_deref() {
        Some(target) => header.set_raw_path(target.as_bytes())?,
        None if !header.raw_path().starts_with(b"/") => {
            let path = header
                .uri
                .path_and_query()
                .map_or("/", |target| target.as_str())
                .to_owned();
            header.set_raw_path(path.as_bytes())?;
        }
        None => {}
    }
    Ok(())
}

/// The app gets exactly one `traceparent`: the one that was received, if it is
/// good and no span of ours comes in between, else one of ours.
pub(super) fn tell_trace(
    header: &mut RequestHeader,
    trace: Option<&Trace>,
    span: Option<SpanId>,
) -> pingora::Result<()> {
    let told = trace.map(|trace| trace.header(span));
    if !trace.is_some_and(Trace::was_received) {
        header.remove_header(&TRACESTATE);
    }
    match told {
        Some(Ok(None)) => Ok(()),
        Some(Ok(Some(value))) => header.insert_header(TRACEPARENT, value),
        // Without randomness there is no name for it.
        Some(Err(_)) | None => {
            header.remove_header(&TRACEPARENT);
            Ok(())
        }
    }
}

/// Our cookies go out; where there is none, nothing is touched. What HTTP/2
/// sent in crumbs is put together again, since no app of HTTP/1.1 expects
/// several fields (RFC 9113 8.2.3).
fn strip_cookies(header: &mut RequestHeader, gate: &Gate, in_crumbs: bool) -> pingora::Result<()> {
    let fields = header.headers.get_all(header::COOKIE);
    let fields = || fields.iter().map(HeaderValue::as_bytes);
    let stripped: Vec<_> = fields().map(|field| gate.strip_cookies(field)).collect();
    let scattered = in_crumbs && stripped.len() > 1;
    if !scattered && stripped.iter().all(|one| *one == Stripped::Untouched) {
        return Ok(());
    }
    let kept = fields().zip(stripped);
    let mut kept: Vec<Vec<u8>> = kept.filter_map(|(field, one)| one.of(field)).collect();
    if in_crumbs && kept.len() > 1 {
        kept = vec![kept.join(&b"; "[..])];
    }
    let mut kept = kept.into_iter();
    // The first takes the place of all that came.
    match kept.next() {
        Some(first) => header.insert_header("Cookie", first)?,
        None => drop(header.remove_header(&header::COOKIE)),
    }
    for cookie in kept {
        header.append_header("Cookie", cookie)?;
    }
    Ok(())
}

/// The app may not set cookies of our names.
pub(super) fn drop_our_cookies(header: &mut ResponseHeader, gate: &Gate) -> pingora::Result<()> {
    let is_ours = |cookie: &HeaderValue| gate.is_our_set_cookie(cookie.as_bytes());
    let set = header.headers.get_all(header::SET_COOKIE);
    if !set.iter().any(is_ours) {
        return Ok(());
    }
    tracing::warn!("the app tried to set a cookie of ours; it was dropped");
    let foreign: Vec<_> = set.iter().filter(|one| !is_ours(one)).cloned().collect();
    header.remove_header(&header::SET_COOKIE);
    for cookie in foreign {
        header.append_header(header::SET_COOKIE, cookie)?;
    }
    Ok(())
}

/// What may stand behind the body of the app's response, and nothing else.
pub(super) fn edit_trailers(trailers: &mut HeaderMap, gate: &Gate, app: usize) {
    let refused: Vec<_> = trailers
        .keys()
        .filter(|name| !gate.may_trail(app, name.as_str()))
        .cloned()
        .collect();
    for name in &refused {
        trailers.remove(name);
    }
    if !refused.is_empty() {
        tracing::warn!(
            fields = refused.len(),
            "the app sent trailers that none may be; they were dropped"
        );
    }
}

/// pingora passes trailers on from HTTP/2 to HTTP/2 alone, so nobody else is
/// told to wait for them.
pub(super) fn announce_trailers(header: &mut ResponseHeader, client: Version) {
    if client != Version::HTTP_2 || header.version != Version::HTTP_2 {
        header.remove_header(&header::TRAILER);
    }
}

/// Cookies and caching of the app's response.
pub(super) fn edit_response(
    header: &mut ResponseHeader,
    gate: &Gate,
    audience: Audience,
    set_cookies: &[String],
) -> pingora::Result<()> {
    drop_our_cookies(header, gate)?;
    for cookie in set_cookies {
        header.append_header(header::SET_COOKIE, cookie.as_str())?;
    }
    let changed = {
        let values: Vec<_> = header
            .headers
            .get_all(header::CACHE_CONTROL)
            .iter()
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        cache_control(&values, audience)
    };
    match changed {
        CacheControl::Keep => {}
        CacheControl::Replace(Cow::Borrowed(text)) => {
            header.insert_header(header::CACHE_CONTROL, HeaderValue::from_static(text))?;
        }
        CacheControl::Replace(Cow::Owned(text)) => {
            header.insert_header(header::CACHE_CONTROL, text)?;
        }
    }
    if audience != Audience::Everybody {
        let names = header.headers.keys();
        let past = |name: &&HeaderName| {
            PAST_CACHE_CONTROL.contains(&name.as_str()) || name.as_str().ends_with(TARGETED)
        };
        for name in names.filter(past).cloned().collect::<Vec<_>>() {
            header.remove_header(&name);
        }
    }
    Ok(())
}
