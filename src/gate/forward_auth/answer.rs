//! The answer that lets a request pass.
//!
//! Owns that it is made of a [`Forward`] alone, which only a permit makes: no
//! permit, no 200. Must not know who asks.

use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::gate::decision::Forward;
use crate::gate::headers::apps::AppRules;
use crate::gate::reply::{Note, Reply};

/// 200 with every header that may tell of somebody. What this person lacks is
/// there and empty: a front proxy that copies the header then replaces what the
/// client sent under its name (field.md, GHSA-7r4p-vjf4-gxv4).
pub(super) fn granted(forward: Forward, rules: &AppRules) -> Reply {
    let Forward {
        permit: _permit,
        edits,
        set_cookies,
        note,
        upstream,
        took_bearer,
        ..
    } = forward;
    let mut reply = Reply::allowed(Note {
        outcome: "allowed",
        ..note
    });
    let told = edits.told();
    reply
        .headers
        .extend(told.map(|(name, value)| (name.as_header().clone(), value.clone())));
    for name in rules.names(upstream).map(|name| name.as_header()) {
        if reply.headers.iter().all(|(there, _)| there != name) {
            reply
                .headers
                .push((name.clone(), HeaderValue::from_static("")));
        }
    }
    // A front proxy that copies it then takes the client's away, as we do.
    let is_told = |reply: &Reply| {
        reply
            .headers
            .iter()
            .any(|(there, _)| there == AUTHORIZATION)
    };
    if took_bearer && !is_told(&reply) {
        reply
            .headers
            .push((AUTHORIZATION, HeaderValue::from_static("")));
    }
    reply.left_out = edits.left_out().to_vec();
    reply.with_cookies(set_cookies)
}
