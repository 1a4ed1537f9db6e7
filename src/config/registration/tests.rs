use std::path::Path;

use super::{Registration, registrations};
use crate::config::load::{SecretsMode, load};

fn of(provider: &str) -> Registration {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    write(&path, provider);
    let mut all = registrations(&load(&path, SecretsMode::Skip).unwrap().config, &[]);
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

#[test]
fn what_is_not_read_is_told_by_its_place_and_never_invented() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text = "[server]\nlisten = \"127.0.0.1:0\"\n\
         public_url = [{ file = \"there\" }, { env = \"VESTIBULE_NOWHERE\" }, { file = \"nowhere\" }]\n\
         [upstream]\nurl = \"http://127.0.0.1:3000\"\n\
         [session]\nkeys = [{ file = \"key\" }]\n\
         [provider.corp]\nkind = \"cognito\"\nuser_pool_id = { env = \"VESTIBULE_NO_POOL\" }\n\
         domain = { env = \"VESTIBULE_NO_DOMAIN\" }\nclient_id = { file = \"client\" }\n\
         client_secret = { file = \"secret\" }\n";
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("there"), " https://wiki.example.com\n").unwrap();
    // A secret stays unread, even if nothing else would go through.
    std::fs::write(folder.path().join("secret"), [0xff]).unwrap();
    let loaded = load(&path, SecretsMode::Skip).unwrap();
    let keys: Vec<&str> = loaded.unread.iter().map(|one| one.key.as_str()).collect();
    for key in [
        "server.public_url[1]",
        "server.public_url[2]",
        "provider.corp.user_pool_id",
        "provider.corp.domain",
        "provider.corp.client_id",
    ] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    assert_eq!(keys.len(), 5, "{keys:?}");
    let told = registrations(&loaded.config, &loaded.unread).remove(0);
    assert_eq!(
        told.callback_urls(),
        [
            "https://wiki.example.com/_vestibule/callback",
            "(from env VESTIBULE_NOWHERE, not read)/_vestibule/callback",
            "(from file nowhere, not read)/_vestibule/callback",
        ]
    );
    assert_eq!(told.client_id(), "(from file client, not read)");
    let shown = told.to_string();
    assert!(
        shown.contains("issuer (from env VESTIBULE_NO_POOL, not read)"),
        "{shown}"
    );
    for invented in ["not-read", "NotRead", ".invalid"] {
        assert!(!shown.contains(invented), "{shown}");
    }
    // Once they are there, they are read.
    for (file, text) in [
        ("nowhere", "https://wiki.example.org"),
        ("client", "4exampleclient0000000000aa"),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let loaded = load(&path, SecretsMode::Skip).unwrap();
    let told = registrations(&loaded.config, &loaded.unread).remove(0);
    assert_eq!(told.client_id(), "4exampleclient0000000000aa");
    assert_eq!(
        told.sign_out_urls()[2],
        "https://wiki.example.org/_vestibule/signed-out"
    );
}
