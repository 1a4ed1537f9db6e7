//! Certificates and keys in PEM files.

use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::Conversion;
use crate::config::PrivateKey;
use crate::config::error::ConfigErrorKind;
use crate::config::reader::{Item, Source};

impl Conversion<'_> {
    /// The certificates of a PEM file, each as DER; as authorities if wanted.
    pub(super) fn certificates(
        &mut self,
        item: &Item<Source>,
        authorities: bool,
    ) -> Option<Vec<Vec<u8>>> {
        if self.outside.secrets.is_none() {
            return Some(Vec::new());
        }
        let pem = self.source(&item.value, &item.place, "")?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let good = |der: &CertificateDer<'_>| {
            // What pingora reads later, and would not survive.
            let is_x509 = x509_parser::parse_x509_certificate(der.as_ref()).is_ok();
            let is_authority = || RootCertStore::empty().add(der.clone().into_owned()).is_ok();
            is_x509 && (!authorities || is_authority())
        };
        match found {
            Ok(found) if !found.is_empty() && found.iter().all(good) => {
                Some(found.iter().map(|der| der.as_ref().to_vec()).collect())
            }
            _ => {
                let remedy = "write the path of a PEM file with -----BEGIN CERTIFICATE-----";
                self.findings
                    .error(&item.place, ConfigErrorKind::Certificate, remedy);
                None
            }
        }
    }

    /// The private key of a PEM file.
    pub(super) fn private_key(&mut self, item: &Item<Source>) -> Option<PrivateKey> {
        if self.outside.secrets.is_none() {
            return Some(PrivateKey::default());
        }
        let pem = self.source(&item.value, &item.place, "")?;
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
            Ok(key) => Some(PrivateKey(zeroize::Zeroizing::new(
                key.secret_der().to_vec(),
            ))),
            Err(_) => {
                let remedy = "write the path of a PEM file with a private key";
                self.findings
                    .error(&item.place, ConfigErrorKind::Certificate, remedy);
                None
            }
        }
    }

    /// A certificate with its chain, and the key that belongs to it.
    pub(super) fn certified(
        &mut self,
        item: &Item<Source>,
        chain: &[Vec<u8>],
        key: &PrivateKey,
    ) -> Option<CertifiedKey> {
        let chain = chain.iter().cloned().map(CertificateDer::from).collect();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let certified = PrivateKeyDer::try_from(key.0.to_vec())
            .ok()
            .map(|key| CertifiedKey::from_der(chain, key, &provider));
        match certified {
            Some(Ok(certified)) => Some(certified),
            Some(Err(rustls::Error::InconsistentKeys(_))) => {
                let remedy = "give the key of the first certificate in the file; the chain goes on after it, up to the authority";
                self.findings
                    .error(&item.place, ConfigErrorKind::KeyMismatch, remedy);
                None
            }
            Some(Err(_)) | None => {
                let remedy = "use an RSA (2048 bits or more), ECDSA (P-256, P-384, P-521) or Ed25519 key and its certificate";
                self.findings
                    .error(&item.place, ConfigErrorKind::Certificate, remedy);
                None
            }
        }
    }
}
