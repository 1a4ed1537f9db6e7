//! HTTP/2 by its frames: what a client may send that HTTP/1.1 has no words for, or too many, before apps of HTTP/1.1 (strict
//! and lax) and of HTTP/2. Each request is refused, or goes on in the one form that every reader reads the same; and whoever
//! floods a connection loses that connection alone.

mod cases;

use serde_json::{Value, json};

use self::cases::{BODIES, FIELDS, Fate, GET, HIDDEN, POST, PSEUDO, TRAILERS};
use crate::support::frames::{self, Came, Client};
use crate::support::readers::{App, Lax, Reader, Request};
use crate::support::{Harness, Setup};

/// Error codes of RFC 9113 7.
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// An app, and how it is asked what it saw.
enum Behind {
    Http1(App),
    Http2(frames::App),
}

impl Behind {
    fn http1(reader: Reader) -> Self {
        Self::Http1(App::start(reader))
    }

    fn http2() -> Self {
        Self::Http2(frames::App::start(&json!([])))
    }

    fn start(&self) -> Harness {
        let upstream = match self {
            Self::Http1(app) => format!("http://{}", app.address),
            Self::Http2(app) => app.url.clone(),
        };
        Setup {
            upstream: Some(upstream),
            tables: "[[route]]\npath = \"/hidden\"\naccess = \"nobody\"\n\n\
                     [[route]]\npath = \"/*\"\naccess = \"public\"\n"
                .to_owned(),
            ..Setup::default()
        }
        .start()
    }

    /// What it saw, once somebody else has got an answer of their own.
    fn take(&self, chain: &Harness, number: usize) -> Result<Vec<Request>, String> {
        let mut seen = match self {
            Self::Http1(app) => app.take()?,
            Self::Http2(..) => Vec::new(),
        };
        let target = format!("/after/{number}");
        let answer = chain.raw(&format!("GET {target} HTTP/1.1\r\nHost: HOST\r\n\r\n"));
        let said = match self {
            Self::Http1(_) => answer.text(),
            Self::Http2(..) => {
                let said = answer.json();
                seen.extend(frames::seen(&said).into_iter().map(|(request, _)| request));
                said["asked"].as_str().unwrap_or_default().to_owned()
            }
        };
        if (answer.status, &said) != (200, &target) {
            return Err(format!("somebody else got {answer:?}"));
        }
        if let Self::Http1(app) = self {
            seen.extend(app.take()?.into_iter().filter(|one| one.target != target));
        }
        Ok(seen)
    }
}

#[test]
fn no_frame_becomes_another_request_to_an_app_of_http1() {
    let lax = Reader::Lax(Lax {
        te_wins: true,
        last_length: true,
        cr_ends_lines: true,
    });
    std::thread::scope(|scope| {
        for reader in [Reader::Strict, lax] {
            scope.spawn(move || each_case(&Behind::http1(reader)));
        }
    });
}

#[test]
fn no_frame_becomes_another_request_to_an_app_of_http2() {
    each_case(&Behind::http2());
}

/// Beside the cases: whoever floods a connection loses it, and nobody else notices.
#[test]
fn floods_of_frames_end_their_own_connection() {
    let behind = Behind::http1(Reader::Strict);
    let chain = behind.start();
    let mut client = Client::of(chain.address);
    let mut play = |steps: Value| client.play(&at(&chain, &steps));
    let open = json!(["open", 1, GET]);
    let get = json!(["headers", 1, GET, true]);
    let post = json!(["headers", 1, POST, false]);

    // CVE-2023-44487.
    let came = play(json!([["times", 2000, [get, ["reset", 1, 8]]]]));
    // The reset of a connection with unread frames may overtake what was said.
    let said = came.goaway == Some(ENHANCE_YOUR_CALM);
    assert!(said || came.closed && came.goaway.is_none(), "{came:?}");
    // CVE-2024-27316 and its like.
    for bytes in [15_000, 0] {
        let came = play(json!([open, ["times", 20_000, [["continue", 1, bytes]]]]));
        assert!(came.closed && came.streams.is_empty(), "{came:?}");
    }
    // CVE-2019-9518.
    let came = play(json!([
        post,
        ["times", 20_000, [["data", 1, "", false]]],
        ["data", 1, "x", true]
    ]));
    assert!(is_refused(&came) || is_answered(&came), "{came:?}");
    // CVE-2019-9515 and CVE-2019-9512: answered one by one, none of them kept.
    for flood in ["settings", "ping"] {
        let came = play(json!([["times", 20_000, [[flood]]], get]));
        assert!(is_refused(&came) || is_answered(&came), "{flood}: {came:?}");
    }
    // More at once than there may be: no one of them is lost, and none is begun.
    behind.take(&chain, 0).expect("one reading");
    let came = play(json!([["times", 500, [get]]]));
    let answered = came.streams.values().filter(|one| one.status == Some(200));
    let answered = answered.count();
    let refused = came
        .streams
        .values()
        .filter(|one| one.reset == Some(REFUSED_STREAM));
    assert_eq!((answered + refused.count(), answered >= 100), (500, true));
    let seen = behind.take(&chain, 1).expect("one reading");
    assert_eq!(seen.len(), answered);
}

