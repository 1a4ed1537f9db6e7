//! Vestibule.
pub mod config;
pub mod gate;
