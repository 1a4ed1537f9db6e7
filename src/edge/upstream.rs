//! Where the app is: resolving its name and the limits of a connection to it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use pingora::upstreams::peer::HttpPeer;
use tokio::time::{Instant, timeout};

use crate::config::Upstream;

/// How long a resolved name is believed.
const NAME_TTL: Duration = Duration::from_secs(10);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence of the app while a response is due.
const READ_TIMEOUT: Duration = Duration::from_secs(300);
const WRITE_TIMEOUT: Duration = Duration::from_secs(300);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The app's address.
#[derive(Debug)]
pub(super) struct Resolver {
    host: String,
    port: u16,
    literal: Option<SocketAddr>,
    resolved: ArcSwapOption<(Vec<SocketAddr>, Instant)>,
}

impl Resolver {
    pub(super) fn new(upstream: &Upstream) -> Self {
        Self {
            host: upstream.host.clone(),
            port: upstream.port,
            literal: upstream
                .host
                .parse::<IpAddr>()
                .ok()
                .map(|address| SocketAddr::new(address, upstream.port)),
            resolved: ArcSwapOption::empty(),
        }
    }

    /// A peer for the given attempt: another address each time, while there are any.
    pub(super) async fn peer(&self, attempt: usize) -> Option<Box<HttpPeer>> {
        let address = match self.literal {
            Some(address) => address,
            None => {
                let addresses = self.addresses().await?;
                *addresses.get(attempt % addresses.len().max(1))?
            }
        };
        let mut peer = HttpPeer::new(address, false, String::new());
        peer.options.connection_timeout = Some(CONNECT_TIMEOUT);
        peer.options.total_connection_timeout = Some(CONNECT_TIMEOUT);
        peer.options.read_timeout = Some(READ_TIMEOUT);
        peer.options.write_timeout = Some(WRITE_TIMEOUT);
        peer.options.idle_timeout = Some(IDLE_TIMEOUT);
        Some(Box::new(peer))
    }

    /// How many addresses there are to try.
    pub(super) fn count(&self) -> usize {
        self.resolved
            .load()
            .as_ref()
            .map_or(1, |resolved| resolved.0.len())
    }

    async fn addresses(&self) -> Option<Vec<SocketAddr>> {
        if let Some(resolved) = self.resolved.load_full()
            && resolved.1.elapsed() < NAME_TTL
        {
            return Some(resolved.0.clone());
        }
        let lookup = tokio::net::lookup_host((self.host.as_str(), self.port));
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
