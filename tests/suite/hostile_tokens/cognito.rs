//! `kind = "cognito"`: RS256, a `kid`, `token_use`.

use dev_idp::jws::{SigningKey, sign_hs256, unsigned};
use serde_json::{Value, json};

use super::rows::{CLIENT, Fate, PERSON, Rows, changed, claims, decode, encode, setup, start};
use crate::support::issuer::Issuer;

/// The issuer's key, and what it signs.
struct Forge {
    key: SigningKey,
    access_key: SigningKey,
    stranger: SigningKey,
    issuer: String,
}

impl Forge {
    fn claims(&self, changes: &Value) -> String {
        changed(claims(&self.issuer), changes).to_string()
    }

    /// A good payload under a header with changes.
    fn header(&self, changes: &Value) -> String {
        let header = json!({ "kid": self.key.kid(), "alg": "RS256" });
        changed(header, changes).to_string()
    }

    fn with_header(&self, changes: &Value) -> String {
        self.raw(&self.header(changes), self.claims(&json!({})).as_bytes())
    }

    fn with_claims(&self, changes: &Value) -> String {
        self.raw(&self.header(&json!({})), self.claims(changes).as_bytes())
    }

    fn raw(&self, header: &str, payload: &[u8]) -> String {
        self.key.sign_raw(header.as_bytes(), payload)
    }

    /// A payload whose text is changed, where JSON has no value for it.
    fn with_text(&self, from: &str, to: &str) -> String {
        let payload = self.claims(&json!({}));
        assert!(payload.contains(from), "{payload}");
        self.raw(
            &self.header(&json!({})),
            payload.replacen(from, to, 1).as_bytes(),
        )
    }
}

#[test]
fn each_mutation_of_a_cognito_token_meets_its_fate() {
    let (key, access_key) = (SigningKey::generate(), SigningKey::generate());
    let issuer = Issuer::start(&[key.public_jwk(), access_key.public_jwk()]);
    let forge = Forge {
        key,
        access_key,
        stranger: SigningKey::generate(),
        issuer: issuer.url.clone(),
    };
    let mut rows = Rows::default();
    rows.accepted("the good one", forge.with_claims(&json!({})));
    algorithms(&mut rows, &forge);
    keys(&mut rows, &forge);
    structure(&mut rows, &forge);
    headers_and_members(&mut rows, &forge);
    times(&mut rows, &forge);
    issuers(&mut rows, &forge);
    audiences(&mut rows, &forge);
    people(&mut rows, &forge);
    rows.accepted("the good one once more", forge.with_claims(&json!({})));
    assert!(rows.len() >= 130, "{}", rows.len());
    let mut chain = setup(issuer.provider("cognito", CLIENT), "").start();
    rows.try_all(&mut chain);
    assert!(
        issuer.asked() <= 3,
        "asked {} times for keys",
        issuer.asked()
    );
}

