//! Structure, algorithm, key and signature.

use dev_idp::jws::{escape_slashes, sign_hs256, unsigned};

use super::*;

fn payload() -> String {
    id_claims().to_string()
}

/// Our key signs, whatever the header says.
fn with_header(changes: &Value) -> String {
    key().sign_raw(header(changes).as_bytes(), payload().as_bytes())
}

fn with_payload(payload: &[u8]) -> String {
    key().sign_raw(header(&json!({})).as_bytes(), payload)
}

fn parts(token: &str) -> Vec<String> {
    token.split('.').map(str::to_owned).collect()
}

fn check(verifier: &Verifier, table: &[(&str, String, TokenError)]) {
    for (what, token, error) in table {
        assert_eq!(verdict(verifier, token), Err(*error), "{what}");
    }
}

#[test]
fn the_token_never_chooses_its_algorithm() {
    let hmac = |secret: &[u8], alg: &str| {
        sign_hs256(
            secret,
            header(&json!({ "alg": alg })).as_bytes(),
            payload().as_bytes(),
        )
    };
    let jwk = key().public_jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let none = |alg: &str| {
        unsigned(
            header(&json!({ "alg": alg })).as_bytes(),
            payload().as_bytes(),
        )
    };
    let mut table = vec![
        ("none", none("none"), TokenError::Algorithm),
        ("None", none("None"), TokenError::Algorithm),
        ("nOnE", none("nOnE"), TokenError::Algorithm),
        ("empty alg", none(""), TokenError::Algorithm),
        (
            "none, signed",
            with_header(&json!({ "alg": "none" })),
            TokenError::Algorithm,
        ),
        (
            "HS256, public PEM",
            hmac(key().public_pem().as_bytes(), "HS256"),
            TokenError::Algorithm,
        ),
        (
            "HS256, modulus",
            hmac(&modulus, "HS256"),
            TokenError::Algorithm,
        ),
        (
            "HS256, JWK",
            hmac(jwk.to_string().as_bytes(), "HS256"),
            TokenError::Algorithm,
        ),
        (
            "HMAC as RS256",
            hmac(key().public_pem().as_bytes(), "RS256"),
            TokenError::Signature,
        ),
        (
            "RS256 without a signature",
            none("RS256"),
            TokenError::Signature,
        ),
        (
            "no alg",
            with_header(&json!({ "alg": null })),
            TokenError::Algorithm,
        ),
        (
            "alg is a list",
            with_header(&json!({ "alg": ["RS256"] })),
            TokenError::Algorithm,
        ),
        (
            "alg is a number",
            with_header(&json!({ "alg": 256 })),
            TokenError::Algorithm,
        ),
    ];
    for alg in [
        "RS384", "RS512", "PS256", "ES256", "EdDSA", "HS512", "rs256", "RS256 ",
    ] {
        table.push((
            alg,
            with_header(&json!({ "alg": alg })),
            TokenError::Algorithm,
        ));
    }
    check(&cognito(), &table);
    check(&oidc(), &table);
}

#[test]
fn an_unknown_algorithm_asks_for_no_keys() {
    // Else anyone could make us fetch the JWK set (field.md R19).
    let token = with_header(&json!({ "alg": "HS256", "kid": "made up" }));
    assert_eq!(verdict(&cognito(), &token), Err(TokenError::Algorithm));
}

