//! An emulator in process, and a browser without a screen.

mod http;
mod idp;

pub(crate) use http::{Browser, Response, base64url, form, query_of, url};
pub(crate) use idp::{Idp, VERIFIER};
