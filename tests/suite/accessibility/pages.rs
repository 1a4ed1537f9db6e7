//! Our pages, each as a running process answers it.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use url::Url;

use super::several;
use crate::suite::cookies::person_with_groups;
use crate::support::dev_idp::KIRSTEN;
use crate::support::exhausted::without_files;
use crate::support::html;
use crate::support::peers::free_port;
use crate::support::wire::Kept;
use crate::support::{Browser, Harness, Response, Setup};

/// All that our pages speak.
pub(super) const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "da"];
/// A path that somebody types into the address line.
const TYPED: &str = "/page";

/// A page as it was answered, by a name for its pictures.
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) language: &'static str,
    pub(super) page: Response,
}

/// Each page in each language.
pub(super) fn all() -> Vec<Shown> {
    let chains: [fn() -> Pages; 3] = [
        || signing_in(&LANGUAGES, ""),
        || refused(&LANGUAGES),
        || out_of_order(&LANGUAGES),
    ];
    let all = thread::scope(|scope| {
        let chains = chains.map(|pages| scope.spawn(pages));
        chains.map(|pages| pages.join().expect("the pages"))
    });
    named(all.concat())
}

/// The pages around a login with a look of somebody's own: all that `[pages]` can say.
pub(super) fn in_own_look() -> Vec<Shown> {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file of the look");
        path.display().to_string()
    };
    let logo = put("logo.svg", LOGO);
    fs::create_dir(folder.path().join("templates")).expect("a folder");
    let template = "<!doctype html>\n<html lang=\"{{ lang }}\">\n<head>{{ head }}</head>\n<body class=\"own\">\n\
        <header class=\"brand\"><img src=\"{{ logo }}\" alt=\"{{ organisation }}\"></header>\n{{ content }}\n\
        <footer>{{ contact }}</footer>\n</body>\n</html>\n";
    for page in ["whoami", "login-failed"] {
        put(&format!("templates/{page}.html"), template);
    }
    put("templates/style.css", ".own .brand { padding: 1rem 0 }");
    let look = format!(
        "[pages]\norganisation = \"Kontor for Søkort & Vejviser\"\nlogo = \"{logo}\"\naccent = \"#ffd400\"\n\
         contact = \"Questions? help@example.com\"\ntemplates = \"{}\"\n",
        folder.path().join("templates").display()
    );
    named(signing_in(&["en"], &look))
}

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 40\" width=\"40\" height=\"40\">\
    <circle cx=\"20\" cy=\"20\" r=\"18\" fill=\"#b00020\"/></svg>";

fn named(pages: Pages) -> Vec<Shown> {
    let shown = |(name, language, page): (_, _, Response)| {
        let text = page.text();
        assert!(text.contains("<!doctype html>"), "{name}: {text}");
        let lang = format!("<html lang=\"{language}\">");
        assert!(text.contains(&lang), "{name}: {text}");
        Shown {
            name,
            language,
            page,
        }
    };
    pages.into_iter().map(shown).collect()
}

type Pages = Vec<(&'static str, &'static str, Response)>;