#[test]
fn the_key_is_the_one_the_header_names() {
    let mallory = SigningKey::generate_with_kid(key().kid());
    let stranger = SigningKey::generate();
    let embedded = header(&json!({
        "jwk": mallory.public_jwk(),
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/cert.pem",
    }));
    check(
        &cognito(),
        &[
            (
                "no kid",
                with_header(&json!({ "kid": null })),
                TokenError::NoKeyId,
            ),
            (
                "kid is a list",
                with_header(&json!({ "kid": [key().kid()] })),
                TokenError::NoKeyId,
            ),
            (
                "kid is a number",
                with_header(&json!({ "kid": 1 })),
                TokenError::NoKeyId,
            ),
            (
                "kid is an object",
                with_header(&json!({ "kid": {} })),
                TokenError::NoKeyId,
            ),
            (
                "empty kid",
                with_header(&json!({ "kid": "" })),
                TokenError::UnknownKey,
            ),
            (
                "unknown kid",
                stranger.sign(&id_claims()),
                TokenError::UnknownKey,
            ),
            (
                "longer kid",
                with_header(&json!({ "kid": format!("{}=", key().kid()) })),
                TokenError::UnknownKey,
            ),
            (
                "kid of another case",
                with_header(&json!({ "kid": key().kid().to_lowercase() })),
                TokenError::UnknownKey,
            ),
            (
                "other key, same kid",
                mallory.sign(&id_claims()),
                TokenError::Signature,
            ),
            (
                "brings its own key",
                mallory.sign_raw(embedded.as_bytes(), payload().as_bytes()),
                TokenError::Signature,
            ),
        ],
    );
    // What it brings is not looked at; our signature holds all the same.
    let ours = key().sign_raw(embedded.as_bytes(), payload().as_bytes());
    assert_eq!(verdict(&cognito(), &ours), Ok(()));
}

#[test]
fn a_token_is_three_parts_of_strict_base64url() {
    let token = key().sign(&id_claims());
    let [head, body, signature] = <[String; 3]>::try_from(parts(&token)).unwrap();
    // The last of 342 characters carries two bits; four are spare and zero.
    let spare = {
        let (rest, last) = signature.split_at(signature.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = alphabet.find(last).unwrap();
        format!("{rest}{}", &alphabet[at + 1..at + 2])
    };
    let malformed = [
        ("empty", String::new()),
        ("one part", head.clone()),
        ("two parts", format!("{head}.{body}")),
        ("two payloads", format!("{head}.{body}.{body}.{signature}")),
        (
            "two signatures",
            format!("{head}.{body}.{signature}.{signature}"),
        ),
        (
            "five parts, a JWE",
            format!("{head}.{body}.{body}.{body}.{signature}"),
        ),
        ("leading dot", format!(".{token}")),
        ("trailing dot", format!("{token}.")),
        ("no header", format!(".{body}.{signature}")),
        ("padded header", format!("{head}=.{body}.{signature}")),
        ("padded payload", format!("{head}.{body}==.{signature}")),
        ("padded signature", format!("{token}==")),
        ("one padding", format!("{token}=")),
        ("spare bits", format!("{head}.{body}.{spare}")),
        (
            "plain base64",
            format!("{head}.{body}./{}", &signature[1..]),
        ),
        ("leading space", format!(" {token}")),
        ("trailing space", format!("{token} ")),
        ("newline at the end", format!("{token}\n")),
        ("newline inside", format!("{head}.\n{body}.{signature}")),
        ("NUL", format!("{token}\0")),
        (
            "a letter beyond ASCII",
            format!("{head}é.{body}.{signature}"),
        ),
        ("commas", token.replace('.', ",")),
    ];
    for (what, token) in malformed {
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Malformed),
            "{what}"
        );
    }
    // A payload is read after its signature, not before.
    let no_payload = format!("{head}..{signature}");
    assert_eq!(verdict(&cognito(), &no_payload), Err(TokenError::Signature));
}

#[test]
fn header_and_payload_are_json_objects() {
    let good = payload();
    let mut not_utf8 = good.clone().into_bytes();
    let at = good.find("Kirsten").unwrap();
    not_utf8[at] = 0xff;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(300), "]".repeat(300));
    let payloads: [(&str, Vec<u8>); 11] = [
        ("nothing", Vec::new()),
        ("no JSON", b"sub=x".to_vec()),
        ("a list", format!("[{good}]").into()),
        ("a text", b"\"x\"".to_vec()),
        ("a number", b"1".to_vec()),
        ("null", b"null".to_vec()),
        ("something behind", format!("{good}x").into()),
        ("two objects", format!("{good}{good}").into()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("not UTF-8", not_utf8),
        ("too deep", deep.into()),
    ];
    for (what, payload) in payloads {
        let token = with_payload(&payload);
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Malformed),
            "payload: {what}"
        );
        let token = key().sign_raw(&payload, good.as_bytes());
        let as_header = verdict(&cognito(), &token);
        assert_eq!(as_header, Err(TokenError::Malformed), "header: {what}");
    }
}

