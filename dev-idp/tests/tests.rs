//! Contract tests of the emulator. Names begin with the item of `cognito.md`
//! section 7 that they hold; section numbers beside them are of that file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects shall stop"
)]

mod support;

/// One file per part of the emulator.
mod suite {
    mod admin; // E17, and the faults of tokens in E18
    mod authorize; // E4: rules, refusals, prompt, silent login
    mod code; // E6, E7
    mod entra; // E15
    mod faults; // E18: what becomes of a response
    mod federation; // E14
    mod issuer; // E1, E2, E3
    mod login; // E5
    mod logout; // E13
    mod process; // the binary: ready line, signals, exit codes
    mod refresh; // E8, E9
    mod revoke; // E12
    mod rows; // E18: how a login ends badly, by the rows of 1.6
    mod tokens; // E10
    mod userinfo; // E11
}
