//! The core as a whole: `Gate::decide` and its siblings, without I/O, and the
//! modules that have no tests of their own.
//!
//! `support` holds what all tests of the core stand on, `vectors` reads the
//! frozen formats. Then, in the order of a person's day: `asking`,
//! `ruled`, `signing_in`, `fragments`, `coming_back`, `exchanging`, `session_life`, `refreshing`,
//! `late`, `idle`, `auth_age`, `remembered`, `telling`, `signing_out`, `ended`; `several`, what several providers change; and
//! `hostile`, cookies that no browser of ours sent; `hygiene`, what holds for every answer. `origin`, `page` and `wire` are
//! modules of the core.

pub(in crate::gate) mod support;
pub(in crate::gate) mod vectors;

mod asking;
mod auth_age;
mod coming_back;
mod ended;
mod exchanging;
mod fragments;
mod hostile;
mod hygiene;
mod idle;
mod late;
mod leasing;
mod origin;
mod page;
mod preflight;
mod refreshing;
mod remembered;
mod renamed;
mod ruled;
mod session_life;
pub(in crate::gate) mod several;
mod signing_in;
mod signing_out;
mod telling;
mod wire;
