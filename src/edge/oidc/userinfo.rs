//! Userinfo, as the provider answers it.
//!
//! Owns the call. Must not read the claims: the core does.

use url::Url;
use zeroize::Zeroizing;

use super::RelyingParty;
use crate::gate::userinfo::UserinfoError;

impl RelyingParty {
    /// Asks for userinfo (OpenID Connect Core 5.3.1). The body goes to the core
    /// as it is: openidconnect would refuse Cognito's booleans as text.
    ///
    /// # Errors
    /// See [`UserinfoError`].
    pub async fn userinfo(
        &self,
        access_token: &str,
        endpoint: &Url,
    ) -> Result<Vec<u8>, UserinfoError> {
        let bearer = Zeroizing::new(format!("Bearer {access_token}"));
        let request = http::Request::get(endpoint.as_str())
            .header(http::header::AUTHORIZATION, bearer.as_str())
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| UserinfoError::Refused)?;
        let answer = self.http.send(request).await.map_err(|error| {
            tracing::warn!(error = %error, "userinfo cannot be asked");
            UserinfoError::Unavailable
        })?;
        match answer.status() {
            http::StatusCode::OK => Ok(answer.into_body()),
            status => {
                tracing::warn!(status = status.as_u16(), "userinfo was refused");
                Err(UserinfoError::Refused)
            }
        }
    }
}