fn algorithms(rows: &mut Rows, forge: &Forge) {
    let payload = forge.claims(&json!({}));
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = forge.header(&json!({ "alg": alg }));
        let token = unsigned(header.as_bytes(), payload.as_bytes());
        rows.refused(&format!("alg {alg:?}, unsigned"), "token_algorithm", token);
    }
    let header = forge.header(&json!({ "alg": "none" }));
    let signed = forge.raw(&header, payload.as_bytes());
    rows.refused("alg none, signed all the same", "token_algorithm", signed);

    let jwk = forge.key.public_jwk();
    let pem = forge.key.public_pem();
    let modulus = decode(jwk["n"].as_str().expect("a modulus"));
    for (what, secret) in [
        ("the PEM", pem.as_bytes()),
        ("the PEM, trimmed", pem.trim().as_bytes()),
        ("the modulus", &modulus),
        ("the JWK", jwk.to_string().as_bytes()),
        ("nothing", b""),
    ] {
        let header = forge.header(&json!({ "alg": "HS256" }));
        let token = sign_hs256(secret, header.as_bytes(), payload.as_bytes());
        rows.refused(&format!("HS256 with {what}"), "token_algorithm", token);
    }
    let header = forge.header(&json!({}));
    let token = sign_hs256(pem.as_bytes(), header.as_bytes(), payload.as_bytes());
    rows.refused("HMAC that says RS256", "token_signature", token);
    for alg in [
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "EdDSA",
        "HS512",
        "rs256",
        "RS256 ",
        "RS256\u{0}",
    ] {
        let token = forge.with_header(&json!({ "alg": alg }));
        rows.refused(&format!("alg {alg:?}"), "token_algorithm", token);
    }
    for alg in [
        json!(["RS256"]),
        json!(256),
        json!(true),
        json!({ "RS256": 1 }),
    ] {
        let token = forge.with_header(&json!({ "alg": alg }));
        rows.refused(&format!("alg {alg}"), "token_algorithm", token);
    }
    rows.refused(
        "no alg",
        "token_algorithm",
        forge.with_header(&json!({ "alg": null })),
    );
}

fn keys(rows: &mut Rows, forge: &Forge) {
    let kid = forge.key.kid();
    rows.refused(
        "no kid",
        "token_no_kid",
        forge.with_header(&json!({ "kid": null })),
    );
    for odd in [json!([kid]), json!({ "kid": kid }), json!(7), json!(false)] {
        let token = forge.with_header(&json!({ "kid": odd }));
        rows.refused(&format!("kid of type {odd:.12}"), "token_no_kid", token);
    }
    let long = "k".repeat(4_000);
    for odd in [
        "",
        "../../../../dev/null",
        "/proc/self/environ",
        "https://evil.example/jwks.json",
        "' UNION SELECT 'secret' --",
        "| sleep 9",
        "a\u{0}b",
        "a\r\nX-Admin: 1",
        long.as_str(),
        &format!("{kid}="),
        &format!(" {kid}"),
        &kid.to_uppercase(),
        &kid.replace('+', "-").replace('/', "_").replace('=', ""),
    ] {
        let token = forge.with_header(&json!({ "kid": odd }));
        rows.refused(&format!("kid {odd:.40?}"), "token_unknown_kid", token);
    }
    let payload = forge.claims(&json!({}));
    let stranger = |changes: &Value| {
        let header = forge.header(changes);
        forge
            .stranger
            .sign_raw(header.as_bytes(), payload.as_bytes())
    };
    rows.refused(
        "a stranger's key under our kid",
        "token_signature",
        stranger(&json!({})),
    );
    let its_own = stranger(&json!({ "kid": forge.stranger.kid() }));
    rows.refused(
        "a stranger's key under its own kid",
        "token_unknown_kid",
        its_own,
    );
    let brought = json!({
        "jwk": forge.stranger.public_jwk(),
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/chain.pem",
        "x5c": ["MIIB"],
    });
    rows.refused(
        "it brings its own key",
        "token_signature",
        stranger(&brought),
    );
    rows.accepted(
        "what it brings is not looked at",
        forge.with_header(&brought),
    );
    let access = forge
        .access_key
        .sign_raw(forge.header(&json!({})).as_bytes(), payload.as_bytes());
    rows.refused(
        "the key for access tokens under the other kid",
        "token_signature",
        access,
    );
}

