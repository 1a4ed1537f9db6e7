//! What works and may surprise.

use super::super::*;

#[test]
fn forward_auth_that_nobody_may_use_warns() {
    let loaded = skip(&change("server.forward_auth = \"nginx\"")).unwrap();
    let kinds: Vec<_> = loaded.warnings.iter().map(|w| w.kind().clone()).collect();
    assert_eq!(
        kinds,
        [crate::config::error::ConfigWarningKind::NobodyMayAsk]
    );
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn what_may_surprise_is_a_warning() {
    let rows = [
        ("provider.corp.email_verified = \"ignore\"", "provider.corp.email_verified", "EmailIgnored"),
        ("server.socket_mode = \"0666\"", "server.socket_mode", "SocketModeIdle"),
        ("server.trusted_proxies = [\"::/0\"]", "server.trusted_proxies[0]", "EverybodyTrusted"),
        ("telemetry.otlp = { endpoint = \"http://c\", headers = { X-Key = { env = \"LEVEL\" } } }", "telemetry.otlp.headers.X-Key", "SecretInPlain"),
        ("provider.corp.identity_provider = \"entra\"\nprovider.corp.forward_params = [\"identity_provider\"]", "provider.corp.forward_params[0]", "ForwardsFixed"),
        ("session.lifetime = \"31d\"", "session.lifetime", "LongLifetime"),
        ("headers.set = { X-User = { env = \"SECRET\" } }", "headers.set.X-User", "TextOfNobody"),
        ("headers.set = { X-User = { value = { file = \"other-key\" } } }", "headers.set.X-User.value", "TextOfNobody"),
        ("session.idle_timeout = \"59s\"", "session.idle_timeout", "ShortSpan"),
        ("provider.corp.max_auth_age = \"59s\"", "provider.corp.max_auth_age", "ShortSpan"),
        ("session.cookie_name = \"wiki\"", "session.cookie_name", "CookieWithoutHost"),
        ("session.cookie_name = \"__Secure-wiki\"", "session.cookie_name", "CookieWithoutHost"),
        ("session.keys = [{ file = \"several-keys\" }, { file = \"other-key\" }]", "session.keys[1]", "RepeatedKey"),
        ("\n[[route]]\npath = \"/admin\"\naccess = \"nobody\"", "route[0].path", "ExactRoute"),
        ("\n[[route]]\npath = \"/*\"\naccess = \"optional\"\n[[route]]\npath = \"/admin\"", "route[1].path", "ExactRoute"),
        ("\n[[route]]\naccess = \"public\"\n[[route]]\npath = \"/admin\"", "route[1].path", "ExactRoute"),
        ("\n[[route]]\npath = \"/admin\"\naccess = { groups = \"a\" }", "route[0].path", "ExactRoute"),
        ("\n[[route]]\nmethods = \"GET\"", "route[0]", "MethodsLeftOut"),
        ("\n[[route]]\npath = \"/a/*\"\nmethods = \"GET\"\n[[route]]\npath = \"/a/*\"\nmethods = [\"POST\", \"PUT\", \"PATCH\", \"DELETE\"]", "route[0].path", "MethodsLeftOut"),
        ("\n[[route]]\nallow_in_path = \"//\"", "route[0].allow_in_path", "AllowInPathIdle"),
        ("identity.groups = { map = { x = [\"Editors\", \"Sales\"] }, unmapped = \"drop\" }\n[[route]]\naccess = { groups = [\"Sales\", \"Editor\"] }", "route[0].access.groups[1]", "NobodyHas"),
        ("identity.groups = { map_file = \"bare.toml\", unmapped = \"drop\" }\n[[route]]\naccess = [{ email_domains = \"a.example\" }, { all_groups = [\"Argentina\", \"Local Company\"] }]", "route[0].access[1].all_groups[1]", "NobodyHas"),
        ("identity.access_right = { claim = \"r\", map = { x = \"Admin\" } }\n[[route]]\naccess = { access_right = \"admin\" }", "route[0].access.access_right", "NobodyHas"),
        ("identity.access_right = { claim = \"r\", map = { x = \"Admin\" }, order = [\"Admin\", \"Reader\"] }", "identity.access_right.order[1]", "NobodyHas"),
        ("\n[[route]]\naccess = { access_right = [\"Admin\", \"Reader\"] }", "route[0].access.access_right[0]", "NoAccessRight"),
        ("provider.corp.user_pool_id = \"us-gov-west-1_ExAmP1e99\"", "provider.corp.user_pool_id", "GovCloud"),
        ("-provider.corp.user_pool_id\n-provider.corp.domain\nprovider.corp.kind = \"oidc\"\nprovider.corp.issuer = \"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a\"", "provider.corp.issuer", "CognitoAsOidc"),
    ];
    for (changes, key, kind) in rows {
        let warnings = read(&change(changes)).unwrap().warnings;
        let [warning] = warnings.as_slice() else { panic!("{changes}: {warnings:?}") };
        assert_eq!((warning.key(), variant(warning.kind()).as_str()), (key, kind));
    }
    let quiet = [
        "",
        "session.lifetime = \"30d\"",
        "session.idle_timeout = \"1m\"\nprovider.corp.max_auth_age = \"1m\"",
        "session.cookie_name = \"__Host-wiki\"",
        "\n[[route]]\npath = \"/login\"\naccess = \"public\"",
        "identity.groups = { map = { x = [\"Editors\", \"Sales\"] }, unmapped = \"drop\", default = \"Guests\" }\n[[route]]\naccess = { groups = [\"Guests\", \" Sales \"] }",
        "identity.groups = { map = { x = \"Editors\" } }\n[[route]]\naccess = { groups = \"whatever\" }",
        "\n[[route]]\naccess = { groups = \"whatever\" }",
        "identity.access_right = { claim = \"r\", unmapped = \"deny\" }\n[[route]]\naccess = { access_right = \"whatever\" }",
        "identity.access_right = { claim = \"r\", map = { x = \"Admin\" }, default = \"Reader\", order = [\"Admin\", \"Reader\"] }\n[[route]]\naccess = { access_right = \"Reader\" }",
        "identity.access_right = { claim = \"r\", map = { x = \"Admin\" }, unmapped = \"keep\" }\n[[route]]\naccess = { access_right = \"Reader\" }",
        "\n[[route]]\npath = \"/admin\"",
        "\n[[route]]\npath = \"/a/*\"\nmethods = \"GET\"\n[[route]]\npath = \"/a/*\"\nmethods = [\"POST\", \"PUT\", \"PATCH\", \"DELETE\", \"OPTIONS\"]",
        "\n[[route]]\npath = \"/a/*\"\nallow_in_path = \"//\"",
        "\n[[route]]\naccess = \"public\"\n[[route]]\npath = [\"/admin\", \"/admin/*\"]",
        "\n[[route]]\naccess = \"public\"\n[[route]]\nhost = \"wiki.example.com\"\n[[route]]\nhost = \"wiki.example.com\"\npath = \"/a\"",
    ];
    for changes in quiet {
        let warnings = read(&change(changes)).unwrap().warnings;
        assert!(warnings.is_empty(), "{changes}: {warnings:?}");
    }
}
