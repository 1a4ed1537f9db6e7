//! An Amazon Cognito user pool, with an Entra ID tenant behind it, as one
//! local process for demos and tests.
//!
//! Four origins, because the real service has several and mixing them up is
//! a classic mistake: issuer host, login domain, Entra tenant, admin API.
//!
//! ```text
//! server    sockets          → router    path → function, counters, faults
//! cognito   issuer, domain     entra     the tenant          admin   tests
//! model     pools, people      ledger    codes and tokens    forge   lies
//! world     all state, one lock
//! ```
//!
//! Section numbers in comments (1.4, E15, U3) are those of the project's
//! Cognito reference, `cognito.md`; section 7 of it is the specification.

mod admin;
mod call;
mod clock;
mod cognito;
mod entra;
mod faults;
mod forge;
mod http;
mod ids;
mod journal;
pub mod jws;
mod ledger;
mod model;
mod page;
mod router;
mod seed;
mod server;
mod world;

pub use server::{Emulator, Settings, StartError};
