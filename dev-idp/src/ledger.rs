//! What has been given out: codes, grants, refresh tokens, and a list of all
//! tokens for the admin API.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::ids;

/// Tokens kept for `GET /tokens`.
const LISTED: usize = 10_000;

/// An authorization code is good for five minutes (cognito.md 1.5).
pub(crate) const CODE_LIFETIME: i64 = 300;

/// One login by one person at one client: what all tokens that derive from
/// it have in common.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) origin_jti: String,
    pub(crate) pool: String,
    pub(crate) client_id: String,
    pub(crate) username: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// RFC 8707: becomes `aud` of the access token.
    pub(crate) resource: Option<String>,
    pub(crate) auth_time: i64,
}

/// An authorization code with all it is bound to (E6).
#[derive(Debug, Clone)]
pub(crate) struct Code {
    id: String,
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    issued_at: i64,
    redeemed_at: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct RefreshToken {
    pub(crate) origin_jti: String,
    pub(crate) expires_at: i64,
    /// When rotation put another one in its place.
    pub(crate) replaced_at: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    codes: BTreeMap<String, Code>,
    /// By `origin_jti`.
    grants: BTreeMap<String, (Grant, Standing)>,
    /// By digest: the value itself is not kept.
    refresh: BTreeMap<String, RefreshToken>,
    listed: VecDeque<Listed>,
    serial: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    Revoked,
}

/// A token as `GET /tokens` shows it.
#[derive(Debug)]
struct Listed {
    id: String,
    kind: &'static str,
    client_id: String,
    username: Option<String>,
    origin_jti: Option<String>,
    issued_at: i64,
    expires_at: i64,
}

/// Why a code cannot be redeemed; to the client all are `invalid_grant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeError {
    Unknown,
    Used,
    Expired,
}

impl Ledger {
    pub(crate) fn issue_code(
        &mut self,
        grant: Grant,
        redirect_uri: String,
        challenge: Option<String>,
        now: i64,
    ) -> String {
        self.codes
            .retain(|_, code| code.issued_at > now - 24 * 3600);
        let value = ids::uuid();
        let id = self.next_id("code");
        self.codes.insert(
            value.clone(),
            Code {
                id,
                grant,
                redirect_uri,
                challenge,
                issued_at: now,
                redeemed_at: None,
            },
        );
        value
    }

    /// Takes the code out of circulation. It is spent even if the caller
    /// finds the request wanting afterwards (U4, U5: the strict reading).
    pub(crate) fn redeem(
        &mut self,
        value: &str,
        client_id: &str,
        now: i64,
    ) -> Result<Code, CodeError> {
        let code = self.codes.get_mut(value).ok_or(CodeError::Unknown)?;
        if code.grant.client_id != client_id {
            return Err(CodeError::Unknown);
        }
        if code.redeemed_at.is_some() {
            return Err(CodeError::Used);
        }
        if now >= code.issued_at + CODE_LIFETIME {
            return Err(CodeError::Expired);
        }
        code.redeemed_at = Some(now);
        Ok(code.clone())
    }

    pub(crate) fn open_grant(&mut self, grant: &Grant) {
        self.grants
            .insert(grant.origin_jti.clone(), (grant.clone(), Standing::Good));
    }

    /// A grant that has not been revoked.
    pub(crate) fn grant(&self, origin_jti: &str) -> Option<&Grant> {
        match self.grants.get(origin_jti) {
            Some((grant, Standing::Good)) => Some(grant),
            _ => None,
        }
    }

    pub(crate) fn is_revoked(&self, origin_jti: &str) -> bool {
        matches!(self.grants.get(origin_jti), Some((_, Standing::Revoked)))
    }

    pub(crate) fn revoke(&mut self, origin_jti: &str) {
        if let Some((_, standing)) = self.grants.get_mut(origin_jti) {
            *standing = Standing::Revoked;
        }
    }

    pub(crate) fn issue_refresh(&mut self, grant: &Grant, now: i64, expires_at: i64) -> String {
        let value = ids::refresh_token();
        self.refresh.insert(
            ids::sha256(&value),
            RefreshToken {
                origin_jti: grant.origin_jti.clone(),
                expires_at,
                replaced_at: None,
            },
        );
        let id = self.next_id("refresh");
        self.list(Listed {
            id,
            kind: "refresh",
            client_id: grant.client_id.clone(),
            username: Some(grant.username.clone()),
            origin_jti: Some(grant.origin_jti.clone()),
            issued_at: now,
            expires_at,
        });
        value
    }

    pub(crate) fn refresh_token(&self, value: &str) -> Option<&RefreshToken> {
        self.refresh.get(&ids::sha256(value))
    }

    /// Marks a token as replaced; a second use within the grace period does
    /// not prolong it.
    pub(crate) fn replace_refresh(&mut self, value: &str, now: i64) {
        if let Some(token) = self.refresh.get_mut(&ids::sha256(value)) {
            token.replaced_at.get_or_insert(now);
        }
    }

    pub(crate) fn record(
        &mut self,
        kind: &'static str,
        jti: &str,
        client_id: &str,
        grant: Option<&Grant>,
        issued_at: i64,
        expires_at: i64,
    ) {
        self.list(Listed {
            id: jti.to_owned(),
            kind,
            client_id: client_id.to_owned(),
            username: grant.map(|grant| grant.username.clone()),
            origin_jti: grant.map(|grant| grant.origin_jti.clone()),
            issued_at,
            expires_at,
        });
    }

    pub(crate) fn codes(&self, now: i64) -> Value {
        self.codes
            .values()
            .map(|code| {
                let expires_at = code.issued_at + CODE_LIFETIME;
                json!({
                    "id": code.id,
                    "pool": code.grant.pool,
                    "client_id": code.grant.client_id,
                    "username": code.grant.username,
                    "issued_at": code.issued_at,
                    "expires_at": expires_at,
                    "redeemed_at": code.redeemed_at,
                    "standing": match code.redeemed_at {
                        Some(_) => "redeemed",
                        None if now >= expires_at => "expired",
                        None => "issued",
                    },
                })
            })
            .collect()
    }

    pub(crate) fn tokens(&self) -> Value {
        self.listed
            .iter()
            .map(|token| {
                let revoked = token
                    .origin_jti
                    .as_deref()
                    .is_some_and(|origin_jti| self.is_revoked(origin_jti));
                json!({
                    "id": token.id,
                    "kind": token.kind,
                    "client_id": token.client_id,
                    "username": token.username,
                    "origin_jti": token.origin_jti,
                    "issued_at": token.issued_at,
                    "expires_at": token.expires_at,
                    "revoked": revoked,
                })
            })
            .collect()
    }

    fn list(&mut self, token: Listed) {
        if self.listed.len() >= LISTED {
            self.listed.pop_front();
        }
        self.listed.push_back(token);
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("{kind}-{}", self.serial)
    }
}
