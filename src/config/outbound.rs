//! How a provider is reached.
//!
//! Owns what `provider.ID.http` comes to. Must not connect: that is
//! `edge::http`.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use url::Url;

/// `provider.ID.http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderHttp {
    /// By which proxy.
    pub proxy: OutboundProxy,
    /// Authorities, as DER, in place of the web's.
    pub ca: Option<Vec<Vec<u8>>>,
}

/// The proxy towards a provider. Debug shows no credentials, but is another
/// one for others: it tells whether a reload changed them.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum OutboundProxy {
    /// As `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Off,
    /// This one, for all of the provider's hosts: http or https, maybe with credentials.
    Url(Url),
}

impl fmt::Debug for OutboundProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Of this process alone, so that what is shown is of no use outside.
        static MARKS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Off => f.write_str("Off"),
            Self::Url(url) => {
                let (host, port) = (url.host_str().unwrap_or_default(), url.port());
                let mark = MARKS.hash_one(url.as_str());
                write!(f, "Url({}://{host}:{port:?}, {mark:x})", url.scheme())
            }
        }
    }
}
