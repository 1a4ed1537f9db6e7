//! Whatever a request's path, a header's spelling or a person's claims are: what reaches the app is
//! what was judged, and nothing else. The core's own tests go through far more of these; here they go
//! through the running proxy. Each run draws the same ones.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use vestibule::gate::request::RequestPath;

use crate::support::dev_idp::KIRSTEN;
use crate::support::{Harness, Setup};

/// Draws, the same ones in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }

    fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    fn joined(&mut self, pieces: &[&str], count: usize) -> String {
        (0..count).map(|_| *self.pick(pieces)).collect()
    }
}

const ROUTES: &str = "\
[[route]]
path = \"/*\"
access = \"public\"
allow_in_path = [\";\", \"//\", \"%2F\", \"%5C\"]
[[route]]
path = \"/files/*\"
access = \"public\"
allow_in_path = [\"//\", \"%2F\"]
[[route]]
path = \"/admin/*\"
access = \"nobody\"
";

/// What an app makes of a path that decodes once more than it should, and takes `\` for `/` and `;` for an end.
fn first_names(path: &str) -> Vec<String> {
    let mut seen = path.as_bytes().to_vec();
    let mut names = Vec::new();
    for _ in 0..3 {
        let first = seen
            .split(|b| matches!(b, b'/' | b'\\'))
            .map(|name| name.split(|b| *b == b';').next().unwrap())
            .find(|name| !name.is_empty());
        names.extend(first.map(|name| String::from_utf8_lossy(name).to_ascii_lowercase()));
        seen = percent_decoded(&seen);
    }
    names
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |b: Option<&u8>| char::from(*b?).to_digit(16);
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (text[at], digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap());
                at += 3;
            }
            (other, ..) => {
                out.push(other);
                at += 1;
            }
        }
    }
    out
}

#[test]
fn the_path_that_was_judged_is_the_path_that_the_app_gets() {
    const PIECES: &[&str] = &[
        "/", "/", "a", "files", "admin", "adm%69n", ".", "..", "%2e", "%252e", "%2f", "%252F",
        "%5c", "%255C", "\\", ";", ";v=1", "%3b", "%61", "%c3%a9", "{x}", "%25", "%", "?", "#",
        "%C0%AF", "%00", "~", "%7e", "|",
    ];
    let chain = Setup {
        tables: ROUTES.to_owned(),
        ..Setup::default()
    }
    .start();
    let mut dice = Dice(5);
    let (mut passed, mut refused) = (0, 0);
    for _ in 0..600 {
        let count = 1 + dice.below(6);
        let target = format!("/{}", dice.joined(PIECES, count));
        let before = chain.echo.count();
        let answer = chain.raw(&format!("GET {target} HTTP/1.1\r\nHost: HOST\r\n\r\n"));
        let reached = chain.echo.count() - before;
        assert_eq!(
            reached,
            usize::from(answer.status == 200),
            "{target}: {}",
            answer.status
        );
        if answer.status != 200 {
            assert!(
                [400, 403].contains(&answer.status),
                "{target}: {}",
                answer.status
            );
            refused += 1;
            continue;
        }
        passed += 1;
        let seen = chain.echo.last();
        let (path, query) = halves(seen.target());
        let (asked, asked_query) = halves(&target);
        let judged = RequestPath::parse(asked).expect("a path that was let through");
        assert_eq!(path, judged.canonical(), "{target}");
        assert_eq!(query, asked_query, "{target}");
        let names = first_names(path);
        assert!(
            !names.iter().any(|name| name == "admin"),
            "{target}: {path}"
        );
    }
    assert!(passed > 100 && refused > 100, "{passed} {refused}");
}

