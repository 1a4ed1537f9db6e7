//! Hostile tokens: each mutation through the running proxy, sealed into a session as an attacker with the
//! session key could, so that nothing but the verifier stands in its way.
//!
//! - `rows`: what a row is, and how one is tried
//! - `cognito`: one process, `kind = "cognito"`: structure, key, claims, what the app is told
//! - `oidc`: another, `kind = "oidc"` with several algorithms: their keys and forms of signatures

mod cognito;
mod oidc;
pub(super) mod rows;
