//! Whose address a request comes from.
//!
//! Owns the rule by which proxies are believed: from the right, as far as they
//! are ours (field.md R3). Must not know sockets.

use std::net::IpAddr;
use std::net::SocketAddr;

use http::HeaderMap;
use ipnet::IpNet;

use super::Gate;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Peers whose `X-Forwarded-For` is believed, and who may ask by forward-auth
/// (contract, `server.trusted_proxies`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Networks.
    pub nets: Vec<IpNet>,
    /// Whoever may open our unix socket.
    pub unix: bool,
}

impl TrustedProxies {
    /// The client's address: the right-most one that no proxy of ours has.
    ///
    /// `peer` is who opened the connection; `None` if that was a unix socket.
    /// What stands left of the first stranger, or of something that is no
    /// address, may be anybody's invention and is not looked at.
    #[must_use]
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer.map(|peer| peer.to_canonical());
        if !self.trust(peer) {
            return client;
        }
        let fields: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
        let hops = fields
            .iter()
            .rev()
            .flat_map(|field| field.as_bytes().rsplit(|b| *b == b','));
        for hop in hops {
            let Some(address) = read(hop) else {
                break;
            };
            client = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    /// Whether whoever opened the connection is one of ours; `None` if that was
    /// a unix socket.
    #[must_use]
    pub fn trust(&self, peer: Option<IpAddr>) -> bool {
        peer.map_or(self.unix, |peer| self.trusts(peer.to_canonical()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.nets.iter().any(|net| net.contains(&address))
    }
}

impl Gate {
    /// Whose address a request comes from; `peer` is who opened the connection,
    /// `None` if that was a unix socket.
    #[must_use]
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        self.proxies.client(peer, headers)
    }
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok().or_else(|| {
        let with_port = text.parse::<SocketAddr>().ok()?;
        Some(with_port.ip())
    })?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(nets: &[&str], unix: bool) -> TrustedProxies {
        TrustedProxies {
            nets: nets.iter().map(|net| net.parse().unwrap()).collect(),
            unix,
        }
    }

    fn client(proxies: &TrustedProxies, peer: Option<&str>, fields: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(X_FORWARDED_FOR, field.parse().unwrap());
        }
        let peer = peer.map(|peer| peer.parse().unwrap());
        proxies.client(peer, &headers).map(|ip| ip.to_string())
    }

    #[test]
    #[rustfmt::skip] // a table: one row a line
    fn the_right_most_stranger_is_the_client() {
        let ours = trusted(&["10.0.0.0/8", "fd00::/8"], false);
        for (peer, fields, expected) in [
            // A stranger says nothing about others.
            ("203.0.113.9", &["1.1.1.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.0.0.2,10.0.0.3"], "203.0.113.9"),
            // All of them are ours: whoever began it.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // With ports, in brackets, mapped, with blanks.
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["\t203.0.113.9 "], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("fd00::1", &["203.0.113.9"], "203.0.113.9"),
            // What is no address ends the chain that is believed.
            ("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["1.1.1.1,"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9 1.1.1.1"], "10.0.0.1"),
            ("10.0.0.1", &["\"203.0.113.9\""], "10.0.0.1"),
        ] {
            assert_eq!(client(&ours, Some(peer), fields).as_deref(), Some(expected), "{peer} {fields:?}");
        }
    }

    #[test]
    fn a_unix_socket_is_believed_only_where_it_is_named() {
        let (named, not) = (trusted(&[], true), trusted(&["0.0.0.0/0"], false));
        let of = |proxies| client(proxies, None, &["203.0.113.9"]);
        assert_eq!(of(&named).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(&not), None);
    }

    #[test]
    fn by_default_nobody_is_believed() {
        let nobody = TrustedProxies::default();
        let told = client(&nobody, Some("127.0.0.1"), &["203.0.113.9"]);
        assert_eq!(told.as_deref(), Some("127.0.0.1"));
    }
}
