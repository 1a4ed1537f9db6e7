//! `[session]`.

use std::ops::RangeInclusive;
use std::time::{Duration, UNIX_EPOCH};

use bytesize::ByteSize;
use zeroize::Zeroizing;

use super::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::{RevokedTable, SessionTable};
use crate::config::reader::{Item, Scalar, Source, Text};
use crate::config::{Revoked, Server, Session};
use crate::gate::cookie::CookieName;
use crate::gate::origin::PublicOrigin;
use crate::gate::seal::{KeyError, SecretKey};
use crate::gate::time::UnixTime;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// `session.lifetime` by default: a working day.
const LIFETIME: Duration = HOUR.saturating_mul(8);
/// A longer one is worth a warning.
const LIFETIME_LONG: Duration = HOUR.saturating_mul(24 * 30);
/// A longer one is no session any more.
const LIFETIME_MAX: Duration = HOUR.saturating_mul(24 * 365);
/// `session.idle_timeout` by default.
const IDLE: Duration = HOUR;
/// Times are counted in whole seconds.
const IDLE_MIN: Duration = Duration::from_secs(1);
/// A shorter one is worth a warning.
const SHORT: Duration = Duration::from_secs(60);
/// `session.key_settle` by default: the kubelet takes a minute or two.
const KEY_SETTLE: Duration = Duration::from_secs(5 * 60);
const KEY_SETTLE_MAX: Duration = HOUR.saturating_mul(24);
/// Beyond it, revoking anything at the provider would mean little.
const OUTAGE_GRACE_MAX: Duration = HOUR.saturating_mul(24);
/// `session.verification_cache` by default: some 2,700 sessions.
const CACHE: u64 = 32 << 20;
/// More is a slip of the pen.
const CACHE_MAX: u64 = 1 << 40;
/// Base64 of 32 zero bytes: stands in for a key that was not to be read.
const UNREAD_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

