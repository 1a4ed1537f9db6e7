//! Vestibule signs people in, in front of an app that knows nothing of it.
//!
//! # The life of a request
//!
//! ```text
//!  browser
//!     │ request line and headers
//!     ▼
//!  edge::proxy::request_filter        copies what was received
//!     │ RequestView                   one reading of path, query and host, or 400
//!     ▼
//!  gate::Gate::decide                 THE FATE OF A REQUEST, without I/O
//!     │   ours (/_vestibule/…)?       login, callback, logout, session, whoami
//!     │   route → access              public | optional | signed-in | rules | nobody
//!     │   cookie → seal → session → token verified → person
//!     │   policy::judge               the only way to a Permit
//!     ▼
//!  Reply ──► edge::respond::send      302, 401, 403, 503 …: the app sees nothing
//!  Effect ─► edge::oidc               redeem a code, revoke a token; then a Reply
//!  Forward ─► edge::proxy::upstream_request_filter
//!     │                               no permit, no forwarding; managed headers
//!     ▼                               out, ours in, our cookies out
//!    app
//!     │ response
//!     ▼
//!  edge::proxy::response_filter       our cookie names and shared caching out
//! ```
//!
//! The arrow of dependency: `main → cli → app → edge → gate`, and
//! `config → gate` for its newtypes. Nothing points back.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod edge;
pub mod explain;
pub mod gate;
pub mod import;
pub mod online;
pub mod spread;
pub mod telemetry;
pub mod version;
