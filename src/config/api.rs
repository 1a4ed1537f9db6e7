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

impl BearerTokens {
    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            clients: Some(Vec::new()),
            audiences: Vec::new(),
            access: false,
            id: false,
        }
    }

    /// Whether any count.
    #[must_use]
    pub fn are_any(&self) -> bool {
        self.access || self.id
    }
}