fn structure(rows: &mut Rows, forge: &Forge) {
    let token = forge.with_claims(&json!({}));
    let other = forge.with_claims(&json!({ "email": "eve@example.org" }));
    let [head, body, signature] = three(&token);
    let [_, other_body, other_signature] = three(&other);
    let spare = |text: &str| last_bits_set(text);
    let truncated = encode(&decode(&signature)[..252]);
    let mut flipped = decode(&signature);
    flipped[7] ^= 1;
    let flipped = encode(flipped);
    let zeros = encode([0; 256]);
    let json_form = json!({ "payload": body, "protected": head, "signature": signature });
    for (what, reason, token) in [
        (
            "two payloads",
            "token_malformed",
            format!("{head}.{body}.{other_body}.{signature}"),
        ),
        (
            "two payloads, the other first",
            "token_malformed",
            format!("{head}.{other_body}.{body}.{signature}"),
        ),
        (
            "two signatures",
            "token_malformed",
            format!("{token}.{signature}"),
        ),
        (
            "five parts, as a JWE",
            "token_malformed",
            format!("{head}.{body}.{body}.{body}.{signature}"),
        ),
        ("two parts", "token_malformed", format!("{head}.{body}")),
        ("one part", "token_malformed", head.clone()),
        ("nothing but dots", "token_malformed", "..".to_owned()),
        ("a dot in front", "token_malformed", format!(".{token}")),
        ("a dot behind", "token_malformed", format!("{token}.")),
        (
            "no header",
            "token_malformed",
            format!(".{body}.{signature}"),
        ),
        (
            "no payload",
            "token_signature",
            format!("{head}..{signature}"),
        ),
        ("no signature", "token_signature", format!("{head}.{body}.")),
        (
            "JSON serialization",
            "token_malformed",
            json_form.to_string(),
        ),
        (
            "commas for dots",
            "token_malformed",
            token.replace('.', ","),
        ),
        ("lower case", "token_malformed", token.to_lowercase()),
        (
            "a truncated signature",
            "token_signature",
            format!("{head}.{body}.{truncated}"),
        ),
        (
            "a truncated payload",
            "token_signature",
            format!("{head}.{}.{signature}", &body[..body.len() / 4 * 4 - 4]),
        ),
        (
            "half a group of base64",
            "token_malformed",
            format!("{head}.{}.{signature}", "A".repeat(5)),
        ),
        (
            "padded header",
            "token_malformed",
            format!("{head}=.{body}.{signature}"),
        ),
        ("padded signature", "token_malformed", format!("{token}==")),
        (
            "spare bits in the signature",
            "token_malformed",
            format!("{head}.{body}.{}", spare(&signature)),
        ),
        (
            "the other alphabet",
            "token_malformed",
            format!("{head}.{body}.+{}", &signature[1..]),
        ),
        (
            "white space in front",
            "token_malformed",
            format!(" {token}"),
        ),
        (
            "white space behind",
            "token_malformed",
            format!("{token}\n"),
        ),
        (
            "white space within",
            "token_malformed",
            format!("{head}. {body}.{signature}"),
        ),
        (
            "a tab within base64",
            "token_malformed",
            format!("{head}.{}\t{}.{signature}", &body[..8], &body[8..]),
        ),
        ("NUL behind", "token_malformed", format!("{token}\0")),
        (
            "a letter beyond ASCII",
            "token_malformed",
            format!("{head}.{body}é.{signature}"),
        ),
        (
            "Bearer in front",
            "token_malformed",
            format!("Bearer {token}"),
        ),
        (
            "another's payload",
            "token_signature",
            format!("{head}.{other_body}.{signature}"),
        ),
        (
            "another's signature",
            "token_signature",
            format!("{head}.{body}.{other_signature}"),
        ),
        (
            "a flipped bit",
            "token_signature",
            format!("{head}.{body}.{flipped}"),
        ),
        (
            "a signature of zeros",
            "token_signature",
            format!("{head}.{body}.{zeros}"),
        ),
        (
            "a signature of one byte",
            "token_signature",
            format!("{head}.{body}.AA"),
        ),
        (
            "a longer signature",
            "token_signature",
            format!(
                "{head}.{body}.{}",
                encode([&[0][..], &decode(&signature)].concat())
            ),
        ),
    ] {
        rows.refused(what, reason, token);
    }
}

