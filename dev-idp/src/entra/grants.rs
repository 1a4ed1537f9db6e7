//! Codes and access tokens of the tenant.

use std::collections::BTreeMap;

use crate::ids;

/// Entra's codes live longer than Cognito's; ten minutes is its order.
const CODE_LIFETIME: i64 = 600;

#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: BTreeMap<String, EntraCode>,
    /// Opaque to the client: access token to its person, app and end.
    access: BTreeMap<String, EntraAccess>,
}

#[derive(Debug, Clone)]
pub(super) struct EntraCode {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) slug: String,
    pub(super) nonce: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) challenge: Option<String>,
    pub(super) issued_at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct EntraAccess {
    pub(super) client_id: String,
    pub(super) slug: String,
    pub(super) expires_at: i64,
}

impl Grants {
    pub(super) fn issue_code(&mut self, code: EntraCode) -> String {
        let now = code.issued_at;
        self.codes
            .retain(|_, code| now < code.issued_at + CODE_LIFETIME);
        let value = format!("0.{}.{}", ids::opaque(), ids::opaque());
        self.codes.insert(value.clone(), code);
        value
    }

    /// Good once.
    pub(super) fn redeem(&mut self, value: &str, now: i64) -> Option<EntraCode> {
        self.codes
            .remove(value)
            .filter(|code| now < code.issued_at + CODE_LIFETIME)
    }

    pub(super) fn issue_access(&mut self, access: EntraAccess, now: i64) -> String {
        self.access.retain(|_, access| now < access.expires_at);
        let value = format!("EwB.{}.{}", ids::opaque(), ids::opaque());
        self.access.insert(value.clone(), access);
        value
    }

    pub(super) fn access(&self, value: &str, now: i64) -> Option<&EntraAccess> {
        self.access
            .get(value)
            .filter(|access| now < access.expires_at)
    }
}
