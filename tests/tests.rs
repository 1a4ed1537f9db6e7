//! The one integration binary: Vestibule as its users meet it, through real processes.
//!
//! `support` holds what the tests stand on. In `suite`, the name of a test is a promise; each file is
//! one subject, in the order of a person's day:
//!
//! - `start`: a provider that is down, readiness, restarts, signals
//! - `cli`: commands and exit codes
//! - `login`: from a page of the app through the provider and back
//! - `providers`: several of them at once, and who chooses
//! - `origins`: several public origins, each with its own sessions
//! - `provider_examples`: the configurations of docs/providers, explained and acted out
//! - `provider_errors`: what comes back when a sign-in fails there: a page, a reason and a remedy
//! - `fragments`: the part of a URL that no server sees
//! - `forms`: what is sent after a session has ended
//! - `loops`: sign-ins that would go in circles, and the page that says why
//! - `tabs`: many tabs at once, and the back button
//! - `mapping`: which claims become user, groups, access right and attributes
//! - `shapes`: the same, in every shape in which a claim reaches us
//! - `checklist`: the same, by the rows of the checklist that systems of the field are bought by
//! - `arbitrary`: whatever path, header name or claim there is, what the app gets is safe to read
//! - `explain`: what would become of a request, and why
//! - `docs`: the links between pages of the documentation
//! - `schema`: the JSON Schema of the configuration, by a validator of others
//! - `online`: what `check --online` finds out by asking the provider
//! - `outbound`: the way to a provider behind a proxy and an authority of its own
//! - `import`: mapping files of other systems, and settings of oauth2-proxy
//! - `cookies`: names and attributes of our cookies
//! - `session`: what a cookie is worth, and when it is worth nothing
//! - `refresh`: sessions that outlive their tokens, one instance and several, and what the provider does to them
//! - `races`: what crosses on its way: sign-outs and refreshes, use and the idle timeout
//! - `tokens`: sessions that open, around tokens that are no good
//! - `hostile_tokens`: every mutation of a token, each with its fate
//! - `key_sets`: the provider's keys as they come and go
//! - `replies`: who gets what when not signed in
//! - `rules`: who is let through by group, right, email, claim and method, and what others read
//! - `spoofing`: identity headers that a client made up
//! - `headers`: what the app is told of a person, in which convention
//! - `assertion`: the same, signed, for apps that verify
//! - `upstream`: what the app gets, and what of its answers reaches the browser
//! - `failing_apps`: what is told of apps that fail, and what is sent to them a second time
//! - `leaving`: clients that leave before their answer, and what is told of them
//! - `forward_auth`: nginx, Caddy, Envoy, HAProxy and Traefik, which ask before they send a request on
//! - `bearers`: API clients, whose tokens are judged alone
//! - `auth_age`: people whose sign-in at the provider is too long ago
//! - `logout`: the end of a session
//! - `framing`: which requests that two parsers read as different ones are refused, and whose answer is whose
//! - `http2`: the same by its frames, before apps of both versions, and floods of them
//! - `trailers`: fields behind a body, and where they end
//! - `limits`: how much a request may bring, and how long it may take to say it and to be told, and how many clients there may be
//! - `open_connections`: websockets and event streams, and how they end with their session
//! - `pages`: headers of our own answers
//! - `accessibility`: our own pages under rules of others, by keyboard, and in each language
//! - `apps`: several of them, by other protocols, under other names
//! - `traffic`: websockets, streams, gRPC and large bodies pass as they are
//! - `listeners`: TLS and its certificates, HTTP/2, unix sockets
//! - `operations`: restarts, drains and reloads under load, alone and behind load balancers
//! - `reload`: a changed configuration while requests go on
//! - `metrics`: what an instance says of itself
//! - `traces`: by which name a request is known to the app and in the log
//! - `spans`: what a collector is told of requests
//! - `deploy`: image, chart, component, unit, package, compose file, dashboard and alerts
//! - `advisories`: how others were broken, R1 to R20
//! - `browser`: the same in a real chromium
//! - `third_party`: an identity provider that nobody here wrote
//! - `radicale`: a real app that takes its user from a header
//! - `regression`: what was broken once
//! - `architecture`: the arrow of dependencies, and what is not shipped
//! - `log_scan`: last of all, no log line of the whole run holds a secret

// A failed expectation is a failed test, here as in the unit tests (clippy knows only `#[test]`
// functions by itself, not what they call); tests may look at the clock and print.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

mod support;

mod suite {
    mod accessibility;
    mod advisories;
    mod apps;
    mod arbitrary;
    mod architecture;
    mod assertion;
    mod auth_age;
    mod bearers;
    mod browser;
    mod checklist;
    mod cli;
    mod cookies;
    mod deploy;
    mod docs;
    mod explain;
    mod failing_apps;
    mod forms;
    mod forward_auth;
    mod fragments;
    mod framing;
    mod headers;
    mod hostile_tokens;
    mod http2;
    mod import;
    mod key_sets;
    mod leaving;
    mod limits;
    mod listeners;
    mod log_scan;
    mod login;
    mod logout;
    mod loops;
    mod mapping;
    mod metrics;
    mod online;
    mod open_connections;
    mod operations;
    mod origins;
    mod outbound;
    mod pages;
    mod provider_errors;
    mod provider_examples;
    mod providers;
    mod races;
    mod radicale;
    mod refresh;
    mod regression;
    mod reload;
    mod replies;
    mod rules;
    mod schema;
    mod session;
    mod shapes;
    mod spans;
    mod spoofing;
    mod start;
    mod tabs;
    mod third_party;
    mod tokens;
    mod traces;
    mod traffic;
    mod trailers;
    mod upstream;
}
