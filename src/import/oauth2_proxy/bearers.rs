//! Bearer tokens: whose count, and on which paths.
//!
//! oauth2-proxy takes them on every path; here a path is either for people,
//! who are sent to sign in, or `api`, where nobody is redirected.

use super::convert::{Conversion, shown};
use super::{Group, Line, listed, quoted};

const PROVIDER: &str = "provider.sso";
const SKIP: &str = "skip-jwt-bearer-tokens";
/// Stands where nothing is known; never resolves (RFC 2606).
const NOBODYS: &str = "write-me.invalid";

/// Whether bearer tokens are taken at all.
pub(super) fn are_taken(work: &Conversion) -> bool {
    work.is_on(SKIP)
}

/// Whose tokens count.
pub(super) fn bearers(work: &mut Conversion) {
    let extra = work.all("extra-jwt-issuers");
    let audiences = work.all("oidc-extra-audience");
    if !are_taken(work) {
        for option in ["extra-jwt-issuers", "oidc-extra-audience"] {
            if work.one(option).is_some() {
                let words = "it is about bearer tokens, which --skip-jwt-bearer-tokens alone lets in; provider.ID.api says whose count here";
                work.out.note(option, words);
            }
        }
        return;
    }
    let own = work
        .one("client-id")
        .unwrap_or_else(|| "write-me".to_owned());
    let all = listed(std::iter::once(own.as_str()).chain(audiences.iter().map(String::as_str)));
    work.out.line(
        PROVIDER,
        "api",
        format!("{{ audiences = {all}, tokens = [\"access\", \"id\"] }}"),
        "--skip-jwt-bearer-tokens",
    );
    if !audiences.is_empty() {
        work.out.say(
            Group::Changes,
            "oidc-extra-audience",
            "of bearer tokens alone: at a login, the ID token has to be for provider.sso.client_id",
        );
    }
    if work.all("api-route").is_empty() {
        work.out.note(SKIP, "name the paths that are for clients with tokens: [[route]] with path and api = true; people are not redirected to sign in there");
    }
    work.out.say(Group::Changes, SKIP, "a token that names no email passed there, since its subject stood in for it. Here a program's (client credentials) passes by what it is granted alone: access = [{ groups = [...] }, { scopes = [...] }] in that [[route]] (docs/api.md); a person's does not, unless identity.user names a claim that it has");
    for issuer in extra {
        further(work, &issuer);
    }
    if !work.out.providers.is_empty() {
        work.out.line(
            PROVIDER,
            "email_domains",
            "[\"*\"]".to_owned(),
            "all that no other provider lists",
        );
    }
}

/// `ISSUER=AUDIENCE`: a provider that only vouches for tokens.
fn further(work: &mut Conversion, text: &str) {
    let Some((issuer, audience)) = text.rsplit_once('=') else {
        let words = format!(
            "{}: it is not ISSUER=AUDIENCE; write a [provider.ID] with kind, issuer and api = {{ audiences = [...] }}",
            shown(text)
        );
        work.out.note("extra-jwt-issuers", words);
        return;
    };
    let line = |key: &str, value: String, origin: &str| Line {
        key: key.to_owned(),
        value,
        origin: origin.to_owned(),
    };
    let name = format!("tokens{}", work.out.providers.len() + 1);
    let audiences = listed([audience]);
    work.out.note(
        "extra-jwt-issuers",
        format!("write into provider.{name}.email_domains whose addresses its tokens may name: nobody's, so far"),
    );
    work.out.providers.push((
        name,
        vec![
            line("kind", quoted("oidc"), "--extra-jwt-issuers"),
            line("issuer", quoted(issuer), "--extra-jwt-issuers"),
            line(
                "api",
                format!("{{ audiences = {audiences}, tokens = [\"access\", \"id\"] }}"),
                "--extra-jwt-issuers",
            ),
            line("email_domains", listed([NOBODYS]), "write it"),
        ],
    ));
}
