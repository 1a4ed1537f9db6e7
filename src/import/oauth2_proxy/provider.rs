//! The provider: who it is, who we are there, and where it is asked.

use url::Url;

use super::convert::{Conversion, PLACEHOLDER, PROVIDER, shown};
use super::{Group, file, listed, quoted};

const ENDPOINTS: &str = "provider.sso.endpoints";

impl Conversion {
    pub(super) fn provider(&mut self) {
        let name = self.one("provider").unwrap_or_else(|| "google".to_owned());
        let issuer = self.one("oidc-issuer-url");
        let tenant = self
            .one("azure-tenant")
            .or_else(|| self.one("entra-id-tenant"));
        let microsoft = matches!(name.as_str(), "azure" | "entra-id");
        let (issuer, from) = match (issuer, tenant, name.as_str()) {
            (Some(issuer), ..) => (Some(issuer), "--oidc-issuer-url"),
            (None, Some(tenant), _) if microsoft => {
                let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
                (Some(issuer), "--azure-tenant")
            }
            (None, _, "google") => (Some("https://accounts.google.com".to_owned()), "--provider"),
            (None, _, "gitlab") => (Some("https://gitlab.com".to_owned()), "--provider"),
            _ => (None, ""),
        };
        if microsoft
            && issuer
                .as_deref()
                .is_none_or(|issuer| issuer.contains("/common"))
        {
            self.out.note("provider", "tokens carry the tenant's own issuer: write the tenant's GUID in place of \"common\"");
        }
        let is_oidc = issuer.is_some()
            || matches!(
                name.as_str(),
                "oidc" | "keycloak-oidc" | "adfs" | "azure" | "entra-id" | "cidaas" | "login.gov"
            );
        if !is_oidc {
            self.out.note("provider", format!("{} speaks OAuth 2.0 without OpenID Connect, which gives no token that could be verified; put a provider before it that federates it (Cognito, Keycloak, Dex), and write that one's issuer", shown(&name)));
        }
        match issuer.as_deref().and_then(user_pool) {
            Some(pool) => {
                self.out.line(
                    PROVIDER,
                    "kind",
                    quoted("cognito"),
                    "--oidc-issuer-url, which is a Cognito user pool's",
                );
                self.out
                    .line(PROVIDER, "user_pool_id", quoted(&pool), "--oidc-issuer-url");
            }
            None => {
                self.out
                    .line(PROVIDER, "kind", quoted("oidc"), "--provider");
                let origin = if from.is_empty() {
                    "write it: --oidc-issuer-url is not set"
                } else {
                    from
                };
                if issuer.is_none() {
                    self.out.note("oidc-issuer-url", "write the provider's issuer into provider.sso.issuer, exactly as its tokens carry it");
                }
                let issuer = issuer.as_deref().unwrap_or(PLACEHOLDER);
                self.out.line(PROVIDER, "issuer", quoted(issuer), origin);
            }
        }
    }

    pub(super) fn client(&mut self) {
        let id = self.one("client-id");
        if id.is_none() {
            self.out.note(
                "client-id",
                "write the client's id into provider.sso.client_id",
            );
        }
        let id = id.unwrap_or_else(|| "write-me".to_owned());
        self.out
            .line(PROVIDER, "client_id", quoted(&id), "--client-id");
        if let Some(path) = self.one("client-secret-file") {
            self.out.line(
                PROVIDER,
                "client_secret",
                file(&path),
                "--client-secret-file",
            );
        } else if self.one("client-secret").is_some() {
            self.out.note("client-secret", "secrets never stand in the configuration: put it into the file that client_secret names");
            self.out.line(
                PROVIDER,
                "client_secret",
                file("/run/secrets/client-secret"),
                "--client-secret, which goes into this file",
            );
        }
        if let Some(scope) = self.one("scope") {
            let mut scopes: Vec<&str> = scope
                .split([' ', ','])
                .filter(|scope| !scope.is_empty())
                .collect();
            if !scopes.contains(&"openid") {
                scopes.insert(0, "openid");
            }
            let cognito = self
                .out
                .tables
                .get(PROVIDER)
                .is_some_and(|lines| lines.iter().any(|line| line.key == "user_pool_id"));
            if cognito && scopes.contains(&"offline_access") {
                scopes.retain(|scope| *scope != "offline_access");
                self.out.say(Group::Changes, "scope", "offline_access is left out: Cognito refuses a login with it, and gives a refresh token without");
            }
            self.out.line(PROVIDER, "scopes", listed(scopes), "--scope");
        }
        if let Some(name) = self
            .one("provider-display-name")
            .filter(|name| !name.is_empty())
        {
            let from = "--provider-display-name";
            self.out.line(PROVIDER, "display_name", quoted(&name), from);
        }
        self.authorities();
        self.logout();
        if self.is_on("insecure-oidc-allow-unverified-email") {
            self.out.line(
                PROVIDER,
                "email_verified",
                quoted("ignore"),
                "--insecure-oidc-allow-unverified-email",
            );
        }
        let params = [
            ("prompt", "prompt"),
            ("acr-values", "acr_values"),
            ("resource", "resource"),
        ];
        for (option, param) in params {
            if let Some(value) = self.one(option).filter(|value| !value.is_empty()) {
                self.out.line(
                    "provider.sso.authorize_params",
                    param,
                    quoted(&value),
                    &format!("--{option}"),
                );
            }
        }
    }

    /// oauth2-proxy ends its own session alone, for which nothing is registered,
    /// unless it is told to end the provider's too.
    fn logout(&mut self) {
        if self
            .one("backend-logout-url")
            .is_some_and(|url| !url.is_empty())
        {
            return;
        }
        self.out.line(
            PROVIDER,
            "logout",
            quoted("local"),
            "oauth2-proxy's sign_out leaves the provider's session alone",
        );
        self.out.say(Group::Changes, "", "signing out ends the session here alone, as it did: the next sign-in asks for no password. provider.sso.logout = \"provider\" ends the provider's own too; register the sign-out URL there first, which `vestibule check` prints");
    }

    /// Whose certificates the provider may have.
    fn authorities(&mut self) {
        let files = self.all("provider-ca-file");
        let Some(first) = files.first() else {
            return;
        };
        if files.len() > 1 {
            self.out.note("provider-ca-file", "put all of them into the one file that provider.sso.http names: PEM, one after the other");
        }
        let http = format!("{{ ca = {} }}", file(first));
        self.out.line(PROVIDER, "http", http, "--provider-ca-file");
    }

    pub(super) fn endpoints(&mut self) {
        for (option, key) in [
            ("login-url", "authorization"),
            ("redeem-url", "token"),
            ("oidc-jwks-url", "jwks"),
            ("profile-url", "userinfo"),
        ] {
            if let Some(url) = self.one(option).filter(|url| !url.is_empty()) {
                self.out
                    .line(ENDPOINTS, key, quoted(&url), &format!("--{option}"));
            }
        }
        let all = ["authorization", "token", "jwks"];
        if self.is_on("skip-oidc-discovery") && !all.iter().all(|key| self.out.has(ENDPOINTS, key))
        {
            self.out.note("skip-oidc-discovery", "discovery is asked for what provider.sso.endpoints does not name: authorization, token and jwks are needed");
        }
    }
}

/// The pool's id in an issuer of Cognito.
fn user_pool(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let host = url.host_str()?;
    let region = host.strip_prefix("cognito-idp.")?.split('.').next()?;
    let pool = url.path().trim_matches('/');
    let good = pool.strip_prefix(region)?.starts_with('_') && !pool.contains('/');
    good.then(|| pool.to_owned())
}
