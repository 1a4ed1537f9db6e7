//! Who may go where: open paths, and rules on everybody.

use url::Url;

use super::closed::closed_by;
use super::convert::{Conversion, shown};
use super::patterns::{Opened, opened};
use super::{Group, Line, apps, bearers, listed, quoted};

/// Writes the routes of the settings.
pub(super) fn routes(work: &mut Conversion) {
    let access = everybody(work);
    let preflight = work.is_on("skip-auth-preflight");
    let guard = || {
        let mut lines = vec![line("access", access.clone(), "as everywhere else")];
        lines.extend(preflight.then(by_preflight));
        lines
    };
    let own = |pattern: &str, name: String, from: &str| {
        let mut lines = vec![
            line("path", quoted(pattern), from),
            line("upstream", name, "--upstream"),
        ];
        lines.extend(guard());
        lines
    };
    let has_root = apps::has_root(&work.out.apps);
    let patterns = work.out.apps.iter().filter_map(apps::App::route);
    let mut routes = Vec::new();
    for (pattern, name) in patterns {
        routes.push(own(&pattern, name, "--upstream"));
        // "/two/*" is /two as well; there that is the app's at the root.
        let stem = pattern.strip_suffix("/*").filter(|_| has_root);
        let is_free = |stem: &&str| !work.out.apps.iter().any(|app| app.is_at(stem));
        routes.extend(stem.filter(is_free).map(|stem| {
            let from = "--upstream, without the slash";
            own(stem, quoted("default"), from)
        }));
    }
    work.out.routes.extend(routes);
    for text in work.all("api-route") {
        api(work, &text, &guard);
    }
    for option in ["skip-auth-route", "skip-auth-regex"] {
        for text in work.all(option) {
            open(work, option, &text, &guard);
        }
    }
}

/// The rule for all that no other route names, and preflights; gives the rule as TOML.
fn everybody(work: &mut Conversion) -> String {
    let mut parts = Vec::new();
    let mut from = Vec::new();
    let domains = work.all("email-domain");
    let (below, plain): (Vec<&String>, Vec<&String>) = domains
        .iter()
        .partition(|domain| domain.starts_with('.') || domain.starts_with("*."));
    for domain in below {
        work.out.note(
            "email-domain",
            format!("{}: name each domain below it, exactly", shown(domain)),
        );
    }
    let anybody = domains.iter().any(|domain| domain == "*");
    let groups = work.all("allowed-group");
    let roles = roles(work);
    let none_named = groups.is_empty() && roles.is_empty();
    let closed = closed_by(work, plain.is_empty(), none_named);
    if !plain.is_empty() && !anybody {
        let list = listed(plain.iter().map(|domain| domain.trim_start_matches('@')));
        parts.push(format!("email_domains = {list}"));
        from.push("--email-domain");
    }
    let mut ways = Vec::new();
    if !groups.is_empty() {
        ways.push(format!(
            "groups = {}",
            listed(groups.iter().map(String::as_str))
        ));
        from.push("--allowed-group");
    }
    if !roles.is_empty() {
        ways.extend(roles);
        from.push("--allowed-role");
    }
    let domains = parts.join("");
    let closing;
    let access = match (closed, parts.is_empty()) {
        (Some(option), _) => {
            closing = format!("--{option}");
            from = vec![&closing];
            work.out.note(
                &option,
                "who may get in cannot be taken over from it, so that nobody gets in: write access in that [[route]]",
            );
            quoted("nobody")
        }
        (None, true) if ways.is_empty() => quoted("signed-in"),
        (None, _) => any_of(&domains, &ways),
    };
    let mut lines = Vec::new();
    if !from.is_empty() {
        lines.push(line("access", access.clone(), &from.join(", ")));
    }
    if work.is_on("skip-auth-preflight") {
        lines.push(by_preflight());
        work.out.say(Group::Changes, "skip-auth-preflight", "real preflights pass, which have Origin and Access-Control-Request-Method; any other OPTIONS request needs a login, and where nobody gets in, no preflight does");
    }
    if !lines.is_empty() {
        work.out.routes.push(lines);
    }
    access
}