fn headers_and_members(rows: &mut Rows, forge: &Forge) {
    let header = forge.header(&json!({}));
    let good = forge.claims(&json!({}));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(300), "]".repeat(300));
    let mut not_utf8 = good.clone().into_bytes();
    let at = good.find("Hanna").expect("the name");
    not_utf8[at] = 0xff;
    for (what, payload) in [
        ("a list", format!("[{good}]").into_bytes()),
        ("a text", b"\"admin\"".to_vec()),
        ("null", b"null".to_vec()),
        ("two objects", format!("{good}{good}").into()),
        ("something behind", format!("{good} x").into()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("a comment", format!("/* */{good}").into()),
        ("single quotes", good.replace('"', "'").into()),
        ("a lone surrogate", good.replace("Hanna", "\\ud800").into()),
        (
            "a raw line feed in a text",
            good.replace("Hanna", "Han\nna").into(),
        ),
        ("not UTF-8", not_utf8),
        ("too deep", deep.into()),
    ] {
        rows.refused(
            &format!("payload: {what}"),
            "token_malformed",
            forge.raw(&header, &payload),
        );
    }
    for (what, reason, head) in [
        ("no JSON", "token_malformed", "alg=RS256".to_owned()),
        ("a list", "token_malformed", format!("[{header}]")),
        (
            "alg twice",
            "token_duplicate_member",
            header.replacen('{', "{\"alg\":\"none\",", 1),
        ),
        (
            "kid twice",
            "token_duplicate_member",
            header.replacen('{', "{\"kid\":\"x\",", 1),
        ),
        (
            "alg twice, once escaped",
            "token_duplicate_member",
            header.replacen('{', "{\"\\u0061lg\":\"none\",", 1),
        ),
        (
            "crit: b64",
            "token_critical_header",
            header.replacen('{', "{\"crit\":[\"b64\"],\"b64\":false,", 1),
        ),
        (
            "crit: what we check anyway",
            "token_critical_header",
            header.replacen('{', "{\"crit\":[\"exp\"],\"exp\":1,", 1),
        ),
        (
            "crit: nothing",
            "token_critical_header",
            header.replacen('{', "{\"crit\":[],", 1),
        ),
        (
            "crit: null",
            "token_critical_header",
            header.replacen('{', "{\"crit\":null,", 1),
        ),
    ] {
        rows.refused(
            &format!("header: {what}"),
            reason,
            forge.raw(&head, good.as_bytes()),
        );
    }
    rows.accepted(
        "header members of no meaning",
        forge.with_header(&json!({ "typ": "JWT", "cty": "x", "zip": "DEF", "b64": false })),
    );
    for more in [
        "\"sub\":\"someone-else\"",
        "\"email\":\"eve@example.org\"",
        "\"\\u0065mail\":\"eve@example.org\"",
        "\"exp\":99999999999",
        "\"cognito:groups\":[\"Admins\"]",
        "\"x\":{\"y\":[{\"a\":1,\"a\":1}]}",
    ] {
        let payload = good.replacen('{', &format!("{{{more},"), 1);
        rows.refused(
            &format!("twice: {more}"),
            "token_duplicate_member",
            forge.raw(&header, payload.as_bytes()),
        );
    }
    // Half of the longest token: it comes in chunks.
    let huge = json!({ "custom:notes": "x".repeat(7_000) });
    rows.accepted("a huge claim", forge.with_claims(&huge));
}

