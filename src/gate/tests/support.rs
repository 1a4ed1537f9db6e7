//! What the core's tests stand on: a fixed clock, dice that always fall alike,
//! keys and tokens of the emulator, a configuration, and a browser's cookie jar.

use crate::gate::time::UnixTime;

mod browser;
mod configured;
mod desk;
mod dice;
mod replies;
mod tokens;

pub(in crate::gate) use browser::{Jar, Req, callback};
pub(in crate::gate) use configured::{
    config, identity, origin, proof, provider, route, rule, secret_key,
};
pub(in crate::gate) use desk::{Desk, Started, signed_in_under, signed_in_without_refresh};
pub(in crate::gate) use dice::Dice;
pub(in crate::gate) use replies::{body, header_of, location, onward, set_cookies, text};
pub(in crate::gate) use tokens::{
    access_claims, changed, id_claims, identity_now, jwks, key, key_set, key_set_of, tokens,
};

pub(in crate::gate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_100);
pub(in crate::gate) const EXP: u64 = 1_790_003_600;
pub(in crate::gate) const POOL: &str = "eu-central-1_ExAmP1e99";
pub(in crate::gate) const ISSUER: &str =
    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99";
pub(in crate::gate) const CLIENT: &str = "4exampleclient0000000000aa";
pub(in crate::gate) const ORIGIN: &str = "https://wiki.example.com";
pub(in crate::gate) const COOKIE: &str = "__Host-vestibule";
pub(in crate::gate) const LOGIN_COOKIE: &str = "__Host-vestibule-login";

pub(in crate::gate) fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}
