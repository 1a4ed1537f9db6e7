//! `[server]`.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Choices, Conversion};
use crate::config::Server;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind, PathProblem};
use crate::config::file::ServerTable;
use crate::config::reader::{Item, Text};
use crate::gate::client::TrustedProxies;
use crate::gate::forward_auth::{Dialect, ForwardAuth};
use crate::gate::origin::{OriginError, PublicOrigin};
use crate::gate::request::RequestPath;

/// `server.path_prefix` by default.
const PATH_PREFIX: &str = "/_vestibule";
/// Most clients that can be asked for, far beyond what a machine has memory for.
const CONNECTIONS_MAX: i64 = 1_000_000;
/// Most worker threads.
const THREADS_MAX: i64 = 1024;
/// Origin that stands in for one that was not to be read.
const UNREAD_ORIGIN: &str = "https://not-read.invalid";

impl Conversion<'_> {
    pub(super) fn server(&mut self, table: &ServerTable) -> Option<Server> {
        let listen = self.listen(table);
        let admin_listen = self.admin_listen(table, &listen);
        let origins = self.origins(table);
        let socket_mode = self.socket_mode(table, &listen);
        let tls = table
            .tls
            .as_ref()
            .and_then(|tls| self.server_tls(tls, &listen, &origins));
        let hsts = table
            .hsts
            .as_ref()
            .and_then(|hsts| self.hsts(hsts, &origins));
        let path_prefix = self.path_prefix(table.path_prefix.as_ref());
        let whoami = Choices {
            words: &["signed-in", "off"],
            values: &[true, false],
        };
        let whoami = self.choice(table.whoami.as_ref(), &whoami, true);
        let threads = self.threads(table.threads.as_ref());
        let max_connections = self.max_connections(table.max_connections.as_ref());
        let timeouts = self.client_timeouts(&table.timeouts);
        let trusted_proxies = self.trusted_proxies(table);
        let forward_auth = self.forward_auth(table, &trusted_proxies);
        let stop = self.stop(table);
        Some(Server {
            listen: listen.into_iter().map(|(address, _)| address).collect(),
            socket_mode,
            tls,
            hsts,
            admin_listen: admin_listen?,
            origins: (!origins.is_empty()).then_some(origins)?,
            path_prefix: path_prefix?,
            whoami,
            trusted_proxies,
            forward_auth,
            ignore_path_case: table
                .ignore_path_case
                .as_ref()
                .is_some_and(|item| item.value),
            stop: stop?,
            timeouts: timeouts?,
            threads,
            max_connections,
        })
    }

    fn origins(&mut self, table: &ServerTable) -> Vec<PublicOrigin> {
        let Some(items) = &table.public_url else {
            let remedy = "write public_url = \"https://app.example.com\", as browsers see it";
            self.findings
                .missing(&table.place.child("public_url"), remedy);
            return Vec::new();
        };
        let mut origins: Vec<(PublicOrigin, &Item<Text>)> = Vec::new();
        for item in items {
            let Some(text) = self.text(item, UNREAD_ORIGIN) else {
                continue;
            };
            let origin = match PublicOrigin::parse(&text) {
                Ok(origin) => origin,
                Err(error) => {
                    self.findings
                        .error(&item.place, error, origin_remedy(error));
                    continue;
                }
            };
            match origins.iter().find(|(other, _)| *other == origin) {
                Some((_, first)) if !self.is_unread(item) => {
                    let kind = ConfigErrorKind::Repeated(first.place.key().to_owned());
                    self.findings
                        .error(&item.place, kind, "remove one of the two");
                }
                _ => origins.push((origin, item)),
            }
        }
        origins.into_iter().map(|(origin, _)| origin).collect()
    }

    fn path_prefix(&mut self, item: Option<&Item<Text>>) -> Option<String> {
        let Some(item) = item else {
            return Some(PATH_PREFIX.to_owned());
        };
        let prefix = self.text(item, PATH_PREFIX)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
        let problem = if prefix == "/" {
            PathProblem::Root
        } else if let Some(problem) = own_path_problem(&prefix) {
            problem
        } else if prefix.ends_with('/') {
            PathProblem::TrailingSlash
        } else if !prefix.bytes().all(plain) {
            PathProblem::Characters
        } else {
            return Some(prefix);
        };
        let remedy = "write a path such as \"/_vestibule\" or \"/oauth2\"";
        self.findings.error(&item.place, problem, remedy);
        None
    }

    fn threads(&mut self, item: Option<&Item<i64>>) -> usize {
        let Some(item) = item else {
            return self.outside.cores.max(1);
        };
        match usize::try_from(item.value) {
            Ok(threads) if (1..=THREADS_MAX).contains(&item.value) => threads,
            _ => {
                let remedy = "leave it out for as many as there are cores";
                let kind = ConfigErrorKind::NumberRange(1, THREADS_MAX);
                self.findings.error(&item.place, kind, remedy);
                1
            }
        }
    }

    fn max_connections(&mut self, item: Option<&Item<i64>>) -> Option<usize> {
        let item = item?;
        let number = usize::try_from(item.value).ok();
        let number = number.filter(|_| (1..=CONNECTIONS_MAX).contains(&item.value));
        if number.is_none() {
            let remedy = "leave it out for as many as there may be open files for";
            let kind = ConfigErrorKind::NumberRange(1, CONNECTIONS_MAX);
            self.findings.error(&item.place, kind, remedy);
        }
        number
    }

    fn trusted_proxies(&mut self, table: &ServerTable) -> TrustedProxies {
        let mut trusted = TrustedProxies::default();
        for item in table.trusted_proxies.iter().flatten() {
            let Some(text) = self.text(item, "unix") else {
                continue;
            };
            if text == "unix" {
                trusted.unix = true;
                continue;
            }
            let net = text.parse::<IpNet>().ok();
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            let Some(net) = net.or_else(address) else {
                let remedy = "write a network such as \"10.0.0.0/8\", an address, or \"unix\"";
                self.findings
                    .error(&item.place, ConfigErrorKind::Network, remedy);
                continue;
            };
            if net.prefix_len() == 0 {
                let remedy = "name the networks of your load balancers; as it is, every client may say where it comes from";
                let kind = ConfigWarningKind::EverybodyTrusted;
                self.findings.warn(&item.place, kind, remedy);
            }
            trusted.nets.push(net.trunc());
        }
        trusted
    }

    fn forward_auth(
        &mut self,
        table: &ServerTable,
        trusted: &TrustedProxies,
    ) -> Option<ForwardAuth> {
        let dialects = Choices {
            words: &["off", "nginx", "traefik", "caddy", "envoy"],
            values: &[
                None,
                Some(Dialect::Nginx),
                Some(Dialect::Traefik),
                Some(Dialect::Caddy),
                Some(Dialect::Envoy),
            ],
        };
        let dialect = self.choice(table.forward_auth.as_ref(), &dialects, None);
        let cookies = table.forward_auth_cookies.as_ref();
        if let (None, Some(item)) = (dialect, cookies.filter(|item| item.value)) {
            let remedy =
                "write forward_auth = \"nginx\" (or traefik, caddy, envoy) beside it, or remove it";
            let kind = ConfigErrorKind::ForwardAuthOff;
            self.findings.error(&item.place, kind, remedy);
        }
        if let (Some(_), Some(item)) = (dialect, &table.forward_auth)
            && *trusted == TrustedProxies::default()
        {
            let remedy = "name the front proxy's network in server.trusted_proxies; as it is, everybody who asks gets 404";
            let kind = ConfigWarningKind::NobodyMayAsk;
            self.findings.warn(&item.place, kind, remedy);
        }
        dialect.map(|dialect| ForwardAuth {
            dialect,
            cookies: cookies.is_some_and(|item| item.value),
        })
    }
}

/// What is wrong with a path of ours, whatever it is for.
pub(super) fn own_path_problem(path: &str) -> Option<PathProblem> {
    if !path.starts_with('/') {
        return Some(PathProblem::NotAbsolute);
    }
    let canonical =
        RequestPath::parse(path).is_ok_and(|read| read.canonical() == path && !read.is_ambiguous());
    (!canonical || path.contains('?')).then_some(PathProblem::NotCanonical)
}

fn origin_remedy(error: OriginError) -> &'static str {
    match error {
        OriginError::Path => {
            "write the origin alone; where Vestibule's own pages are is server.path_prefix"
        }
        OriginError::PlainHttp => {
            "write https://, and let whatever is in front of Vestibule terminate TLS"
        }
        OriginError::NotAUrl | OriginError::Scheme | OriginError::Extra => {
            "write \"https://app.example.com\", as the browser's address line begins"
        }
    }
}