#[test]
fn a_member_twice_refuses_at_any_depth() {
    let payload = |more: &str| {
        let text = id_claims().to_string();
        format!("{},{more}}}", text.strip_suffix('}').unwrap())
    };
    for more in [
        r#""sub":"someone-else""#,
        r#""sub":"d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d""#,
        r#""s\u0075b":"someone-else""#,
        r#""exp":1790003600"#,
        r#""x":1,"x":1"#,
        r#""x":{"a":1,"a":2}"#,
        r#""x":{"y":{"z":[1,{"a":1,"b":2,"a":1}]}}"#,
        r#""x":[[{"":0,"":0}]]"#,
    ] {
        let token = with_payload(payload(more).as_bytes());
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Duplicate),
            "{more}"
        );
    }
    // Equal names in different objects are not doubled.
    let token = with_payload(payload(r#""x":{"sub":1},"y":[{"sub":1},{"sub":1}]"#).as_bytes());
    assert_eq!(verdict(&cognito(), &token), Ok(()));

    for twice in [
        r#""alg":"none""#,
        r#""alg":"RS256""#,
        r#""kid":"x""#,
        r#""x":{"a":1,"a":1}"#,
    ] {
        let header = header(&json!({}));
        let header = format!("{},{twice}}}", header.strip_suffix('}').unwrap());
        let token = key().sign_raw(header.as_bytes(), id_claims().to_string().as_bytes());
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Duplicate),
            "header: {twice}"
        );
    }
}

#[test]
fn a_demanded_extension_refuses() {
    for changes in [
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "crit": ["exp"], "exp": EXP }),
        json!({ "crit": [] }),
        json!({ "crit": "b64" }),
        json!({ "crit": false }),
    ] {
        let token = with_header(&changes);
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Critical),
            "{changes}"
        );
    }
    let null = header(&json!({})).replace('{', "{\"crit\":null,");
    let token = key().sign_raw(null.as_bytes(), payload().as_bytes());
    assert_eq!(verdict(&cognito(), &token), Err(TokenError::Critical));
}

#[test]
fn a_token_is_bounded_before_it_is_read() {
    let filled = |count| key().sign(&changed(id_claims(), &json!({ "x": "x".repeat(count) })));
    let bare = filled(0).len();
    let mut on_both_sides = [false; 2];
    let about = (TOKEN_MAX - bare) / 4 * 3;
    for count in about - 4..about + 4 {
        let token = filled(count);
        let fits = token.len() <= TOKEN_MAX;
        let expected = if fits {
            Ok(())
        } else {
            Err(TokenError::TooLong)
        };
        assert_eq!(verdict(&cognito(), &token), expected, "{}", token.len());
        on_both_sides[usize::from(fits)] = true;
    }
    assert_eq!(on_both_sides, [true, true]);
    assert_eq!(
        verdict(&cognito(), &".".repeat(1_000_000)),
        Err(TokenError::TooLong)
    );
}

#[test]
fn one_flipped_bit_in_each_part_refuses() {
    let head = header(&json!({ "typ": "JWT" }));
    let token = key().sign_raw(head.as_bytes(), payload().as_bytes());
    assert_eq!(verdict(&cognito(), &token), Ok(()));
    let [_, body, signature] = <[String; 3]>::try_from(parts(&token)).unwrap();
    let forged = head.replace("JWT", "JWU");
    let changed_body = payload().replace("kirsten", "kirstdn");
    let mut bytes = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    bytes[100] ^= 1;
    check(
        &cognito(),
        &[
            (
                "header",
                format!("{}.{body}.{signature}", encode(&forged)),
                TokenError::Signature,
            ),
            (
                "payload",
                format!("{}.{}.{signature}", encode(&head), encode(changed_body)),
                TokenError::Signature,
            ),
            (
                "signature",
                format!("{}.{body}.{}", encode(&head), encode(&bytes)),
                TokenError::Signature,
            ),
            (
                "shorter",
                format!("{}.{body}.{}", encode(&head), encode(&bytes[..255])),
                TokenError::Signature,
            ),
            (
                "longer",
                format!(
                    "{}.{body}.{}",
                    encode(&head),
                    encode([&bytes[..], &[0]].concat())
                ),
                TokenError::Signature,
            ),
        ],
    );
}

