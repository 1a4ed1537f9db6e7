//! Whether an answer of 101 makes a connection a websocket.
//!
//! Owns what both sides have to have said (RFC 9110 7.8, RFC 6455 4). Must not
//! know sessions or routes. Behind a 101 nothing is judged any more, so that
//! an app that answers a status of the client's choice, and goes on in HTTP,
//! would read requests that nobody has looked at. `Sec-WebSocket-Accept` is not
//! compared: whoever chooses an app's headers too can compute it.

use http::{HeaderMap, HeaderName, header};

const WEBSOCKET: &str = "websocket";

/// Whether a client asked for a websocket, and its app agreed.
#[must_use]
pub fn is_websocket(asked: &HeaderMap, answered: &HeaderMap) -> bool {
    is_only(asked, &header::UPGRADE, WEBSOCKET)
        && is_only(answered, &header::UPGRADE, WEBSOCKET)
        && lists(answered, &header::CONNECTION, "upgrade")
}

/// Whether a header is there once, and says this alone.
fn is_only(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    let says = |value: &http::HeaderValue| {
        let value = value.as_bytes().trim_ascii();
        value.eq_ignore_ascii_case(word.as_bytes())
    };
    values.next().is_some_and(says) && values.next().is_none()
}

/// Whether a list of tokens holds this one.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut tokens = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    tokens.any(|one| one.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines.iter();
        lines
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn both_sides_have_to_say_that_it_becomes_a_websocket() {
        let asks = [("upgrade", "websocket"), ("connection", "Upgrade")];
        let agrees = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
        ];
        for (asked, answered, expected) in [
            (&asks[..], &agrees[..], true),
            (&[("upgrade", "WEBSOCKET ")], &asks, true),
            (&[], &agrees, false),
            (&[("upgrade", "h2c")], &agrees, false),
            (&[("upgrade", "websocket, h2c")], &agrees, false),
            (&asks, &[], false),
            (&asks, &[("upgrade", "websocket")], false),
            (&asks, &[("connection", "upgrade")], false),
            (
                &asks,
                &[("upgrade", "h2c"), ("connection", "upgrade")],
                false,
            ),
            (
                &asks,
                &[("upgrade", "websocket"), ("connection", "upgraded")],
                false,
            ),
        ] {
            let (asked, answered) = (headers(asked), headers(answered));
            assert_eq!(is_websocket(&asked, &answered), expected, "{answered:?}");
        }
        let mut twice = headers(&agrees);
        twice.append(header::UPGRADE, "h2c".parse().unwrap());
        assert!(!is_websocket(&headers(&asks), &twice));
    }
}