fn each_case(behind: &Behind) {
    let chain = behind.start();
    let mut client = Client::of(chain.address);
    let mut wrong = Vec::new();
    for (number, (name, steps, fate)) in all_cases().into_iter().enumerate() {
        let came = client.play(&at(&chain, &marked(steps, number)));
        // What was cut off reaches the app when it does, beside later cases too.
        let is_of_this_one = |request: &Request| {
            let mark = request.headers.iter().find(|(name, _)| name == MARK);
            mark.is_none_or(|(_, case)| *case == number.to_string())
        };
        let seen = behind.take(&chain, number).map(|mut seen| {
            seen.retain(is_of_this_one);
            seen
        });
        match seen {
            Ok(seen) if is_right(&chain, fate, &came, &seen) => {}
            seen => wrong.push(format!("{name}: {came:?}\nthe app saw {seen:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn all_cases() -> Vec<(String, Value, Fate)> {
    let mut all = Vec::new();
    for (name, fields, fate) in FIELDS {
        let fields = [GET, *fields].concat();
        all.push((*name, json!([["headers", 1, fields, true]]), *fate));
    }
    for (name, fields, fate) in PSEUDO {
        all.push((*name, json!([["headers", 1, fields, true]]), *fate));
    }
    for (name, fields, body, fate) in BODIES {
        let fields = [POST, *fields].concat();
        // At once: an app that has all of what the length says may answer before the rest of the body comes.
        let steps = json!([["headers", 1, fields, false], ["data", 1, body, true]]);
        let steps = json!([["together", steps]]);
        all.push((*name, steps, *fate));
    }
    let post = json!(["headers", 1, POST, false]);
    let hello = json!(["data", 1, "hello", false]);
    for (name, fields, fate) in TRAILERS {
        all.push((*name, json!([post, hello, ["trailers", 1, fields]]), *fate));
    }
    let [empty, nothing] = [false, true].map(|end| json!(["data", 1, "", end]));
    let many: Vec<_> = (0..300).map(|n| (format!("x-{n}"), "b")).collect();
    let big: Vec<_> = (0..200)
        .map(|n| (format!("x-{n}"), "b".repeat(10_000)))
        .collect();
    let with = |more: Value| {
        let mut fields = json!(GET);
        let list = fields.as_array_mut().expect("a list");
        list.extend(more.as_array().expect("a list").iter().cloned());
        json!([["headers", 1, fields, true]])
    };
    let not_ended = json!(["headers", 1, [["x-a", "b"]], false]);
    let more = json!(["data", 1, "HIDDEN", true]);
    let get = json!(["headers", 1, GET, true]);
    all.extend([
        (
            "trailers that do not end",
            json!([post, hello, not_ended, more]),
            Fate::Cut,
        ),
        (
            "a body that ends with an empty frame",
            json!([post, hello, nothing]),
            Fate::Forwarded("hello"),
        ),
        (
            "a body of an empty frame",
            json!([post, nothing]),
            Fate::Forwarded(""),
        ),
        (
            "empty frames on the way",
            json!([post, empty, hello, empty, nothing]),
            Fate::Forwarded("hello"),
        ),
        ("more behind the end", json!([get, more]), Fate::CutBehind),
        (
            "a stream of the server's",
            json!([["headers", 2, GET, true]]),
            Fate::Refused,
        ),
        (
            "a body without a request",
            json!([["data", 1, "HIDDEN", true]]),
            Fate::Refused,
        ),
        ("300 fields", with(json!(many)), Fate::Refused),
        (
            "a field of 70,000 bytes",
            with(json!([["x-a", "b".repeat(70_000)]])),
            Fate::Refused,
        ),
        ("fields of 2 MB", with(json!(big)), Fate::Refused),
    ]);
    all.into_iter()
        .map(|(name, steps, fate)| (name.to_owned(), steps, fate))
        .collect()
}

/// The field that says of which case a request is.
const MARK: &str = "x-case";

/// The steps with the number of their case in each head of a request.
fn marked(mut steps: Value, number: usize) -> Value {
    for step in steps.as_array_mut().into_iter().flatten() {
        if step[0] == "together" {
            step[1] = marked(step[1].take(), number);
        }
        if step[0] != "headers" {
            continue;
        }
        let fields = step[2].as_array_mut().expect("fields");
        if fields.iter().any(|field| field[0] == ":method") {
            fields.push(json!([MARK, number.to_string()]));
        }
    }
    steps
}

/// For this proxy.
fn at(chain: &Harness, steps: &Value) -> Value {
    match steps {
        Value::String(text) => text_at(chain, text).into(),
        Value::Array(list) => list.iter().map(|one| at(chain, one)).collect(),
        other => other.clone(),
    }
}

fn text_at(chain: &Harness, text: &str) -> String {
    text.replace("HIDDEN", HIDDEN).replace("HOST", chain.host())
}

fn is_right(chain: &Harness, fate: Fate, came: &Came, seen: &[Request]) -> bool {
    let told = |(_, value): &(String, String)| {
        ["root", "other.example"]
            .iter()
            .any(|word| value.contains(word))
    };
    if came.silent || seen.iter().flat_map(|one| &one.headers).any(told) {
        return false;
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (one.target.as_str(), one.body.as_str()))
        .collect();
    match fate {
        Fate::Refused => is_refused(came) && seen.is_empty(),
        Fate::Cut | Fate::CutBehind => {
            let may_be_answered = fate == Fate::CutBehind;
            let is_told = is_refused(came) || may_be_answered && is_answered(came);
            is_told && (seen.is_empty() || seen == [("/in", "")])
        }
        Fate::Forwarded(body) => {
            is_answered(came) && seen == [("/in", text_at(chain, body).as_str())]
        }
    }
}

fn is_answered(came: &Came) -> bool {
    came.streams.get(&1).and_then(|one| one.status) == Some(200)
}

fn is_refused(came: &Came) -> bool {
    let is_refusal = |one: &frames::Stream| {
        one.status
            .is_none_or(|status| (400..=505).contains(&status))
    };
    came.streams.values().all(is_refusal)
        && (came.closed || came.goaway.is_some() || !came.streams.is_empty())
}
