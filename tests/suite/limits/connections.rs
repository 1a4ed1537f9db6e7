//! How many clients may be connected at a time, and what becomes of the others.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;
use crate::support::wire::{Kept, read_response, try_request};
use crate::support::{Harness, Setup};

const FULL: &str = "as many clients are connected as may be";
const BOUND: &str = "so many clients may be connected at a time";
const REFUSED: &str = "a connection cannot be accepted";

/// The value of a metric of one sample.
pub(super) fn metric(chain: &Harness, name: &str) -> u64 {
    let text = chain.ask_admin("/metrics").text();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no {name}: {text}"));
    value.parse().expect("a number")
}

/// Waits until so many clients are connected.
pub(super) fn until_connected(chain: &Harness, clients: u64) {
    let began = Instant::now();
    while metric(chain, "vestibule_connections") != clients {
        assert!(began.elapsed() < PATIENCE, "never {clients} clients");
        thread::sleep(Duration::from_millis(50));
    }
}

fn with_files(files: &str, server: &str) -> Harness {
    Setup {
        files: Some(files.to_owned()),
        server: server.to_owned(),
        tables: "[[route]]\npath = \"/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start()
}

fn lines_with(chain: &Harness, text: &str) -> usize {
    chain.vestibule.output().matches(text).count()
}

/// 64 files are for other things than clients; each of those has one, and one for the app.
#[test]
fn a_flood_of_connections_waits_and_whoever_is_connected_is_served() {
    let mut chain = with_files("128:128", "timeouts = { idle = \"10m\" }\n");
    assert_eq!(metric(&chain, "vestibule_connections_max"), 32);
    assert_eq!(metric(&chain, "vestibule_connections"), 0);
    let mut clients: Vec<Kept> = (0..40).map(|_| Kept::open(chain.address)).collect();
    chain.await_log(&[BOUND, "\"clients\":32", "\"by\":\"open files\""]);
    chain.await_log(&[FULL]);
    until_connected(&chain, 32);
    assert!(metric(&chain, "vestibule_connections_waited_total") > 0);
    let ask = format!("GET /page HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    for client in &mut clients {
        client.send(&ask);
    }
    for (number, client) in clients[..32].iter_mut().enumerate() {
        assert_eq!(client.answer().status, 200, "client {number}");
    }
    // Health is asked for elsewhere, and is good.
    assert_eq!(chain.ask_admin("/readyz").status, 200);
    assert_eq!(metric(&chain, "vestibule_connections"), 32);

    // Whoever waits has its turn when others leave, with what it has said already.
    let waiting = clients.split_off(32);
    drop(clients);
    for mut client in waiting {
        assert_eq!(client.answer().status, 200);
    }
    until_connected(&chain, 0);
    assert_eq!(lines_with(&chain, FULL), 1, "once a minute at most");
}

#[test]
fn as_many_are_connected_as_the_configuration_says() {
    let mut chain = with_files("256:512", "max_connections = 3\n");
    assert_eq!(metric(&chain, "vestibule_connections_max"), 3);
    chain.await_log(&[BOUND, "\"clients\":3,", "server.max_connections"]);
    let ask = format!("GET /page HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    let clients: Vec<Kept> = (0..3).map(|_| Kept::open(chain.address)).collect();
    until_connected(&chain, 3);
    let mut fourth = Kept::open(chain.address);
    fourth.send(&ask);
    chain.await_log(&[FULL]);
    assert_eq!(metric(&chain, "vestibule_connections"), 3);
    drop(clients);
    assert_eq!(fourth.answer().status, 200);
    // A stop does not wait for places.
    let _held: Vec<Kept> = (0..5).map(|_| Kept::open(chain.address)).collect();
    until_connected(&chain, 3);
    chain.vestibule.signal("TERM");
    assert_eq!(chain.vestibule.wait().code(), Some(0));
}

/// A listener on which nobody comes keeps no place from the others.
#[test]
fn no_listener_starves_where_there_are_fewer_places_than_listeners() {
    let home = tempfile::tempdir().expect("a directory");
    let socket = home.path().join("socket");
    let chain = Setup {
        server: "max_connections = 1\ntimeouts = { idle = \"10m\" }\n".to_owned(),
        listen: vec![format!("unix:{}", socket.display())],
        tables: "[[route]]\npath = \"/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let ask = format!("GET /page HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    for _ in 0..3 {
        let mut address = Kept::open(chain.address);
        address.send(&ask);
        let mut path = UnixStream::connect(&socket).expect("the kernel's queue");
        path.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        path.write_all(ask.as_bytes()).expect("sent");
        assert_eq!(address.answer().status, 200);
        let answer = read_response(&mut BufReader::new(&path), false).expect("an answer");
        assert_eq!(answer.status, 200);
        // One for each listener, and no more.
        let mut third = Kept::open(chain.address);
        third.send(&ask);
        until_connected(&chain, 2);
        drop((address, path));
        assert_eq!(third.answer().status, 200);
    }
}

#[test]
fn the_soft_limit_is_raised_and_what_exceeds_the_hard_one_is_said() {
    let mut chain = with_files("100:4096", "max_connections = 100000\n");
    assert_eq!(metric(&chain, "vestibule_connections_max"), 4096 - 64);
    chain.await_log(&["server.max_connections is more than this process may open"]);
}

/// The admin listener has no places, so that whoever may ask there can take all files.
#[test]
fn without_files_it_waits_says_so_now_and_then_and_goes_on() {
    let mut chain = with_files("128:128", "");
    let flood: Vec<TcpStream> = (0..150)
        .map(|_| TcpStream::connect(chain.admin).expect("the kernel's queue"))
        .collect();
    chain.await_log(&[REFUSED]);
    let mut client = Kept::open(chain.address);
    client.send(&format!(
        "GET /page HTTP/1.1\r\nHost: {}\r\n\r\n",
        chain.host()
    ));
    // It is tried again each second, by each of the two listeners.
    thread::sleep(Duration::from_secs(4));
    let lines = lines_with(&chain, REFUSED);
    assert!(lines <= 2, "{lines} lines");
    drop(flood);
    assert_eq!(client.answer().status, 200);
    let health = try_request(chain.admin, b"GET /healthz HTTP/1.1\r\nHost: admin\r\n\r\n");
    assert_eq!(health.expect("an answer").status, 200);
}
