//! Whose bearer tokens are accepted on routes for API clients.

/// `provider.ID.api`, with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerTokens {
    /// The clients whose access tokens count. Of Cognito these are its app
    /// clients; `None`, at other providers, is any whose tokens have the audience.
    pub clients: Option<Vec<String>>,
    /// The audiences (`aud`) that tokens may be for.
    pub audiences: Vec<String>,
    /// Whether access tokens count.
    pub access: bool,
    /// Whether ID tokens do.
    pub id: bool,
}
