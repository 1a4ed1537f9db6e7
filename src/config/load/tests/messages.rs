//! How mistakes are told: where, what, and what to do; never a secret.

use super::*;

fn message(changes: &str) -> String {
    read(&change(changes)).unwrap_err().to_string()
}

#[test]
fn a_message_has_file_line_key_and_remedy() {
    let text = format!("{SMALLEST}lifetim = \"8h\"\n");
    assert_eq!(
        read(&text).unwrap_err().to_string(),
        "config.toml:18: session.lifetim: unknown key\n    did you mean session.lifetime?"
    );
    let text = SMALLEST.replace(
        "{ file = \"/run/secrets/cognito-client-secret\" }",
        "\"hunter2\"",
    );
    assert_eq!(
        read(&text).unwrap_err().to_string(),
        "config.toml:14: provider.corp.client_secret: is text; secrets are never written into the file\n    \
         write { file = \"/run/secrets/NAME\" } or { env = \"NAME\" }"
    );
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let errors = read("[server]\nlisten = \"0.0.0.0:8080\nthreads = 2\n").unwrap_err();
    let position = errors.as_slice()[0].position().unwrap();
    assert_eq!((position.line, position.column), (2, 23), "{errors}");
    assert!(
        errors
            .to_string()
            .starts_with("config.toml:2:23: not TOML: "),
        "{errors}"
    );
    // Columns count characters, not bytes.
    let ascii = read("[server]\n\"u\" = 1 2\n").unwrap_err();
    let umlaut = read("[server]\n\"ü\" = 1 2\n").unwrap_err();
    assert_eq!(
        ascii.as_slice()[0].position(),
        umlaut.as_slice()[0].position(),
        "{umlaut}"
    );
}

#[test]
fn a_template_that_is_none_is_told_what_to_write() {
    let rows = [
        (
            "{usr}",
            "has no part {usr} to fill in",
            "did you mean {user}?",
        ),
        (
            "{acess_right}",
            "{acess_right}",
            "did you mean {access_right}?",
        ),
        (
            "{attribute.site}",
            "{attribute.site}",
            "[identity.attributes]",
        ),
        ("{zzz}", "{zzz}", "what there is: {user} {email}"),
        ("{user", "brace", "write \"{{\" or \"}}\""),
        (
            "{acces_token}",
            "{acces_token}",
            "did you mean {access_token}?",
        ),
    ];
    for (template, what, remedy) in rows {
        let message = message(&format!("headers.set = {{ X-User = \"{template}\" }}"));
        assert!(message.contains("headers.set.X-User"), "{message}");
        assert!(
            message.contains(what) && message.contains(remedy),
            "{template}\n{message}"
        );
    }
    // What a variable holds is told to nobody.
    let from_outside = message(
        "headers.set = { X-User = { value = { env = \"TEMPLATE\" } }, X-S = { secret = { file = \"several-keys\" } } }",
    );
    assert!(
        !from_outside.contains("s3cr3t") && !from_outside.contains(KEY),
        "{from_outside}"
    );
    assert!(
        from_outside.contains("headers.set.X-User"),
        "{from_outside}"
    );
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let rows = [
        ("sesion.keys = 1", "did you mean session?"),
        ("server.publicurl = 1", "did you mean server.public_url?"),
        ("server.frobnicate = 1", "what there is here: "),
        (
            "server.idle_timeout = 1",
            "did you mean session.idle_timeout?",
        ),
        (
            "server.client_id = 1",
            "did you mean provider.corp.client_id?",
        ),
        ("session.public_url = 1", "did you mean server.public_url?"),
        (
            "session.idle_timeot = 1",
            "did you mean session.idle_timeout?",
        ),
        ("upstream.ulr = 1", "did you mean upstream.url?"),
        ("log.levl = 1", "did you mean log.level?"),
        (
            "provider.corp.userpool_id = 1",
            "did you mean provider.corp.user_pool_id?",
        ),
        (
            "provider.corp.endpoints = { tokn = 1 }",
            "did you mean provider.corp.endpoints.token?",
        ),
        ("route = [{ acess = 1 }]", "did you mean route[0].access?"),
        ("identity.group = 1", "did you mean identity.groups?"),
        ("headers.presets = 1", "did you mean headers.preset?"),
        ("upstream.zzz = 1", "what there is here: url"),
        ("log.zzz = 1", "what there is here: format, level, user"),
    ];
    for (changes, remedy) in rows {
        let message = message(changes);
        assert!(message.contains(remedy), "{changes}\n{message}");
    }
}

