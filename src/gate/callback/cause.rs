//! Why a sign-in did not complete: a closed list, and what is told of each.
//!
//! Owns what the person reads (in the words of `page/words`), the reason that log and
//! metrics have, and what whoever runs this can do (`docs/troubleshooting.md` holds the same
//! table). Must not know how a cause is found.

use crate::gate::page::Word;
use crate::gate::token::TokenError;
use crate::gate::userinfo::UserinfoError;

/// Why there is no session after a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) enum Cause {
    /// `state` is missing, or none that these instances sealed for this origin.
    StateUnreadable,
    /// The answer is of another provider than the one that was asked.
    ProviderMismatch,
    /// Neither a code nor an error.
    CodeMissing,
    /// `session.revoked.subjects`.
    SubjectRevoked,
    /// `session.revoked.signed_in_before`, a time that has not come yet.
    RevokedAhead,

    // `error` at the callback (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6).
    /// `access_denied`.
    AccessDenied,
    /// `login_required` and its likes.
    LoginRequired,
    /// `invalid_scope`.
    InvalidScope,
    /// `unauthorized_client`.
    UnauthorizedClient,
    /// `invalid_request`, and nothing that is known of it.
    InvalidRequest,
    /// `server_error`, `temporarily_unavailable`.
    ServerError,
    /// Any other one.
    OtherError,

    // What descriptions of it say (cognito.md 1.6, 3.5).
    /// The directory behind the pool sends no value for a required attribute.
    AttributesRequired,
    /// A mapped attribute can be set only once.
    AttributeImmutable,
    /// A mapped attribute is longer than the pool takes.
    AttributeTooLong,
    /// A mapped attribute is refused for another reason.
    AttributeRefused,
    /// The profile is disabled in the pool.
    UserDisabled,
    /// The directory behind the pool calls itself otherwise than the pool knows it.
    BadIssuer,
    /// The directory behind the pool refuses the pool's code or secret.
    DirectoryRefused,
    /// The pool does not reach the directory behind it.
    DirectoryUnreachable,
    /// The profile has just been linked to another one.
    JustLinked,
    /// A Lambda trigger failed.
    TriggerFailed,
    /// The pool cannot name a profile of the directory behind it.
    UsernameUnmapped,
    /// SAML that the pool does not take.
    SamlResponse,

    // At the token endpoint (RFC 6749 5.2).
    /// `invalid_grant`.
    CodeRefused,
    /// `invalid_client`.
    ClientRefused,
    /// The same, of a secret whose time is over.
    SecretExpired,
    /// `unauthorized_client` of a redirect URI.
    RedirectRefused,
    /// `unauthorized_client`, `unsupported_grant_type`.
    GrantRefused,
    /// Any other one.
    TokenRequestRefused,
    /// An answer without an ID token.
    NoIdToken,
    /// An ID token that openidconnect does not take.
    SecondOpinion,
    /// An ID token that does not hold.
    Token(TokenError),
    /// A userinfo answer that does not hold.
    Userinfo(UserinfoError),
}