fn by_preflight() -> Line {
    let value = "true".to_owned();
    line("cors_preflight", value, "--skip-auth-preflight")
}

/// What guards a path that is not open.
type Guard<'g> = dyn Fn() -> Vec<Line> + 'g;

/// A rule as TOML: of these ways in any one will do, and the domains have to hold besides.
fn any_of(domains: &str, ways: &[String]) -> String {
    let both = |way: &String| match domains {
        "" => format!("{{ {way} }}"),
        domains => format!("{{ {domains}, {way} }}"),
    };
    match ways {
        [] => format!("{{ {domains} }}"),
        [way] => both(way),
        ways => {
            let all: Vec<String> = ways.iter().map(both).collect();
            format!("[{}]", all.join(", "))
        }
    }
}

/// Keycloak's roles as conditions on its claims: `ROLE` of the realm, `CLIENT:ROLE` of a client.
/// Other providers have no claim of which it is known.
fn roles(work: &mut Conversion) -> Vec<String> {
    let mut allowed = work.all("allowed-role");
    allowed.retain(|role| !role.is_empty());
    let keycloak = work.one("provider").as_deref() == Some("keycloak-oidc");
    if allowed.is_empty() {
        return Vec::new();
    }
    if !keycloak {
        work.out.note("allowed-role", "map the roles as groups: claim = [\"groups\", \"roles\"] under [identity.groups], and a [[route]] with access = { groups = [...] }");
        return Vec::new();
    }
    work.out.note("allowed-role", "rules read the ID token here, where Keycloak puts no roles by itself: let the mappers \"realm roles\" and \"client roles\" (scope roles) add theirs to the ID token; until then nobody gets in by a role");
    let mut claims: Vec<(String, Vec<String>)> = Vec::new();
    for role in &allowed {
        let (claim, role) = match role.split_once(':') {
            Some((client, role)) => {
                let client = client.replace('.', "\\.");
                (format!("resource_access.{client}.roles"), role)
            }
            None => ("realm_access.roles".to_owned(), role.as_str()),
        };
        match claims.iter_mut().find(|(other, _)| *other == claim) {
            Some((_, roles)) => roles.push(role.to_owned()),
            None => claims.push((claim, vec![role.to_owned()])),
        }
    }
    let condition = |(claim, roles): &(String, Vec<String>)| {
        let roles = listed(roles.iter().map(String::as_str));
        format!("claim = {}, any_of = {roles}", quoted(claim))
    };
    claims.iter().map(condition).collect()
}

/// A path for clients that are not redirected.
fn api(work: &mut Conversion, text: &str, guard: &Guard<'_>) {
    if !bearers::are_taken(work) {
        work.out.say(Group::Changes, "api-route", "a script gets 401 with JSON anyway, as its Sec-Fetch headers or Accept tell; api = true in a [[route]] is for paths where nobody is redirected, and lets bearer tokens in");
        return;
    }
    // What a pattern covers beyond the expression is closed as it was.
    let Some(all) = opened(text).filter(|all| !is_ours(work, all)) else {
        work.out.note("api-route", format!("{}: patterns here are a path (\"/api\") or all below one (\"/api/*\"); write [[route]] with path and api = true", shown(text)));
        return;
    };
    let from = format!("--api-route {}", shown(text));
    for Opened { pattern, .. } in all {
        let api = line("api", "true".to_owned(), "--skip-jwt-bearer-tokens");
        if let Some(own) = route_of(work, &pattern) {
            if !own.iter().any(|line| line.key == api.key) {
                own.push(api);
            }
            continue;
        }
        let mut lines = vec![line("path", quoted(&pattern), &from), api];
        lines.extend(guard());
        let app = apps::name_of(&work.out.apps, &pattern);
        lines.extend(app.map(|name| line("upstream", name, "--upstream")));
        work.out.routes.push(lines);
    }
}