fn halves(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

#[test]
fn no_spelling_of_a_managed_header_reaches_the_app() {
    const NAMES: &[&str] = &[
        "X-Forwarded-User",
        "X-Forwarded-Email",
        "X-Forwarded-Groups",
        "X-Forwarded-Name",
        "X-Access-Right",
        "X-Auth-Request-User",
        "GAP-Auth",
        "x-amzn-oidc-identity",
        "x-amzn-oidc-data",
        "Remote-User",
        "Remote-Groups",
        "X-authentik-username",
        "X-authentik-entitlements",
        "X-WEBAUTH-USER",
        "OIDC_CLAIM_sub",
        "OIDC_CLAIM_whatever",
        "x-goog-authenticated-user-email",
        "Cf-Access-Authenticated-User-Email",
        "X-MS-CLIENT-PRINCIPAL",
        "X-Pomerium-Claim-Email",
        "X-Vouch-User",
        "X-Vestibule-Assertion",
        "X-Company-User",
        "X-Original-URL",
        "X-HTTP-Method-Override",
        "SCRIPT_NAME",
        "PATH_INFO",
        "X-Script-Name",
        "X-Sendfile-Type",
    ];
    // All that a name may hold beside letters and digits (RFC 9110 5.6.2).
    let separators: Vec<char> = "!#$%&'*+-.^_`|~".chars().collect();
    let chain = Setup {
        tables: "[headers]\nset = { X-Company-User = \"{user}\" }\n\
                 [[route]]\npath = \"/public/*\"\naccess = \"public\"\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let mut dice = Dice(6);
    for round in 0..120 {
        let mut headers = String::new();
        for _ in 0..20 {
            let spelling: String = dice
                .pick(NAMES)
                .chars()
                .map(|c| match c {
                    '-' | '_' => *dice.pick(&separators),
                    c if dice.below(2) == 0 => c.to_ascii_uppercase(),
                    c => c.to_ascii_lowercase(),
                })
                .collect();
            headers += &format!("{spelling}: evil\r\n");
            if dice.below(8) == 0 {
                headers += &format!("Connection: {spelling}\r\n");
            }
        }
        let path = if round % 2 == 0 { "/x" } else { "/public/x" };
        let answer = chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n{headers}\r\n"
        ));
        assert_eq!(answer.status, 200, "{headers}");
        let seen = chain.echo.last();
        assert!(!seen.head.contains("evil"), "{headers}\n{}", seen.head);
        for name in ["X-Forwarded-User", "X-Forwarded-Email", "X-Company-User"] {
            let ours: &[&str] = if path == "/x" { &[KIRSTEN] } else { &[] };
            assert_eq!(seen.alike(name), ours, "{headers}\n{}", seen.head);
        }
    }
}

#[test]
fn whatever_people_are_called_each_header_is_one_line_and_no_list_has_forged_items() {
    const PIECES: &[&str] = &[
        "a",
        "B",
        "0",
        " ",
        ",",
        ";",
        "|",
        "%",
        "\"",
        "\\",
        "\r\n",
        "\n",
        "\t",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "é",
        "日",
        "\u{2028}",
        "\u{feff}",
        "😀",
        "=?",
        "X-Evil: yes",
        "admins",
        "[",
        "]",
    ];
    const ENCODINGS: &[&str] = &["percent", "raw", "base64", "rfc2047", "latin1"];
    const COUNT: usize = 30;
    let mut dice = Dice(7);
    let mut text = || -> String {
        let count = dice.below(9);
        dice.joined(PIECES, count)
    };
    let mut claims = Map::new();
    let (mut attributes, mut set) = (String::new(), String::new());
    let mut honest: Vec<usize> = Vec::new();
    for index in 0..COUNT {
        let items: Vec<String> = (0..4).map(|_| text()).collect();
        let clean = |item: &&String| {
            let item = item.trim();
            !item.is_empty() && !item.contains(|c: char| c == '|' || c.is_control())
        };
        let distinct: BTreeSet<_> = items.iter().filter(clean).map(|item| item.trim()).collect();
        honest.push(distinct.len());
        claims.insert(format!("one{index}"), json!(text()));
        claims.insert(format!("many{index}"), json!(items));
        attributes += &format!(
            "one{index} = \"one{index}\"\nmany{index} = {{ claim = \"many{index}\", type = \"list\" }}\n"
        );
        let encoding = ENCODINGS[index % ENCODINGS.len()];
        set += &format!(
            "X-One-{index} = {{ value = \"<{{attribute.one{index}}}>\", encoding = \"{encoding}\" }}\n\
             X-Many-{index} = {{ value = \"{{attribute.many{index}}}\", join = \"|\", encoding = \"percent\" }}\n"
        );
    }
    let chain = Setup {
        identity: format!("[identity.attributes]\n{attributes}"),
        tables: format!("[headers.set]\n{set}"),
        ..Setup::default()
    }
    .start();
    trigger(&chain, &claims);
    chain.signed_in(KIRSTEN);
    let seen = chain.echo.last();
    // Each line of the head is a header of its own, and none of them is of a claim's making.
    for line in seen.head.split("\r\n").skip(1) {
        let (name, value) = line.split_once(": ").expect("a header");
        assert_ne!(name, "X-Evil", "{}", seen.head);
        assert!(value.chars().all(|c| c >= ' ' && c != '\u{7f}'), "{line:?}");
    }
    let mut told = 0;
    for (index, honest) in honest.iter().enumerate() {
        let many = seen.header(&format!("X-Many-{index}"));
        let items = many.map_or(0, |many| many.split('|').count());
        assert_eq!(
            items,
            *honest,
            "{index}: {many:?} of {}",
            claims[&format!("many{index}")]
        );
        told += usize::from(seen.header(&format!("X-One-{index}")).is_some());
    }
    assert!(told > COUNT / 3, "{told}");
}

/// Puts claims into the ID tokens of the app client.
fn trigger(chain: &Harness, claims: &Map<String, Value>) {
    let path = format!("/clients/{}", chain.idp().client_id);
    let trigger = json!({ "pre_token": { "version": "V2", "id_token": { "add": claims } } });
    chain.idp().call("PATCH", &path, &trigger);
}
