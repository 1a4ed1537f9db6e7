//! URLs of providers: which are safe to talk to, and which are common mistakes.

use url::Url;

use super::{Conversion, UNREAD_URL};
use crate::config::error::{ConfigErrorKind, UrlProblem};
use crate::config::reader::{Item, Text};
use crate::gate::origin::is_loopback;

/// What every discovery document's address ends in (OpenID Connect Discovery 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Entra's authority host, and its names for "any tenant".
const ENTRA_HOST: &str = "login.microsoftonline.com";
const ENTRA_SHARED: &[&str] = &["common", "organizations", "consumers"];

impl Conversion<'_> {
    /// An endpoint named by hand.
    pub(super) fn endpoint(&mut self, item: &Item<Text>) -> Option<Url> {
        let text = self.text(item, UNREAD_URL)?;
        match secure(&text) {
            Ok(url) => Some(url),
            Err(problem) => {
                self.findings.error(&item.place, problem, remedy(problem));
                None
            }
        }
    }
}

/// Reads a URL that secrets, codes or keys travel by: https, or http that
/// never leaves this machine.
pub(super) fn secure(text: &str) -> Result<Url, UrlProblem> {
    let url = Url::parse(text).map_err(|_| UrlProblem::NotAUrl)?;
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => {}
        ("http", Some(host)) if is_loopback(&host) => {}
        ("http", Some(_)) => return Err(UrlProblem::PlainHttp),
        ("http" | "https", None) => return Err(UrlProblem::NotAUrl),
        _ => return Err(UrlProblem::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlProblem::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlProblem::Fragment);
    }
    Ok(url)
}

/// What to do about it.
pub(super) fn remedy(problem: UrlProblem) -> &'static str {
    match problem {
        UrlProblem::NotAUrl => "write it whole, beginning with https://",
        UrlProblem::Scheme | UrlProblem::PlainHttp => {
            "write https://; plain http is for loopback hosts alone"
        }
        _ => "write scheme, host and path alone",
    }
}

/// What is wrong with an issuer, if anything, and what to do about it.
pub(super) fn identifier_problem(issuer: &str) -> Result<(), (ConfigErrorKind, &'static str)> {
    let url = secure(issuer).and_then(|url| match url.query() {
        Some(_) => Err(UrlProblem::Query),
        None => Ok(url),
    });
    let url = url.map_err(|problem| (problem.into(), remedy(problem)))?;
    if url.path().ends_with(DISCOVERY) {
        let remedy = "write the issuer alone: what stands before /.well-known, as the document's \"issuer\" says";
        return Err((ConfigErrorKind::IssuerIsDiscoveryUrl, remedy));
    }
    let tenant = url
        .path_segments()
        .and_then(|mut segments| segments.next())
        .unwrap_or("");
    let shared = ENTRA_SHARED
        .iter()
        .any(|name| tenant.eq_ignore_ascii_case(name));
    if url.host_str() == Some(ENTRA_HOST) && shared {
        let remedy = "write your tenant's id: https://login.microsoftonline.com/TENANT-GUID/v2.0";
        return Err((ConfigErrorKind::IssuerIsMultiTenant, remedy));
    }
    Ok(())
}
