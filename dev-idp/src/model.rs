//! What a user pool consists of.

mod client;
mod keys;
mod pool;
mod pre_token;
mod provider;
mod switches;
mod user;

pub(crate) use client::{Client, ClientError, Flow, is_registrable};
pub(crate) use keys::{KeyName, PoolKeys, Rotation};
pub(crate) use pool::{Pool, UPDATED_ISSUER, issuer};
pub(crate) use provider::{COGNITO, Endpoints, Provider, UserinfoMethod};
pub(crate) use switches::{
    DiscoveryForm, Flattening, IssuerStyle, LoginPages, ScopeError, Switches,
};
pub(crate) use user::{Identity, User};
