//! What a reply says.

use http::header;
use serde_json::Value;

use crate::gate::reply::Reply;

pub(in crate::gate) fn header_of<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let mut found = reply.headers.iter().filter(|(n, _)| n == name);
    let value = found.next().map(|(_, value)| value.to_str().unwrap());
    assert!(found.next().is_none(), "{name} twice");
    value
}

pub(in crate::gate) fn set_cookies(reply: &Reply) -> Vec<&str> {
    reply
        .headers
        .iter()
        .filter(|(name, _)| name == header::SET_COOKIE)
        .map(|(_, value)| value.to_str().unwrap())
        .collect()
}

pub(in crate::gate) fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 302, "{reply:?}");
    header_of(reply, "location").unwrap()
}

/// Where a page leads by itself, without a script.
pub(in crate::gate) fn onward(reply: &Reply) -> Option<String> {
    let html = std::str::from_utf8(&reply.body).unwrap_or_default();
    let refresh = html
        .split("http-equiv=\"refresh\" content=\"0;url=")
        .nth(1)?;
    Some(refresh.split('"').next()?.replace("&amp;", "&"))
}

pub(in crate::gate) fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

pub(in crate::gate) fn body(reply: &Reply) -> Value {
    assert_eq!(header_of(reply, "content-type"), Some("application/json"));
    serde_json::from_slice(&reply.body).unwrap()
}