impl Cause {
    /// The reason, for log and metrics.
    pub(in crate::gate) fn reason(self) -> &'static str {
        match self {
            Self::StateUnreadable => "state_unreadable",
            Self::ProviderMismatch => "provider_mismatch",
            Self::CodeMissing => "code_missing",
            Self::SubjectRevoked => "subject_revoked",
            Self::RevokedAhead => "session_revoked_ahead",
            Self::AccessDenied => "provider_access_denied",
            Self::LoginRequired => "provider_login_required",
            Self::InvalidScope => "provider_invalid_scope",
            Self::UnauthorizedClient => "provider_unauthorized_client",
            Self::InvalidRequest => "provider_invalid_request",
            Self::ServerError => "provider_server_error",
            Self::OtherError => "provider_error",
            Self::AttributesRequired => "provider_attributes_required",
            Self::AttributeImmutable => "provider_attribute_immutable",
            Self::AttributeTooLong => "provider_attribute_too_long",
            Self::AttributeRefused => "provider_attribute_refused",
            Self::UserDisabled => "provider_user_disabled",
            Self::BadIssuer => "provider_bad_issuer",
            Self::DirectoryRefused => "provider_directory_refused",
            Self::DirectoryUnreachable => "provider_directory_unreachable",
            Self::JustLinked => "provider_just_linked",
            Self::TriggerFailed => "provider_trigger_failed",
            Self::UsernameUnmapped => "provider_username_unmapped",
            Self::SamlResponse => "provider_saml_response",
            Self::CodeRefused => "code_refused",
            Self::ClientRefused => "client_refused",
            Self::SecretExpired => "client_secret_expired",
            Self::RedirectRefused => "redirect_uri_refused",
            Self::GrantRefused => "grant_refused",
            Self::TokenRequestRefused => "token_request_refused",
            Self::NoIdToken => "id_token_missing",
            Self::SecondOpinion => "id_token_second_opinion",
            Self::Token(error) => error.reason(),
            Self::Userinfo(error) => error.reason(),
        }
    }

    /// What the person is told.
    pub(in crate::gate) fn word(self) -> Word {
        match self {
            Self::StateUnreadable => Word::LoginFailedNoState,
            Self::ProviderMismatch => Word::LoginFailedWrongProvider,
            Self::CodeMissing => Word::LoginFailedNoCode,
            Self::SubjectRevoked => Word::LoginFailedRevoked,
            Self::RevokedAhead => Word::LoginFailedClosed,
            Self::AccessDenied => Word::LoginFailedAccessDenied,
            Self::LoginRequired => Word::LoginFailedLoginRequired,
            Self::InvalidScope => Word::LoginFailedInvalidScope,
            Self::UnauthorizedClient => Word::LoginFailedUnauthorizedClient,
            Self::InvalidRequest => Word::LoginFailedInvalidRequest,
            Self::ServerError => Word::LoginFailedServerError,
            Self::OtherError => Word::LoginFailedOtherError,
            Self::AttributesRequired => Word::LoginFailedAttributesRequired,
            Self::AttributeImmutable => Word::LoginFailedAttributeImmutable,
            Self::AttributeTooLong => Word::LoginFailedAttributeTooLong,
            Self::AttributeRefused => Word::LoginFailedAttributeRefused,
            Self::UserDisabled => Word::LoginFailedUserDisabled,
            Self::BadIssuer | Self::UsernameUnmapped | Self::SamlResponse => {
                Word::LoginFailedDirectoryMismatch
            }
            Self::DirectoryRefused => Word::LoginFailedDirectoryRefused,
            Self::DirectoryUnreachable => Word::LoginFailedDirectoryUnreachable,
            Self::JustLinked => Word::LoginFailedJustLinked,
            Self::TriggerFailed => Word::LoginFailedTriggerFailed,
            Self::CodeRefused => Word::LoginFailedCodeRefused,
            Self::ClientRefused
            | Self::SecretExpired
            | Self::RedirectRefused
            | Self::GrantRefused
            | Self::TokenRequestRefused => Word::LoginFailedClientRefused,
            // Somebody edited the authorization URL, or linked past our login.
            Self::Token(TokenError::IdentityProvider) => Word::LoginFailedOtherWayIn,
            Self::NoIdToken | Self::SecondOpinion | Self::Token(_) | Self::Userinfo(_) => {
                Word::LoginFailedNotVerified
            }
        }
    }

    /// What whoever runs this can do: one sentence for the log.
    pub(in crate::gate) fn remedy(self) -> &'static str {
        match self {
            Self::StateUnreadable => {
                "an old link or bookmark of the callback; if it happens to many, all instances need the same session.keys and public_url"
            }
            Self::ProviderMismatch => {
                "compare what is registered at each provider with what `vestibule check` lists, and provider.ID.issuer with the provider's own; or somebody moved an answer between callbacks"
            }
            Self::CodeMissing => "set the client to the authorization code flow at the provider",
            Self::SubjectRevoked => "session.revoked.subjects names this subject",
            Self::RevokedAhead => {
                "session.revoked.signed_in_before lies in the future; nobody gets in before"
            }
            Self::AccessDenied => {
                "the person cancelled, or a policy of the provider keeps them out: its sign-in log says which (in Entra: assignment to the application, conditional access)"
            }
            Self::LoginRequired => {
                "prompt=none is asked for: take it out of provider.ID.authorize_params and forward_params"
            }
            Self::InvalidScope => {
                "enable every scope of provider.ID.scopes for this client; Cognito has neither offline_access nor groups"
            }
            Self::UnauthorizedClient => {
                "enable the authorization code grant for this client at the provider"
            }
            Self::InvalidRequest | Self::OtherError => {
                "error and error_description are in the address line of the person's browser (not here: they may tell of a person); see docs/troubleshooting.md"
            }
            Self::ServerError => {
                "look at the provider's state and log; where it happens to everybody, at attribute mapping and Lambda triggers"
            }
            Self::AttributesRequired => {
                "the pool requires an attribute that the directory does not send: give the account an email, ask for the scope email there, and map the attribute in the pool"
            }
            Self::AttributeImmutable => {
                "map only mutable attributes in the pool: an immutable one fails the second sign-in as soon as its value differs"
            }
            Self::AttributeTooLong => {
                "an attribute of the pool holds 2,048 characters, some 53 group ids: let the directory send app roles or only assigned groups, or cut the list in a trigger"
            }
            Self::AttributeRefused => {
                "the pool refuses a mapped value: compare attribute mapping and the attributes' settings in the pool"
            }
            Self::UserDisabled => {
                "enable the profile in the user pool; it is switched off there, whatever the directory says"
            }
            Self::BadIssuer => {
                "the issuer of the pool's identity provider is not the one in its tokens: for Entra the tenant's GUID with /v2.0 and no slash at the end, never common"
            }
            Self::DirectoryRefused => {
                "the directory refuses the pool: its client secret has expired, or the secret's id was pasted in place of its value; renew it in the pool's identity provider"
            }
            Self::DirectoryUnreachable => {
                "the pool does not reach the directory's token, key or userinfo endpoint by https on port 443: check its URLs, state and firewall"
            }
            Self::JustLinked => {
                "a pre-sign-up trigger links profiles, and the first sign-in after that fails once; it was tried again once"
            }
            Self::TriggerFailed => {
                "a Lambda trigger of the pool failed: its log in CloudWatch says why"
            }
            Self::UsernameUnmapped => {
                "the pool's identity provider maps no username: map sub to username"
            }
            Self::SamlResponse => {
                "the pool does not take the SAML response: compare ACS URL, audience, certificate and clocks of both sides"
            }
            Self::CodeRefused => {
                "the code was used twice or came too late; if it happens at each sign-in, let the Cognito app client read email and email_verified, and look for whatever repeats requests to the callback"
            }
            Self::ClientRefused => {
                "check provider.ID.client_id, client_secret (the secret's value, not its id) and client_auth"
            }
            Self::SecretExpired => {
                "the client secret has expired at the provider: make a new one, and put it into provider.ID.client_secret"
            }
            Self::RedirectRefused => {
                "the token request named another redirect URI than the login: all instances need the same public_url and callback_path"
            }
            Self::GrantRefused => {
                "enable the authorization code grant for this client at the provider"
            }
            Self::TokenRequestRefused => {
                "check provider.ID.client_auth, and that the client takes PKCE with S256"
            }
            Self::NoIdToken => "ask for the scope openid in provider.ID.scopes",
            Self::SecondOpinion => {
                "the ID token holds for one of two verifiers only: report it, with the provider's discovery document"
            }
            Self::Token(error) => of_token(error),
            Self::Userinfo(_) => {
                "the userinfo endpoint refuses the access token, or speaks of somebody else: check provider.ID.endpoints.userinfo and the scope openid, or do without userinfo"
            }
        }
    }
}

