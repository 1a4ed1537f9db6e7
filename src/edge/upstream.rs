//! Where the app is: resolving its name and the limits of a connection to it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::HttpPeer;
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};

use crate::config::{Address, HostHeader, Protocol, Timeouts, Upstream};
use crate::spread;

/// How long a resolved name is believed.
const NAME_TTL: Duration = Duration::from_secs(10);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// An app's address, and how it is spoken to.
pub(super) struct Resolver {
    name: String,
    /// Keeps connections of one app from serving another, or the same one under
    /// a configuration that trusts another authority: pingora keeps them over a
    /// reload, and does not look at the authority.
    pool: u64,
    address: Address,
    protocol: Protocol,
    /// Never empty with TLS: pingora would verify nothing then.
    server_name: String,
    ca: Option<Arc<CaType>>,
    client: Option<Arc<CertKey>>,
    timeouts: Timeouts,
    /// In place of the browser's.
    host: Option<HeaderValue>,
    literal: Option<SocketAddr>,
    resolved: ArcSwapOption<(Vec<SocketAddr>, Instant)>,
}

impl Resolver {
    pub(super) fn new(upstream: &Upstream) -> Self {
        let authorities = upstream.tls.ca.as_ref().map(|ca| -> Arc<CaType> {
            ca.iter()
                .map(|der| WrappedX509::new(der.clone(), parse_x509))
                .collect()
        });
        let client = upstream.tls.client.as_ref();
        Self {
            name: upstream.name.clone(),
            pool: pool(upstream),
            address: upstream.address.clone(),
            protocol: upstream.protocol,
            server_name: upstream.tls.server_name.clone(),
            ca: authorities,
            client: client.map(|(chain, key)| {
                let key = key.0.to_vec();
                Arc::new(CertKey::new(chain.clone(), key))
            }),
            timeouts: upstream.timeouts,
            host: match &upstream.host {
                HostHeader::Keep => None,
                HostHeader::Is(name) => HeaderValue::from_str(name).ok(),
            },
            literal: match &upstream.address {
                Address::Tcp { host, port } => host
                    .parse::<IpAddr>()
                    .ok()
                    .map(|address| SocketAddr::new(address, *port)),
                Address::Unix(_) => None,
            },
            resolved: ArcSwapOption::empty(),
        }
    }

    /// Its name in the configuration.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The `Host` that it gets, if not the browser's.
    pub(super) fn host(&self) -> Option<&HeaderValue> {
        self.host.as_ref()
    }

    /// A peer for the given attempt: another address each time, while there are any.
    pub(super) async fn peer(&self, attempt: usize) -> Option<Box<HttpPeer>> {
        let mut peer = match (&self.address, self.literal) {
            (Address::Unix(path), _) => HttpPeer::new_uds(path, false, String::new()).ok()?,
            (Address::Tcp { .. }, Some(address)) => self.tcp(address),
            (Address::Tcp { host, port }, None) => {
                let addresses = self.addresses(host, *port).await?;
                self.tcp(*addresses.get(attempt % addresses.len().max(1))?)
            }
        };
        // A connection is driven by the thread that opened it. Taken up by
        // another one, each answer would have to wake that one across cores.
        peer.group_key = self.pool.wrapping_add(spread::number() as u64);
        peer.client_cert_key.clone_from(&self.client);
        peer.options.ca.clone_from(&self.ca);
        peer.options.alpn = match self.protocol {
            Protocol::Http => ALPN::H1,
            Protocol::Https => ALPN::H2H1,
            Protocol::H2c => ALPN::H2,
        };
        peer.options.connection_timeout = Some(self.timeouts.connect);
        peer.options.total_connection_timeout = Some(self.timeouts.connect);
        peer.options.read_timeout = Some(self.timeouts.response);
        // An app that takes nothing is as silent as one that says nothing.
        peer.options.write_timeout = Some(self.timeouts.response);
        peer.options.idle_timeout = Some(self.timeouts.idle);
        Some(Box::new(peer))
    }

    fn tcp(&self, address: SocketAddr) -> HttpPeer {
        let tls = self.protocol == Protocol::Https;
        HttpPeer::new(address, tls, self.server_name.clone())
    }

    /// How many addresses there are to try.
    pub(super) fn count(&self) -> usize {
        self.resolved
            .load()
            .as_ref()
            .map_or(1, |resolved| resolved.0.len())
    }

    async fn addresses(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        if let Some(resolved) = self.resolved.load_full()
            && resolved.1.elapsed() < NAME_TTL
        {
            return Some(resolved.0.clone());
        }
        let lookup = tokio::net::lookup_host((host, port));
        let Ok(Ok(found)) = timeout(LOOKUP_TIMEOUT, lookup).await else {
            // Where the app was a moment ago is better than nowhere.
            return self.resolved.load_full().map(|resolved| resolved.0.clone());
        };
        let mut found: Vec<SocketAddr> = found.collect();
        // Old apps listen on 127.0.0.1, while `localhost` often means ::1 first.
        found.sort_by_key(SocketAddr::is_ipv6);
        found.dedup();
        self.resolved
            .store(Some(Arc::new((found.clone(), Instant::now()))));
        Some(found)
    }
}

/// A number for each configuration of an app; the same for the same one.
fn pool(upstream: &Upstream) -> u64 {
    // Debug shows all but the private key, whose certificate it shows.
    let digest = Sha256::digest(format!("{upstream:?}"));
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UpstreamTls;

    fn app(ca: Option<Vec<Vec<u8>>>) -> Upstream {
        let second = Duration::from_secs(1);
        Upstream {
            name: "default".to_owned(),
            address: Address::Unix("/run/app".to_owned()),
            protocol: Protocol::Https,
            host: HostHeader::Keep,
            tls: UpstreamTls {
                server_name: "app".to_owned(),
                ca,
                client: None,
            },
            headers: None,
            timeouts: Timeouts {
                connect: second,
                response: second,
                idle: second,
            },
        }
    }

    #[tokio::test]
    async fn a_timeout_below_a_second_is_what_it_says() {
        let short = Duration::from_millis(10);
        let mut upstream = app(None);
        upstream.timeouts = Timeouts {
            connect: short,
            response: short * 2,
            idle: short * 3,
        };
        let upstream = Resolver::new(&upstream);
        let options = upstream.peer(0).await.unwrap().options;
        assert_eq!(options.connection_timeout, Some(short));
        assert_eq!(options.total_connection_timeout, Some(short));
        assert_eq!(options.read_timeout, Some(short * 2));
        assert_eq!(options.idle_timeout, Some(short * 3));
    }

    #[test]
    fn connections_are_kept_for_the_same_app_and_the_same_authority() {
        let (one, other) = (app(Some(vec![vec![1]])), app(Some(vec![vec![2]])));
        assert_eq!(pool(&one), pool(&app(Some(vec![vec![1]]))));
        assert_ne!(pool(&one), pool(&other));
        assert_ne!(pool(&one), pool(&app(None)));
    }
}
