//! What becomes of one request's headers: who asks, and where from.
//!
//! Owns the headers that say where a request came from. All that can be is
//! prebuilt: what one request adds is the client's address. Must not know how
//! edits are applied, nor what a person is.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::{Name, Told};
use crate::gate::assertion::Unsigned;
use crate::gate::origin::PublicOrigin;
use crate::gate::time::UnixTime;

/// Longest address, and what stands around it.
const ADDRESS_MAX: usize = 64;

static X_FORWARDED_FOR: Name = Name::ours("x-forwarded-for");
static X_REAL_IP: Name = Name::ours("x-real-ip");
static FORWARDED: Name = Name::ours("forwarded");
static X_FORWARDED_PROTO: Name = Name::ours("x-forwarded-proto");
static X_FORWARDED_HOST: Name = Name::ours("x-forwarded-host");
static X_FORWARDED_PORT: Name = Name::ours("x-forwarded-port");

/// What requests of one origin say of it, whatever the socket was. On cache
/// lines of its own, since each thread shares another one.
#[derive(Debug)]
#[repr(align(128))]
pub struct OriginHeaders {
    set: Vec<(&'static Name, HeaderValue)>,
    /// The rest of `Forwarded` (RFC 7239 4) after the client.
    forwarded: String,
}

/// What happens to a request's headers on the way to the app. "Set only"
/// cannot be expressed: removal of [managed](super::HeaderRules::is_managed)
/// ones is part of it. Debug shows no value.
pub struct HeaderEdits {
    told: Option<Arc<Told>>,
    origin: Arc<OriginHeaders>,
    client: Option<Client>,
    assertion: Option<HeaderValue>,
    now: UnixTime,
}

/// Where a request came from.
struct Client {
    address: HeaderValue,
    forwarded: HeaderValue,
}

impl OriginHeaders {
    /// The headers of requests of an origin.
    #[must_use]
    pub fn new(origin: &PublicOrigin) -> Self {
        let port = origin.port().to_string();
        let said = [
            (&X_FORWARDED_PROTO, origin.scheme()),
            (&X_FORWARDED_HOST, origin.authority()),
            (&X_FORWARDED_PORT, port.as_str()),
        ];
        // An origin holds nothing that a header cannot; a test reads them.
        let value = |(name, text)| Some((name, HeaderValue::from_str(text).ok()?));
        Self {
            set: said.into_iter().filter_map(value).collect(),
            forwarded: format!(";host=\"{}\";proto={}", origin.authority(), origin.scheme()),
        }
    }
}

impl Client {
    fn new(address: IpAddr, origin: &OriginHeaders) -> Option<Self> {
        let (open, close) = match address {
            IpAddr::V4(_) => ("for=", ""),
            IpAddr::V6(_) => ("for=\"[", "]\""),
        };
        // Both values share one piece of memory.
        let mut text = String::with_capacity(ADDRESS_MAX + origin.forwarded.len());
        text.push_str(open);
        push(&mut text, address)?;
        let end = text.len();
        text.push_str(close);
        text.push_str(&origin.forwarded);
        let text = Bytes::from(text);
        // Digits, letters, dots and colons: always values.
        Some(Self {
            address: HeaderValue::from_maybe_shared(text.slice(open.len()..end)).ok()?,
            forwarded: HeaderValue::from_maybe_shared(text).ok()?,
        })
    }

    fn set(&self) -> [(&Name, &HeaderValue); 3] {
        [
            (&X_FORWARDED_FOR, &self.address),
            (&X_REAL_IP, &self.address),
            (&FORWARDED, &self.forwarded),
        ]
    }
}

/// Writes an address; of version 4, which most have, without the formatter.
fn push(text: &mut String, address: IpAddr) -> Option<()> {
    let IpAddr::V4(address) = address else {
        return write!(text, "{address}").ok();
    };
    for (place, octet) in address.octets().into_iter().enumerate() {
        if place > 0 {
            text.push('.');
        }
        for (unit, least) in [(100, 100), (10, 10), (1, 0)] {
            if octet >= least {
                text.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
    Some(())
}

impl HeaderEdits {
    pub(super) fn new(
        told: Option<Arc<Told>>,
        origin: Arc<OriginHeaders>,
        client: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<Self, Unsigned> {
        let assertion = told.as_deref().and_then(Told::assertion);
        Ok(Self {
            assertion: assertion
                .map(|(_, assertion)| assertion.at(now))
                .transpose()?,
            client: client.and_then(|address| Client::new(address, &origin)),
            told,
            origin,
            now,
        })
    }

    /// Headers to set, each once, after every
    /// [managed](super::HeaderRules::is_managed) one has been removed.
    pub fn set(&self) -> impl Iterator<Item = (&Name, &HeaderValue)> {
        let origin = self.origin.set.iter().map(|(name, value)| (*name, value));
        self.told()
            .chain(self.client.iter().flat_map(Client::set))
            .chain(origin)
    }

    /// Those of them that tell of the person.
    pub fn told(&self) -> impl Iterator<Item = (&Name, &HeaderValue)> {
        let told = self.told.iter().flat_map(|told| told.set(self.now));
        let name = self.told.as_deref().and_then(Told::assertion);
        let assertion = name.zip(self.assertion.as_ref());
        told.chain(assertion.map(|((name, _), value)| (name, value)))
    }

    /// Headers of which something was left out: see [`Told::left_out`].
    #[must_use]
    pub fn left_out(&self) -> &[Name] {
        self.told.as_deref().map_or(&[], Told::left_out)
    }
}

impl std::fmt::Debug for HeaderEdits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderEdits")
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn addresses_are_written_as_the_formatter_writes_them() {
        let octets = (0..=255).map(|octet| Ipv4Addr::new(octet, 255 - octet, 0, octet).into());
        let others = ["::1", "2001:db8::7", "::ffff:10.0.0.1"].map(|text| text.parse().unwrap());
        for address in octets.chain(others) {
            let mut text = String::new();
            push(&mut text, address).unwrap();
            assert_eq!(text, address.to_string());
        }
    }
}
