use std::path::Path;

use super::{Registration, registrations};
use crate::config::load::{SecretsMode, load};

fn of(provider: &str) -> Registration {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    write(&path, provider);
    let mut all = registrations(&load(&path, SecretsMode::Skip).unwrap().config);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn write(path: &Path, provider: &str) {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         public_url = [\"https://wiki.example.com\", \"https://wiki.example.org:8443\"]\n\
         [upstream]\nurl = \"http://127.0.0.1:3000\"\n\
         [session]\nkeys = [{{ file = \"key\" }}]\n\
         [provider.corp]\nclient_id = \"4exampleclient0000000000aa\"\n{provider}\n"
    );
    std::fs::write(path, text).unwrap();
}

#[test]
fn each_origin_has_its_callback_and_its_sign_out_url() {
    let cognito = of("kind = \"cognito\"\nuser_pool_id = \"eu-central-1_ExAmP1e99\"");
    assert_eq!(
        cognito.to_string(),
        "register for provider.corp\n  \
         issuer https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99\n  \
         client 4exampleclient0000000000aa\n  \
         in the AWS console: Amazon Cognito, this user pool, App clients, this client, Login pages, Edit\n  \
         Allowed callback URLs\n    \
         https://wiki.example.com/_vestibule/callback\n    \
         https://wiki.example.org:8443/_vestibule/callback\n  \
         Allowed sign-out URLs\n    \
         https://wiki.example.com/_vestibule/signed-out\n    \
         https://wiki.example.org:8443/_vestibule/signed-out"
    );
}

#[test]
fn a_callback_path_is_registered_as_it_is_and_a_local_logout_not_at_all() {
    let oidc = of(
        "kind = \"oidc\"\nissuer = \"https://id.example.com\"\ncallback_path = \"/oauth2/callback\"\nlogout = \"local\"",
    );
    assert_eq!(
        oidc.callback_urls()[0],
        "https://wiki.example.com/oauth2/callback"
    );
    assert_eq!(oidc.callback_urls().len(), 2);
    assert!(oidc.sign_out_urls().is_empty());
    let shown = oidc.to_string();
    assert!(
        shown.contains("redirect URIs\n    https://wiki.example.com/oauth2/callback"),
        "{shown}"
    );
    assert!(!shown.contains("post-logout"), "{shown}");
}
