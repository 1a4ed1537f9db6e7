//! What becomes of the settings that have a counterpart.
//!
//! Must not know how they were written, nor how the output is.

use url::Url;

use super::options::{Kind, kind, without};
use super::patterns::is_pattern;
use super::read::{Read, Setting};
use super::{Group, ImportedOptions, apps, bearers, file, forward_auth, listed, quoted, routes};

/// Stands where nothing is known; never resolves (RFC 2606).
pub(super) const PLACEHOLDER: &str = "https://write-me.invalid";
pub(super) const PROVIDER: &str = "provider.sso";

/// The settings, and what has become of them so far.
pub(super) struct Conversion {
    settings: Vec<Setting>,
    /// Whether a configuration file is among what was read.
    has_file: bool,
    pub(super) out: ImportedOptions,
}

pub(super) fn convert(read: Read) -> ImportedOptions {
    let mut work = Conversion {
        settings: read.settings,
        has_file: read.has_file,
        out: ImportedOptions::default(),
    };
    work.lines(read.no_options);
    work.no_switches();
    work.server();
    forward_auth::forward_auth(&mut work);
    apps::apps(&mut work);
    work.provider();
    work.client();
    work.endpoints();
    bearers::bearers(&mut work);
    work.session();
    work.identity();
    work.headers();
    routes::routes(&mut work);
    work.rest();
    work.out
}

impl Conversion {
    /// The last value of an option.
    pub(super) fn one(&self, name: &str) -> Option<String> {
        self.all(name).last().cloned()
    }

