//! Userinfo at a login.
