//! How others were broken, turned into promises: R1 to R20, each with a test of that name in one of the
//! three files below. What else holds a promise:
//!
//! | requirement | in | beside |
//! | --- | --- | --- |
//! | R1 spellings of identity headers | `requests` | `spoofing` |
//! | R2 `Connection` nominations | `requests` | `spoofing` |
//! | R3 no trust in X-Forwarded-* | `rules` | `upstream` (trusted proxies: `behind_a_trusted_proxy_the_client_is_whom_it_names`), `forward_auth` (`nobody_but_a_trusted_proxy_may_ask`) |
//! | R4 path only, raw `#` | `rules` | |
//! | R5 one canonical path | `rules` | |
//! | R6 hosts without case, dot and port | `rules` | |
//! | R7 nothing but method and path opens a route | `rules` | `pages` |
//! | R8 no open redirect | `rules` | `login` |
//! | R9 no session outlives its end or is reused | `trust` | `session`, `logout` (`a_copied_cookie_is_worth_nothing_after_the_sign_out`) |
//! | R10 fresh nonces | `trust` | unit tests of `seal` |
//! | R11 purposes kept apart | `trust` | `tokens`, `session` |
//! | R12 bounded cookies, no panic | `requests` | `session`, `tokens` |
//! | R13 after a local reply upstream sees no byte | `requests` | `replies` |
//! | R14 bearer tokens | `trust`: where none is asked for | `bearers` (`each_hostile_bearer_meets_its_fate`) |
//! | R15 odd types and algorithms | `trust` | `tokens` |
//! | R16 unknown or empty rules refused, email domains | `rules` | `cli`, `rules` |
//! | R17 no tokens on pages, escaping, logs | `trust` | `pages`, `log_scan` |
//! | R18 request smuggling | `requests` | |
//! | R19 floods, duplicate parameters | `trust` | `assertion`, `refresh` (`not_every_request_asks_a_provider_that_fails`) |
//! | R20 dependencies | `trust` | `make deny`, `make audit` |

use crate::support::{Harness, Setup};

mod requests;
mod rules;
mod trust;

const RULES: &str = "[[route]]\npath = \"/admin/*\"\naccess = \"nobody\"\n\
                     [[route]]\npath = \"/public/*\"\naccess = \"public\"\n";

/// A chain with a closed and a public subtree.
fn ruled() -> Harness {
    Setup {
        tables: RULES.to_owned(),
        ..Setup::default()
    }
    .start()
}

/// Rules on people instead: staff and guests, and one that holds on a host alone.
fn grouped() -> Harness {
    let tables = "[[route]]\npath = \"/staff/*\"\naccess = { groups = [\"Editors\"] }\n\
                  [[route]]\npath = \"/guests/*\"\nallow_in_path = [\";\", \"//\", \"%2F\"]\n\
                  [[route]]\nallow_in_path = [\";\", \"//\", \"%2F\"]\n\
                  [[route]]\nhost = \"localhost\"\npath = \"/hosted/*\"\naccess = { groups = [\"Editors\"] }\n";
    Setup {
        tables: tables.to_owned(),
        ..Setup::default()
    }
    .start()
}

fn status(chain: &Harness, method: &str, target: &str, header: &str) -> u16 {
    let header = if header.is_empty() {
        String::new()
    } else {
        format!("{header}\r\n")
    };
    chain
        .raw(&format!(
            "{method} {target} HTTP/1.1\r\nHost: HOST\r\n{header}\r\n"
        ))
        .status
}
