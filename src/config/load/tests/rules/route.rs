//! What is refused of claims, routes and their rules, and how rules are read.

use std::sync::Arc;

use super::super::*;
use crate::gate::claims::ClaimPath;
use crate::gate::rule::{Condition, Rule, Rules, Values};

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_claims_and_routes_is_found_with_its_key() {
    assert_table(&[
        ("identity.user = \"email\"", &[]),
        ("identity.user = [\"email\", \"sub\"]", &[]),
        ("identity.user = []", &[("identity.user", "Empty")]),
        ("identity.user = \"\"", &[("identity.user", "Empty")]),
        ("identity.user = \"a..b\"", &[("identity.user", "Claim")]),
        ("identity.groups = { claim = [\"a\", \"b.\"] }", &[("identity.groups.claim[1]", "Claim")]),
        ("identity.groups = { claim = \"a\", unmapped = \"keep\" }", &[]),
        ("identity.groups = { clam = \"a\" }", &[("identity.groups.clam", "UnknownKey")]),
        ("identity.groups = { claim = \"a\", unmapped = \"kep\" }", &[("identity.groups.unmapped", "NotAChoice")]),
        ("identity.email = true", &[("identity.email", "WrongType")]),
        ("\n[[route]]\npath = \"/a\"\n[[route]]\npath = \"/a/*\"", &[]),
        ("\n[[route]]\npath = \"a\"", &[("route[0].path", "Pattern")]),
        ("\n[[route]]\npath = \"/*/a\"", &[("route[0].path", "Pattern")]),
        ("\n[[route]]\npath = []", &[("route[0].path", "Empty")]),
        ("\n[[route]]\nhost = []", &[("route[0].host", "Empty")]),
        ("\n[[route]]\naccess = []", &[("route[0].access", "Empty")]),
        ("\n[[route]]\naccess = \"signedin\"", &[("route[0].access", "NotAChoice")]),
        ("\n[[route]]\naccess = true", &[("route[0].access", "WrongType")]),
        ("\n[[route]]\npath = [\"/a\", \"b\"]\n[[route]]\npath = \"/a\"", &[("route[0].path[1]", "Pattern")]),
        ("\n[[route]]\npath = [\"/a\", \"/b\"]\n[[route]]\npath = \"/b\"", &[("route[1].path", "Repeated")]),
        ("\n[[route]]\npath = [\"/a/\", \"/a/*\"]", &[("route[0].path[1]", "Repeated")]),
        ("server.ignore_path_case = true\n\n[[route]]\npath = \"/Admin/*\"\n[[route]]\npath = \"/admin/\"", &[("route[1].path", "Repeated")]),
        ("server.ignore_path_case = true\n\n[[route]]\npath = \"/%C3%84/*\"\n[[route]]\npath = \"/%C3%A4/\"", &[("route[1].path", "Repeated")]),
        ("\n[[route]]\npath = \"/Admin/*\"\n[[route]]\npath = \"/admin/\"", &[]),
        ("\n[[route]]\n[[route]]\npath = \"/*\"", &[("route[1].path", "Repeated")]),
        ("\n[[route]]\npath = \"/a\"\nhost = \"wiki.example.com\"\n[[route]]\npath = \"/a\"", &[]),
        ("\n[[route]]\nhost = \"WIKI.example.com.\"\n[[route]]\nhost = \"wiki.example.com\"", &[("route[1]", "Repeated")]),
        ("\n[[route]]\nhost = \"other.example.com\"", &[("route[0].host", "HostNotPublic")]),
        ("\n[[route]]\nhost = \"other.example.com\"\naccess = \"public\"", &[]),
        ("\n[[route]]\nhost = \"wiki.example.com:8080\"", &[("route[0].host", "HostWithPort")]),
        ("\n[[route]]\nhost = \"*.example.com\"", &[("route[0].host", "Host")]),
        ("\n[[route]]\npath = \"/_vestibule/login\"", &[("route[0].path", "RouteUnderPrefix")]),
        ("\n[[route]]\npath = \"/_vestibule/*\"", &[("route[0].path", "RouteUnderPrefix")]),
        ("provider.corp.callback_path = \"/oauth2/callback\"\n\n[[route]]\npath = \"/oauth2/callback\"", &[("route[0].path", "RouteIsCallback")]),
        ("provider.corp.callback_path = \"/oauth2/callback\"\n\n[[route]]\npath = \"/oauth2/*\"", &[]),
        ("\n[route]\npath = \"/a\"", &[("route", "WrongType")]),
        ("route = []", &[("route", "Empty")]),
        ("route = [{ cors_preflight = 1, pass_override_headers = \"yes\" }]", &[("route[0].cors_preflight", "WrongType"), ("route[0].pass_override_headers", "WrongType")]),
        ("route = [{ origins = [\"https://a.example\", \"*\", \"https://b.example/x\", \"null\"] }]", &[("route[0].origins[1]", "Origin"), ("route[0].origins[2]", "Origin"), ("route[0].origins[3]", "Origin")]),
        ("route = [{ origins = \"https://a.example\" }]", &[]),
        ("\n[[route]]\npaths = \"/a\"", &[("route[0].paths", "UnknownKey")]),
    ]);
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_rules_is_found_with_its_key() {
    assert_table(&[
        // Who: the keys of `access`.
        ("\n[[route]]\naccess = { groups = \"a\" }", &[]),
        ("\n[[route]]\naccess = { groups = [\"a\"], all_groups = [\"b\"], access_right = \"c\", email_domains = \"corp.example\", provider = \"corp\", claim = \"d.e\", any_of = [\"f\"] }", &[]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"] }, { provider = [\"corp\"] }]", &[]),
        ("\n[[route]]\n[route.access]\ngroups = [\"a\"]", &[]),
        ("\n[[route]]\naccess = {}", &[("route[0].access", "Empty")]),
        ("\n[[route]]\naccess = [{}]", &[("route[0].access[0]", "Empty")]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"] }, {}]", &[("route[0].access[1]", "Empty")]),
        ("\n[[route]]\naccess = []", &[("route[0].access", "Empty")]),
        ("\n[[route]]\naccess = [\"public\"]", &[("route[0].access[0]", "WrongType")]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"] }, \"public\"]", &[("route[0].access[1]", "WrongType")]),
        ("\n[[route]]\naccess = { grups = [\"a\"] }", &[("route[0].access.grups", "UnknownKey")]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"], user = \"x\" }]", &[("route[0].access[0].user", "UnknownKey")]),
        ("\n[[route]]\naccess = { groups = [] }", &[("route[0].access.groups", "Empty")]),
        ("\n[[route]]\naccess = { all_groups = [] }", &[("route[0].access.all_groups", "Empty")]),
        ("\n[[route]]\naccess = { access_right = [] }", &[("route[0].access.access_right", "Empty")]),
        ("\n[[route]]\naccess = { email_domains = [] }", &[("route[0].access.email_domains", "Empty")]),
        ("\n[[route]]\naccess = { provider = [] }", &[("route[0].access.provider", "Empty")]),
        ("\n[[route]]\naccess = { groups = [\"a\", \"\"] }", &[("route[0].access.groups[1]", "Empty")]),
        ("\n[[route]]\naccess = { groups = [\" \"] }", &[("route[0].access.groups[0]", "Empty")]),
        ("\n[[route]]\naccess = { groups = 1 }", &[("route[0].access.groups", "WrongType")]),
        ("\n[[route]]\naccess = { email_domains = \"@corp.example\" }", &[("route[0].access.email_domains", "EmailDomain")]),
        ("\n[[route]]\naccess = { email_domains = [\"a@corp.example\", \"*\", \"*.corp.example\", \".corp.example\", \"corp.example.\", \"a..b\", \"a b\"] }", &[
            ("route[0].access.email_domains[0]", "EmailDomain"), ("route[0].access.email_domains[1]", "EmailDomain"),
            ("route[0].access.email_domains[2]", "EmailDomain"), ("route[0].access.email_domains[3]", "EmailDomain"),
            ("route[0].access.email_domains[4]", "EmailDomain"), ("route[0].access.email_domains[5]", "EmailDomain"),
            ("route[0].access.email_domains[6]", "EmailDomain"),
        ]),
        ("\n[[route]]\naccess = { provider = [\"corp\", \"other\"] }", &[("route[0].access.provider[1]", "ProviderUnknown")]),
        ("\n[[route]]\naccess = { provider = \"Corp\" }", &[("route[0].access.provider", "ProviderUnknown")]),
        ("\n[[route]]\naccess = { claim = \"a\" }", &[("route[0].access.any_of", "Missing")]),
        ("\n[[route]]\naccess = { any_of = \"a\" }", &[("route[0].access.claim", "Missing")]),
        ("\n[[route]]\naccess = { claim = \"a\", any_of = [] }", &[("route[0].access.any_of", "Empty")]),
        ("\n[[route]]\naccess = { claim = \"a..b\", any_of = \"c\" }", &[("route[0].access.claim", "Claim")]),
        ("\n[[route]]\naccess = { claim = [\"a\"], any_of = \"c\" }", &[("route[0].access.claim", "WrongType")]),
        // API clients.
        ("\n[[route]]\napi = true\naccess = { scopes = \"a/b\" }", &[]),
        ("\n[[route]]\napi = true\naccess = { scopes = [\"a\", \"b\"], provider = \"corp\" }", &[]),
        ("\n[[route]]\napi = true\naccess = { scopes = [] }", &[("route[0].access.scopes", "Empty")]),
        ("\n[[route]]\napi = true\naccess = { scopes = [\"a b\", \"c\\\"\", \"\"] }", &[
            ("route[0].access.scopes[0]", "RuleScope"), ("route[0].access.scopes[1]", "RuleScope"), ("route[0].access.scopes[2]", "Empty"),
        ]),
        ("\n[[route]]\napi = \"yes\"", &[("route[0].api", "WrongType")]),
        ("provider.corp.api = { clients = [\"x\"], audiences = [\"y\"], tokens = [\"access\", \"id\"] }", &[]),
        ("provider.corp.api = { clients = [] }", &[("provider.corp.api.clients", "Empty")]),
        ("provider.corp.api = { tokens = [] }", &[("provider.corp.api.tokens", "Empty")]),
        ("provider.corp.api = { tokens = \"refresh\" }", &[("provider.corp.api.tokens", "NotAChoice")]),
        ("provider.corp.api = { audiences = [\" \"] }", &[("provider.corp.api.audiences[0]", "ApiName")]),
        ("provider.corp.api = { client = \"x\" }", &[("provider.corp.api.client", "UnknownKey")]),
        ("provider.corp.api = true", &[("provider.corp.api", "WrongType")]),
        // Methods.
        ("\n[[route]]\nmethods = []", &[("route[0].methods", "Empty")]),
        ("\n[[route]]\nmethods = \"get\"", &[("route[0].methods", "Method")]),
        ("\n[[route]]\nmethods = [\"GET\", \"Post\", \"A B\", \"TRACE\", \"CONNECT\", \"*\"]", &[
            ("route[0].methods[1]", "Method"), ("route[0].methods[2]", "Method"), ("route[0].methods[3]", "Method"),
            ("route[0].methods[4]", "Method"), ("route[0].methods[5]", "Method"),
        ]),
        ("\n[[route]]\nmethods = [\"GET\", \"GET\"]", &[("route[0].methods[1]", "Repeated")]),
        ("\n[[route]]\nmethods = [\"GET\", \"PROPFIND\"]\n[[route]]\nmethods = \"POST\"", &[]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]\nmethods = [\"POST\", \"GET\"]", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]\nmethods = \"HEAD\"", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\n[[route]]\nmethods = \"GET\"", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]\nmethods = \"GET\"", &[("route[1]", "Repeated")]),
        ("\n[[route]]\npath = \"/a\"\nmethods = \"GET\"\n[[route]]\npath = \"/b\"\nmethods = \"GET\"", &[]),
        ("\n[[route]]\nhost = \"wiki.example.com\"\nmethods = \"GET\"\n[[route]]\nmethods = \"GET\"", &[]),
        ("\n[[route]]\nmethods = \"get\"\n[[route]]\nmethods = \"POST\"", &[("route[0].methods", "Method")]),
        // Forms in paths.
        ("\n[[route]]\npath = \"/a/*\"\nallow_in_path = [\";\", \"//\", \"%2F\", \"%5c\"]", &[]),
        // Lists that are empty by default may be written so.
        ("\n[[route]]\npath = \"/a/*\"\nallow_in_path = []\norigins = []", &[]),
        ("server.trusted_proxies = []", &[]),
        ("\n[[route]]\npath = \"/a/*\"\nallow_in_path = [\"%2F\", \"/\", \"..\"]", &[("route[0].allow_in_path[1]", "NotAChoice"), ("route[0].allow_in_path[2]", "NotAChoice")]),
    ]);
}

