//! Several providers: what each has to say, and what no two may.

use super::*;
use crate::gate::email::EmailDomains;

/// The smallest configuration with a second provider, of these further keys.
fn two(changes: &str, more: &str) -> String {
    let second = "kind = \"oidc\"\nissuer = \"https://id.partner.example\"\nclient_id = \"x\"";
    change(&format!("{changes}\n[provider.partner]\n{second}\n{more}"))
}

const OURS: &str = "provider.corp.email_domains = [\"corp.example\"]";
const THEIRS: &str = "email_domains = [\"partner.example\"]";

fn kinds(text: &str) -> Vec<(String, String)> {
    found(&read(text))
}

fn expected(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(key, kind): &(&str, &str)| ((*key).to_owned(), (*kind).to_owned());
    rows.iter().map(own).collect()
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_several_providers_is_found_with_its_key() {
    let named = "provider.partner.email_domains";
    for (changes, more, wanted) in [
        (OURS, THEIRS, &[][..]),
        (OURS, "", &[(named, "Missing")]),
        ("", "", &[("provider.corp.email_domains", "Missing"), (named, "Missing")]),
        (OURS, "email_domains = [\"*\"]", &[]),
        (OURS, "email_domains = [\"a.example\", \"Corp.Example\"]", &[("provider.partner.email_domains[1]", "EmailDomainTaken")]),
        (OURS, "email_domains = [\"a.example\", \"a.example\"]", &[]),
        ("provider.corp.email_domains = \"*\"", "email_domains = \"*\"", &[(named, "EmailDomainTaken")]),
        (OURS, "email_domains = []", &[(named, "Empty")]),
        (OURS, "email_domains = [\"@a.example\", \"*.a.example\", \"a b\", \"\", \"127.0.0.1\"]", &[("provider.partner.email_domains[0]", "EmailDomain"), ("provider.partner.email_domains[1]", "EmailDomain"), ("provider.partner.email_domains[2]", "EmailDomain"), ("provider.partner.email_domains[3]", "Empty"), ("provider.partner.email_domains[4]", "EmailDomain")]),
        (OURS, "email_domains = [\"*\"]\ndisplay_name = \" \"", &[("provider.partner.display_name", "DisplayName")]),
        (OURS, "email_domains = [\"*\"]\ndisplay_name = \"a\\nb\"", &[("provider.partner.display_name", "DisplayName")]),
        (OURS, "email_domains = [\"*\"]\nhidden = \"yes\"", &[("provider.partner.hidden", "WrongType")]),
        (OURS, "email_domains = [\"*\"]\nidentity = { usr = \"sub\" }", &[("provider.partner.identity.usr", "UnknownKey")]),
        (OURS, "email_domains = [\"*\"]\nidentity = { groups = { unmapped = \"drop\" } }", &[("provider.partner.identity.groups.map", "Missing")]),
        (OURS, "email_domains = [\"*\"]\nidentity = { name = { claim = \"n\", from = \"userinfo\" } }", &[("provider.partner.identity.name.from", "UserinfoIsOff")]),
        ("provider.corp.callback_path = \"/oauth2/callback\"\nprovider.corp.email_domains = [\"corp.example\"]", "email_domains = [\"*\"]\ncallback_path = \"/oauth2/callback\"", &[("provider.partner.callback_path", "CallbackTaken")]),
        (OURS, "email_domains = [\"*\"]\n[[route]]\naccess = { provider = [\"corp\", \"partner\"] }", &[]),
        (OURS, "email_domains = [\"*\"]\n[[route]]\naccess = { provider = [\"corp\", \"partners\"] }", &[("route[0].access.provider[1]", "ProviderUnknown")]),
        // What both of them read is told once.
        ("provider.corp.email_domains = [\"corp.example\"]\nidentity.user = \"a..b\"", THEIRS, &[("identity.user", "Claim")]),
    ] {
        assert_eq!(kinds(&two(changes, more)), expected(wanted), "{changes} / {more}");
    }
}

#[test]
fn who_speaks_for_whom() {
    let all = config(&two(OURS, "email_domains = [\"*\", \"b.example\"]"));
    let [corp, partner] = all.providers.as_slice() else {
        panic!("two providers");
    };
    let listed = vec!["corp.example".to_owned()];
    assert_eq!(corp.email_domains, EmailDomains::Only(listed.clone()));
    assert_eq!(partner.email_domains, EmailDomains::AllBut(listed));
    assert_eq!(
        config(SMALLEST).providers[0].email_domains,
        EmailDomains::Any
    );
    // One alone may be held to its domains too.
    let one = config(&change(OURS));
    assert!(!one.providers[0].email_domains.covers("partner.example"));
}

#[test]
fn one_provider_has_the_short_callback_and_each_of_several_its_own() {
    let one = config(SMALLEST);
    let path = |config: &Config, place: usize| config.callback_path(&config.providers[place]);
    assert_eq!(path(&one, 0), "/_vestibule/callback");
    let callback = "provider.corp.callback_path = \"/_vestibule/callback\"";
    let both = config(&two(OURS, THEIRS));
    assert_eq!(path(&both, 0), "/_vestibule/callback/corp");
    assert_eq!(path(&both, 1), "/_vestibule/callback/partner");
    // One that is registered already may stay as it is.
    let kept = config(&two(&format!("{OURS}\n{callback}"), THEIRS));
    assert_eq!(path(&kept, 0), "/_vestibule/callback");
    assert_eq!(path(&kept, 1), "/_vestibule/callback/partner");
}

#[test]
fn a_provider_has_keys_of_identity_in_place_of_the_general_ones() {
    let general = "identity.user = [\"email\", \"sub\"]\nidentity.groups = \"cognito:groups\"\nidentity.attributes = { unit = \"custom:unit\", site = \"custom:site\" }";
    let text = two(
        &format!("{OURS}\n{general}"),
        &format!(
            "{THEIRS}\ndisplay_name = \" Partner Ltd. \"\nhidden = true\n\
             [provider.partner.identity]\nuser = \"upn\"\nattributes.unit = \"department\"\nattributes.desk = \"desk\"\n\
             [provider.partner.identity.groups]\nmap_file = \"headed.toml\"\nunmapped = \"drop\""
        ),
    );
    let config = config(&text);
    let [corp, partner] = config.providers.as_slice() else {
        panic!("two providers");
    };
    let names = |provider: &crate::config::Provider| {
        let user: Vec<_> = provider
            .identity
            .user
            .claims
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        let attributes = provider
            .identity
            .attributes
            .iter()
            .map(|one| format!("{}={}", one.name, one.rule.claims[0].as_str()));
        (user.join(","), attributes.collect::<Vec<_>>().join(","))
    };
    assert_eq!(
        names(corp),
        (
            "email,sub".to_owned(),
            "unit=custom:unit,site=custom:site".to_owned()
        )
    );
    assert_eq!(
        names(partner),
        (
            "upn".to_owned(),
            "unit=department,site=custom:site,desk=desk".to_owned()
        )
    );
    assert!(corp.identity.groups.map.is_none());
    assert_eq!(corp.identity.groups.claims[0].as_str(), "cognito:groups");
    // The whole key is replaced: its claim is the provider's own default again.
    assert!(partner.identity.groups.map.is_some());
    assert_eq!(partner.identity.groups.claims[0].as_str(), "groups");
    assert_eq!((corp.title(), partner.title()), ("corp", "Partner Ltd."));
    assert!(partner.hidden && !corp.hidden);
}

#[test]
fn hiding_all_or_the_only_one_is_worth_a_word() {
    let warned = |text: &str| -> Vec<(String, String)> {
        let loaded = read(text).unwrap();
        let warnings = loaded.warnings.iter();
        warnings
            .map(|one| (one.key().to_owned(), variant(one.kind())))
            .collect()
    };
    let hidden = "provider.corp.hidden = true";
    let one = expected(&[("provider.corp.hidden", "HiddenAlone")]);
    assert_eq!(warned(&change(hidden)), one);
    let both = two(
        &format!("{OURS}\n{hidden}"),
        &format!("{THEIRS}\nhidden = true"),
    );
    assert_eq!(
        warned(&both),
        expected(&[("provider.corp.hidden", "AllHidden")])
    );
    assert_eq!(warned(&two(&format!("{OURS}\n{hidden}"), THEIRS)), []);
}

#[test]
fn the_readmes_several_providers_are_good_ones() {
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once("### Several providers").unwrap();
    let block = section.split("```toml\n").nth(1).unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let (before, _) = SMALLEST.split_once("[provider.corp]").unwrap();
    let text = format!("{before}{block}\n[session]\nkeys = [{{ file = \"key\" }}]\n");
    let loaded = skip(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.config.providers.len(), 2);
}
