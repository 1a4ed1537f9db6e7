//! Cognito's shorthand: issuer and endpoints from the pool id and the login
//! domain, which are two hosts, never derived from each other (cognito.md 1.1).

use url::Url;

use super::url::{remedy, secure};
use super::{Conversion, UNREAD_URL};
use crate::config::Endpoints;
use crate::config::convert::UNREAD_POOL;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind, UrlProblem};
use crate::config::file::ProviderTable;
use crate::config::reader::{Item, Text};

/// Hosts of issuers begin so: original, FIPS and updated ones.
const ISSUER_HOSTS: &[&str] = &["cognito-idp.", "cognito-idp-fips.", "issuer-cognito-idp."];

impl Conversion<'_> {
    /// The issuer: as written, else from the pool id and its region; and the
    /// pool id, where it is written.
    pub(super) fn cognito_issuer(
        &mut self,
        table: &ProviderTable,
        domain: Option<&Url>,
    ) -> (Option<String>, Option<String>) {
        let region = self.pool_region(table);
        let pool = region.as_ref().map(|(id, _)| id.clone());
        (self.issuer_of_pool(table, domain, region), pool)
    }

    fn issuer_of_pool(
        &mut self,
        table: &ProviderTable,
        domain: Option<&Url>,
        region: Option<(String, String)>,
    ) -> Option<String> {
        match (&table.issuer, &table.user_pool_id) {
            (Some(item), _) => {
                let issuer = self.issuer(item)?;
                // Two texts that were not to be read only look alike.
                let domain = domain.filter(|_| !self.is_unread(item));
                self.issuer_on_login_domain(item, &issuer, domain);
                Some(issuer)
            }
            (None, Some(pool)) => {
                let (id, region) = region?;
                if region.starts_with("us-gov-") {
                    let remedy = "if `check --online` finds no keys, write issuer as the pool's discovery document says";
                    self.findings
                        .warn(&pool.place, ConfigWarningKind::GovCloud, remedy);
                }
                let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
                Some(format!(
                    "https://cognito-idp.{region}.amazonaws.com{suffix}/{id}"
                ))
            }
            (None, None) => {
                let remedy = "write user_pool_id = \"eu-central-1_…\" (the console shows it as User pool ID)";
                self.findings
                    .missing(&table.place.child("user_pool_id"), remedy);
                None
            }
        }
    }

    /// The pool id and its region, checked against `region`.
    fn pool_region(&mut self, table: &ProviderTable) -> Option<(String, String)> {
        let region = match &table.region {
            Some(item) => self.region(item).map(|region| (item, region)),
            None => None,
        };
        let Some(item) = &table.user_pool_id else {
            if let Some((item, _)) = region {
                let remedy =
                    "add user_pool_id, or remove region: a written issuer already names one";
                self.findings
                    .error(&item.place, ConfigErrorKind::RegionAlone, remedy);
            }
            return None;
        };
        let id = self.text(item, UNREAD_POOL)?;
        let parts = id.split_once('_').filter(|(prefix, name)| {
            is_region(prefix) && !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        let Some((prefix, _)) = parts else {
            let remedy = "write it as the console shows it, such as \"eu-central-1_AbCdEf123\"";
            self.findings
                .error(&item.place, ConfigErrorKind::UserPoolId, remedy);
            return None;
        };
        let prefix = prefix.to_owned();
        if let Some((written, region)) = region
            && region != prefix
            && !self.is_unread(item)
            && !self.is_unread(written)
        {
            let kind = ConfigErrorKind::RegionContradicts(prefix.clone());
            self.findings
                .error(&written.place, kind, "remove region; the pool id says it");
        }
        Some((id, prefix))
    }

    fn region(&mut self, item: &Item<Text>) -> Option<String> {
        let region = self.text(item, "eu-central-1")?;
        if !is_region(&region) {
            let remedy = "write it as AWS does, such as \"eu-central-1\"";
            self.findings
                .error(&item.place, ConfigErrorKind::Region, remedy);
            return None;
        }
        Some(region)
    }

    fn issuer_on_login_domain(&mut self, item: &Item<Text>, issuer: &str, domain: Option<&Url>) {
        let Ok(issuer) = Url::parse(issuer) else {
            return;
        };
        let same = domain.is_some_and(|domain| domain.origin() == issuer.origin());
        let hosted = issuer
            .host_str()
            .is_some_and(|host| host.ends_with(".amazoncognito.com"));
        if same || hosted {
            let remedy = "remove issuer and write user_pool_id; domain is for the login domain";
            self.findings
                .error(&item.place, ConfigErrorKind::IssuerIsLoginDomain, remedy);
        }
    }

    /// Endpoints on the login domain, and the key set beside the issuer; what
    /// neither says is left to discovery.
    pub(super) fn cognito_endpoints(
        table: &ProviderTable,
        domain: Option<&Url>,
        issuer: Option<&str>,
    ) -> Endpoints {
        let page = |path: &str| domain.and_then(|domain| domain.join(path).ok());
        let jwks = issuer.filter(|_| table.user_pool_id.is_some() || domain.is_some());
        let jwks = jwks.and_then(|issuer| {
            let issuer = issuer.trim_end_matches('/');
            Url::parse(&format!("{issuer}/.well-known/jwks.json")).ok()
        });
        Endpoints {
            authorization: page("/oauth2/authorize"),
            token: page("/oauth2/token"),
            jwks,
            // cognito.md 1.8: the one path with a capital letter.
            userinfo: page("/oauth2/userInfo"),
            revocation: page("/oauth2/revoke"),
            logout: page("/logout"),
        }
    }

    /// The login domain: an origin, and not the issuer's.
    pub(super) fn domain(&mut self, item: &Item<Text>) -> Option<Url> {
        let text = self.text(item, UNREAD_URL)?;
        let origin = secure(&text).and_then(|url| match (url.query(), url.path()) {
            (Some(_), _) => Err(UrlProblem::Query),
            (None, "/") => Ok(url),
            (None, _) => Err(UrlProblem::Path),
        });
        let url = match origin {
            Ok(url) => url,
            Err(problem) => {
                let remedy = match problem {
                    UrlProblem::Path | UrlProblem::Query => {
                        "write the login domain alone, such as \"https://login.example.com\""
                    }
                    UrlProblem::NotAUrl => "put https:// in front: \"https://login.example.com\"",
                    problem => remedy(problem),
                };
                self.findings.error(&item.place, problem, remedy);
                return None;
            }
        };
        if is_issuer_host(url.as_str()) {
            let remedy = "write the pool's domain, \"https://PREFIX.auth.REGION.amazoncognito.com\" or your own; the issuer follows from user_pool_id";
            self.findings
                .error(&item.place, ConfigErrorKind::DomainIsIssuerHost, remedy);
            return None;
        }
        Some(url)
    }
}

/// Whether a URL is on one of the hosts that Cognito's issuers are on.
pub(super) fn is_issuer_host(url: &str) -> bool {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or("");
    ISSUER_HOSTS.iter().any(|start| host.starts_with(start))
        && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
}

/// `eu-central-1`, `us-gov-west-1`, `cn-north-1`: letters first, a number last.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [names @ .., number] => {
            names.len() >= 2
                && names.iter().all(letters)
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        [] => false,
    }
}