/// On the way to the login, back from it, and out again.
fn signing_in(languages: &[&'static str], look: &str) -> Pages {
    let chain = Setup {
        tables: look.to_owned(),
        ..Setup::default()
    }
    .start();
    let choosing = Setup {
        tables: look.to_owned(),
        ..several()
    }
    .start();
    let mut person = chain.signed_in(KIRSTEN);
    let mut pages = Vec::new();
    for &language in languages {
        let mut stranger = chain.browser();
        let mut add = |name, page: Response| pages.push((name, language, page));
        for (name, query) in [("chooser", ""), ("chooser-unknown", "&email=nobody")] {
            let path = format!("/_vestibule/login?fragment=none{query}");
            add(name, ask(&mut choosing.browser(), language, &path));
        }
        // The two that lead on by themselves.
        let begun = ask(&mut stranger, language, TYPED);
        let keeping = ask(&mut stranger, language, &begun.location());
        let onward = html::Page::parse(&keeping.html());
        let onward = onward.by_id("onward").expect("the way on");
        let key = onward.get("data-key").expect("the login's name");
        let returning = format!("/_vestibule/return?rd=%2F&key={key}");
        add("signing-in", keeping);
        add("returning", ask(&mut stranger, language, &returning));
        for (name, query) in [
            ("login-failed", "error=access_denied"),
            ("no-state", "code=a&state=b"),
        ] {
            let path = format!("/_vestibule/callback?{query}");
            add(name, ask(&mut stranger, language, &path));
        }
        add(
            "signed-out",
            ask(&mut stranger, language, "/_vestibule/signed-out"),
        );
        let logout = "/_vestibule/logout";
        add(
            "logout",
            ask_from(&mut stranger, language, logout, "cross-site"),
        );
        add("whoami", ask(&mut person, language, "/_vestibule/whoami"));
        let nothing = "/_vestibule/resume";
        add("nothing-sent", ask(&mut person, language, nothing));
        let headers = typed(language);
        add(
            "session-ended",
            stranger.send("POST", "/form", &headers[..2], b"a=b"),
        );
        let (kept, way_back) = form_kept(&mut stranger, &chain.origin, language);
        add("form-kept", in_case(&kept, "kept"));
        let offered = ask(&mut person, language, &way_back);
        for (name, case) in [
            ("send-form", "found"),
            ("send-form-dropped", "dropped"),
            ("send-form-gone", "gone"),
            ("send-form-no-script", "idle"),
        ] {
            add(name, in_case(&offered, case));
        }
        add("circles", circles(&chain, language));
    }
    pages
}

/// What is not for this person, or not for anybody.
fn refused(languages: &[&'static str]) -> Pages {
    let chain = Setup {
        tables:
            "[[route]]\npath = \"/admin/*\"\naccess = { groups = [\"Admins\", \"Operations\"] }\n\
                 [[route]]\npath = \"/closed\"\naccess = \"nobody\"\n"
                .to_owned(),
        ..Setup::default()
    }
    .start();
    let (crowd, password, _) = person_with_groups(&chain, 400);
    let mut person = chain.signed_in(KIRSTEN);
    let mut pages = Vec::new();
    for &language in languages {
        let mut stranger = chain.browser();
        let headers = typed(language);
        let mut add = |name, page: Response| pages.push((name, language, page));
        add(
            "not-found",
            ask(&mut stranger, language, "/_vestibule/no-such"),
        );
        add("forbidden", ask(&mut person, language, "/admin/x"));
        add("closed", ask(&mut person, language, "/closed"));
        let method = person.send("POST", "/_vestibule/whoami", &headers[..2], b"a=b");
        add("method", method);
        let mut framed = headers;
        framed[4].1 = "iframe";
        add("frame", stranger.send("GET", TYPED, &framed, b""));
        let elsewhere = format!(
            "GET / HTTP/1.1\r\nHost: other.example\r\nAccept: text/html\r\nAccept-Language: {language}\r\n\r\n"
        );
        add("unknown-address", chain.raw(&elsewhere));
        // The browser's language goes with the callback, the last request of the login.
        let mut large = chain.browser();
        let login = large.arrive("/");
        let fields = [("username", crowd), ("password", password)];
        let back = large.click(&login, Some("signIn"), &fields);
        add("too-large", ask(&mut large, language, &back.location()));
    }
    pages
}

/// The provider, the app, or we ourselves.
fn out_of_order(languages: &[&'static str]) -> Pages {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let free = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut chain = Setup {
        no_upstream: true,
        tables: [
            ("default", free),
            ("broken", hangs_up()),
            ("slow", silent.local_addr().expect("its address")),
        ]
        .map(|(name, app)| {
            format!(
                "[upstream.{name}]\nurl = \"http://{app}\"\ntimeouts = {{ response = \"1s\" }}\n\
                 [[route]]\npath = \"/{name}\"\nupstream = \"{name}\"\naccess = \"public\"\n"
            )
        })
        .concat(),
        ..Setup::default()
    }
    .start();
    let mut pages = Vec::new();
    for &language in languages {
        let mut stranger = chain.browser();
        for (name, path, status) in [
            ("app-not-there", "/default", 502),
            ("app-broken", "/broken", 502),
            ("app-slow", "/slow", 504),
        ] {
            let page = ask(&mut stranger, language, path);
            assert_eq!(page.status, status, "{name}: {page:?}");
            pages.push((name, language, page));
        }
        let page = internal(&chain, language);
        assert_eq!(page.status, 500, "{page:?}");
        pages.push(("internal", language, page));
    }
    let mut leaving: Vec<_> = languages
        .iter()
        .map(|&language| {
            let mut browser = chain.browser();
            let login = browser.arrive("/");
            let fields = [
                ("username", KIRSTEN),
                ("password", chain.idp().password(KIRSTEN)),
            ];
            let back = browser.click(&login, Some("signIn"), &fields);
            (browser, language, back.location())
        })
        .collect();
    chain.idp.take().expect("the emulator").stop();
    for (browser, language, back) in &mut leaving {
        let page = ask(browser, language, back);
        assert_eq!(page.status, 503, "{page:?}");
        pages.push(("provider-out", *language, page));
    }
    pages
}

/// The answer of a process that may open no further file, and so reaches no app.
fn internal(chain: &Harness, language: &str) -> Response {
    let mut kept = Kept::open(chain.address);
    let mut answer = |path: &str| {
        kept.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\nAccept-Language: {language}\r\n\r\n",
            chain.host()
        ));
        kept.answer()
    };
    assert_eq!(answer("/_vestibule/signed-out").status, 200);
    without_files(&chain.vestibule, || answer("/default"))
}

