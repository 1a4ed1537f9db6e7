//! Three providers at once: `corp` is the emulator's first pool, `partner` its second one by a client of its own, and
//! `third` is npm's oidc-provider.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::peers::OidcProvider;
use super::{DevIdp, records};

/// The second pool, which the first is federated with elsewhere.
pub(crate) const PARTNERS_POOL: &str = "eu-central-1_UpStrm002";
/// Our client there.
pub(crate) const PARTNERS_CLIENT: &str = "2vestibuleatpartner000000dd";
/// Whose people the third one has.
pub(crate) const THIRD_DOMAIN: &str = "third.example";

pub(crate) fn callback(origin: &str, id: &str) -> String {
    format!("{origin}/_vestibule/callback/{id}")
}

/// The third one.
pub(crate) fn third(dir: &Path, origin: &str) -> OidcProvider {
    let signed_out = format!("{origin}/_vestibule/signed-out");
    let more = ["--email-domain", THIRD_DOMAIN];
    OidcProvider::start_with(dir, &callback(origin, "third"), &signed_out, &more)
}

/// The tables of the second and the third one.
pub(crate) fn further(idp: &DevIdp, third: &OidcProvider, origin: &str, home: &Path) -> String {
    let secret = "kept-between-partners";
    records::secret("client secret", secret);
    idp.call(
        "POST",
        "/clients",
        &json!({
            "pool": PARTNERS_POOL, "client_id": PARTNERS_CLIENT, "secret": secret,
            "callbacks": [callback(origin, "partner")],
            "signouts": [format!("{origin}/_vestibule/signed-out")],
        }),
    );
    fs::write(home.join("partner-secret"), secret).expect("the secret's file");
    fs::write(home.join("third-secret"), &third.client_secret).expect("the secret's file");
    let issuer = idp.issuer.replace(&idp.pool, PARTNERS_POOL);
    let (domain, home) = (&idp.domain, home.display());
    let (third_issuer, third_client) = (&third.issuer, &third.client_id);
    format!(
        "[provider.partner]\nkind = \"cognito\"\nuser_pool_id = \"{PARTNERS_POOL}\"\nissuer = \"{issuer}\"\n\
         domain = \"{domain}\"\nclient_id = \"{PARTNERS_CLIENT}\"\n\
         client_secret = {{ file = \"{home}/partner-secret\" }}\nemail_domains = [\"example.net\"]\n\
         display_name = \"Partner Ltd.\"\n\
         [provider.partner.identity.groups]\nmap = {{ Partners = \"Guests of partners\" }}\nunmapped = \"drop\"\n\
         [provider.third]\nkind = \"oidc\"\nissuer = \"{third_issuer}\"\nclient_id = \"{third_client}\"\n\
         client_secret = {{ file = \"{home}/third-secret\" }}\nemail_domains = [\"*\"]\n"
    )
}