fn times(rows: &mut Rows, forge: &Forge) {
    let exp = format!("\"exp\":{}", start() + 3_600);
    for (what, reason, text) in [
        ("exp: 1e400", "token_malformed", "\"exp\":1e400"),
        ("exp: -1e400", "token_malformed", "\"exp\":-1e400"),
        ("exp: NaN", "token_malformed", "\"exp\":NaN"),
        ("exp: Infinity", "token_malformed", "\"exp\":Infinity"),
        ("exp: 0x7fffffff", "token_malformed", "\"exp\":0x7fffffff"),
        (
            "exp: leading zeros",
            "token_malformed",
            "\"exp\":01999999999",
        ),
        ("exp: 1e300", "token_claim", "\"exp\":1e300"),
        (
            "exp: beyond 64 bits",
            "token_claim",
            "\"exp\":36893488147419103232",
        ),
        ("exp: null", "token_claim", "\"exp\":null"),
        ("exp: -1", "token_claim", "\"exp\":-1"),
        ("exp: -1.5", "token_claim", "\"exp\":-1.5"),
        ("exp: 0", "token_expired", "\"exp\":0"),
        ("Exp", "token_claim", "\"Exp\":9999999999"),
    ] {
        rows.refused(what, reason, forge.with_text(&exp, text));
    }
    let now = start();
    for (what, reason, changes) in [
        ("no exp", "token_claim", json!({ "exp": null })),
        (
            "exp in words",
            "token_claim",
            json!({ "exp": (now + 3_600).to_string() }),
        ),
        (
            "exp in a list",
            "token_claim",
            json!({ "exp": [now + 3_600] }),
        ),
        ("exp true", "token_claim", json!({ "exp": true })),
        (
            "exp in milliseconds",
            "token_claim",
            json!({ "exp": (now + 3_600) * 1_000 }),
        ),
        ("expired", "token_expired", json!({ "exp": now - 120 })),
        ("no iat", "token_claim", json!({ "iat": null })),
        (
            "iat in words",
            "token_claim",
            json!({ "iat": now.to_string() }),
        ),
        (
            "iat from the future",
            "token_not_yet_valid",
            json!({ "iat": now + 3_000 }),
        ),
        (
            "nbf from the future",
            "token_not_yet_valid",
            json!({ "nbf": now + 3_000 }),
        ),
        ("nbf in words", "token_claim", json!({ "nbf": "0" })),
        ("nbf negative", "token_claim", json!({ "nbf": -1 })),
    ] {
        rows.refused(what, reason, forge.with_claims(&changes));
    }
    // RFC 7519 2: a NumericDate may have a fraction.
    #[expect(clippy::cast_precision_loss, reason = "a date of this century")]
    let fraction = json!({ "exp": now as f64 + 3_600.5 });
    rows.accepted("exp with a fraction", forge.with_claims(&fraction));
    rows.accepted(
        "iat within the leeway",
        forge.with_claims(&json!({ "iat": now + 30, "nbf": now + 30 })),
    );
}

fn issuers(rows: &mut Rows, forge: &Forge) {
    let ours = forge.issuer.as_str();
    let lookalike = ours.replace("127", "１２７");
    for (what, reason, issuer) in [
        ("a slash behind", "token_issuer", json!(format!("{ours}/"))),
        (
            "another case",
            "token_issuer",
            json!(ours.replace("http", "HTTP")),
        ),
        (
            "another scheme",
            "token_issuer",
            json!(ours.replace("http", "https")),
        ),
        (
            "another pool",
            "token_issuer",
            json!(format!("{ours}/eu-central-1_Another99")),
        ),
        ("white space", "token_issuer", json!(format!("{ours} "))),
        (
            "percent-encoded",
            "token_issuer",
            json!(ours.replace("127", "%3127")),
        ),
        ("letters that look alike", "token_issuer", json!(lookalike)),
        ("a prefix", "token_issuer", json!(&ours[..ours.len() - 1])),
        ("NUL behind", "token_issuer", json!(format!("{ours}\0"))),
        (
            "a fragment behind",
            "token_issuer",
            json!(format!("{ours}#")),
        ),
        ("empty", "token_issuer", json!("")),
        ("none", "token_claim", Value::Null),
        ("a list of ours", "token_claim", json!([ours])),
        ("an object", "token_claim", json!({ "iss": ours })),
    ] {
        rows.refused(
            &format!("iss: {what}"),
            reason,
            forge.with_claims(&json!({ "iss": issuer })),
        );
    }
}