#[test]
fn a_wrong_word_names_the_nearest_one() {
    assert!(message("log.level = \"warning\"").contains("did you mean \"warn\"?"));
    assert!(message("headers.preset = \"oauth2proxy\"").contains("did you mean \"oauth2-proxy\"?"));
    assert!(message("log.format = \"xml\"").contains("write \"json\" or \"text\""));
}

#[test]
fn remedies_say_what_to_write() {
    let rows = [
        (
            "server.public_url = \"https://a.example/wiki\"",
            "server.path_prefix",
        ),
        (
            "provider.corp.domain = \"login.example.com\"",
            "put https:// in front",
        ),
        (
            "provider.corp.scopes = \"openid offline_access\"",
            "every login would fail",
        ),
        (
            "provider.corp.issuer = \"https://login.example.com\"",
            "two hosts",
        ),
        (
            "session.keys = [{ file = \"nowhere\" }]",
            "the file nowhere cannot be read",
        ),
        (
            "session.keys = [{ file = \"short-key\" }]",
            "is 16 bytes long, not 32",
        ),
        (
            "session.keys = [{ file = \"bad-keys\" }]",
            "line 4 of it is 3 bytes long",
        ),
        (
            "session.keys = [{ env = \"NONE\" }]",
            "the environment variable NONE is not set",
        ),
        ("\n[[route]]\nhost = \"x.example\"", "(wiki.example.com)"),
        (
            "\n[[route]]\npath = \"/a\"\n[[route]]\npath = \"/a\"",
            "route[1].path: repeats route[0].path",
        ),
    ];
    for (changes, words) in rows {
        let message = message(changes);
        assert!(message.contains(words), "{changes}\n{message}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let inline = "hunter2-inline";
    let rows = [
        format!("provider.corp.client_secret = \"{inline}\""),
        format!("provider.corp.client_secret = [\"{inline}\"]"),
        format!("provider.corp.client_secret = {{ text = \"{inline}\" }}"),
        format!("provider.corp.client_secret = {inline}"),
        format!("session.keys = [\"{inline}\", 3]"),
        format!("session.keys = [{{ value = \"{inline}\" }}]"),
        "session.keys = [{ file = \"not-base64\" }, { file = \"bad-keys\" }, { file = \"short-key\" }]".to_owned(),
        "server.public_url = { env = \"HTTP_ORIGIN\" }".to_owned(),
        "log.level = { env = \"LEVEL\" }".to_owned(),
        "server.path_prefix = { env = \"LEVEL\" }".to_owned(),
        "server.listen = { env = \"LEVEL\" }".to_owned(),
        "provider.corp.issuer = { env = \"LEVEL\" }".to_owned(),
        "session.lifetime = { env = \"LEVEL\" }".to_owned(),
        "identity.user = { env = \"LEVEL\" }\nlog.level = \"x\"".to_owned(),
        "headers.preset = { env = \"LEVEL\" }".to_owned(),
    ];
    for changes in rows {
        let errors = read(&change(&changes)).unwrap_err();
        let shown = format!("{errors}\n{errors:?}");
        for secret in [inline, "s3cr3t", CLIENT_SECRET, KEY, "c2VjcmV0"] {
            assert!(!shown.contains(secret), "{changes}\n{shown}");
        }
    }
    let loaded = read(SMALLEST).unwrap();
    let shown = format!("{loaded:?}");
    assert!(
        !shown.contains(CLIENT_SECRET) && !shown.contains(KEY),
        "{shown}"
    );
    assert!(!shown.contains("1, 2, 3, 4"), "{shown}");
}