impl Conversion<'_> {
    pub(super) fn session(
        &mut self,
        table: &SessionTable,
        server: Option<&Server>,
    ) -> Option<Session> {
        let keys = self.keys(table);
        let lifetime = self.lifetime(table.lifetime.as_ref());
        let idle_timeout = self.idle_timeout(table.idle_timeout.as_ref());
        let key_settle = self.key_settle(table.key_settle.as_ref());
        let outage_grace = self.outage_grace(table.outage_grace.as_ref());
        let verification_cache = self.verification_cache(table.verification_cache.as_ref());
        let revoked = self.revoked(&table.revoked);
        let cookie_name = match &table.cookie_name {
            None => Some(None),
            Some(item) => self.cookie_name(item, server).map(Some),
        };
        Some(Session {
            keys: (!keys.is_empty()).then_some(keys)?,
            lifetime: lifetime?,
            idle_timeout: idle_timeout?,
            key_settle: key_settle?,
            outage_grace: outage_grace?,
            verification_cache: verification_cache?,
            revoked: revoked?,
            cookie_name: cookie_name?,
        })
    }

    fn keys(&mut self, table: &SessionTable) -> Vec<SecretKey> {
        let Some(items) = &table.keys else {
            let remedy = "write keys = [{ file = \"/run/secrets/session-key\" }]; `vestibule keygen` makes a key";
            self.findings.missing(&table.place.child("keys"), remedy);
            return Vec::new();
        };
        let mut keys: Vec<(Zeroizing<String>, SecretKey)> = Vec::new();
        for item in items {
            for key in self.keys_of(item) {
                let text = key.to_base64();
                if self.outside.secrets.is_some() && keys.iter().any(|(other, _)| *other == text) {
                    let remedy =
                        "remove one of the two; to rotate, make a new one with `vestibule keygen`";
                    self.findings
                        .warn(&item.place, ConfigWarningKind::RepeatedKey, remedy);
                } else {
                    keys.push((text, key));
                }
            }
        }
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The keys of one file or variable: one a line, blank lines and comments aside.
    fn keys_of(&mut self, item: &Item<Source>) -> Vec<SecretKey> {
        let Some(text) = self.source(&item.value, &item.place, UNREAD_KEY) else {
            return Vec::new();
        };
        let lines: Vec<(usize, &str)> = text
            .lines()
            .map(str::trim)
            .zip(1..)
            .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
            .map(|(line, number)| (number, line))
            .collect();
        if lines.is_empty() {
            let remedy = "put a key in; `vestibule keygen` makes one";
            self.findings
                .error(&item.place, ConfigErrorKind::SessionKeyNone, remedy);
        }
        let alone = lines.len() == 1;
        let mut keys = Vec::new();
        for (number, line) in lines {
            match SecretKey::parse(line) {
                Ok(key) => keys.push(key),
                Err(error) => self.bad_key(item, error, (!alone).then_some(number)),
            }
        }
        keys
    }

    fn bad_key(&mut self, item: &Item<Source>, source: KeyError, line: Option<usize>) {
        let kind = match line {
            None => ConfigErrorKind::SessionKey(source),
            Some(line) => ConfigErrorKind::SessionKeyLine { line, source },
        };
        let remedy = "a key is 32 random bytes as base64, one a line";
        self.findings.error(&item.place, kind, remedy);
    }

    fn lifetime(&mut self, item: Option<&Item<Text>>) -> Option<Duration> {
        let remedy = "write how long people may stay signed in, such as \"8h\"";
        let lifetime = self.span(item, LIFETIME, 1..=LIFETIME_MAX.as_secs(), remedy)?;
        if let Some(item) = item
            && lifetime > LIFETIME_LONG
        {
            let remedy = "a stolen cookie stays useful that long; most sites choose hours";
            self.findings
                .warn(&item.place, ConfigWarningKind::LongLifetime, remedy);
        }
        Some(lifetime)
    }

    fn outage_grace(&mut self, item: Option<&Item<Text>>) -> Option<Duration> {
        let remedy = "write how long an outage of the provider may go unnoticed, such as \"15m\"; at most \"24h\"";
        let range = 0..=OUTAGE_GRACE_MAX.as_secs();
        self.span(item, Duration::ZERO, range, remedy)
    }

    /// `None`: the value is bad. `Some(None)`: no timeout.
    #[expect(clippy::option_option, reason = "bad, off, or a span")]
    fn idle_timeout(&mut self, item: Option<&Item<Text>>) -> Option<Option<Duration>> {
        if let Some(item) = item
            && !self.is_unread(item)
            && self.text(item, "")?.eq_ignore_ascii_case("off")
        {
            return Some(None);
        }
        let range = IDLE_MIN.as_secs()..=LIFETIME_MAX.as_secs();
        let remedy = "write how long a session may go unused, at least \"1s\", or \"off\"";
        let timeout = self.span(item, IDLE, range, remedy)?;
        if let Some(item) = item {
            let remedy = "whoever reads a page for longer has to sign in again; most sites choose \"30m\" or more";
            self.warn_of_short(item, timeout, remedy);
        }
        Some(Some(timeout))
    }

    /// Of what ends while people read a page, though it is understood.
    pub(in crate::config::convert) fn warn_of_short(
        &mut self,
        item: &Item<Text>,
        span: Duration,
        remedy: &str,
    ) {
        if span < SHORT {
            self.findings
                .warn(&item.place, ConfigWarningKind::ShortSpan, remedy);
        }
    }

    fn key_settle(&mut self, item: Option<&Item<Text>>) -> Option<Duration> {
        let remedy = "write how long mounted files may take to reach every instance, such as \"5m\"; at most a day";
        self.span(item, KEY_SETTLE, 0..=KEY_SETTLE_MAX.as_secs(), remedy)
    }

    fn revoked(&mut self, table: &RevokedTable) -> Option<Revoked> {
        let subjects = table.subjects.iter().flatten();
        let subjects: Option<_> = subjects.map(|item| self.text(item, "not-read")).collect();
        let signed_in_before = match &table.signed_in_before {
            Some(item) if !self.is_unread(item) => Some(self.point_in_time(item)?),
            _ => None,
        };
        Some(Revoked {
            subjects: subjects?,
            signed_in_before,
        })
    }

    fn point_in_time(&mut self, item: &Item<Text>) -> Option<UnixTime> {
        let text = self.text(item, "")?;
        let time = humantime::parse_rfc3339(&text).ok();
        let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        if since.is_none() {
            let remedy = "write a time in UTC, such as \"2026-11-21T08:00:00Z\"";
            self.findings
                .error(&item.place, ConfigErrorKind::Time, remedy);
        }
        since.map(|since| UnixTime::from_secs(since.as_secs()))
    }

    /// A duration within `range`, in seconds.
    pub(in crate::config::convert) fn span(
        &mut self,
        item: Option<&Item<Text>>,
        default: Duration,
        range: RangeInclusive<u64>,
        remedy: &str,
    ) -> Option<Duration> {
        let [least, most] = [*range.start(), *range.end()].map(Duration::from_secs);
        self.span_within(item, default, least..=most, remedy)
    }

    /// A duration within `range`, which may begin below a second.
    pub(in crate::config::convert) fn span_within(
        &mut self,
        item: Option<&Item<Text>>,
        default: Duration,
        range: RangeInclusive<Duration>,
        remedy: &str,
    ) -> Option<Duration> {
        let Some(item) = item.filter(|item| !self.is_unread(item)) else {
            return Some(default);
        };
        let text = self.text(item, "")?;
        let Ok(span) = humantime::parse_duration(&text) else {
            let remedy = "write a number with its unit, such as \"8h\" or \"30m\"";
            self.findings
                .error(&item.place, ConfigErrorKind::Duration, remedy);
            return None;
        };
        if !range.contains(&span) {
            self.findings
                .error(&item.place, ConfigErrorKind::DurationRange, remedy);
            return None;
        }
        Some(span)
    }

    /// In bytes; 0 where there is none.
    fn verification_cache(&mut self, item: Option<&Item<Scalar>>) -> Option<u64> {
        let Some(Item { value, place }) = item else {
            return Some(CACHE);
        };
        let size = match value {
            Scalar::Number(number) => u64::try_from(*number).ok(),
            Scalar::Text(text) => {
                let item = Item {
                    value: text.clone(),
                    place: place.clone(),
                };
                if self.is_unread(&item) {
                    return Some(CACHE);
                }
                match self.text(&item, "off")?.as_str() {
                    "off" => Some(0),
                    text => text.parse::<ByteSize>().ok().map(|size| size.as_u64()),
                }
            }
        };
        let Some(size) = size else {
            let remedy = "write a number with its unit, such as \"32MiB\", or \"off\"";
            self.findings.error(place, ConfigErrorKind::Size, remedy);
            return None;
        };
        if size > CACHE_MAX {
            let remedy = "write how much memory there is for it, such as \"32MiB\", or \"off\"";
            self.findings
                .error(place, ConfigErrorKind::SizeRange, remedy);
            return None;
        }
        Some(size)
    }

    fn cookie_name(&mut self, item: &Item<Text>, server: Option<&Server>) -> Option<CookieName> {
        let text = self.text(item, "not-read")?;
        let name = match CookieName::parse(&text) {
            Ok(name) => name,
            Err(error) => {
                let remedy = "leave it out for \"__Host-vestibule\"";
                self.findings.error(&item.place, error, remedy);
                return None;
            }
        };
        if text.ends_with("-login") || text.ends_with("-back") {
            let remedy = "choose a name with another ending";
            self.findings
                .error(&item.place, ConfigErrorKind::CookieIsBeside, remedy);
        }
        let http = server
            .and_then(|server| server.origins.iter().find(|origin| !origin.is_https()))
            .filter(|_| name.requires_https());
        if let Some(origin) = http {
            let kind = ConfigErrorKind::CookieNeedsHttps(origin.to_string());
            let remedy = "leave it out, and each origin has the best name that it can have";
            self.findings.error(&item.place, kind, remedy);
        }
        let https = server.is_some_and(|server| server.origins.iter().any(PublicOrigin::is_https));
        if https && !name.as_str().starts_with("__Host-") {
            let remedy = "begin it with \"__Host-\", or leave it out";
            self.findings
                .warn(&item.place, ConfigWarningKind::CookieWithoutHost, remedy);
        }
        Some(name)
    }
}
