//! Front proxies that ask: nginx's `auth_request`, Traefik's `ForwardAuth`.
//!
//! oauth2-proxy answers them all the time; we answer one, where it is said who may ask.

use super::convert::Conversion;
use super::{listed, quoted};

/// Whether the settings are those of somebody whose front proxy asks.
pub(super) fn is_asked(work: &Conversion) -> bool {
    origin(work).is_some()
}

/// Answers that are none of an app's.
pub(super) fn is_fixed(upstream: &str) -> bool {
    upstream.starts_with("static:") || upstream == NOTHING
}

/// As ingress-nginx's documentation has it.
const NOTHING: &str = "file:///dev/null";

/// In whose way it is asked, the option that tells so, and that option's name.
fn origin(work: &Conversion) -> Option<(&'static str, &'static str, &'static str)> {
    let upstreams = work.all("upstream");
    let has = |is_it: &dyn Fn(&str) -> bool| upstreams.iter().any(|url| is_it(url));
    if work.is_on("set-xauthrequest") {
        Some(("nginx", "--set-xauthrequest", "set-xauthrequest"))
    } else if has(&|url| url.starts_with("static:")) {
        Some(("traefik", "--upstream=static:", "upstream"))
    } else if has(&|url| url == NOTHING) {
        Some(("nginx", "--upstream=file:///dev/null", "upstream"))
    } else if upstreams.is_empty() && work.is_on("reverse-proxy") && work.unread().is_none() {
        let from = "--reverse-proxy without --upstream";
        Some(("nginx", from, "reverse-proxy"))
    } else {
        None
    }
}

/// The keys of `[server]`.
pub(super) fn forward_auth(work: &mut Conversion) {
    let Some((dialect, from, option)) = origin(work) else {
        return;
    };
    work.out
        .line("server", "forward_auth", quoted(dialect), from);
    work.out.note(
        option,
        format!("front proxies ask at path_prefix + \"/auth\"; one of them is believed about which request it means, \"{dialect}\" here: write \"nginx\", \"traefik\", \"caddy\" or \"envoy\", and see docs/forward-auth.md"),
    );
    // Where one rule covers all requests, nginx need not say which one it means, below
    // oauth2-proxy's own prefix; elsewhere it has to, and a client never may.
    let rules = [
        "skip-auth-route",
        "skip-auth-regex",
        "api-route",
        "skip-auth-preflight",
    ];
    let by_path = rules.into_iter().find(|rule| !work.all(rule).is_empty());
    let by_path = by_path.or_else(|| (work.all("upstream").len() > 1).then_some("upstream"));
    let elsewhere = || (work.prefix() != "/oauth2").then_some("proxy-prefix");
    match (dialect, by_path.or_else(elsewhere)) {
        ("nginx", Some(cause)) => work.out.note(cause, "location = /oauth2/auth (or below your own prefix): add internal; and, since rules differ by request, or the prefix is another one, say which one is meant: proxy_set_header X-Original-URL $scheme://$host$request_uri; proxy_set_header X-Original-Method $request_method; proxy_set_header X-Forwarded-Uri \"\"; (in place of the line that oauth2-proxy's documentation has)"),
        ("nginx", None) => work.out.note(option, "location = /oauth2/auth: add internal; and let no client say which request is meant: proxy_set_header X-Original-URL \"\"; proxy_set_header X-Original-Method \"\"; beside X-Forwarded-Uri where one rule covers all requests"),
        _ => {}
    }
    if work.all("trusted-proxy-ip").is_empty() {
        work.out.note(
            "reverse-proxy",
            "nobody may ask before the front proxy's network is in server.trusted_proxies",
        );
    }
    let renews = work.one("cookie-refresh");
    if renews.is_some_and(|span| !matches!(span.as_str(), "" | "0" | "0s")) {
        work.out.line(
            "server",
            "forward_auth_cookies",
            "true".to_owned(),
            "--cookie-refresh",
        );
        work.out.note("cookie-refresh", "tokens are renewed while a front proxy asks, as server.forward_auth_cookies = true says: let it hand Set-Cookie of the answer on to the browser, or take the key out, so that the login renews them (docs/forward-auth.md)");
    }
}

/// The names that the front proxy waits for; false if nobody asks.
pub(super) fn presets(work: &mut Conversion) -> bool {
    if !work.is_on("set-xauthrequest") {
        return false;
    }
    let both = ["oauth2-proxy", "oauth2-proxy-auth-request"];
    work.out.line(
        "headers",
        "preset",
        listed(both),
        "--pass-user-headers and --set-xauthrequest",
    );
    true
}
