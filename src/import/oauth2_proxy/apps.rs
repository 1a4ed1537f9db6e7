//! The apps: oauth2-proxy chooses among its upstreams by their paths, we by routes.

use std::time::Duration;

use url::Url;

use super::convert::{Conversion, shown};
use super::forward_auth::{is_asked, is_fixed};
use super::patterns::is_pattern;
use super::{Group, Line, quoted};

/// An app that requests may go to.
#[derive(Debug)]
pub(super) struct App {
    /// The path of its URL, by which oauth2-proxy chooses it: exact, or with a slash at the end
    /// all below.
    path: String,
    /// The name of our table.
    name: String,
    lines: Vec<Line>,
}

/// Writes the apps of the settings; `routes` writes which requests go to them.
pub(super) fn apps(work: &mut Conversion) {
    let mut found: Vec<(String, String)> = Vec::new();
    for upstream in work.all("upstream") {
        match app(&upstream) {
            Ok((path, _)) if is_within(&path, &work.prefix()) => {
                let words = "its path is below ours, where oauth2-proxy answers itself";
                work.out
                    .note("upstream", format!("{}: {words}", shown(&upstream)));
            }
            Ok((path, _)) if found.iter().any(|(other, _)| *other == path) => {
                let words = "another one has the same path, and is kept";
                work.out
                    .note("upstream", format!("{}: {words}", shown(&upstream)));
            }
            Ok(app) => found.push(app),
            Err(words) => work
                .out
                .note("upstream", format!("{}: {words}", shown(&upstream))),
        }
    }
    if found.is_empty() && is_asked(work) {
        return;
    }
    if found.is_empty() {
        work.out
            .note("", "write the app's address into upstream.url");
        let none = quoted("http://write-me.invalid");
        work.out.line(
            "upstream",
            "url",
            none,
            "write it: there is no --upstream that is an app",
        );
        return;
    }
    if !found.iter().any(|(path, _)| path == "/") {
        work.out.say(Group::Changes, "upstream", "what none of the paths names is 404 there; here the first app gets it, since it is called default");
    }
    let timeout = timeout(work);
    let root = found.iter().position(|(path, _)| path == "/").unwrap_or(0);
    let single = found.len() == 1;
    for (index, (path, url)) in found.into_iter().enumerate() {
        let name = match index == root {
            true => "default".to_owned(),
            false => format!("app{}", index.saturating_add(1)),
        };
        let mut lines = vec![line("url", quoted(&url), "--upstream")];
        if work.one("pass-host-header").is_some()
            && !work.is_on("pass-host-header")
            && !url.starts_with("unix:")
        {
            lines.push(line("host", quoted("upstream"), "--pass-host-header"));
        }
        lines.extend(timeout.as_deref().map(|span| {
            let value = format!("{{ response = {} }}", quoted(span));
            line("timeouts", value, "--upstream-timeout")
        }));
        if single {
            work.out.tables.insert("upstream", lines);
        } else {
            work.out.apps.push(App { path, name, lines });
        }
    }
}

impl App {
    /// The head of its table, and the lines in it.
    pub(super) fn table(&self) -> (String, &[Line]) {
        (format!("[upstream.{}]", self.name), &self.lines)
    }

    /// The pattern of the requests that are its own, and its name as TOML; nothing for the one
    /// that gets the rest.
    pub(super) fn route(&self) -> Option<(String, String)> {
        let below = self.path.strip_suffix('/').map(|path| format!("{path}/*"));
        let pattern = below.unwrap_or_else(|| self.path.clone());
        (self.name != "default").then(|| (pattern, quoted(&self.name)))
    }

    /// Whether its path is this one and nothing below.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    /// How well a pattern of ours is within its path.
    fn fit(&self, pattern: &str) -> Option<usize> {
        let within = match self.path.strip_suffix('/') {
            Some(path) => pattern
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('/')),
            None => pattern == self.path,
        };
        within.then_some(self.path.len())
    }
}

/// Whether one of them gets what none of the others' paths names.
pub(super) fn has_root(apps: &[App]) -> bool {
    apps.iter().any(|app| app.path == "/")
}

/// The name, as TOML, of the app that a pattern's paths belong to, if it is not the one that gets the rest.
pub(super) fn name_of(apps: &[App], pattern: &str) -> Option<String> {
    let fitting = apps.iter().filter_map(|app| Some((app.fit(pattern)?, app)));
    let best = fitting.max_by_key(|(fit, _)| *fit);
    best.and_then(|(_, app)| app.route()).map(|(_, name)| name)
}

/// Whether a path, or all below one, is the prefix or below it.
pub(super) fn is_within(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Path and address.
fn app(upstream: &str) -> Result<(String, String), &'static str> {
    if let Some(path) = upstream.strip_prefix("unix://") {
        return Ok(("/".to_owned(), format!("unix:{path}")));
    }
    let url = Url::parse(upstream).map_err(|_| "it is no URL")?;
    match url.scheme() {
        "http" | "https" => {}
        _ if is_fixed(upstream) => {
            return Err(
                "fixed answers are for front proxies that ask, and those are answered at path_prefix + \"/auth\"; point yours there",
            );
        }
        "file" => return Err("files are not served here; put a web server there"),
        _ => return Err("it is neither http, https nor a unix socket"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "a password in it is not sent; the app has to believe its network, or headers.assertion",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the app is at scheme, host and port alone");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte);
    let is_route = url.path() == "/" || is_pattern(url.path());
    if !url.path().bytes().all(plain) || !is_route {
        return Err(
            "its path is no plain one; write [upstream.NAME] and a [[route]] with path and upstream",
        );
    }
    Ok((url.path().to_owned(), url.origin().ascii_serialization()))
}

/// How long an app may be silent, if that is a span for us.
fn timeout(work: &mut Conversion) -> Option<String> {
    let text = work
        .one("upstream-timeout")
        .filter(|text| !text.is_empty())?;
    let (least, most) = (Duration::from_millis(10), Duration::from_secs(24 * 60 * 60));
    if humantime::parse_duration(&text).is_ok_and(|span| (least..=most).contains(&span)) {
        return Some(text);
    }
    work.out.note("upstream-timeout", format!("{}: not taken over; write how long the app may be silent into upstream.timeouts = {{ response = \"...\" }}, from 10ms to a day, where 5m is the default", shown(&text)));
    None
}

fn line(key: &str, value: String, origin: &str) -> Line {
    Line {
        key: key.to_owned(),
        value,
        origin: origin.to_owned(),
    }
}
