//! How settings are written, and what no setting may do.

use super::*;

#[test]
fn all_three_spellings_mean_the_same() {
    let flags = flags(
        "oauth2-proxy --email-domain a.example --email-domain b.example --client-id=wiki --cookie-secure --upstream http://127.0.0.1:1",
    );
    let file = from_file(
        "email_domains = [\"a.example\", \"b.example\"]\nclient_id = \"wiki\"\ncookie_secure = true\nupstreams = [\"http://127.0.0.1:1\"]\n",
    );
    let env = from_file(
        "# of a container\nOAUTH2_PROXY_EMAIL_DOMAINS=a.example,b.example\nexport OAUTH2_PROXY_CLIENT_ID=\"wiki\"\nOAUTH2_PROXY_COOKIE_SECURE=true\nOAUTH2_PROXY_UPSTREAMS=http://127.0.0.1:1\n",
    );
    assert_eq!(table(&flags), table(&file));
    assert_eq!(table(&flags), table(&env));
    assert_eq!(flags.notes().len(), file.notes().len());
    // A flag wins over the file.
    let both = import_oauth2_proxy(&[
        OptionsText::File("client_id = \"wiki\"\nscope = \"openid\"\n"),
        OptionsText::Flags("--client-id=blog"),
    ]);
    let both = both.unwrap();
    assert_eq!(text(&both, "provider.sso.client_id"), "blog");
    assert_eq!(text(&both, "provider.sso.scopes"), "[\"openid\"]");
}

#[test]
fn a_shell_s_words_are_read_as_it_reads_them() {
    let imported =
        flags("--client-id='a b' --scope=\"openid \\\"x\\\"\" \\\n  --cookie-name c\\ d");
    assert_eq!(text(&imported, "provider.sso.client_id"), "a b");
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::Flags("--client-id='a")]),
        Err(OptionsError::Quote)
    ));
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::Flags("--cookie-secure stray")]),
        Err(OptionsError::Stray(2))
    ));
}

#[test]
fn no_secret_is_written_or_shown() {
    let secret = "s3cr3t-of-theirs";
    for given in [
        format!(
            "--client-secret={secret} --cookie-secret={secret} --basic-auth-password={secret} --signature-key=sha1:{secret}"
        ),
        format!(
            "--redis-password={secret} --redis-connection-url=redis://u:{secret}@h --upstream=https://u:{secret}@h"
        ),
        format!("--no-such-option={secret}"),
        // As a word of its own, however it begins.
        format!("--client-secret -{secret} --client-id=wiki"),
        format!("--client-secret --{secret} --client-id=wiki"),
        format!("--cookie-secret -{secret}=x"),
        format!("--no-such-option -{secret}"),
        format!("--no-such-option --{secret}=x"),
    ] {
        let imported = flags(&given);
        assert!(!imported.to_toml().contains(secret), "{given}");
        assert!(
            imported
                .notes()
                .iter()
                .all(|note| !note.to_string().contains(secret))
        );
    }
    let broken = import_oauth2_proxy(&[OptionsText::File("client_secret = \"s3cr3t-of-theirs\nx")]);
    assert!(!broken.unwrap_err().to_string().contains(secret));
}

#[test]
fn a_value_is_the_next_word_as_there() {
    let taken = flags("--client-id -x --email-domain -y --scope=openid");
    assert_eq!(text(&taken, "provider.sso.client_id"), "-x");
    assert_eq!(text(&taken, "provider.sso.scopes"), "[\"openid\"]");
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::Flags("--client-id=x --scope")]),
        Err(OptionsError::Value(name)) if name == "scope"
    ));
    // A list of expressions is cut as well.
    let cut = flags("--email-domain=* --skip-auth-route=^/a$,^/b$");
    let paths: Vec<&str> = cut
        .routes
        .iter()
        .map(|lines| lines[0].value.as_str())
        .collect();
    assert_eq!(paths, ["\"/a\"", "\"/b\""]);
}

#[test]
fn true_and_false_are_written_as_go_writes_them() {
    for (word, expected, notes) in [
        ("1", true, 0),
        ("t", true, 0),
        ("T", true, 0),
        ("TRUE", true, 0),
        ("true", true, 0),
        ("True", true, 0),
        ("0", false, 0),
        ("F", false, 0),
        ("False", false, 0),
        ("yes", false, 1),
        ("tRUE", false, 1),
        ("''", false, 1),
    ] {
        let imported = flags(&format!("--pass-access-token={word}"));
        let is_on = at(&imported, "headers.set.X-Forwarded-Access-Token").is_some();
        assert_eq!(is_on, expected, "{word}");
        assert_eq!(notes_about(&imported, "pass-access-token"), notes, "{word}");
    }
}

#[test]
fn nothing_in_a_setting_ends_a_comment_or_a_text() {
    let hostile = from_file(
        "email_domains = [\"*\"]\nclient_id = \"a\\n[server]\\nlisten = \\\"x\\\"\"\n\"no\\nsuch\" = 1\nskip_auth_routes = [\"^/\\n[x]\"]\nupstreams = [\"http://a/\\n[y]\"]\n",
    );
    let table = table(&hostile);
    let mut names: Vec<&str> = table.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "headers", "identity", "provider", "server", "session", "upstream"
        ]
    );
    assert_eq!(
        text(&hostile, "provider.sso.client_id"),
        "a\n[server]\nlisten = \"x\""
    );
}

#[test]
fn alpha_configuration_and_junk_are_refused() {
    let alpha = "upstreamConfig:\n  upstreams:\n    - id: x\n";
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::File(alpha)]),
        Err(OptionsError::Alpha)
    ));
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::File("<html>")]),
        Err(OptionsError::Syntax(_))
    ));
    let long = "#".repeat((1 << 20) + 1);
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::File(&long)]),
        Err(OptionsError::TooLong)
    ));
}
