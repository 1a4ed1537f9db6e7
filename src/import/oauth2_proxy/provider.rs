//! The provider: who it is, who we are there, and where it is asked.

use url::Url;

use super::convert::{Conversion, PLACEHOLDER, PROVIDER, shown};
use super::{Group, file, listed, quoted};

const ENDPOINTS: &str = "provider.sso.endpoints";

/// Those whose discovery document says where they are asked; what options say of it counts
/// with `--skip-oidc-discovery` alone.
const DISCOVERED: &[&str] = &[
    "adfs",
    "azure",
    "cidaas",
    "entra-id",
    "gitlab",
    "keycloak-oidc",
    "oidc",
];

impl Conversion {
    /// Which provider it is. With a file that is not read, the default may not be it.
    pub(super) fn name(&self) -> String {
        let default = match self.unread() {
            Some(_) => "oidc",
            None => "google",
        };
        let name = self.one("provider").filter(|name| !name.is_empty());
        name.unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn is_cognito(&self) -> bool {
        self.out.has(PROVIDER, "user_pool_id")
    }

    fn is_discovered(&self) -> bool {
        DISCOVERED.contains(&self.name().as_str()) && !self.is_on("skip-oidc-discovery")
    }

    pub(super) fn provider(&mut self) {
        let name = self.name();
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
        self.scopes();
        if let Some(name) = self
            .one("provider-display-name")
            .filter(|name| !name.is_empty())
        {
            let from = "--provider-display-name";
            self.out.line(PROVIDER, "display_name", quoted(&name), from);
        }
        self.authorities();
        self.logout();
        self.verified(self.is_cognito());
        self.userinfo();
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

    /// Those that are asked for, and without any oauth2-proxy's own.
    fn scopes(&mut self) {
        let is_set = |group: &String| !group.is_empty();
        let by_group = self.all("allowed-group").iter().any(is_set);
        let (scope, from) = match self.one("scope").filter(|scope| !scope.is_empty()) {
            Some(scope) => (scope, "--scope"),
            None if self.is_cognito() => return,
            None => match (self.name().as_str(), by_group) {
                ("oidc" | "keycloak-oidc" | "entra-id", true) => {
                    let scope = "openid email profile groups";
                    (scope.to_owned(), "oauth2-proxy's own, with --allowed-group")
                }
                ("cidaas", _) => {
                    let scope = "openid email profile roles groups";
                    (scope.to_owned(), "oauth2-proxy's own for cidaas")
                }
                _ => return,
            },
        };
        let mut scopes: Vec<&str> = scope
            .split([' ', ','])
            .filter(|scope| !scope.is_empty())
            .collect();
        if !scopes.contains(&"openid") {
            scopes.insert(0, "openid");
        }
        if self.is_cognito() && scopes.contains(&"offline_access") {
            scopes.retain(|scope| *scope != "offline_access");
            self.out.say(Group::Changes, "scope", "offline_access is left out: Cognito refuses a login with it, and gives a refresh token without");
        }
        self.out.line(PROVIDER, "scopes", listed(scopes), from);
    }

    /// oauth2-proxy asks there for what the ID token lacks: email, groups, email_verified or
    /// preferred_username.
    fn userinfo(&mut self) {
        let of_document = self.is_discovered() && self.name() != "azure";
        let named = self.one("profile-url").is_some_and(|url| !url.is_empty());
        let asks = of_document || (named && self.is_on("skip-oidc-discovery"));
        if asks && !self.is_on("skip-claims-from-profile-url") {
            let from = "oauth2-proxy asks there for what the ID token lacks";
            self.out.line(PROVIDER, "userinfo", "true".to_owned(), from);
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
                if self.is_discovered() {
                    let words = "not taken over, since oauth2-proxy does not look at it either: the discovery document says where it is, but with --skip-oidc-discovery";
                    self.out.say(Group::Nothing, option, words);
                    continue;
                }
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