#[test]
fn rules_are_read_as_they_are_written() {
    let text = "\n[[route]]\npath = \"/api/*\"\nmethods = [\"GET\", \"PROPFIND\"]\nallow_in_path = \"%2F\"\n\
                access = [{ groups = [\" A \", \"B\"], claim = \"d.e\", any_of = \"f\" }, { access_right = \"c\" }]";
    let config = config(&change(text));
    let [route] = config.routes.as_slice() else {
        panic!("{:?}", config.routes);
    };
    assert_eq!(format!("{:?}", route.methods), "[GET, PROPFIND]");
    assert!(route.allow_in_path.encoded_slash && !route.allow_in_path.semicolon);
    let values =
        |names: &[&str]| Values::new(names.iter().map(|&name| name.to_owned()).collect()).unwrap();
    let first = vec![
        Condition::Groups(values(&["A", "B"])),
        Condition::Claim(ClaimPath::parse("d.e").unwrap(), values(&["f"])),
    ];
    let second = vec![Condition::AccessRight(values(&["c"]))];
    let rules = [first, second].map(|conditions| Rule::new(conditions).unwrap());
    let rules = Rules::new(rules.into()).unwrap();
    assert_eq!(route.access, Access::Rules(Arc::new(rules)));
    // Without its secrets a configuration is looked at all the same.
    let unread = "\n[[route]]\naccess = { provider = { env = \"P\" }, groups = { env = \"G\" } }";
    assert!(skip(&change(unread)).is_ok());
}
