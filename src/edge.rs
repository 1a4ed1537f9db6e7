//! I/O: each file a translator between the core and the world. Decides nothing.

pub mod admin;
pub mod collector;
pub mod door;
mod encrypted;
mod failed;
mod form;
mod handshake;
pub mod http;
pub mod leash;
pub mod links;
pub mod listeners;
mod metrics;
mod missing_key;
pub mod oidc;
mod perform;
pub mod provider;
pub mod proxy;
pub mod reach;
pub mod refresh;
pub mod reload;
mod respond;
pub mod serving;
pub mod skew;
mod turns;
mod upstream;
mod view;
