//! From the core's replies and edits to pingora.

use http::{Method, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::Session;

use crate::gate::Gate;
use crate::gate::cache::{Audience, CacheControl, cache_control};
use crate::gate::headers::{HeaderEdits, is_override};
use crate::gate::reply::Reply;

/// Headers that speak to shared caches past `Cache-Control` (RFC 9213 and its
/// forerunners).
const PAST_CACHE_CONTROL: &[&str] = &[
    "surrogate-control",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "netlify-cdn-cache-control",
    "vercel-cdn-cache-control",
    "edge-control",
    "x-accel-expires",
];

/// Sends a reply of ours; the app sees nothing of the request.
pub(super) async fn send(session: &mut Session, reply: &Reply) -> pingora::Result<()> {
    let mut head = ResponseHeader::build(reply.status, Some(reply.headers.len() + 1))?;
    for (name, value) in &reply.headers {
        head.append_header(name.clone(), value.clone())?;
    }
    head.insert_header(header::CONTENT_LENGTH, reply.body.len().to_string())?;
    let body_follows = session.req_header().method != Method::HEAD && !reply.body.is_empty();
    session
        .write_response_header(Box::new(head), !body_follows)
        .await?;
    if body_follows {
        session
            .write_response_body(Some(reply.body.clone()), true)
            .await?;
    }
    Ok(())
}

/// Turns the received header into what the app gets: managed names out, ours
/// in, our cookies out, one reading of the path.
pub(super) fn edit_request(
    header: &mut RequestHeader,
    gate: &Gate,
    edits: &HeaderEdits,
    target: Option<&str>,
    pass_override_headers: bool,
) -> pingora::Result<()> {
    let managed: Vec<_> = header
        .headers
        .keys()
        .filter(|name| gate.is_managed_header(name.as_str()))
        .filter(|name| !(pass_override_headers && is_override(name.as_str())))
        .cloned()
        .collect();
    for name in &managed {
        header.remove_header(name);
    }
    for (name, value) in edits.set() {
        header.insert_header(name.as_written().clone(), value.clone())?;
    }
    let cookies: Vec<_> = header
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookie| gate.strip_cookies(cookie.as_bytes()))
        .collect();
    header.remove_header(&header::COOKIE);
    for cookie in cookies {
        header.append_header(header::COOKIE, cookie)?;
    }
    // An absolute-form target goes on as a path: the app is an origin server.
    match target {
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

/// The app may not set cookies of our names.
pub(super) fn drop_our_cookies(header: &mut ResponseHeader, gate: &Gate) -> pingora::Result<()> {
    let foreign: Vec<_> = header
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter(|cookie| !gate.is_our_set_cookie(cookie.as_bytes()))
        .cloned()
        .collect();
    if foreign.len() != header.headers.get_all(header::SET_COOKIE).iter().count() {
        tracing::warn!("the app tried to set a cookie of ours; it was dropped");
        header.remove_header(&header::SET_COOKIE);
        for cookie in foreign {
            header.append_header(header::SET_COOKIE, cookie)?;
        }
    }
    Ok(())
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
    if let CacheControl::Replace(text) = changed {
        header.remove_header(&header::CACHE_CONTROL);
        header.insert_header(header::CACHE_CONTROL, text)?;
    }
    if audience != Audience::Everybody {
        for name in PAST_CACHE_CONTROL {
            header.remove_header(*name);
        }
    }
    Ok(())
}
