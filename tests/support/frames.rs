//! HTTP/2 frame by frame: a client that sends what no library would, and an app that shows what reached it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::peers::root;
use super::process::Process;
use super::readers::Request;
use super::records;

/// What came of a case (`frames.py` says what a case is).
#[derive(Debug, Deserialize)]
pub(crate) struct Came {
    pub(crate) streams: BTreeMap<u32, Stream>,
    /// The error code of a GOAWAY frame.
    pub(crate) goaway: Option<u32>,
    /// The last stream that each GOAWAY frame lets be.
    pub(crate) goaways: Vec<u32>,
    pub(crate) closed: bool,
    /// Nothing more came, and nothing ended.
    #[serde(default)]
    pub(crate) silent: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Stream {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Fields,
    pub(crate) body: String,
    pub(crate) trailers: Option<Fields>,
    /// The error code of an RST_STREAM frame.
    pub(crate) reset: Option<u32>,
}

pub(crate) type Fields = Vec<(String, String)>;

/// A client, of a connection for each case.
pub(crate) struct Client {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let mut child = frames(&["client", &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        Self {
            to: child.stdin.take().expect("its stdin"),
            from: BufReader::new(child.stdout.take().expect("its stdout")),
            child,
        }
    }

    pub(crate) fn play(&mut self, steps: &Value) -> Came {
        self.begin(steps);
        self.come()
    }

    pub(crate) fn begin(&mut self, steps: &Value) {
        writeln!(self.to, "{steps}").expect("a client");
    }

    /// Returns once a case that has begun is at its step `["tell"]`.
    pub(crate) fn until_it_tells(&mut self) {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("a client");
        assert_eq!(line, "\n", "the case ended before");
    }

    /// Has a case that has begun go on behind its step `["wait"]`.
    pub(crate) fn go_on(&mut self) {
        writeln!(self.to).expect("a client");
    }

    /// What came of a case that has begun.
    pub(crate) fn come(&mut self) -> Came {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("a client");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// The only stream of the case.
    pub(crate) fn ask(&mut self, steps: &Value) -> Stream {
        let mut came = self.play(steps);
        came.streams
            .remove(&1)
            .unwrap_or_else(|| panic!("no answer: {came:?}"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// An app over h2c. Its answers say what it has seen, those for `/in…` excepted.
pub(crate) struct App {
    _process: Process,
    _home: TempDir,
    pub(crate) url: String,
}

impl App {
    /// Answers for `/trailers…` have these behind them.
    pub(crate) fn start(trailers: &Value) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let mut command = frames(&["server", &trailers.to_string()]);
        let mut process = Process::start(&mut command, home.path(), &records::unique("frames"));
        let port = process.first_line();
        Self {
            _process: process,
            _home: home,
            url: format!("h2c://127.0.0.1:{port}"),
        }
    }
}

/// All requests that such an app says it has seen before this answer.
pub(crate) fn seen(answer: &Value) -> Vec<(Request, Option<Fields>)> {
    #[derive(Deserialize)]
    struct Said {
        headers: Fields,
        body: String,
        trailers: Option<Fields>,
    }
    let all: Vec<Said> = serde_json::from_value(answer["seen"].clone()).expect("requests");
    all.into_iter()
        .map(|said| {
            let path = said.headers.iter().find(|(name, _)| name == ":path");
            let request = Request {
                target: path.map(|(_, path)| path.clone()).unwrap_or_default(),
                body: said.body,
                headers: said.headers,
            };
            (request, said.trailers)
        })
        .collect()
}

fn frames(arguments: &[&str]) -> Command {
    let mut command = Command::new(root().join("target/tools/venv/bin/python"));
    command
        .arg(root().join("tests/support/frames.py"))
        .args(arguments);
    command
}