    /// All values of an option.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let setting = self.settings.iter().find(|setting| setting.name == name);
        setting
            .map(|setting| setting.values.clone())
            .unwrap_or_default()
    }

    pub(super) fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The option that names a file which is not read, and in which anything may stand.
    pub(super) fn unread(&self) -> Option<&'static str> {
        let is_set = |name| self.one(name).is_some_and(|path| !path.is_empty());
        let config = (!self.has_file && is_set("config")).then_some("config");
        is_set("alpha-config").then_some("alpha-config").or(config)
    }

    /// Lines of a file that are no options.
    fn lines(&mut self, count: usize) {
        if count > 0 {
            let words = format!(
                "{count} of the lines are not OAUTH2_PROXY_NAME=value, and are left out (they are not shown, since they may be parts of a secret): write a value on one line"
            );
            self.out.note("", words);
        }
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.one(name)
            .is_some_and(|value| TRUE.contains(&value.as_str()))
    }

    /// What takes true or false and has neither, with which oauth2-proxy does not start.
    fn no_switches(&mut self) {
        for Setting { name, values, .. } in self.settings.clone() {
            let last = values.last().map_or("", String::as_str);
            let is_bad = kind(&name) == Some(Kind::Switch) && !is_word(last);
            if is_bad {
                let words = "its value is neither true nor false, so that it is taken for not set";
                self.out.note(&name, words);
            }
        }
    }

    fn server(&mut self) {
        let address = self.one("http-address");
        let listen = listen(address.as_deref());
        let from = match address {
            Some(_) => "--http-address",
            None => "--http-address, by default",
        };
        if listen.is_none() {
            self.out.note(
                "http-address",
                "it is neither ADDR:PORT nor unix:/PATH; it is 127.0.0.1:4180 now",
            );
        }
        let listen = listen.unwrap_or_else(|| "127.0.0.1:4180".to_owned());
        self.out.line("server", "listen", quoted(&listen), from);
        self.public_url();
        self.out.note("", "oauth2-proxy answers /ping, /ready and /robots.txt itself, in public; here they are the app's like every path: point probes at /healthz and /readyz on server.admin_listen, and write a [[route]] with access = \"public\" for what the app is to show everybody");
        if let Some(prefix) = self.one("proxy-prefix")
            && !prefix.is_empty()
            && own_prefix(&prefix).is_none()
        {
            self.out.note(
                "proxy-prefix",
                "it is no plain path below the root, which is the app's; it is /oauth2 now",
            );
        }
        let prefix = self.prefix();
        self.out.line(
            "server",
            "path_prefix",
            quoted(&prefix),
            "--proxy-prefix; start, sign_in, sign_out and userinfo are known here too",
        );
        self.proxies();
    }

    /// `path_prefix`: never the root, which is the app's.
    pub(super) fn prefix(&self) -> String {
        let prefix = self.one("proxy-prefix");
        let prefix = prefix.and_then(|prefix| own_prefix(&prefix));
        prefix.unwrap_or_else(|| "/oauth2".to_owned())
    }

    fn proxies(&mut self) {
        let is_net = |text: &String| {
            text.parse::<ipnet::IpNet>().is_ok() || text.parse::<std::net::IpAddr>().is_ok()
        };
        let all = self.all("trusted-proxy-ip");
        let (good, bad): (Vec<&String>, Vec<&String>) = all.iter().partition(|text| is_net(text));
        for text in bad {
            let words = format!(
                "{}: it is neither an address nor a network, and left out",
                shown(text)
            );
            self.out.note("trusted-proxy-ip", words);
        }
        if !good.is_empty() {
            let list = listed(good.iter().map(|text| text.as_str()));
            self.out
                .line("server", "trusted_proxies", list, "--trusted-proxy-ip");
        } else if self.is_on("reverse-proxy") {
            self.out.note("reverse-proxy", "nobody is believed about the client's address before it is named: write your load balancer's network into server.trusted_proxies");
        }
    }

    /// Where browsers are comes from the redirect URL; oauth2-proxy guesses it otherwise.
    fn public_url(&mut self) {
        let redirect = self.one("redirect-url");
        let url = redirect.as_deref().and_then(|text| Url::parse(text).ok());
        let Some(url) = url.filter(|url| url.host().is_some()) else {
            self.out.note("redirect-url", "write into server.public_url what the browser's address line begins with; it is never guessed from a request, since a client could choose it");
            self.out.line(
                "server",
                "public_url",
                quoted(PLACEHOLDER),
                "write it: --redirect-url is not set in full",
            );
            return;
        };
        let origin = url.origin().ascii_serialization();
        if origin.starts_with("http:") && !is_loopback(&url) {
            self.out.note("redirect-url", "plain http is for loopback hosts alone; it is https now, so terminate TLS in front");
        }
        let origin = match is_loopback(&url) {
            true => origin,
            false => origin.replacen("http:", "https:", 1),
        };
        self.out
            .line("server", "public_url", quoted(&origin), "--redirect-url");
        let own = format!("{}/callback", self.prefix());
        if url.path() != "/" && url.path() != own {
            self.out.line(
                PROVIDER,
                "callback_path",
                quoted(url.path()),
                "--redirect-url",
            );
        }
    }

    fn session(&mut self) {
        self.out.note("cookie-secret", "another kind of key seals here: make one with `vestibule keygen`; people sign in once more");
        self.out.line(
            "session",
            "keys",
            format!("[{}]", file("/run/secrets/session-key")),
            "--cookie-secret; make one with `vestibule keygen`",
        );
        match self.one("cookie-expire").as_deref() {
            None => self.out.line("session", "lifetime", quoted("168h"), "--cookie-expire, by default"),
            Some(text) => match lifetime(text) {
                Some(text) => self.out.line("session", "lifetime", quoted(&text), "--cookie-expire"),
                None => self.out.note("cookie-expire", "write how long a session may last into session.lifetime, such as \"8h\", at most a year; a cookie ends with the browser in any case"),
            },
        }
        self.out.line(
            "session",
            "idle_timeout",
            quoted("off"),
            "oauth2-proxy has none; \"1h\" is the default here",
        );
        if self.one("cookie-refresh").is_some() && !self.out.has("server", "forward_auth_cookies") {
            self.out.say(Group::Nothing, "cookie-refresh", "tokens are renewed by themselves before they end, where the provider gives a refresh token (oidc: add offline_access to scopes if it wants that)");
        }
        if self.one("cookie-name").is_some() {
            self.out.say(Group::Changes, "cookie-name", "left at its default, \"__Host-vestibule\": no sibling host can set a cookie of that kind. session.cookie_name names another one");
        }
    }

    fn headers(&mut self) {
        let users = self.one("pass-user-headers").is_none() || self.is_on("pass-user-headers");
        let from = if users {
            "--pass-user-headers"
        } else {
            "the names that oauth2-proxy has; there is no way to tell the app nothing on a signed-in path"
        };
        let asked = forward_auth::presets(self);
        if !asked {
            self.out
                .line("headers", "preset", quoted("oauth2-proxy"), from);
        }
        self.user_headers(asked);
        if !users {
            self.out.say(Group::Changes, "pass-user-headers", "the app is told who somebody is in any case; what clients send under these names never reaches it");
        }
        if self.is_on("pass-access-token") {
            self.out.line(
                "headers.set",
                "X-Forwarded-Access-Token",
                quoted("{access_token}"),
                "--pass-access-token",
            );
            if self.is_on("set-xauthrequest") {
                self.out.line(
                    "headers.set",
                    "X-Auth-Request-Access-Token",
                    quoted("{access_token}"),
                    "--pass-access-token with --set-xauthrequest",
                );
            }
        }
        let bearer = ["pass-authorization-header", "set-authorization-header"];
        if let Some(option) = bearer.into_iter().find(|option| self.is_on(option)) {
            self.out.line(
                "headers.set",
                "Authorization",
                "{ value = \"Bearer {id_token}\", encoding = \"raw\" }".to_owned(),
                &format!("--{option}"),
            );
        }
    }

    /// What has no counterpart, and what nobody knows.
    fn rest(&mut self) {
        for setting in self.settings.clone() {
            if setting.name == "config" && self.has_file {
                let words = "taken to be the file that was imported with it";
                self.out.say(Group::Nothing, "config", words);
            } else if let Some(words) = without(&setting.name) {
                let words = words.strip_prefix("nothing to do: ").unwrap_or(words);
                let group = super::options::group(&setting.name);
                self.out.say(group, &setting.name, words);
            } else if kind(&setting.name).is_none() {
                let name = name_of_unknown(&setting);
                self.out.note(&name, "unknown: oauth2-proxy 7 has no such option, as far as is known here; look it up in the documentation of your version");
            }
        }
    }
}

