//! Certificates for those who have to be somebody.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority that signs certificates, in PEM files.
pub(crate) struct Authority {
    home: PathBuf,
    /// Its own certificate.
    pub(crate) file: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(home: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let file = home.join(format!("{name}.pem"));
        fs::write(&file, issuer.pem()).expect("its file");
        Self {
            home: home.to_owned(),
            file,
            issuer,
        }
    }

    /// Files of a certificate for a name, and of its key.
    pub(crate) fn issue(&self, file: &str, name: &str) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let paths = ["pem", "key"].map(|kind| self.home.join(format!("{file}.{kind}")));
        fs::write(&paths[0], certificate.pem()).expect("its file");
        fs::write(&paths[1], key.serialize_pem()).expect("its file");
        let [certificate, key] = paths;
        (certificate, key)
    }
}
