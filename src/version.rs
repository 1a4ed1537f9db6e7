//! What this build is made of.

use serde_json::{Value, json};

/// Version, commit, TLS and crypto backends.
#[must_use]
pub fn json() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("VESTIBULE_COMMIT").unwrap_or("unknown"),
        "tls": "rustls",
        "crypto": { "tls": "aws-lc-rs", "signatures": "aws-lc-rs", "seal": "aws-lc-rs" },
    })
}