fn audiences(rows: &mut Rows, forge: &Forge) {
    for (what, reason, changes) in [
        (
            "another client",
            "token_audience",
            json!({ "aud": "7otherclient000000000000bb" }),
        ),
        (
            "another case",
            "token_audience",
            json!({ "aud": CLIENT.to_uppercase() }),
        ),
        (
            "a prefix",
            "token_audience",
            json!({ "aud": &CLIENT[..20] }),
        ),
        (
            "with a space",
            "token_audience",
            json!({ "aud": format!("{CLIENT} x") }),
        ),
        ("none", "token_claim", json!({ "aud": null })),
        ("an empty list", "token_audience", json!({ "aud": [] })),
        (
            "a list of others",
            "token_audience",
            json!({ "aud": ["x", "y"] }),
        ),
        (
            "ours among others, no azp",
            "token_audience",
            json!({ "aud": ["x", CLIENT] }),
        ),
        (
            "ours among others, azp another",
            "token_audience",
            json!({ "aud": ["x", CLIENT], "azp": "x" }),
        ),
        (
            "ours twice, no azp",
            "token_audience",
            json!({ "aud": [CLIENT, CLIENT] }),
        ),
        ("ours, azp another", "token_audience", json!({ "azp": "x" })),
        (
            "ours, azp a list",
            "token_audience",
            json!({ "azp": [CLIENT] }),
        ),
        (
            "a number in the list",
            "token_claim",
            json!({ "aud": [CLIENT, 1] }),
        ),
        ("a number", "token_claim", json!({ "aud": 4 })),
        (
            "an object",
            "token_claim",
            json!({ "aud": { "a": CLIENT } }),
        ),
    ] {
        rows.refused(&format!("aud: {what}"), reason, forge.with_claims(&changes));
    }
    rows.accepted(
        "aud: a list of ours",
        forge.with_claims(&json!({ "aud": [CLIENT] })),
    );
    let among = json!({ "aud": ["x", CLIENT], "azp": CLIENT });
    rows.accepted(
        "aud: ours among others, azp ours",
        forge.with_claims(&among),
    );
    for (what, token_use) in [
        ("access", json!("access")),
        ("of another case", json!("ID")),
        ("a list", json!(["id"])),
        ("refresh", json!("refresh")),
        ("none", Value::Null),
    ] {
        rows.refused(
            &format!("token_use: {what}"),
            "token_use",
            forge.with_claims(&json!({ "token_use": token_use })),
        );
    }
    let access = json!({ "aud": null, "token_use": "access", "client_id": CLIENT, "scope": "openid", "username": "x" });
    rows.refused("an access token", "token_claim", forge.with_claims(&access));
}

fn people(rows: &mut Rows, forge: &Forge) {
    for (what, sub) in [
        ("none", Value::Null),
        ("empty", json!("")),
        ("a number", json!(1)),
        ("a list", json!(["x"])),
    ] {
        rows.refused(
            &format!("sub: {what}"),
            "token_claim",
            forge.with_claims(&json!({ "sub": sub })),
        );
    }
    for (what, email) in [
        ("CR LF", "hanna@example.org\r\nX-Admin: 1"),
        ("LF", "hanna@example.org\nx"),
        ("NUL", "hanna@example.org\u{0}"),
        ("DEL", "hanna\u{7f}@example.org"),
    ] {
        let token = forge.with_claims(&json!({ "email": email }));
        rows.push(
            &format!("email with {what}"),
            token,
            Fate::Forbidden("no_user_claim"),
        );
    }
    for (what, email) in [
        ("a list of two", json!(["a@example.org", "b@example.org"])),
        ("an object", json!({ "a": 1 })),
        ("null", Value::Null),
        ("empty", json!("  ")),
    ] {
        let token = forge.with_claims(&json!({ "email": email }));
        rows.push(
            &format!("email: {what}"),
            token,
            Fate::Forbidden("no_user_claim"),
        );
    }
    let name = forge.with_claims(&json!({ "name": "Hanna\r\nX-Forwarded-Groups: Admins" }));
    rows.push(
        "a name with CR LF",
        name,
        Fate::Told(&[
            ("X-Forwarded-User", Some(PERSON)),
            ("X-Forwarded-Groups", Some("Editors,Brand-Nordics")),
            (
                "X-Forwarded-Name",
                Some("Hanna%0D%0AX-Forwarded-Groups: Admins"),
            ),
        ]),
    );
    groups(rows, forge);
}

