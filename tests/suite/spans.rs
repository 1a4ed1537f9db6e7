//! What a collector is told of requests: read by OpenTelemetry's own messages for Python.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::{free_port, root};
use crate::support::process::Process;
use crate::support::wire::raw_request;
use crate::support::{Harness, Setup, records};

struct Collector {
    process: Process,
    port: u16,
}

impl Collector {
    fn start(dir: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(root().join("target/tools/venv/bin/python"));
        command
            .arg(root().join("tests/support/collector.py"))
            .args(options);
        let mut process = Process::start(&mut command, dir, &records::unique("collector"));
        let ready: Value = serde_json::from_str(&process.first_line()).expect("JSON");
        let port = ready["port"].as_u64().expect("a port");
        Self {
            process,
            port: u16::try_from(port).expect("a port"),
        }
    }

    /// What it was told so far.
    fn messages(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.process.stdout).expect("its output");
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .skip(1)
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    fn spans(&self) -> Vec<Value> {
        let messages = self.messages();
        let spans = messages.iter().map(|one| one["spans"].as_array());
        spans.flatten().flatten().cloned().collect()
    }

    /// All spans of a request, once they are there: its own first.
    fn request(&mut self, path: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let output = self.process.stdout.clone();
        let wanted = format!("\"url.path\": \"{path}\"");
        self.process.wait_until(&format!("spans of {path}"), || {
            fs::read_to_string(&output).is_ok_and(|text| {
                let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
                whole.contains(&wanted)
            })
        });
        let all = self.spans();
        let own = all
            .iter()
            .find(|span| span["attributes"]["url.path"] == path)
            .expect("its own");
        found.push(own.clone());
        found.extend(
            all.iter()
                .filter(|span| span["parent"] == own["id"])
                .cloned(),
        );
        found
    }
}

fn traced(port: u16, more: &str, tables: &str) -> Setup {
    Setup {
        tables: format!(
            "{tables}\n[telemetry.otlp]\nendpoint = \"http://127.0.0.1:{port}\"\n{more}\n"
        ),
        ..Setup::default()
    }
}

fn get(chain: &Harness, path: &str, headers: &str) {
    let answer = chain.raw(&format!(
        "GET {path} HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n"
    ));
    assert_eq!(answer.status, 200, "{path}");
}

