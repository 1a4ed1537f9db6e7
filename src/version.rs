//! What this build is made of.

use serde_json::{Value, json};

/// The version alone.
pub const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// Version, commit, TLS and crypto backends.
#[must_use]
pub fn json() -> Value {
    json!({
        "version": NUMBER,
        "commit": option_env!("VESTIBULE_COMMIT").unwrap_or("unknown"),
        "tls": "rustls",
        "crypto": { "tls": "aws-lc-rs", "signatures": "aws-lc-rs", "seal": "aws-lc-rs" },
    })
}
