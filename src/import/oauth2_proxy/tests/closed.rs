//! Nobody gets in rather than more people than there.

use super::*;

fn rule(imported: &ImportedOptions) -> String {
    let mut lines = imported.routes.iter().flatten();
    let access = lines.find(|line| line.key == "access");
    access.map_or_else(|| "-".to_owned(), |line| line.value.clone())
}

#[test]
fn what_may_narrow_and_is_unknown_lets_nobody_in() {
    for option in [
        "gitlab-project",
        "gitlab-projects",
        "forgejo-org",
        "forgejo-teams",
        "okta-groups",
        "okta-user",
        "okta-roles",
        "gitea-repo",
        "gitea-repositories",
        "entra-tenants",
        "allowed-things",
        "email-list",
        "some-domains",
    ] {
        for imported in [
            flags(&format!("--email-domain=* --{option}=x")),
            from_file(&format!(
                "email_domains = [\"*\"]\n{} = [\"x\"]\n",
                option.replace('-', "_")
            )),
        ] {
            assert_eq!(rule(&imported), "\"nobody\"", "{option}");
            let told = |note: &OptionNote| note.words.contains("nobody gets in");
            assert!(imported.notes().iter().any(told), "{option}");
        }
    }
    // Empty, or of nothing that says who somebody is.
    for given in ["--okta-groups=", "--no-such-option=x", "--colour=red"] {
        let imported = flags(&format!("--email-domain=* {given}"));
        assert_eq!(rule(&imported), "-", "{given}");
    }
}

#[test]
fn a_file_that_is_not_read_lets_nobody_in() {
    for given in [
        "--email-domain=* --alpha-config=/etc/alpha.yaml",
        "--email-domain=* --config=/etc/oauth2-proxy.cfg",
        "--email-domain=a.example --allowed-group=x --config /etc/oauth2-proxy.cfg",
        "--reverse-proxy --email-domain=* --alpha-config=/etc/alpha.yaml",
    ] {
        let imported = flags(given);
        assert_eq!(rule(&imported), "\"nobody\"", "{given}");
        let issuer = text(&imported, "provider.sso.issuer");
        assert_eq!(issuer, "https://write-me.invalid", "{given}");
        let upstream = text(&imported, "upstream.url");
        assert_eq!(upstream, "http://write-me.invalid", "{given}");
    }
    // What the command line says counts, and so does the file that is imported with it.
    let named = flags("--email-domain=* --config=/x --oidc-issuer-url=https://id.example");
    assert_eq!(text(&named, "provider.sso.issuer"), "https://id.example");
    assert_eq!(rule(&named), "\"nobody\"");
    let both = import_oauth2_proxy(&[
        OptionsText::File("email_domains = [\"*\"]\n"),
        OptionsText::Flags("--config=/etc/oauth2-proxy.cfg"),
    ]);
    let both = both.unwrap();
    assert_eq!(rule(&both), "-");
    assert_eq!(notes_about(&both, "config"), 1);
    assert_eq!(
        text(&both, "provider.sso.issuer"),
        "https://accounts.google.com"
    );
}

#[test]
fn a_variable_whose_value_is_elsewhere_opens_nothing() {
    let env = "OAUTH2_PROXY_EMAIL_DOMAINS=*\nOAUTH2_PROXY_ALLOWED_GROUPS\nHTTP_PROXY=http://x\nMIIEsecret==\n";
    let imported = from_file(env);
    assert_eq!(rule(&imported), "{ groups = [\"write-me\"] }");
    let toml = imported.to_toml();
    assert!(toml.contains("2 of the lines are not"), "{toml}");
    assert!(!toml.to_lowercase().contains("miiesecret"), "{toml}");
}
