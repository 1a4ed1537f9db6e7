//! `server.listen`, `admin_listen`, `socket_mode`, `tls`, `hsts`, `timeouts`, and how it stops.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::Conversion;
use super::upstream::SOCKET_PATH_MAX;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::{ClientTimeoutsTable, HstsTable, ServerTable, ServerTlsTable};
use crate::config::reader::{Item, Text};
use crate::config::{ClientTimeouts, Listen, ServerTls, Stop};
use crate::gate::origin::PublicOrigin;

/// `server.admin_listen` by default: this machine alone.
const ADMIN_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);
/// `server.socket_mode` by default: our user and group.
const SOCKET_MODE: u32 = 0o660;
const SOCKET_MODES: std::ops::RangeInclusive<u32> = 0o600..=0o777;
const HEADER: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(60);
const WRITE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// Longest `server.shutdown_delay`, in seconds: no load balancer asks more rarely.
const SHUTDOWN_DELAY_MAX: u64 = 5 * 60;
/// `server.grace_period` by default: less than the 30 s after which the kubelet kills.
const GRACE_PERIOD: Duration = Duration::from_secs(25);
/// The longest one, in seconds.
const GRACE_PERIOD_MAX: u64 = 60 * 60;
/// Longest `server.hsts.max_age`, in seconds: ten years.
const HSTS_MAX: u64 = 3_650 * 86_400;

/// Addresses, and where in the file they stand.
type Listens<'t> = [(Listen, &'t Item<Text>)];

