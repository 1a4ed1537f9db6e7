//! TLS with a client: TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1, the certificate
//! of the moment.
//!
//! Owns what becomes of a handshake that fails: it is counted by a reason from a
//! closed list, and has a line in the log, of which there are a few a second at
//! most. A connection that says nothing at all is no handshake: load balancers
//! look whether somebody listens, and so do we.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pingora::protocols::l4::stream::Stream as Socket;
use pingora::protocols::{Peek, Stream};
use pingora::tls::TlsAcceptor;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, ServerConfig};
use tokio::time::timeout;

use super::encrypted::Encrypted;
use super::serving::Current;
use crate::clock;

/// Most lines about failures in a second.
const LINES_MAX: u64 = 10;

/// Does handshakes.
pub(super) struct Handshakes {
    acceptor: TlsAcceptor,
    serving: Arc<Current>,
}

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It speaks something else, such as plain HTTP.
    NotTls,
    /// No version, cipher or key exchange in common.
    Incompatible,
    /// It does not believe our certificate.
    CertificateRefused,
    /// It broke off by an alert.
    Alert,
    /// It went away.
    Gone,
    /// It took too long.
    Timeout,
    /// We have no certificate, or what it said makes no sense.
    Other,
}

/// How many handshakes failed, and how many of them had a line.
#[derive(Debug, Default)]
pub(super) struct Failures {
    counts: [AtomicU64; Failure::ALL.len()],
    /// The second of the latest lines, and how many there were in it.
    second: AtomicU64,
    lines: AtomicU64,
    silent: AtomicU64,
}

impl Failure {
    pub(super) const ALL: [Self; 7] = [
        Self::NotTls,
        Self::Incompatible,
        Self::CertificateRefused,
        Self::Alert,
        Self::Gone,
        Self::Timeout,
        Self::Other,
    ];

    /// The word for the log and the metric, from a closed list.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NotTls => "tls_not_spoken",
            Self::Incompatible => "tls_nothing_in_common",
            Self::CertificateRefused => "tls_certificate_refused",
            Self::Alert => "tls_alert",
            Self::Gone => "tls_client_gone",
            Self::Timeout => "tls_timeout",
            Self::Other => "tls_failed",
        }
    }

    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(rustls::Error::InvalidMessage(_)) => Self::NotTls,
            Some(rustls::Error::PeerIncompatible(_)) => Self::Incompatible,
            Some(rustls::Error::AlertReceived(
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::BadCertificateStatusResponse,
            )) => Self::CertificateRefused,
            Some(rustls::Error::AlertReceived(_)) => Self::Alert,
            Some(_) => Self::Other,
            // The socket's own.
            None => Self::Gone,
        }
    }
}

impl Failures {
    /// How many there were.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Failure::ALL.into_iter().map(Failure::reason).zip(counts)
    }

    fn note(&self, failure: Failure, client: Option<impl Display>, second: u64) {
        let places = Failure::ALL.iter().zip(&self.counts);
        for (_, count) in places.filter(|(known, _)| **known == failure) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if !self.may_write(second) {
            self.silent.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let unlogged = self.silent.swap(0, Ordering::Relaxed);
        tracing::info!(
            reason = failure.reason(),
            client = client.map(tracing::field::display),
            unlogged = (unlogged > 0).then_some(unlogged),
            "a TLS handshake failed"
        );
    }

    /// Whoever cannot speak TLS can try very often.
    fn may_write(&self, second: u64) -> bool {
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.lines.store(0, Ordering::Relaxed);
        }
        self.lines.fetch_add(1, Ordering::Relaxed) < LINES_MAX
    }
}

impl std::fmt::Debug for Handshakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handshakes")
    }
}

impl Handshakes {
    /// With the certificate of whatever is current.
    ///
    /// # Errors
    /// If the crypto provider knows neither version of TLS.
    pub(super) fn new(serving: Arc<Current>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Certificates(Arc::clone(&serving))));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            serving,
        })
    }

    /// The connection inside of TLS; `None` if there is none. Its first byte is
    /// waited for like that of a request, and the rest like a header.
    pub(super) async fn shake(&self, connection: Stream) -> Option<Stream> {
        let client = client_of(&connection);
        // A listener makes no other.
        let mut socket = connection.into_any().downcast::<Socket>().ok()?;
        let limits = self.serving.load().client;
        let mut first = [0];
        let begins = Peek::try_peek(socket.as_mut(), &mut first);
        timeout(limits.idle, begins).await.ok()?.ok()?;
        let handshake = self.acceptor.accept(*socket);
        let failure = match timeout(limits.header, handshake).await {
            Ok(Ok(tls)) => return Some(Box::new(Encrypted::new(tls))),
            Ok(Err(error)) => Failure::of(&error),
            Err(_) => Failure::Timeout,
        };
        let serving = self.serving.load();
        let client = serving.telemetry.client_as_told(client);
        let failures = &serving.counters.handshakes;
        failures.note(failure, client, clock::now().secs());
        None
    }
}

fn client_of(connection: &Stream) -> Option<IpAddr> {
    let digest = connection.get_socket_digest()?;
    let address = digest.peer_addr()?.as_inet().copied();
    address.map(|address: SocketAddr| address.ip())
}

/// Answers each handshake with the certificate that is configured at the moment.
struct Certificates(Arc<Current>);

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificates")
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().certificate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_reason_by_what_rustls_says() {
        let of =
            |error: rustls::Error| Failure::of(&io::Error::new(io::ErrorKind::InvalidData, error));
        use rustls::Error::{AlertReceived, General, InvalidMessage, PeerIncompatible};
        for (error, reason) in [
            (
                InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                "tls_not_spoken",
            ),
            (
                PeerIncompatible(rustls::PeerIncompatible::NoCipherSuitesInCommon),
                "tls_nothing_in_common",
            ),
            (
                AlertReceived(AlertDescription::UnknownCA),
                "tls_certificate_refused",
            ),
            (
                AlertReceived(AlertDescription::HandshakeFailure),
                "tls_alert",
            ),
            (General("no certificate".to_owned()), "tls_failed"),
        ] {
            assert_eq!(of(error).reason(), reason);
        }
        let gone = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(Failure::of(&gone), Failure::Gone);
    }

    #[test]
    fn a_flood_of_failures_has_a_few_lines_and_all_of_its_count() {
        let failures = Failures::default();
        let written = (0..1_000).filter(|_| failures.may_write(7)).count();
        assert_eq!(written, 10);
        assert!(failures.may_write(8), "a second later");
        for _ in 0..100 {
            failures.note(Failure::Gone, None::<IpAddr>, 9);
        }
        let counts: Vec<_> = failures.all().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [("tls_client_gone", 100)]);
    }
}
