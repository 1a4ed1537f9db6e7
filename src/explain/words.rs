//! An explanation, for people.

use std::fmt::Write as _;

use super::request::Requested;
use crate::gate::explain::{Asking, Explanation, Outcome, RuleShown};
use crate::gate::policy::NoIdentity;

/// The whole account of one request.
pub(super) fn of(requested: &Requested, asking: &Asking, told: &Explanation) -> String {
    let mut out = Lines::default();
    out.line(format_args!("{requested}"));
    out.line(format_args!("asked by    {}", asker(asking, told)));
    if let Some(route) = &told.route {
        let access = told.access.map_or_else(String::new, |access| match access {
            "rules" => ", for whom one of its rules holds".to_owned(),
            word => format!(", access \"{word}\""),
        });
        out.line(format_args!("route       {route}{access}"));
    }
    for (index, rule) in told.rules.iter().enumerate() {
        rules(&mut out, index, rule);
    }
    let status = told
        .status
        .map_or_else(String::new, |status| format!(" ({status})"));
    let (outcome, why) = (told.outcome.word(), why(told));
    out.line(format_args!("outcome     {outcome}{status}: {why}"));
    if told.outcome == Outcome::Forwarded {
        headers(&mut out, told);
    }
    if !told.identity.is_empty() {
        out.line(format_args!(""));
        out.line(format_args!("what the claims make of this person:"));
    }
    for trace in &told.identity {
        out.line(format_args!("  {} = {}", trace.what, trace.result()));
        for step in &trace.steps {
            out.line(format_args!("      {}", step.text()));
        }
    }
    out.0
}

/// What became of a request, in a few words.
pub(super) fn outcome(told: &Explanation) -> String {
    match told.reason {
        Some(reason) => format!("{} ({reason})", told.outcome.word()),
        None => told.outcome.word().to_owned(),
    }
}

fn asker(asking: &Asking, told: &Explanation) -> String {
    match (asking, &told.user) {
        (Asking::Nobody, _) => "nobody who is signed in".to_owned(),
        (Asking::Refused(why) | Asking::RefusedBearer(why), _) => {
            let why = match why {
                NoIdentity::Token(error) => error.to_string(),
                NoIdentity::AuthTooOld => "the sign-in is older than max_auth_age".to_owned(),
                other => other.reason().to_owned(),
            };
            let what = match asking {
                Asking::RefusedBearer(_) => "bearer token",
                _ => "session",
            };
            format!("somebody whose {what} counts for nothing: {why}")
        }
        (Asking::Somebody(claims), Some(user)) if claims.is_bearer => {
            format!("{user}, by a bearer token")
        }
        (Asking::Somebody(_), Some(user)) => user.clone(),
        (Asking::Somebody(_), None) => "somebody who is signed in and nobody here".to_owned(),
    }
}

fn rules(out: &mut Lines, index: usize, rule: &RuleShown) {
    let verdict = if rule.holds { "holds" } else { "does not hold" };
    out.line(format_args!("  rule {} {verdict}", index + 1));
    for one in &rule.conditions {
        let mark = if one.holds { "yes" } else { "no " };
        let has = match one.has.is_empty() {
            true => "nothing".to_owned(),
            false => one.has.join(", "),
        };
        out.line(format_args!("    {mark} needs {}; has: {has}", one.needs));
    }
}

fn headers(out: &mut Lines, told: &Explanation) {
    if told.headers.is_empty() {
        out.line(format_args!("headers     none that says who asks"));
        return;
    }
    out.line(format_args!("headers"));
    for (name, value) in &told.headers {
        out.line(format_args!("  {name}: {value}"));
    }
    for name in &told.left_out {
        out.line(format_args!(
            "  of {name} something is left out: it would read as another value, or cannot be said in that encoding"
        ));
    }
}

/// The outcome in a sentence.
fn why(told: &Explanation) -> String {
    if let Some(why) = &told.no_person
        && told.outcome == Outcome::Forbidden
    {
        return why.to_string();
    }
    let text = match told.outcome {
        Outcome::Forwarded => "the app gets it",
        Outcome::SignIn if told.status == Some(401) => {
            "the route is for API clients: no redirect, for nobody"
        }
        Outcome::SignIn => "a browser that opens a page is sent to sign in; others get 401",
        Outcome::Forbidden => match told.reason {
            Some("route_closed") => "the route is closed to everyone",
            Some("no-rule-for-method") => {
                "routes name this host and path, and none of them this method"
            }
            Some("header_too_long") => "a header would be longer than 8 KiB",
            Some("machine_token") => "the token is nobody's, and the route is for people",
            _ => "no rule of the route holds for this person",
        },
        Outcome::BadRequest => match (&told.detail, told.reason) {
            (Some(detail), _) => detail,
            (None, Some("path_ambiguous")) => {
                "apps read this path in different ways, and the route does not allow it (route.allow_in_path)"
            }
            _ => "the method is not taken there",
        },
        Outcome::Misdirected => {
            "the host is none of server.public_url, and no public route without a host answers"
        }
        Outcome::NotFound => "there is no such page under server.path_prefix",
        Outcome::Ours => "one of Vestibule's own pages answers; the app never sees it",
    };
    text.to_owned()
}

/// Lines for a terminal: what claims hold must not control it.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let mut line = String::new();
        // Writing to a `String` cannot fail.
        if line.write_fmt(text).is_ok() {
            self.0.push_str(&visible(line.trim_end()));
        }
        self.0.push('\n');
    }
}

pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