impl Conversion<'_> {
    pub(super) fn listen<'t>(&mut self, table: &'t ServerTable) -> Vec<(Listen, &'t Item<Text>)> {
        let Some(items) = &table.listen else {
            let remedy = "write listen = \"0.0.0.0:8080\" (all of IPv4) or \"[::]:8080\"";
            self.findings.missing(&table.place.child("listen"), remedy);
            return Vec::new();
        };
        let mut listen: Vec<(Listen, &Item<Text>)> = Vec::new();
        for item in items {
            let Some(address) = self.listen_on(item) else {
                continue;
            };
            // Of port 0 the kernel makes another one each time.
            let is_any = matches!(address, Listen::Tcp(tcp) if tcp.port() == 0);
            match listen
                .iter()
                .find(|(other, _)| *other == address && !is_any)
            {
                Some((_, first)) => {
                    let kind = ConfigErrorKind::Repeated(first.place.key().to_owned());
                    self.findings
                        .error(&item.place, kind, "remove one of the two");
                }
                None => listen.push((address, item)),
            }
        }
        listen
    }

    fn listen_on(&mut self, item: &Item<Text>) -> Option<Listen> {
        let text = self.text(item, "127.0.0.1:0")?;
        let Some(path) = text.strip_prefix("unix:") else {
            return self.address(item, &text).map(Listen::Tcp);
        };
        let good = path.starts_with('/')
            && path.len() > 1
            && path.len() <= SOCKET_PATH_MAX
            && !path.ends_with('/')
            && !path.contains('\0');
        if !good {
            let remedy = "write \"unix:/run/vestibule/vestibule.sock\": the socket's path, in a folder that this process may write to";
            self.findings
                .error(&item.place, ConfigErrorKind::SocketPath, remedy);
            return None;
        }
        Some(Listen::Unix(PathBuf::from(path)))
    }

    pub(super) fn admin_listen(
        &mut self,
        table: &ServerTable,
        listen: &Listens<'_>,
    ) -> Option<SocketAddr> {
        let place = table.place.child("admin_listen");
        let (admin, place) = match &table.admin_listen {
            Some(item) => {
                let text = self.text(item, "127.0.0.1:0")?;
                (self.address(item, &text)?, &item.place)
            }
            None => (ADMIN_LISTEN, &place),
        };
        let public = listen
            .iter()
            .find(|(public, _)| matches!(public, Listen::Tcp(public) if meet(*public, admin)));
        if let Some((_, public)) = public {
            let kind = ConfigErrorKind::AdminIsPublic(public.place.key().to_owned());
            self.findings
                .error(place, kind, "choose another port for one of the two");
        }
        Some(admin)
    }

    fn address(&mut self, item: &Item<Text>, text: &str) -> Option<SocketAddr> {
        let address = text.parse().ok();
        if address.is_none() {
            let remedy = "write \"0.0.0.0:8080\" (all of IPv4), \"[::]:8080\" (IPv6) or \"127.0.0.1:8080\" (this machine alone)";
            self.findings
                .error(&item.place, ConfigErrorKind::Address, remedy);
        }
        address
    }

    pub(super) fn socket_mode(&mut self, table: &ServerTable, listen: &Listens<'_>) -> u32 {
        let Some(item) = &table.socket_mode else {
            return SOCKET_MODE;
        };
        let Some(text) = self.text(item, "0660") else {
            return SOCKET_MODE;
        };
        let octal = text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let mode = u32::from_str_radix(&text, 8).ok();
        let Some(mode) = mode.filter(|mode| octal && SOCKET_MODES.contains(mode)) else {
            let remedy = "write \"0660\" (our user and group) or \"0666\" (everybody on this machine); whoever may write to it may connect";
            self.findings
                .error(&item.place, ConfigErrorKind::SocketMode, remedy);
            return SOCKET_MODE;
        };
        let is_unix = |(one, _): &(Listen, _)| matches!(one, Listen::Unix(_));
        if !listen.iter().any(is_unix) && !self.is_unread(item) {
            let remedy = "write listen = \"unix:/PATH\", or remove it";
            self.findings
                .warn(&item.place, ConfigWarningKind::SocketModeIdle, remedy);
        }
        mode
    }

    pub(super) fn server_tls(
        &mut self,
        table: &ServerTlsTable,
        listen: &Listens<'_>,
        origins: &[PublicOrigin],
    ) -> Option<ServerTls> {
        let is_tcp = |(one, _): &(Listen, _)| matches!(one, Listen::Tcp(_));
        let (tcp, all_tcp) = (listen.iter().any(is_tcp), listen.iter().all(is_tcp));
        if !listen.is_empty() && !tcp {
            let remedy = "write listen = \"0.0.0.0:8443\", or remove it";
            self.findings
                .error(&table.place, ConfigErrorKind::ServerTlsIdle, remedy);
        }
        if let Some(http) = origins.iter().find(|origin| all_tcp && !origin.is_https()) {
            let kind = ConfigErrorKind::TlsOnHttpOrigin(http.as_str().to_owned());
            let remedy = "write public_url = \"https://…\", or remove server.tls";
            self.findings.error(&table.place, kind, remedy);
        }
        let (Some(certificate), Some(key)) = (&table.certificate, &table.key) else {
            let remedy = "write tls = { certificate = { file = \"/run/tls/tls.crt\" }, key = { file = \"/run/tls/tls.key\" } }";
            for (key, item) in [("certificate", &table.certificate), ("key", &table.key)] {
                if item.is_none() {
                    self.findings.missing(&table.place.child(key), remedy);
                }
            }
            return None;
        };
        let chain = self.certificates(certificate, false);
        let private = self.private_key(key);
        let (chain, private) = (chain?, private?);
        if self.outside.secrets.is_none() {
            return Some(ServerTls(None));
        }
        let certified = self.certified(key, &chain, &private)?;
        Some(ServerTls(Some(Arc::new(certified))))
    }

    /// How the process stops.
    pub(super) fn stop(&mut self, table: &ServerTable) -> Option<Stop> {
        let remedy = "write at most \"5m\"; as long as load balancers take to notice is enough";
        let delay = table.shutdown_delay.as_ref();
        let delay = self.span(delay, Duration::ZERO, 0..=SHUTDOWN_DELAY_MAX, remedy);
        let remedy =
            "write at most \"1h\"; whatever stops the process kills it by a limit of its own";
        let grace = table.grace_period.as_ref();
        let grace = self.span(grace, GRACE_PERIOD, 0..=GRACE_PERIOD_MAX, remedy);
        Some(Stop {
            delay: delay?,
            grace: grace?,
        })
    }

    pub(super) fn client_timeouts(
        &mut self,
        table: &ClientTimeoutsTable,
    ) -> Option<ClientTimeouts> {
        let mut one = |item: &Option<Item<Text>>, default| {
            let remedy = "write at least \"1s\", and at most an hour";
            self.span(item.as_ref(), default, 1..=3_600, remedy)
        };
        let header = one(&table.header, HEADER);
        let idle = one(&table.idle, IDLE);
        let write = one(&table.write, WRITE);
        Some(ClientTimeouts {
            header: header?,
            idle: idle?,
            write: write?,
        })
    }

    pub(super) fn hsts(
        &mut self,
        table: &HstsTable,
        origins: &[PublicOrigin],
    ) -> Option<HeaderValue> {
        if !origins.is_empty() && !origins.iter().any(PublicOrigin::is_https) {
            let remedy = "remove it, or serve https";
            self.findings
                .error(&table.place, ConfigErrorKind::HstsIdle, remedy);
        }
        if table.max_age.is_none() {
            let remedy = "write max_age = \"365d\": how long browsers keep to https";
            self.findings.missing(&table.place.child("max_age"), remedy);
            return None;
        }
        let remedy = "write at most \"3650d\"; \"0s\" makes browsers forget it";
        let max_age = self.span(table.max_age.as_ref(), YEAR, 0..=HSTS_MAX, remedy)?;
        let is_on = |item: &Option<Item<bool>>| item.as_ref().is_some_and(|item| item.value);
        let subdomains = is_on(&table.include_subdomains);
        let mut value = format!("max-age={}", max_age.as_secs());
        if subdomains {
            value += "; includeSubDomains";
        }
        if let Some(item) = table.preload.as_ref().filter(|item| item.value) {
            if !subdomains || max_age < YEAR {
                let remedy = "see https://hstspreload.org, or remove it";
                self.findings
                    .error(&item.place, ConfigErrorKind::HstsPreload, remedy);
            }
            value += "; preload";
        }
        HeaderValue::try_from(value).ok()
    }
}

/// Whether two addresses, once bound, take each other's connections.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() != 0
        && one.port() == other.port()
        && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}