/// The value of a sample of `/metrics`.
fn spans_total(chain: &Harness, result: &str) -> u64 {
    let answer = raw_request(chain.admin, "GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    let sample = format!("vestibule_spans_total{{result=\"{result}\"}} ");
    let text = answer.text();
    let line = text.lines().find_map(|line| line.strip_prefix(&sample));
    line.expect("the sample").parse().expect("a number")
}

const PUBLIC: &str = "[[route]]\naccess = \"public\"\n";
const PARENT: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

#[test]
fn a_request_comes_with_its_phases_and_without_anything_secret() {
    let home = tempfile::tempdir().expect("a directory");
    let mut collector = Collector::start(home.path(), &[]);
    let key = home.path().join("key");
    fs::write(&key, "Bearer of-the-collector\n").expect("the key");
    let more = format!(
        "headers = {{ Authorization = {{ file = \"{}\" }} }}\nattributes = {{ \"k8s.pod.name\" = \"wiki-0\" }}",
        key.display()
    );
    records::secret("token", "of-the-collector");
    let mut chain = traced(collector.port, &more, "").start();
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(browser.get("/page?secret=in-the-query").status, 200);

    let page = collector.request("/page");
    let app = chain.echo.last();
    let told = app.header("traceparent").expect("a traceparent").to_owned();
    let line = chain.await_log(&["\"request\"", "\"/page\""]);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let own = &page[0];
    assert_eq!(own["trace"], line["trace_id"]);
    assert_eq!(own["kind"], "SPAN_KIND_SERVER");
    assert_eq!((&own["parent"], &own["error"]), (&"".into(), &false.into()));
    let said = &own["attributes"];
    assert_eq!(said["http.request.method"], "GET");
    assert_eq!(said["http.response.status_code"], 200);
    assert_eq!(said["vestibule.outcome"], "forwarded");
    assert_eq!(said["user.hash"], line["user"]);
    let names: Vec<&str> = page[1..]
        .iter()
        .filter_map(|span| span["name"].as_str())
        .collect();
    assert_eq!(names, ["decide", "upstream"]);
    let upstream = &page[2];
    assert_eq!(upstream["attributes"]["vestibule.upstream"], "default");
    let id = upstream["id"].as_str().expect("an id");
    let trace = own["trace"].as_str().expect("an id");
    assert_eq!(
        told,
        format!("00-{trace}-{id}-01"),
        "the app's span is its child"
    );
    for span in &page {
        assert_eq!(span["trace"], own["trace"]);
        let times = ["start", "end"].map(|end| span[end].as_u64().expect("a time"));
        let whole = ["start", "end"].map(|end| own[end].as_u64().expect("a time"));
        assert!(
            whole[0] <= times[0] && times[0] <= times[1] && times[1] <= whole[1],
            "{span}"
        );
    }

    let callback = collector.request("/_vestibule/callback");
    let provider = callback.iter().find(|span| span["name"] == "provider");
    let provider = provider.expect("the wait for the provider");
    assert_eq!(provider["kind"], "SPAN_KIND_CLIENT");
    let messages = collector.messages();
    assert_eq!(
        messages[0]["headers"]["authorization"],
        "Bearer of-the-collector"
    );
    assert_eq!(messages[0]["resource"]["service.name"], "vestibule");
    assert_eq!(messages[0]["resource"]["k8s.pod.name"], "wiki-0");
    let text = fs::read_to_string(&collector.process.stdout).expect("its output");
    for secret in ["in-the-query", "kirsten", "eyJ", "state=", "code="] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn a_clients_sampled_flag_decides_only_where_the_configuration_says_so() {
    let home = tempfile::tempdir().expect("a directory");
    let mut collector = Collector::start(home.path(), &[]);
    let share = "[telemetry]\nsample = \"0%\"\n";
    let tables = format!("{PUBLIC}{share}");
    let unmoved = traced(collector.port, "", &tables).start();
    get(&unmoved, "/forced", PARENT);
    let told = unmoved.echo.last();
    let told = told.header("traceparent").expect("a traceparent");
    let same = PARENT
        .trim_end()
        .strip_prefix("traceparent: ")
        .expect("a value");
    assert_eq!(
        told,
        same.replace("-01", "-00"),
        "not by this client's word"
    );

    let trusting = traced(collector.port, "parent_based = true", &tables).start();
    get(&trusting, "/own", "");
    get(&trusting, "/not", &PARENT.replace("-01\r", "-00\r"));
    get(&trusting, "/trusted", PARENT);
    let spans = collector.request("/trusted");
    assert_eq!(spans[0]["parent"], "b7ad6b7169203331");
    assert_eq!(spans[0]["flags"], 0x301, "sampled, with a remote parent");
    // Requests of one connection after the other: those before it are there too, or never come.
    let paths: Vec<Value> = collector
        .spans()
        .iter()
        .map(|span| span["attributes"]["url.path"].clone())
        .collect();
    assert!(
        !paths
            .iter()
            .any(|path| path == "/own" || path == "/not" || path == "/forced"),
        "{paths:?}"
    );
}

#[test]
fn a_collector_that_is_out_is_no_requests_concern_and_what_it_missed_is_counted() {
    let port = free_port();
    let mut chain = traced(port, "", PUBLIC).start();
    get(&chain, "/before", "");
    chain.await_log(&["the collector does not take spans", "no connection"]);
    get(&chain, "/meanwhile", "");
    let refused = spans_total(&chain, "refused");
    assert!(refused >= 3, "{refused}");

    let home = tempfile::tempdir().expect("a directory");
    let mut collector = Collector::start(home.path(), &["--port", &port.to_string()]);
    get(&chain, "/after", "");
    assert_eq!(collector.request("/after").len(), 3);
    chain.await_log(&["the collector takes spans again"]);
    assert!(spans_total(&chain, "sent") >= 3);
}

#[test]
fn a_collector_that_never_answers_slows_nothing_and_a_stop_waits_for_it_a_moment_only() {
    let home = tempfile::tempdir().expect("a directory");
    let collector = Collector::start(home.path(), &["--hang"]);
    let mut chain = traced(collector.port, "", PUBLIC).start();
    for place in 0..50 {
        get(&chain, &format!("/{place}"), "");
    }
    chain.vestibule.signal("TERM");
    assert!(chain.vestibule.wait().success());
    let output = chain.vestibule.output();
    assert!(
        output.contains("stopped with spans that the collector does not have"),
        "{output}"
    );
    assert_eq!(chain.echo.count(), 50);
}

#[test]
fn the_last_requests_before_a_stop_are_told_of() {
    let home = tempfile::tempdir().expect("a directory");
    let mut collector = Collector::start(home.path(), &[]);
    let mut chain = traced(collector.port, "", PUBLIC).start();
    get(&chain, "/last", "");
    chain.vestibule.signal("TERM");
    assert!(chain.vestibule.wait().success());
    assert_eq!(collector.request("/last").len(), 3);
}

#[test]
fn a_collector_that_refuses_for_good_is_not_asked_again_for_the_same() {
    let home = tempfile::tempdir().expect("a directory");
    let collector = Collector::start(home.path(), &["--status", "401"]);
    let mut chain = traced(collector.port, "", PUBLIC).start();
    get(&chain, "/refused", "");
    chain.await_log(&["the collector does not take spans", "HTTP 401"]);
    assert_eq!(spans_total(&chain, "sent"), 0);
    let dead = raw_request(chain.admin, "GET /healthz HTTP/1.1\r\nHost: admin\r\n\r\n");
    assert_eq!(dead.status, 200);
}
