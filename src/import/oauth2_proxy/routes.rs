//! Who may go where: open paths, and rules on everybody.

use super::convert::{Conversion, shown};
use super::{Line, apps, bearers, listed, quoted};

/// Writes the routes of the settings.
pub(super) fn routes(work: &mut Conversion) {
    let access = everybody(work);
    let patterns = work.out.apps.iter().filter_map(apps::App::route);
    let own: Vec<Vec<Line>> = patterns
        .map(|(pattern, name)| {
            vec![
                line("path", quoted(&pattern), "--upstream"),
                line("upstream", name, "--upstream"),
                line("access", access.clone(), "as everywhere else"),
            ]
        })
        .collect();
    work.out.routes.extend(own);
    for text in work.all("api-route") {
        api(work, &text, &access);
    }
    for option in ["skip-auth-route", "skip-auth-regex"] {
        for text in work.all(option) {
            open(work, option, &text, &access);
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
    let closed = closed_by(work, plain.is_empty(), groups.is_empty());
    if !plain.is_empty() && !anybody {
        let list = listed(plain.iter().map(|domain| domain.trim_start_matches('@')));
        parts.push(format!("email_domains = {list}"));
        from.push("--email-domain");
    }
    if !groups.is_empty() {
        parts.push(format!(
            "groups = {}",
            listed(groups.iter().map(String::as_str))
        ));
        from.push("--allowed-group");
    }
    let access = match (closed, parts.is_empty()) {
        (Some(option), _) => {
            from = vec![option];
            work.out.note(
                option.trim_start_matches('-'),
                "who may get in cannot be taken over from it, so that nobody gets in: write access in that [[route]]",
            );
            quoted("nobody")
        }
        (None, true) => quoted("signed-in"),
        (None, false) => format!("{{ {} }}", parts.join(", ")),
    };
    let mut lines = Vec::new();
    if !from.is_empty() {
        lines.push(line("access", access.clone(), &from.join(", ")));
    }
    if work.is_on("skip-auth-preflight") {
        lines.push(line(
            "cors_preflight",
            "true".to_owned(),
            "--skip-auth-preflight",
        ));
    }
    if !lines.is_empty() {
        work.out.routes.push(lines);
    }
    access
}

/// The option that lets in fewer people than any rule of ours that is made of the others.
/// Nobody gets in then, rather than more than there.
fn closed_by(work: &Conversion, no_domain: bool, no_group: bool) -> Option<&'static str> {
    if no_domain {
        // Without either of the two, oauth2-proxy does not start.
        let emails = "authenticated-emails-file";
        let has_file = work.one(emails).is_some_and(|file| !file.is_empty());
        return Some(match has_file {
            true => "--authenticated-emails-file",
            false => "--email-domain",
        });
    }
    let is_set = |option: &&&str| {
        let name = option.trim_start_matches('-');
        work.all(name).iter().any(|value| !value.is_empty())
    };
    // Roles are groups to oauth2-proxy: of groups and roles, any one will do.
    let role = (no_group && is_set(&&"--allowed-role")).then_some("--allowed-role");
    role.or_else(|| NARROWER.iter().find(is_set).copied())
}

/// Options that ask the provider's own API who may get in.
const NARROWER: &[&str] = &[
    "--bitbucket-repository",
    "--bitbucket-team",
    "--github-org",
    "--github-repo",
    "--github-team",
    "--github-user",
    "--gitlab-group",
    "--gitlab-projects",
    "--google-group",
    "--keycloak-group",
];

/// A path for clients that are not redirected.
fn api(work: &mut Conversion, text: &str, everybody: &str) {
    if !bearers::are_taken(work) {
        work.out.note("api-route", "a script gets 401 with JSON anyway, as its Sec-Fetch headers or Accept tell; api = true in a [[route]] is for paths where nobody is redirected, and lets bearer tokens in");
        return;
    }
    // What the pattern covers beyond the expression is closed as it was.
    let Some(Opened { pattern, .. }) = opened(text) else {
        work.out.note("api-route", format!("{}: patterns here are a path (\"/api\") or all below one (\"/api/*\"); write [[route]] with path and api = true", shown(text)));
        return;
    };
    let from = format!("--api-route {}", shown(text));
    let mut lines = vec![
        line("path", quoted(&pattern), &from),
        line("api", "true".to_owned(), "--skip-jwt-bearer-tokens"),
        line("access", everybody.to_owned(), "as everywhere else"),
    ];
    let app = apps::name_of(&work.out.apps, &pattern);
    lines.extend(app.map(|name| line("upstream", name, "--upstream")));
    work.out.routes.push(lines);
}

/// A path that is open to everybody.
fn open(work: &mut Conversion, option: &str, text: &str, everybody: &str) {
    let (methods, regex) = match text.split_once('=') {
        Some((methods, regex)) if is_methods(methods) => (Some(methods), regex),
        _ => (None, text),
    };
    let excepted = methods.is_some_and(|methods| methods.ends_with('!'));
    let Some(Opened { pattern, but_not }) = opened(regex).filter(|_| !excepted) else {
        work.out.note(option, format!("{}: not opened, since patterns here are a path (\"/robots.txt\") or all below one (\"/assets/*\"); write [[route]] with path, methods and access = \"public\"", shown(text)));
        return;
    };
    let again = |lines: &Vec<Line>| {
        let path = quoted(&pattern);
        lines
            .iter()
            .any(|line| line.key == "path" && line.value == path)
    };
    if work.out.routes.iter().any(again) {
        work.out.note(
            option,
            format!(
                "{}: the path is open already; write its methods into that [[route]]",
                shown(text)
            ),
        );
        return;
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
    if let Some(path) = but_not {
        let mut lines = vec![
            line(
                "path",
                quoted(&path),
                "without the slash, as everywhere else",
            ),
            line("access", everybody.to_owned(), "as everywhere else"),
        ];
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
            line("access", everybody.to_owned(), "as everywhere else"),
        ];
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

/// What a regular expression opens, as a pattern of ours.
struct Opened {
    pattern: String,
    /// The path that the pattern covers, and the regular expression does not.
    but_not: Option<String>,
}

/// A pattern of ours that opens no more than the regular expression does; `None` if there is none.
fn opened(regex: &str) -> Option<Opened> {
    let rest = regex.strip_prefix('^')?;
    let (rest, exact) = match rest.strip_suffix('$') {
        Some(rest) => match rest.strip_suffix(".*") {
            Some(rest) => (rest, false),
            None => (rest, true),
        },
        None => (rest.strip_suffix(".*").unwrap_or(rest), false),
    };
    // ".+" is none of it: "^/a/.+" opens /a/x and not /a/, and no two patterns say that.
    let path = literal(rest)?;
    if !path.starts_with('/') || path == "/" {
        return None;
    }
    // A slash at the end is a pattern for all below.
    if exact && path.ends_with('/') {
        return None;
    }
    if exact {
        return Some(Opened {
            pattern: path,
            but_not: None,
        });
    }
    // "^/assets" opens /assets2 too; here only what is below. "^/assets/" does not open /assets.
    let stem = path.trim_end_matches('/');
    Some(Opened {
        pattern: format!("{stem}/*"),
        but_not: path.ends_with('/').then(|| stem.to_owned()),
    })
}

/// The text that a regular expression without operators stands for.
fn literal(regex: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = regex.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c @ ('.' | '/' | '-' | '_') => text.push(c),
                _ => return None,
            },
            // One that is not escaped stands for any character; so it opens no less.
            c if c.is_ascii_alphanumeric() || "/._-~".contains(c) => text.push(c),
            _ => return None,
        }
    }
    Some(text)
}
