//! `[upstream]` and `[upstream.NAME]`: the apps.

use std::time::Duration;

use url::{Host, Url};

use super::{Conversion, only_origin_and_path};
use crate::config::error::{ConfigErrorKind, UrlProblem};
use crate::config::file::{TimeoutsTable, UpstreamTable, UpstreamTlsTable};
use crate::config::reader::{Item, Text};
use crate::config::{Address, HostHeader, Protocol, Timeouts, Upstream, UpstreamTls, Upstreams};
use crate::gate::origin::split_host;

/// The name of the one app, and of the one that routes need not name.
const DEFAULT: &str = "default";
/// Longest path of a unix socket (unix(7), with the NUL at its end).
pub(super) const SOCKET_PATH_MAX: usize = 107;
const CONNECT: Duration = Duration::from_secs(5);
const RESPONSE: Duration = Duration::from_secs(300);
const IDLE: Duration = Duration::from_secs(60);
/// The step in which timers go: a shorter timeout would not end sooner.
const TIMEOUT_MIN: Duration = Duration::from_millis(10);

impl Conversion<'_> {
    /// The apps; those that are wrong are left out, with an error among the
    /// findings. There may be none where a front proxy sends requests on. Each
    /// route has to name one where none is the default; without routes, nothing
    /// would ever get anywhere.
    pub(super) fn upstreams(
        &mut self,
        table: &UpstreamTable,
        may_be_none: bool,
        has_routes: bool,
    ) -> Option<Upstreams> {
        if may_be_none && !table.place.is_there() {
            return Some(Upstreams {
                apps: Vec::new(),
                default: None,
            });
        }
        if table.url.is_some() || table.named.is_empty() {
            if let Some((_, second)) = table.named.first() {
                let remedy = "keep [upstream] with its url for one app, or give each app a table [upstream.NAME]";
                self.findings
                    .error(&second.place, ConfigErrorKind::UpstreamBoth, remedy);
            }
            let app = self.upstream(DEFAULT, table)?;
            return Some(Upstreams {
                apps: vec![app],
                default: Some(0),
            });
        }
        for (place, key) in table.own_keys() {
            let remedy = "move it into the table of the app that it is for";
            let kind = ConfigErrorKind::UpstreamKeyNamesNone(key);
            self.findings.error(place, kind, remedy);
        }
        let mut apps = Vec::new();
        let mut default = None;
        for (name, table) in &table.named {
            if let Some(app) = self.upstream(name, table) {
                if name == DEFAULT {
                    default = Some(apps.len());
                }
                apps.push(app);
            }
        }
        let is_default = |(name, _): &(String, UpstreamTable)| name == DEFAULT;
        if let Some((_, first)) = table.named.first()
            && !has_routes
            && !table.named.iter().any(is_default)
        {
            let remedy = "call it [upstream.default], or write a [[route]] with upstream = \"NAME\" for it; where a front proxy sends requests on (server.forward_auth), leave [upstream] out, and write its headers under [headers]";
            let kind = ConfigErrorKind::UpstreamOfNobody;
            self.findings.error(&first.place, kind, remedy);
        }
        (apps.len() == table.named.len()).then_some(Upstreams { apps, default })
    }

    fn upstream(&mut self, name: &str, table: &UpstreamTable) -> Option<Upstream> {
        let Some(item) = &table.url else {
            let remedy = "write url = \"http://127.0.0.1:3000\", where the app listens; [upstream] may be left out only with server.forward_auth, where a front proxy sends requests on";
            self.findings.missing(&table.place.child("url"), remedy);
            return None;
        };
        let text = self.text(item, "http://not-read.invalid")?;
        let (address, protocol) = match address(&text) {
            Ok(found) => found,
            Err(problem) => {
                let remedy = match problem {
                    UrlProblem::Path => {
                        "write scheme, host and port alone; the app gets every path as the browser sent it"
                    }
                    _ => {
                        "write \"http://HOST:PORT\", \"https://HOST\", \"h2c://HOST:PORT\" or \"unix:/PATH\""
                    }
                };
                self.findings.error(&item.place, problem, remedy);
                return None;
            }
        };
        let host = self.host_header(table, &address, protocol)?;
        let tls = self.upstream_tls(&table.tls, &address, protocol)?;
        let timeouts = self.timeouts(&table.timeouts)?;
        Some(Upstream {
            name: name.to_owned(),
            address,
            protocol,
            host,
            tls,
            // Of what `[headers]` says, and of claims: see `app_headers`.
            headers: None,
            timeouts,
        })
    }

    fn host_header(
        &mut self,
        table: &UpstreamTable,
        address: &Address,
        protocol: Protocol,
    ) -> Option<HostHeader> {
        let Some(item) = &table.host else {
            return Some(HostHeader::Keep);
        };
        let text = self.text(item, "keep")?;
        let named = match (text.as_str(), address) {
            ("keep", _) => return Some(HostHeader::Keep),
            ("upstream", Address::Tcp { host, port }) => authority(host, *port, protocol),
            ("upstream", Address::Unix(_)) => {
                let remedy =
                    "a unix socket has no name: write the one that the app expects, or \"keep\"";
                self.findings
                    .error(&item.place, ConfigErrorKind::Host, remedy);
                return None;
            }
            (name, _) if split_host(name).is_some() => name.to_owned(),
            _ => {
                let remedy = "write \"keep\" (what the browser sent), \"upstream\" (the host in url), or a name";
                self.findings
                    .error(&item.place, ConfigErrorKind::Host, remedy);
                return None;
            }
        };
        Some(HostHeader::Is(named))
    }

    fn upstream_tls(
        &mut self,
        table: &UpstreamTlsTable,
        address: &Address,
        protocol: Protocol,
    ) -> Option<UpstreamTls> {
        if protocol != Protocol::Https {
            for place in table.places() {
                let remedy = "write url = \"https://…\", or remove it";
                self.findings.error(place, ConfigErrorKind::TlsIdle, remedy);
            }
            return Some(UpstreamTls::default());
        }
        let server_name = match (&table.server_name, address) {
            (Some(item), _) => {
                let name = self.text(item, "not-read.invalid")?;
                if !matches!(split_host(&name), Some((_, None))) {
                    let remedy = "write the name in the app's certificate, without a port";
                    self.findings
                        .error(&item.place, ConfigErrorKind::Host, remedy);
                    return None;
                }
                name
            }
            (None, Address::Tcp { host, .. }) => host.clone(),
            // Only https has TLS, and that has a host.
            (None, Address::Unix(_)) => return None,
        };
        let ca = match &table.ca {
            Some(item) => Some(self.certificates(item, true)?),
            None => None,
        };
        let client = match (&table.certificate, &table.key) {
            (Some(certificate), Some(key)) => {
                let chain = self.certificates(certificate, false);
                let private = self.private_key(key);
                let (chain, private) = (chain?, private?);
                // pingora takes them as they are, and would not survive a key that is none.
                if self.outside.secrets.is_some() {
                    self.certified(key, &chain, &private)?;
                }
                Some((chain, private))
            }
            (None, None) => None,
            (Some(item), None) | (None, Some(item)) => {
                let remedy = "a client certificate needs both: certificate = { file = … }, key = { file = … }";
                self.findings
                    .error(&item.place, ConfigErrorKind::CertificateWithoutKey, remedy);
                return None;
            }
        };
        Some(UpstreamTls {
            server_name,
            ca,
            client,
        })
    }

    fn timeouts(&mut self, table: &TimeoutsTable) -> Option<Timeouts> {
        let mut one = |item: &Option<Item<Text>>, default, most: u64| {
            let remedy = "write at least \"10ms\", and at most a day (an hour for connect)";
            let range = TIMEOUT_MIN..=Duration::from_secs(most);
            self.span_within(item.as_ref(), default, range, remedy)
        };
        let connect = one(&table.connect, CONNECT, 3_600);
        let response = one(&table.response, RESPONSE, 86_400);
        let idle = one(&table.idle, IDLE, 86_400);
        Some(Timeouts {
            connect: connect?,
            response: response?,
            idle: idle?,
        })
    }
}

