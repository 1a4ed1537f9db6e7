//! All that an app speaks passes as it is: websockets, streams of events, gRPC, bodies of any size, interim answers.

mod heads;
pub(super) mod large;
mod waiting;
mod websockets;

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::{traffic, traffic_server};
pub(super) use crate::support::wire::serve;
use crate::support::{Harness, Setup};

/// Nothing that has to come takes longer, whatever else the machine does.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
const PUBLIC_ROUTE: &str = "[[route]]\naccess = \"public\"\n";

#[test]
fn grpc_passes_unary_and_streaming_in_both_directions() {
    let home = tempfile::tempdir().expect("a directory");
    let (_app, port) = traffic_server("grpc-server", home.path());
    let chain = in_front_of(&format!("h2c://127.0.0.1:{port}"), "");
    let cookies = chain.signed_in_without_page(KIRSTEN);
    says_ok(&["grpc-client", chain.host(), &cookies]);
}

impl Harness {
    /// The cookies of somebody who has signed in, where the app has no pages.
    pub(super) fn signed_in_without_page(&self, username: &str) -> String {
        let mut browser = self.browser();
        let login = browser.arrive("/_vestibule/login?rd=/_vestibule/signed-out");
        let answer = browser.submit_login(&login, username, self.idp().password(username));
        let page = browser.finish(answer);
        let cookies = browser.app_cookies();
        let is_session = |cookie: &str| {
            let name = cookie.trim_start_matches("__Host-");
            name.starts_with("vestibule=") || name.starts_with("vestibule.")
        };
        assert!(cookies.split("; ").any(is_session), "{page:?}");
        cookies
    }
}

fn in_front_of(app: &str, tables: &str) -> Harness {
    Setup {
        upstream: Some(app.to_owned()),
        tables: tables.to_owned(),
        ..Setup::default()
    }
    .start()
}

fn says_ok(arguments: &[&str]) {
    let output = traffic(arguments).output().expect("python");
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "ok", "{error}");
}

pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the proxy");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("an option");
    stream
}

/// All up to these bytes; `None` if they do not come.
pub(super) fn read_to(stream: &mut TcpStream, end: &[u8]) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).ok()?;
        read.extend(byte);
    }
    Some(read)
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
