//! Who somebody is: which claims, and which of them oauth2-proxy insists on.
//!
//! It lets nobody in without an email, nor with one that the provider calls
//! unverified. Here an account without a name is nobody's, so that the name is
//! the email, and the app is told the subject beside it.

use super::convert::{Conversion, PROVIDER};
use super::{Group, listed, quoted};

const EMAIL: &str = "email";
const SUBJECT: &str = "{ value = \"{sub}\", encoding = \"raw\" }";

/// The claims of an email.
pub(super) struct EmailClaims {
    claims: Vec<String>,
    from: &'static str,
}

/// oauth2-proxy 7 takes its old `--user-id-claim` for the email's claim, unless
/// that is named too; the user is the subject always.
pub(super) fn email(work: &Conversion) -> EmailClaims {
    let named = |option: &str| {
        let claim = work.one(option).filter(|claim| !claim.is_empty())?;
        (claim != EMAIL).then_some(claim)
    };
    let (claim, from) = match (named("oidc-email-claim"), named("user-id-claim")) {
        (Some(claim), _) => (claim, "--oidc-email-claim"),
        (None, Some(claim)) => (claim, "--user-id-claim, which is the email's"),
        (None, None) => (EMAIL.to_owned(), ""),
    };
    let mut claims = vec![claim];
    // The one provider that has another claim where that one is missing.
    if work.one("provider").as_deref() == Some("adfs") && claims.iter().all(|claim| claim != "upn")
    {
        claims.push("upn".to_owned());
    }
    EmailClaims { claims, from }
}

impl Conversion {
    pub(super) fn identity(&mut self) {
        let EmailClaims { claims, from } = email(self);
        let list = || listed(claims.iter().map(String::as_str));
        let reason = "oauth2-proxy lets nobody in without an email; the app is told the subject";
        self.out.line("identity", "user", list(), reason);
        let is_default = claims.iter().all(|claim| claim == EMAIL);
        if !is_default {
            let from = match from {
                "" => "--provider=adfs, where it is the email of who has none",
                from => from,
            };
            self.out.line("identity", "email", list(), from);
        }
        if let Some(claim) = self
            .one("oidc-groups-claim")
            .filter(|claim| !claim.is_empty())
        {
            let groups = listed([claim.as_str()]);
            self.out
                .line("identity", "groups", groups, "--oidc-groups-claim");
        } else if self.is_cognito() {
            let from = "oauth2-proxy's default; a pool's own groups are in cognito:groups";
            let groups = listed(["groups"]);
            self.out.line("identity", "groups", groups, from);
        }
    }

    /// Which emails are believed.
    pub(super) fn verified(&mut self, is_cognito: bool) {
        let option = "insecure-oidc-allow-unverified-email";
        let is_google = self.name() == "google";
        if self.is_on(option) {
            let from = format!("--{option}");
            let word = quoted("ignore");
            self.out.line(PROVIDER, "email_verified", word, &from);
        } else if is_cognito || is_google {
            let from = "oauth2-proxy lets nobody in whose email is unverified";
            let word = quoted("require");
            self.out.line(PROVIDER, "email_verified", word, from);
        }
        if is_cognito && !self.is_on(option) {
            self.out.say(Group::Changes, "", "people whose email Cognito does not call verified do not get in, as with oauth2-proxy: map email_verified at the pool's federated providers. provider.sso.email_verified = \"auto\" believes those of federated people");
        }
    }

    /// The user's headers: the subject, unless it is to be the email.
    pub(super) fn user_headers(&mut self, asked: bool) {
        let from = "oauth2-proxy's user is the subject";
        if !self.is_on("prefer-email-to-user") {
            let name = "X-Forwarded-User";
            self.out.line("headers.set", name, SUBJECT.to_owned(), from);
        }
        if asked {
            let name = "X-Auth-Request-User";
            self.out.line("headers.set", name, SUBJECT.to_owned(), from);
        }
    }
}
