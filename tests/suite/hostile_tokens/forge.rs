//! Who makes the tokens of a table: with the issuer's keys, and with those of strangers.
//!
//! Owns what a good token says, and how a part of one is changed. Must not know what becomes of it.

use dev_idp::jws::SigningKey;
use serde_json::{Value, json};

use super::rows::{CLIENT, Way, changed, claims, start};
use crate::support::issuer::Issuer;

/// The issuer's keys, and what they sign.
pub(in crate::suite) struct Forge {
    pub(super) key: SigningKey,
    pub(super) access_key: SigningKey,
    pub(super) stranger: SigningKey,
    pub(super) issuer: String,
    pub(super) way: Way,
}

impl Forge {
    /// With an issuer that publishes its keys.
    pub(in crate::suite) fn start(way: Way) -> (Self, Issuer) {
        let (key, access_key) = (SigningKey::generate(), SigningKey::generate());
        let issuer = Issuer::start(&[key.public_jwk(), access_key.public_jwk()]);
        let forge = Self {
            key,
            access_key,
            stranger: SigningKey::generate(),
            issuer: issuer.url.clone(),
            way,
        };
        (forge, issuer)
    }

    /// The claims of a good token, with changes.
    pub(in crate::suite) fn payload(&self, changes: &Value) -> Value {
        let good = match self.way {
            Way::Session => claims(&self.issuer),
            Way::Bearer => access_claims(&self.issuer),
        };
        changed(good, changes)
    }

    /// The claim that names the person.
    pub(super) fn user_claim(&self) -> &'static str {
        match self.way {
            Way::Session => "email",
            Way::Bearer => "username",
        }
    }

    pub(super) fn claims(&self, changes: &Value) -> String {
        self.payload(changes).to_string()
    }

    /// A good payload under a header with changes.
    pub(super) fn header(&self, changes: &Value) -> String {
        let header = json!({ "kid": self.key.kid(), "alg": "RS256" });
        changed(header, changes).to_string()
    }

    pub(super) fn with_header(&self, changes: &Value) -> String {
        self.raw(&self.header(changes), self.claims(&json!({})).as_bytes())
    }

    pub(in crate::suite) fn with_claims(&self, changes: &Value) -> String {
        self.raw(&self.header(&json!({})), self.claims(changes).as_bytes())
    }

    pub(super) fn raw(&self, header: &str, payload: &[u8]) -> String {
        self.key.sign_raw(header.as_bytes(), payload)
    }

    /// A payload whose text is changed, where JSON has no value for it.
    pub(super) fn with_text(&self, from: &str, to: &str) -> String {
        let payload = self.claims(&json!({}));
        assert!(payload.contains(from), "{payload}");
        self.raw(
            &self.header(&json!({})),
            payload.replacen(from, to, 1).as_bytes(),
        )
    }
}

/// The claims of a person's access token.
fn access_claims(issuer: &str) -> Value {
    json!({
        "iss": issuer,
        "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "client_id": CLIENT,
        "token_use": "access",
        "username": "hanna",
        "name": "Hanna Host",
        "scope": "openid profile",
        "cognito:groups": ["Editors"],
        "version": 2,
        "iat": start(),
        "auth_time": start(),
        "exp": start() + 3_600,
    })
}
