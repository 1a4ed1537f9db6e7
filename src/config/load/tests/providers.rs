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
/// Its groups mean what a map says.
const MAPPED: &str = "identity = { groups = { map_file = \"headed.toml\", unmapped = \"drop\" } }";

/// Ours are taken as they are, which is said of ours alone.
const OWN: &str = "provider.corp.identity = { groups = \"cognito:groups\" }";

fn kinds(text: &str) -> Vec<(String, String)> {
    found(&read(text))
}

fn warned(text: &str) -> Vec<(String, String)> {
    let loaded = read(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    let warnings = loaded.warnings.iter();
    warnings
        .map(|one| (one.key().to_owned(), variant(one.kind())))
        .collect()
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
        (OURS, "accepted_issuers = []\nforward_params = []\nemail_domains = \"a.example\"", &[]),
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
    let hidden = "provider.corp.hidden = true";
    let one = expected(&[("provider.corp.hidden", "HiddenAlone")]);
    assert_eq!(warned(&change(hidden)), one);
    let both = two(
        &format!("{OURS}\n{OWN}\n{hidden}"),
        &format!("{THEIRS}\n{MAPPED}\nhidden = true"),
    );
    assert_eq!(
        warned(&both),
        expected(&[("provider.corp.hidden", "AllHidden")])
    );
    let one = two(
        &format!("{OURS}\n{OWN}\n{hidden}"),
        &format!("{THEIRS}\n{MAPPED}"),
    );
    assert_eq!(warned(&one), []);
}

#[test]
fn the_several_providers_of_the_documentation_are_good_ones() {
    let page = include_str!("../../../../docs/configuring.md");
    let (_, section) = page.split_once("\n## Several providers").unwrap();
    let block = section.split("```toml\n").nth(1).unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let (before, _) = SMALLEST.split_once("[provider.corp]").unwrap();
    let text = format!("{before}{block}\n[session]\nkeys = [{{ file = \"key\" }}]\n");
    let loaded = skip(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.config.providers.len(), 2);
}

/// Two providers of these tables, in place of the one of the smallest configuration.
fn pair(one: &str, other: &str) -> String {
    let (before, rest) = SMALLEST.split_once("[provider.corp]").unwrap();
    let (_, after) = rest.split_once("\n[").unwrap();
    format!(
        "{before}[provider.corp]\n{one}\nemail_domains = [\"corp.example\"]\n\
         [provider.partner]\n{other}\n{THEIRS}\n{MAPPED}\n[{after}"
    )
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn no_two_providers_are_one_client_of_one_issuer() {
    let pool = "kind = \"cognito\"\nuser_pool_id = \"eu-central-1_ExAmP1e99\"\ndomain = \"https://login.example.com\"\nclient_id = \"one\"";
    let through = |name: &str| format!("{pool}\nidentity_provider = \"{name}\"");
    let oidc = |issuer: &str, client: &str| format!("kind = \"oidc\"\nissuer = \"https://{issuer}.example\"\nclient_id = \"{client}\"");
    let accepts = |text: String, issuer: &str| format!("{text}\naccepted_issuers = [\"https://{issuer}.example\"]");
    let pool_as_issuer = "kind = \"oidc\"\nissuer = \"https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99\"\nclient_id = \"one\"".to_owned();
    let taken = &[("provider.partner.client_id", "ClientTaken")][..];
    for (one, other, wanted) in [
        (oidc("a", "x"), oidc("a", "x"), taken),
        (oidc("a", "x"), oidc("a", "y"), &[][..]),
        (oidc("a", "x"), oidc("b", "x"), &[]),
        // A token of an accepted issuer is as good as one of the issuer itself.
        (oidc("a", "x"), accepts(oidc("b", "x"), "a"), taken),
        (accepts(oidc("a", "x"), "c"), accepts(oidc("b", "x"), "c"), taken),
        (accepts(oidc("a", "x"), "c"), accepts(oidc("b", "x"), "d"), &[]),
        // People of one identity provider each; with one of both, or none, there is an overlap.
        (through("corp-ad"), through("partner-ad"), &[]),
        (through("corp-ad"), through("corp-ad"), taken),
        (through("corp-ad"), pool.to_owned(), taken),
        (pool.to_owned(), through("corp-ad"), taken),
        (pool.to_owned(), pool_as_issuer, taken),
    ] {
        assert_eq!(kinds(&pair(&one, &other)), expected(wanted), "{one}\n/\n{other}");
    }
}

#[test]
fn the_error_about_one_client_of_two_names_the_first_and_a_way_out() {
    let one = "kind = \"oidc\"\nissuer = \"https://a.example\"\nclient_id = \"x\"";
    let message = read(&pair(one, one)).unwrap_err().to_string();
    assert!(message.contains("client of provider.corp"), "{message}");
    assert!(message.contains("register a client for each"), "{message}");
    // What is not read is not compared.
    let unread = "kind = \"oidc\"\nissuer = { env = \"A\" }\nclient_id = { env = \"B\" }";
    assert!(skip(&pair(unread, unread)).is_ok());
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn a_subject_without_its_provider_is_worth_a_word() {
    let with = |headers: &str| two(&format!("{OURS}\n{OWN}\n{headers}"), &format!("{THEIRS}\n{MAPPED}"));
    for (headers, wanted) in [
        ("headers.preset = \"alb\"", &["headers.preset"][..]),
        ("headers.preset = [\"vestibule\", \"google-iap\"]", &["headers.preset[1]"]),
        ("headers.preset = \"azure-easy-auth\"", &["headers.preset"]),
        ("headers.preset = [\"vestibule\", \"authentik\"]", &[]),
        ("headers.preset = \"alb\"\nheaders.set = { X-Amzn-Oidc-Identity = \"{provider}|{sub}\" }", &[]),
        ("headers.set = { X-Id = \"{sub}\" }", &["headers.set.X-Id"]),
        ("headers.set = { X-Id = \"id {claim.sub}\" }", &["headers.set.X-Id"]),
        ("headers.set = { X-Id = \"{provider}/{sub}\", X-Other = \"{claim.sub}@{claim.iss}\" }", &[]),
        ("headers.set = { X-Id = \"{sub}\", X-Provider = \"{provider}\" }", &["headers.set.X-Id"]),
    ] {
        let found: Vec<_> = warned(&with(headers));
        let wanted: Vec<_> = wanted.iter().map(|key| ((*key).to_owned(), "SubjectAlone".to_owned())).collect();
        assert_eq!(found, wanted, "{headers}");
        // With one provider there is nothing to mix up.
        assert_eq!(warned(&change(headers)), [], "{headers}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn names_that_two_providers_may_both_give_are_worth_a_word() {
    const USER: (&str, &str) = ("provider.partner.identity.user", "UserOfSeveral");
    const OUR_USER: (&str, &str) = ("provider.corp.identity.user", "UserOfSeveral");
    const GROUPS: (&str, &str) = ("provider.partner.identity.groups", "NamesOfSeveral");
    const OUR_GROUPS: (&str, &str) = ("provider.corp.identity.groups", "NamesOfSeveral");
    const RIGHT: (&str, &str) = ("provider.partner.identity.access_right", "NamesOfSeveral");
    const OUR_RIGHT: (&str, &str) = ("provider.corp.identity.access_right", "NamesOfSeveral");
    let drop = "{ map_file = \"headed.toml\", unmapped = \"drop\" }";
    let keep = "{ map_file = \"headed.toml\" }";
    let right = "{ claim = \"right\", map_file = \"rights.toml\", unmapped = \"deny\" }";
    let own = |general: &str| format!("{OWN}\n{general}");
    for (general, theirs, wanted) in [
        (OWN.to_owned(), MAPPED.to_owned(), &[][..]),
        (String::new(), String::new(), &[OUR_GROUPS, GROUPS]),
        // Whoever writes one for a provider has thought of its names.
        (String::new(), "identity = { groups = \"roles\" }".to_owned(), &[OUR_GROUPS]),
        // What one of them is mapped to, the other may write as it is.
        (String::new(), MAPPED.to_owned(), &[OUR_GROUPS]),
        (format!("provider.corp.identity = {{ groups = {drop} }}"), String::new(), &[GROUPS]),
        // A map for all is one that each directory writes the values of.
        (format!("identity.groups = {drop}"), String::new(), &[OUR_GROUPS, GROUPS]),
        (format!("identity.groups = {keep}"), String::new(), &[OUR_GROUPS, GROUPS]),
        (own("identity.user = \"sub\""), MAPPED.to_owned(), &[OUR_USER, USER]),
        (own("identity.user = [\"email\", \"sub\"]"), MAPPED.to_owned(), &[OUR_USER, USER]),
        (own("identity.user = { claim = \"sub\", map = { 1111 = \"kirsten\" }, unmapped = \"drop\" }"), MAPPED.to_owned(), &[OUR_USER, USER]),
        // Not the claim `email`, so it may hold a name without a domain.
        (own("identity.user = \"mail\"\nidentity.email = \"mail\""), MAPPED.to_owned(), &[OUR_USER, USER]),
        (own("identity.user = { claim = \"email\", map = { \"k@corp.example\" = \"kirsten\" } }"), MAPPED.to_owned(), &[]),
        (own("identity.user = \"sub\""), format!("identity = {{ user = \"upn\", groups = {drop} }}"), &[OUR_USER]),
        (own("identity.access_right = \"right\""), MAPPED.to_owned(), &[OUR_RIGHT, RIGHT]),
        (own(&format!("identity.access_right = {right}")), MAPPED.to_owned(), &[OUR_RIGHT, RIGHT]),
        (own("identity.access_right = \"right\""), format!("identity = {{ groups = {drop}, access_right = {right} }}"), &[OUR_RIGHT]),
    ] {
        let mut found = warned(&two(&format!("{OURS}\n{general}"), &format!("{THEIRS}\n{theirs}")));
        let mut wanted = expected(wanted);
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{general} / {theirs}");
        assert_eq!(warned(&change(&general)), [], "{general}");
    }
}

#[test]
fn a_rule_on_a_claim_that_several_providers_write_is_worth_a_word() {
    let route = |access: &str| format!("{MAPPED}\n[[route]]\npath = \"/a/\"\naccess = {access}");
    let warned_of = |access: &str| {
        let text = two(
            &format!("{OURS}\n{OWN}"),
            &format!("{THEIRS}\n{}", route(access)),
        );
        warned(&text)
    };
    let claim = "claim = \"department\", any_of = [\"IT\"]";
    let word = [(
        "route[0].access.claim".to_owned(),
        "ClaimOfSeveral".to_owned(),
    )];
    assert_eq!(warned_of(&format!("{{ {claim} }}")), word);
    assert_eq!(
        warned_of(&format!("{{ {claim}, provider = [\"corp\"] }}")),
        []
    );
    let second = format!("[{{ groups = [\"A\"] }}, {{ {claim} }}]");
    assert_eq!(warned_of(&second)[0].0, "route[0].access[1].claim");
    let alone = format!("[[route]]\npath = \"/a/\"\naccess = {{ {claim} }}");
    assert_eq!(warned(&change(&format!("\n{alone}"))), []);
}

#[test]
fn the_assertion_says_whose_subject_it_is_where_there_are_several() {
    let assertion =
        "headers.assertion = { audience = \"wiki\", keys = [{ file = \"signing-key\" }] }";
    let said = |text: &str| format!("{:?}", config(text).headers);
    assert!(said(&two(&format!("{OURS}\n{assertion}"), THEIRS)).contains("several: true"));
    assert!(said(&change(assertion)).contains("several: false"));
}

/// A provider that only vouches for tokens, of these keys.
fn tokens_alone(keys: &str) -> String {
    change(&format!(
        "{OURS}\n[provider.tokens]\nkind = \"oidc\"\nissuer = \"https://id.partner.example\"\nemail_domains = [\"*\"]\n{keys}"
    ))
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn a_provider_without_a_client_is_for_bearer_tokens_alone() {
    for (keys, wanted) in [
        ("api = { audiences = \"x\" }", &[][..]),
        ("", &[("provider.tokens.client_id", "Missing")]),
        ("api = {}", &[("provider.tokens.api.audiences", "Missing")]),
        ("api = { clients = [\"x\"] }", &[("provider.tokens.api.audiences", "Missing")]),
        ("api = { audiences = \"x\" }\nscopes = [\"openid\"]", &[("provider.tokens.scopes[0]", "LoginOnly")]),
        ("api = { audiences = \"x\" }\ncallback_path = \"/cb\"", &[("provider.tokens.callback_path", "LoginOnly")]),
        ("api = { audiences = \"x\" }\nclient_auth = \"none\"", &[("provider.tokens.client_auth", "LoginOnly")]),
    ] {
        assert_eq!(kinds(&tokens_alone(keys)), expected(wanted), "{keys}");
    }
    let config = read(&tokens_alone("api = { audiences = \"x\" }")).unwrap().config;
    let names = |signs_in: bool| {
        let all = config.providers.iter().filter(|one| one.signs_in() == signs_in);
        all.map(|one| one.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!((names(true), names(false)), (vec!["corp"], vec!["tokens"]));
    // The one through which people sign in keeps the short callback, and is registered alone.
    let callbacks = config.providers.iter().map(|one| config.callback_path(one));
    assert_eq!(callbacks.take(1).collect::<Vec<_>>(), ["/_vestibule/callback"]);
    assert_eq!(crate::config::registration::registrations(&config, &[]).len(), 1);
}

#[test]
fn what_api_accepts_is_the_own_client_unless_it_is_named() {
    let api = |changes: &str| {
        read(&change(changes))
            .unwrap()
            .config
            .providers
            .remove(0)
            .api
    };
    let own = api("");
    let client = own.audiences.clone();
    assert_eq!(own.clients.as_ref(), Some(&client));
    assert_eq!((client.len(), own.access, own.id), (1, true, false));
    let named = api("provider.corp.api = { clients = [\"a\", \"b\"], tokens = [\"id\"] }");
    assert_eq!(named.clients.unwrap(), ["a", "b"]);
    assert_eq!(
        (named.audiences, named.access, named.id),
        (client, false, true)
    );
    // Elsewhere than at Cognito, the audience decides.
    let second = "email_domains = [\"*\"]\napi = {}";
    let config = read(&two(OURS, second)).unwrap().config;
    assert_eq!(
        (
            config.providers[1].api.clients.as_ref(),
            config.providers[1].api.audiences.as_slice()
        ),
        (None, &["x".to_owned()][..])
    );
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn of_several_each_says_itself_that_its_tokens_count() {
    let api = "api = { audiences = [\"x\"] }";
    let ours = "provider.corp.api = { clients = [\"a\"] }";
    for (our_api, their_api, wanted) in [
        ("", "", [false, false]),
        (ours, "", [true, false]),
        ("", api, [false, true]),
        ("", "api = {}", [false, true]),
        (ours, api, [true, true]),
    ] {
        let text = two(&format!("{OURS}\n{our_api}"), &format!("{THEIRS}\n{their_api}"));
        let providers = config(&text).providers;
        let takes: Vec<_> = providers.iter().map(|one| one.api.are_any()).collect();
        assert_eq!(takes, wanted, "{our_api} / {their_api}");
    }
    // What accepts none shares none.
    let theirs = "email_domains = [\"*\"]\n[provider.third]\nkind = \"oidc\"\n\
        issuer = \"https://id.partner.example\"\nclient_id = \"y\"\nemail_domains = [\"third.example\"]\n\
        api = { audiences = [\"x\"] }";
    assert_eq!(kinds(&two(OURS, theirs)), expected(&[]));
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn a_rule_on_scopes_that_several_providers_write_is_worth_a_word() {
    let ours = "provider.corp.api = { clients = [\"a\"] }";
    let theirs = "api = { audiences = [\"x\"] }";
    for (our_api, their_api, access, wanted) in [
        (ours, theirs, "{ scopes = \"x\" }", &[("route[0].access.scopes", "ScopesOfSeveral")][..]),
        (ours, theirs, "[{ groups = [\"A\"] }, { scopes = [\"x\", \"y\"] }]", &[("route[0].access[1].scopes[0]", "ScopesOfSeveral")]),
        (ours, theirs, "{ scopes = \"x\", provider = [\"corp\"] }", &[]),
        (ours, "", "{ scopes = \"x\" }", &[]),
        ("", theirs, "{ scopes = \"x\" }", &[]),
        ("", "", "{ scopes = \"x\" }", &[("route[0].access.scopes", "ScopesOfNobody")]),
    ] {
        let route = format!("[[route]]\npath = \"/a/\"\napi = true\naccess = {access}");
        let more = format!("{THEIRS}\n{their_api}\n{MAPPED}\n{route}");
        let text = two(&format!("{OURS}\n{OWN}\n{our_api}"), &more);
        assert_eq!(warned(&text), expected(wanted), "{our_api} / {their_api} / {access}");
    }
    let alone = "\n[[route]]\npath = \"/a/\"\napi = true\naccess = { scopes = \"x\" }";
    assert_eq!(warned(&change(alone)), []);
}

#[test]
fn no_token_is_accepted_by_two_providers_and_idle_keys_are_told() {
    let same = "email_domains = [\"*\"]\napi = { audiences = [\"orders\"] }\n[provider.third]\nkind = \"oidc\"\n\
        issuer = \"https://id.partner.example\"\nclient_id = \"y\"\nemail_domains = [\"third.example\"]\n";
    let taken = format!("{same}api = {{ audiences = [\"y\", \"orders\"] }}");
    assert_eq!(
        kinds(&two(OURS, &taken)),
        expected(&[("provider.third.api", "ApiTaken")])
    );
    assert_eq!(kinds(&two(OURS, same)), expected(&[]));
    let scopes = "\n[[route]]\npath = \"/a\"\naccess = { scopes = \"x\" }";
    assert!(warned(&change(scopes)).contains(&(
        "route[0].access.scopes".to_owned(),
        "ScopesWithoutApi".to_owned()
    )));
    let public = "\n[[route]]\npath = \"/a\"\napi = true\naccess = \"public\"";
    assert!(warned(&change(public)).contains(&("route[0].api".to_owned(), "ApiIdle".to_owned())));
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn a_user_name_in_the_place_of_an_email_is_worth_a_word() {
    let word = |key: &str| vec![(key.to_owned(), "NameOfChoice".to_owned())];
    for (user, wanted) in [
        ("[\"email\", \"username\"]", word("identity.user[1]")),
        ("[\"email\", \"sub\", \"cognito:username\"]", word("identity.user[2]")),
        ("{ claim = [\"email\", \"username\"] }", word("identity.user.claim[1]")),
        ("{ claim = [\"email\", \"username\"], map = { \"a\" = \"b\" }, unmapped = \"drop\" }", vec![]),
        ("[\"email\", \"sub\"]", vec![]),
        // Not in the place of an email: whoever writes it alone means it.
        ("\"username\"", vec![]),
        ("[\"username\", \"email\"]", vec![]),
    ] {
        assert_eq!(warned(&change(&format!("identity.user = {user}"))), wanted, "{user}");
    }
    // Said once, and of pools alone.
    let user = "identity.user = [\"email\", \"username\"]";
    let both = warned(&two(&format!("{OURS}\n{OWN}\n{user}"), &format!("{THEIRS}\n{MAPPED}")));
    let ours = both.into_iter().filter(|(_, kind)| kind == "NameOfChoice");
    assert_eq!(ours.collect::<Vec<_>>(), word("identity.user[1]"));
    let text = pair("kind = \"oidc\"\nissuer = \"https://a.example\"\nclient_id = \"x\"", "kind = \"oidc\"\nissuer = \"https://b.example\"\nclient_id = \"y\"");
    let plain = warned(&text.replace("email_domains = [\"corp.example\"]", "email_domains = [\"corp.example\"]\nidentity = { user = [\"email\", \"username\"] }"));
    assert!(plain.iter().all(|(_, kind)| kind != "NameOfChoice"), "{plain:?}");
}