#[test]
fn any_flipped_bit_of_the_text_refuses() {
    let verifier = cognito();
    let keys = key_set();
    let token = key().sign(&json!({ "iss": ISSUER, "aud": CLIENT, "sub": "s", "token_use": "id", "exp": EXP, "iat": EXP - 1000 }));
    let now = UnixTime::from_secs(EXP - 500);
    assert!(verifier.verify(&token, &keys, now).is_ok());
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                verifier.verify(&changed, &keys, now).is_err(),
                "byte {at}, bit {bit}"
            );
        }
        let cut = verifier.verify(&token[..at], &keys, now);
        assert!(cut.is_err(), "cut off at {at}");
    }
}

#[test]
fn escapes_in_the_json_text_mean_nothing() {
    // Cognito writes `https:\/\/` (cognito.md 2.2).
    let text = escape_slashes(&id_claims());
    assert!(text.contains("https:\\/\\/"));
    assert_eq!(verdict(&cognito(), &with_payload(text.as_bytes())), Ok(()));
    let escaped = text.replace("\"iss\"", "\"\\u0069ss\"");
    assert_eq!(
        verdict(&cognito(), &with_payload(escaped.as_bytes())),
        Ok(())
    );
    let spaced = payload().replace("\":", "\" :\n\t");
    assert_eq!(
        verdict(&cognito(), &with_payload(spaced.as_bytes())),
        Ok(())
    );
    let head = header(&json!({})).replace("RS256", "\\u0052S256");
    let token = key().sign_raw(head.as_bytes(), payload().as_bytes());
    assert_eq!(verdict(&cognito(), &token), Ok(()));
}

/// A session holds its token in parts, which are verified without its text.
#[test]
fn a_token_in_parts_is_judged_as_its_text_is() {
    let long = vec![b'x'; TOKEN_MAX];
    let good = cognito_token();
    let parts: Vec<Vec<u8>> = good
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
        .collect();
    let [header, payload, signature] = [0, 1, 2].map(|place| parts[place].as_slice());
    let mut changed = payload.to_vec();
    changed[20] ^= 1;
    let (short, zeros) = (&signature[1..], vec![0; signature.len()]);
    let mut verdicts = Vec::new();
    for (header, payload, signature) in [
        (header, payload, signature),
        (header, &changed, signature),
        (header, payload, short),
        (header, payload, &zeros),
        (header, payload, b""),
        (header, b"", signature),
        (b"", payload, signature),
        (header, b"[]", signature),
        (header, b"{", signature),
        (header, &long, signature),
        (header, payload, &long),
        (br#"{"alg":"none","kid":"k"}"#, payload, signature),
        (br#"{"alg":"RS256"}"#, payload, signature),
        (br#"{"alg":"RS256","kid":"other"}"#, payload, signature),
        (
            br#"{"alg":"RS256","kid":"k","crit":["b64"]}"#,
            payload,
            signature,
        ),
        (br#"{"alg":"RS256","alg":"RS256"}"#, payload, signature),
        (b"\xff{}", payload, signature),
    ] {
        let text = [header, payload, signature]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".");
        let by_text = cognito().verify(&text, &key_set(), NOW).map(drop);
        let parts = Compact::of_parts(header, payload, signature);
        let by_parts = cognito().verify_parts(&parts, &key_set(), NOW).map(drop);
        assert_eq!(by_parts, by_text, "{text}");
        verdicts.push(by_parts);
    }
    assert_eq!(verdicts.first(), Some(&Ok(())));
    assert!(verdicts.iter().skip(1).all(Result::is_err));
}

fn cognito_token() -> String {
    key().sign_raw(header(&json!({})).as_bytes(), payload().as_bytes())
}
