//! What the suite stands on: real processes on free loopback ports, and clients that show every byte.
//!
//! - [`harness`]: the whole chain for one test: emulator, upstream, Vestibule
//! - [`issuer`]: an issuer whose keys are the test's own
//! - [`process`]: one program, ended by its process id, its output kept
//! - [`dev_idp`]: the Cognito emulator and its admin API
//! - [`echo`]: an upstream that remembers each request byte for byte
//! - [`peers`]: the legacy app, Radicale, and an identity provider that is not ours
//! - [`authority`]: one that signs certificates
//! - [`client`]: HTTP/1.1 and HTTP/2, plain, by TLS and over unix sockets
//! - [`exhausted`]: a process that may open no further file
//! - [`frames`]: HTTP/2 frame by frame
//! - [`fronts`]: nginx, Caddy, Envoy and HAProxy, by the recipes of `deploy/forward-auth`
//! - [`readers`]: apps that read HTTP/1.1 strictly and laxly, and whether they agree
//! - [`wire`]: HTTP/1.1 by hand, for requests that no client library would send
//! - [`browser`]: a person without a browser: cookie jar, links and forms, one redirect at a time
//! - [`html`]: just enough HTML for links and forms
//! - [`sealer`]: the session cookie once more, from its description, for sessions that are no good
//! - [`source`]: the program's own text
//! - [`webdriver`]: a real chromium
//! - [`replicas`]: several instances without a store
//! - [`several`]: three providers at once
//! - [`records`]: logs and secrets of the run, for `suite::log_scan`

pub(crate) mod authority;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod dev_idp;
pub(crate) mod echo;
pub(crate) mod exhausted;
pub(crate) mod frames;
pub(crate) mod fronts;
pub(crate) mod harness;
pub(crate) mod html;
pub(crate) mod issuer;
pub(crate) mod peers;
pub(crate) mod process;
pub(crate) mod readers;
pub(crate) mod records;
pub(crate) mod replicas;
pub(crate) mod sealer;
pub(crate) mod several;
pub(crate) mod source;
pub(crate) mod webdriver;
pub(crate) mod wire;

pub(crate) use browser::Browser;
pub(crate) use dev_idp::DevIdp;
pub(crate) use echo::Echo;
pub(crate) use harness::{Harness, Setup};
pub(crate) use wire::{Response, raw_request};
