//! What is said of options: of keys that exist, and of today.

use super::*;

/// Names of our keys in words for people: dotted paths, and what stands before an equals sign.
fn keys_in(words: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut found = Vec::new();
    for (at, word) in words
        .match_indices(is_start)
        .map(|(at, _)| (at, &words[at..]))
    {
        let before = words[..at].chars().next_back();
        if before.is_some_and(|c| is_part(c) || "-/$\"=".contains(c)) {
            continue;
        }
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let word = word.trim_end_matches('.');
        let is_path = word.contains('.') && !after.starts_with(['/', '-']);
        if is_path || after.starts_with(" = ") || after.starts_with(']') {
            found.push(word.to_owned());
        }
    }
    found
}

fn is_start(c: char) -> bool {
    c.is_ascii_lowercase()
}

#[test]
fn notes_name_keys_that_exist() {
    let keys = crate::config::schema::every_key();
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let is_key = |word: &str| {
        let steps: Vec<&str> = word.split('.').collect();
        match steps.as_slice() {
            [alone] => {
                let sources = ["file", "env"];
                sources.contains(alone) || keys.iter().any(|key| last(key) == *alone)
            }
            ["provider", _, rest @ ..] => {
                let path = ["provider", "NAME"].iter().chain(rest).copied();
                let path: Vec<&str> = path.collect();
                let path = path.join(".");
                path == "provider.NAME" || keys.contains(&path)
            }
            ["upstream", "NAME"] => true,
            _ => keys.iter().any(|key| key == word),
        }
    };
    // The words themselves can be misread.
    for (words, expected) in [
        ("write it into pages.logo: a file", vec!["pages.logo"]),
        (
            "provider.sso.http = { ca = { file = \"...\" } }",
            vec!["provider.sso.http", "ca", "file"],
        ),
        (
            "under [identity.groups], and a [[route]] with api = true",
            vec!["identity.groups", "route", "api"],
        ),
        (
            "no such thing: server.admin_port.",
            vec!["server.admin_port"],
        ),
    ] {
        assert_eq!(keys_in(words), expected);
    }
    assert!(!is_key("server.admin_port") && !is_key("provider.sso.ca") && is_key("pages.logo"));

    let mut named = 0;
    for option in super::options::names() {
        for value in ["true", "x", "x,y", "https://a.example/x"] {
            for more in [
                "",
                "--skip-jwt-bearer-tokens --provider=keycloak-oidc",
                "--set-xauthrequest",
            ] {
                let imported = flags(&format!("{more} --{option}={value}"));
                for note in imported.notes() {
                    for word in keys_in(&note.words) {
                        let foreign = ["docs", "location", "a.example"];
                        if foreign.iter().any(|other| word.starts_with(other)) {
                            continue;
                        }
                        assert!(is_key(&word), "--{option}: {word}: {}", note.words);
                        named += 1;
                    }
                }
            }
        }
    }
    assert!(named > 1000, "{named}");
}

#[test]
fn no_note_tells_of_what_is_missing_in_this_version() {
    for option in super::options::names() {
        let imported = flags(&format!("--{option}=x"));
        let stale = |note: &&OptionNote| note.words.contains("this version");
        assert_eq!(imported.notes().iter().find(stale), None, "{option}");
    }
    // What has a key of ours by now becomes its line, or is named.
    let imported = flags(
        "--provider-display-name=Corp --provider-ca-file=/a.pem --provider-ca-file=/b.pem --metrics-address=:9100 \
         --custom-sign-in-logo=/logo.svg --custom-templates-dir=/pages --banner=x --footer=y \
         --ssl-upstream-insecure-skip-verify",
    );
    assert_eq!(text(&imported, "provider.sso.display_name"), "Corp");
    assert_eq!(text(&imported, "provider.sso.http.ca.file"), "/a.pem");
    for (option, key) in [
        ("provider-ca-file", "provider.sso.http"),
        ("metrics-address", "/metrics on server.admin_listen"),
        ("custom-sign-in-logo", "pages.logo"),
        ("custom-templates-dir", "pages.templates"),
        ("banner", "texts"),
        ("footer", "pages.contact"),
        ("ssl-upstream-insecure-skip-verify", "upstream.tls = { ca ="),
    ] {
        let is_it = |note: &OptionNote| note.option == option && note.words.contains(key);
        assert!(
            imported.notes().iter().any(is_it),
            "{option}: {:?}",
            imported.notes()
        );
    }
}