/// The route of this very pattern, if there is one already.
fn route_of<'w>(work: &'w mut Conversion, pattern: &str) -> Option<&'w mut Vec<Line>> {
    let path = quoted(pattern);
    let is_its = |lines: &&mut Vec<Line>| {
        let mut lines = lines.iter();
        lines.any(|line| line.key == "path" && line.value == path)
    };
    work.out.routes.iter_mut().find(is_its)
}

/// Whether one of the patterns is a path of ours, where no route may be.
fn is_ours(work: &Conversion, all: &[Opened]) -> bool {
    let prefix = work.prefix();
    let redirect = work.one("redirect-url");
    let callback = redirect.and_then(|url| Some(Url::parse(&url).ok()?.path().to_owned()));
    all.iter().any(|Opened { pattern, .. }| {
        let path = pattern.trim_end_matches("/*");
        apps::is_within(path, &prefix) || callback.as_deref() == Some(path)
    })
}

/// A path that is open to everybody.
fn open(work: &mut Conversion, option: &str, text: &str, guard: &Guard<'_>) {
    let (methods, regex) = match text.split_once('=') {
        Some((methods, regex)) if is_methods(methods) => (Some(methods), regex),
        _ => (None, text),
    };
    // Also one that is none, and HEAD alone: GET covers it.
    let excepted = methods.is_some_and(|method| !METHODS.contains(&method));
    let all = opened(regex).filter(|all| !excepted && !is_ours(work, all));
    let Some(all) = all else {
        work.out.note(option, format!("{}: not opened, since patterns here are a path (\"/robots.txt\") or all below one (\"/assets/*\"), none of ours, and HEAD goes with GET; write [[route]] with path, methods and access = \"public\"", shown(text)));
        return;
    };
    for one in all {
        let has_route = route_of(work, &one.pattern).is_some();
        if has_route {
            let words = format!(
                "{}: the path {:?} has a [[route]] already: write access = \"public\" (and methods) there, where it is not so yet",
                shown(text),
                one.pattern
            );
            work.out.note(option, words);
        } else {
            open_one(work, (option, text), methods, one, guard);
        }
    }
}

/// One pattern of it.
fn open_one(
    work: &mut Conversion,
    (option, text): (&str, &str),
    methods: Option<&str>,
    one: Opened,
    guard: &Guard<'_>,
) {
    let Opened {
        pattern,
        but_not,
        is_narrower,
    } = one;
    if is_narrower {
        let stem = pattern.trim_end_matches("/*");
        let words = format!(
            "{}: open is {stem:?} and all below it; what only begins like it, such as \"{stem}ity\", needs a login now. If it is to be open, write a [[route]] for it",
            shown(text)
        );
        work.out.say(Group::Changes, option, words);
    }
    let from = format!("--{option} {}", shown(text));
    let mut lines = vec![line("path", quoted(&pattern), &from)];
    if let Some(methods) = methods {
        lines.push(line("methods", listed([methods]), &from));
    }
    lines.push(line("access", quoted("public"), &from));
    let app = apps::name_of(&work.out.apps, &pattern);
    let app = || app.clone().map(|name| line("upstream", name, "--upstream"));
    lines.extend(app());
    work.out.routes.push(lines);
    let but_not = but_not.filter(|path| route_of(work, path).is_none());
    if let Some(path) = but_not {
        let mut lines = vec![line(
            "path",
            quoted(&path),
            "without the slash, as everywhere else",
        )];
        lines.extend(guard());
        lines.extend(app());
        work.out.routes.push(lines);
    }
    if let Some(open) = methods {
        // A method that no route of a path names is refused here, and is the others' there.
        let others = METHODS.iter().copied().filter(|method| *method != open);
        let mut lines = vec![
            line("path", quoted(&pattern), &from),
            line(
                "methods",
                listed(others),
                "the other methods, as everywhere else",
            ),
        ];
        lines.extend(guard());
        lines.extend(app());
        work.out.routes.push(lines);
    }
}

/// GET covers HEAD.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

fn line(key: &str, value: String, origin: &str) -> Line {
    Line {
        key: key.to_owned(),
        value,
        origin: origin.to_owned(),
    }
}

fn is_methods(text: &str) -> bool {
    let name = text.strip_suffix('!').unwrap_or(text);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase())
}
