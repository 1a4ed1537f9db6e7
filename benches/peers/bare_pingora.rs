//! The library that carries our requests, with nothing of ours: what is left of
//! a request's cost when nobody asks who sends it (docs/performance.md).
//!
//! `bare_pingora LISTEN APP`, both `address:port`. One thread, no work stealing,
//! the release profile and the allocator of Vestibule.

use async_trait::async_trait;
use pingora::prelude::HttpPeer;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Everything goes to one app.
struct Bare(String);

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        _ctx: &mut (),
    ) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(&self.0, false, String::new())))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [listen, app] = arguments.as_slice() else {
        return Err("usage: bare_pingora LISTEN APP".into());
    };
    let configuration = ServerConf {
        threads: 1,
        work_stealing: false,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, configuration);
    let mut proxy = http_proxy_service(&server.configuration, Bare(app.clone()));
    proxy.add_tcp(listen);
    server.add_service(proxy);
    server.run_forever()
}