/// What can be done about an ID token that does not hold.
fn of_token(error: TokenError) -> &'static str {
    match error {
        TokenError::IdentityProvider => {
            "the person came in by another identity provider than provider.ID.identity_provider, or by a linked profile: switch the others off for this app client"
        }
        TokenError::Algorithm => {
            "name in provider.ID.signing_algorithms what the provider signs with"
        }
        TokenError::NoKeyId | TokenError::UnknownKey | TokenError::Signature => {
            "the token is signed with none of the provider's keys: provider.ID.issuer and endpoints have to be of one pool, realm or tenant"
        }
        TokenError::Issuer => {
            "write provider.ID.issuer as tokens have it, byte for byte (for Entra the tenant's GUID with /v2.0), or add it to accepted_issuers"
        }
        TokenError::Audience => "the token is for another client: check provider.ID.client_id",
        TokenError::Expired | TokenError::NotYetValid => {
            "keep the clock of this machine by NTP; the provider's and ours differ by more than 60 seconds"
        }
        TokenError::Nonce => {
            "the token is not of this login: look for whatever repeats or caches answers of the provider"
        }
        TokenError::AuthTime => {
            "the provider has to say when somebody signed in (auth_time), or set provider.ID.max_auth_age to \"off\""
        }
        TokenError::TooLong
        | TokenError::Malformed
        | TokenError::Duplicate
        | TokenError::Critical
        | TokenError::Claim
        | TokenError::TokenUse
        | TokenError::Foreign => {
            "the provider sent what is no ID token of its own: provider.ID.issuer and endpoints have to be of one pool, realm or tenant"
        }
    }
}

#[cfg(test)]
mod tests;