fn groups(rows: &mut Rows, forge: &Forge) {
    let told = |rows: &mut Rows,
                what: &str,
                groups: Value,
                header: &'static [(&'static str, Option<&'static str>)]| {
        let token = forge.with_claims(&json!({ "cognito:groups": groups }));
        rows.push(&format!("groups: {what}"), token, Fate::Told(header));
    };
    told(
        rows,
        "a comma",
        json!(["x,Admins", "Editors"]),
        &[("X-Forwarded-Groups", Some("Editors"))],
    );
    told(
        rows,
        "CR LF",
        json!(["x\r\nX-Admin: 1", "Editors"]),
        &[("X-Forwarded-Groups", Some("Editors")), ("X-Admin", None)],
    );
    told(
        rows,
        "NUL",
        json!(["Admins\u{0}", "Editors"]),
        &[("X-Forwarded-Groups", Some("Editors"))],
    );
    told(
        rows,
        "a Cyrillic A",
        json!(["\u{410}dmins"]),
        &[("X-Forwarded-Groups", Some("%D0%90dmins"))],
    );
    told(
        rows,
        "full width",
        json!(["\u{ff21}dmins"]),
        &[("X-Forwarded-Groups", Some("%EF%BC%A1dmins"))],
    );
    told(
        rows,
        "right to left",
        json!(["\u{202e}snimdA"]),
        &[("X-Forwarded-Groups", Some("%E2%80%AEsnimdA"))],
    );
    told(
        rows,
        "zero width",
        json!(["Ad\u{200b}mins"]),
        &[("X-Forwarded-Groups", Some("Ad%E2%80%8Bmins"))],
    );
    told(
        rows,
        "composed and not",
        json!(["\u{e9}", "e\u{301}"]),
        &[("X-Forwarded-Groups", Some("%C3%A9,e%CC%81"))],
    );
    told(
        rows,
        "a full-width comma",
        json!(["x\u{ff0c}Admins"]),
        &[("X-Forwarded-Groups", Some("x%EF%BC%8CAdmins"))],
    );
    told(
        rows,
        "percent-encoded already",
        json!(["%41dmins"]),
        &[("X-Forwarded-Groups", Some("%2541dmins"))],
    );
    told(
        rows,
        "no list",
        json!("Admins"),
        &[("X-Forwarded-Groups", Some("Admins"))],
    );
    told(
        rows,
        "nested",
        json!([["Admins"], { "a": "Admins" }]),
        &[("X-Forwarded-Groups", None)],
    );
    told(
        rows,
        "empty ones",
        json!(["", "  "]),
        &[("X-Forwarded-Groups", None)],
    );
    let many: Vec<String> = (0..320)
        .map(|number| format!("a-group-of-a-long-name-{number}"))
        .collect();
    let token = forge.with_claims(&json!({ "cognito:groups": many }));
    rows.push(
        "groups: more than a header holds",
        token,
        Fate::Forbidden("header_too_long"),
    );
}

/// Header, payload, signature.
fn three(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

/// The same bytes to a careless decoder: bits set that no byte takes up.
fn last_bits_set(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(text.len() % 4, 0, "no bits to spare");
    let (rest, last) = text.split_at(text.len() - 1);
    let at = ALPHABET.find(last).expect("base64url");
    format!("{rest}{}", &ALPHABET[at + 1..at + 2])
}