/// What a `Host` header calls an app.
fn authority(host: &str, port: u16, protocol: Protocol) -> String {
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    let usual = match protocol {
        Protocol::Https => 443,
        Protocol::Http | Protocol::H2c => 80,
    };
    match port == usual {
        true => host,
        false => format!("{host}:{port}"),
    }
}

fn address(text: &str) -> Result<(Address, Protocol), UrlProblem> {
    if let Some(path) = text.strip_prefix("unix:") {
        let good = path.starts_with('/')
            && path.len() > 1
            && path.len() <= SOCKET_PATH_MAX
            && !path.contains('\0');
        return match good {
            true => Ok((Address::Unix(path.to_owned()), Protocol::Http)),
            false => Err(UrlProblem::NotAUrl),
        };
    }
    // Not one of the schemes whose hosts are read in the usual way.
    let (text, h2c) = match text.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("h2c:") => {
            (format!("http:{}", text.get(4..).unwrap_or_default()), true)
        }
        _ => (text.to_owned(), false),
    };
    let url = Url::parse(&text).map_err(|_| UrlProblem::NotAUrl)?;
    let protocol = match (url.scheme(), h2c) {
        ("http", true) => Protocol::H2c,
        ("http", false) => Protocol::Http,
        ("https", _) => Protocol::Https,
        _ => return Err(UrlProblem::UpstreamScheme),
    };
    only_origin_and_path(&url)?;
    if url.path() != "/" {
        return Err(UrlProblem::Path);
    }
    let host = match url.host().ok_or(UrlProblem::NotAUrl)? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    match url.port_or_known_default() {
        Some(0) | None => Err(UrlProblem::Port),
        Some(port) => Ok((Address::Tcp { host, port }, protocol)),
    }
}
