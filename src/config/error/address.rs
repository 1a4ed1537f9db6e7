//! What is wrong with a path of ours or a URL of others.
//!
//! Owns the causes and their words, whichever key they are found at.

/// What is wrong with a path of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Does not begin with a slash.
    #[error("has to begin with \"/\"")]
    NotAbsolute,
    /// The app's own front page.
    #[error("is \"/\", which is the app's")]
    Root,
    /// Ends in a slash.
    #[error("ends in a slash")]
    TrailingSlash,
    /// Not in the one form that requests are matched in, or with a query.
    #[error("is not canonical: no \"..\", \"//\", \";\", \"?\", \"#\" or percent-encoding")]
    NotCanonical,
    /// A character that proxies and apps spell in several ways.
    #[error("may hold letters, digits, \"-\", \".\", \"_\", \"~\" and \"/\" alone")]
    Characters,
    /// A callback among our own pages.
    #[error("is below server.path_prefix and not its callback page")]
    UnderPrefix,
}

/// What is wrong with a URL of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// Not a URL at all.
    #[error("is not a URL")]
    NotAUrl,
    /// A scheme of other uses.
    #[error("has a scheme other than https (or http, for a loopback host)")]
    Scheme,
    /// Plain http over a network: codes, secrets and keys would travel in clear.
    #[error("is http for a host that is not loopback")]
    PlainHttp,
    /// The upstream's scheme.
    #[error("has a scheme other than http, https, h2c and unix")]
    UpstreamScheme,
    /// A path where only an origin goes.
    #[error("has a path")]
    Path,
    /// A query where none goes.
    #[error("has a query")]
    Query,
    /// A fragment.
    #[error("has a fragment")]
    Fragment,
    /// A user name or password.
    #[error("has a user name or password")]
    UserInfo,
    /// Port 0.
    #[error("has port 0")]
    Port,
}
