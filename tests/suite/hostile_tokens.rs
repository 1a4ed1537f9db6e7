//! Hostile tokens: each mutation through the running proxy, sealed into a session as an attacker with the
//! session key could, so that nothing but the verifier stands in its way; and most of them as bearers too
//! (`bearers::hostile`).
//!
//! - `rows`: what a row is, and how one is tried
//! - `forge`: who makes the tokens
//! - `cognito`: one process for each way, `kind = "cognito"`: the table of `signatures`, `structure`, `members`,
//!   `times` and `issuers`; for sessions also `audiences`, and `people`, what the app is told
//! - `oidc`: another, `kind = "oidc"` with several algorithms: their keys and forms of signatures

mod audiences;
pub(super) mod cognito;
pub(super) mod forge;
mod issuers;
mod members;
mod oidc;
mod people;
pub(super) mod rows;
mod signatures;
mod structure;
mod times;