/// An app that closes each connection as soon as it has been asked.
fn hangs_up() -> SocketAddr {
    let app = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = app.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in app.incoming().flatten() {
            let mut asked = [0; 1];
            let _asked = (&stream).read(&mut asked);
        }
    });
    address
}

/// The page that keeps a form in the tab, and where that is sent after the login.
fn form_kept(browser: &mut Browser, origin: &str, language: &str) -> (Response, String) {
    let headers = [
        ("Accept", "text/html"),
        ("Accept-Language", language),
        ("Origin", origin),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let page = browser.send("POST", "/form", &headers, b"a=b");
    let back = html::Page::parse(&page.html())
        .all("a")
        .filter_map(|link| Url::parse(origin).ok()?.join(link.get("href")?).ok())
        .flat_map(|link| {
            let rd = link.query_pairs().find(|(name, _)| name == "rd");
            rd.map(|(_, back)| back.into_owned())
        })
        .find(|back| back.starts_with("/_vestibule/resume"));
    let back = back.unwrap_or_else(|| panic!("no form is kept: {page:?}"));
    (page, back)
}

/// The page as its script leaves it where that is the case.
fn in_case(page: &Response, case: &str) -> Response {
    let html = page.html();
    let mut parts = html.split("<div data-when=\"");
    let mut shown = parts.next().expect("a text").to_owned();
    for part in parts {
        let (name, rest) = part.split_once('"').expect("a name");
        let (_, rest) = rest.split_once('>').expect("a tag");
        let hidden = if name == case { "" } else { " hidden" };
        shown += &format!("<div data-when=\"{name}\"{hidden}>{rest}");
    }
    assert!(shown.contains(&format!("\"{case}\">")), "{shown}");
    Response {
        body: shown.into_bytes(),
        ..page.clone()
    }
}

/// What chromium says of a page that somebody opens.
fn typed(language: &str) -> [(&'static str, &str); 5] {
    [
        ("Accept", "text/html"),
        ("Accept-Language", language),
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ]
}

fn ask(browser: &mut Browser, language: &str, url: &str) -> Response {
    ask_from(browser, language, url, "none")
}

fn ask_from(browser: &mut Browser, language: &str, url: &str, site: &'static str) -> Response {
    let mut headers = typed(language);
    headers[2].1 = site;
    browser.send("GET", url, &headers, b"")
}

/// A browser that keeps no cookie, until somebody says so.
fn circles(chain: &Harness, language: &str) -> Response {
    let headers = [("Accept", "text/html"), ("Accept-Language", language)];
    let mut browser = chain.browser();
    let mut page = browser.send("GET", TYPED, &headers, b"");
    for _ in 0..40 {
        browser.lose(|name| name.starts_with("vestibule"));
        if page.status != 302 {
            if page.text().contains("id=\"signIn\"") {
                let fields = [
                    ("username", KIRSTEN),
                    ("password", chain.idp().password(KIRSTEN)),
                ];
                page = browser.click(&page, Some("signIn"), &fields);
                continue;
            }
            return page;
        }
        page = browser.send("GET", &page.location(), &headers, b"");
    }
    panic!("redirected without end: {:?}", browser.trail);
}
