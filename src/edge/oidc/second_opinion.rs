//! openidconnect's verdict on an ID token that our own verifier has accepted.
//!
//! Owns how theirs is set up, so that both go by one clock and the same rules. Must
//! not let through what ours refuses: it is asked after ours.

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, IssuerUrl, Nonce};

use super::RelyingParty;
use crate::edge::provider::Snapshot;
use crate::gate::signin::{ExchangeError, Tokens};
use crate::gate::time::{LEEWAY, UnixTime};
use crate::gate::token::{Algorithm, VerifiedIdentity};

impl RelyingParty {
    /// openidconnect's verdict on an ID token that our own verifier has accepted:
    /// signature, issuer, audience, expiry, the nonce of a login, and `at_hash`
    /// if present. A refreshed token's nonce is compared by the core.
    ///
    /// # Errors
    /// [`ExchangeError::IdToken`].
    pub fn second_opinion(
        &self,
        tokens: &Tokens,
        nonce: Option<&str>,
        identity: &VerifiedIdentity,
        snapshot: &Snapshot,
        now: UnixTime,
    ) -> Result<(), ExchangeError> {
        let refuse = |()| ExchangeError::IdToken;
        let id_token: CoreIdToken = tokens.id_token.parse().map_err(|_| refuse(()))?;
        let keys: CoreJsonWebKeySet =
            serde_json::from_slice(&snapshot.key_document).map_err(|_| refuse(()))?;
        // Of the accepted issuers, the one that ours found in the token.
        let issuer = identity.claims().get("iss").and_then(|iss| iss.as_str());
        let issuer =
            IssuerUrl::new(issuer.unwrap_or(&self.issuer).to_owned()).map_err(|_| refuse(()))?;
        let client_id = ClientId::new(self.client_id.clone());
        let verifier = match self.secret(self.secrets.first()) {
            Some(secret) => {
                CoreIdTokenVerifier::new_confidential_client(client_id, secret, issuer, keys)
            }
            None => CoreIdTokenVerifier::new_public_client(client_id, issuer, keys),
        };
        // One leeway for both verifiers; ours has checked `azp` where there are
        // several audiences.
        let secs = i64::try_from(now.secs().saturating_sub(LEEWAY)).map_err(|_| refuse(()))?;
        let time = DateTime::<Utc>::from_timestamp(secs, 0).ok_or(ExchangeError::IdToken)?;
        let verifier = verifier
            .set_allowed_algs(self.algorithms.iter().copied().map(algorithm))
            .set_time_fn(move || time)
            .set_other_audience_verifier_fn(|_| true);
        let nonce = nonce.map(|nonce| Nonce::new(nonce.to_owned()));
        let claims = match &nonce {
            Some(nonce) => id_token.claims(&verifier, nonce),
            None => id_token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
        };
        let claims = claims.map_err(|_| refuse(()))?;
        if let Some(expected) = claims.access_token_hash() {
            let actual = AccessTokenHash::from_token(
                &AccessToken::new(tokens.access_token.to_string()),
                id_token.signing_alg().map_err(|_| refuse(()))?,
                id_token.signing_key(&verifier).map_err(|_| refuse(()))?,
            )
            .map_err(|_| refuse(()))?;
            if actual != *expected {
                return Err(ExchangeError::IdToken);
            }
        }
        Ok(())
    }
}

fn algorithm(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::Rs384 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::Rs512 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::Ps384 => CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        Algorithm::Ps512 => CoreJwsSigningAlgorithm::RsaSsaPssSha512,
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::Es384 => CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
    }
}