/// As Go writes them.
const TRUE: &[&str] = &["1", "t", "T", "TRUE", "true", "True"];
const FALSE: &[&str] = &["0", "f", "F", "FALSE", "false", "False"];

fn is_word(text: &str) -> bool {
    TRUE.contains(&text) || FALSE.contains(&text)
}

/// What an option that nobody knows is called; not shown if it may be the value of another one.
pub(super) fn name_of_unknown(setting: &Setting) -> String {
    match setting.is_hidden {
        true => "(not shown)".to_owned(),
        false => setting.name.chars().take(80).collect(),
    }
}

/// `ADDR:PORT` or `unix:/PATH` as we write it.
fn listen(address: Option<&str>) -> Option<String> {
    let Some(address) = address else {
        return Some("127.0.0.1:4180".to_owned());
    };
    if let Some(path) = address.strip_prefix("unix:") {
        return Some(format!("unix:/{}", path.trim_start_matches('/')));
    }
    let bare = address
        .strip_prefix("http://")
        .unwrap_or(address)
        .trim_end_matches('/');
    let (host, port) = bare.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let host = match host {
        "" | "*" => "0.0.0.0",
        "localhost" => "127.0.0.1",
        host => host,
    };
    let address: std::net::SocketAddr = format!("{host}:{port}").parse().ok()?;
    Some(address.to_string())
}

/// A prefix as we take it, if it is one: oauth2-proxy puts up with one without its slash.
fn own_prefix(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let prefix = format!("/{}", text.trim_matches('/'));
    let good = prefix != "/" && prefix.bytes().all(plain) && is_pattern(&prefix);
    good.then_some(prefix)
}

/// A duration of Go's, if it is a lifetime for us.
fn lifetime(text: &str) -> Option<String> {
    let year = std::time::Duration::from_secs(365 * 24 * 60 * 60);
    let span = humantime::parse_duration(text).ok()?;
    let good = span.as_secs() >= 1 && span <= year;
    good.then(|| text.to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A value that is no secret, in quotes; a URL without what may be one.
pub(super) fn shown(text: &str) -> String {
    let bare = match Url::parse(text) {
        Ok(mut url) if url.has_host() => {
            let cleared = url.set_password(None).and_then(|()| url.set_username(""));
            match cleared {
                Ok(()) => url.to_string(),
                Err(()) => url.scheme().to_owned(),
            }
        }
        _ => text.to_owned(),
    };
    let cut: String = bare.chars().take(120).collect();
    format!("{cut:?}")
}
