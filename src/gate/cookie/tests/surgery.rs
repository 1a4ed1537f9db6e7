//! The `Cookie` header on its way to the app, and the app's `Set-Cookie`.

use super::*;
use crate::gate::cookie::{Stripped, strip as strip_of};

fn strip(header: &str) -> Option<String> {
    let cookies = plain();
    strip_of(header.as_bytes(), |name| cookies.is_ours(name))
        .of(header.as_bytes())
        .map(|rest| String::from_utf8(rest).unwrap())
}

#[test]
fn our_cookies_go_and_the_rest_stays_byte_for_byte() {
    for (header, rest) in [
        ("", None),
        ("   ", None),
        ("vestibule=x", None),
        (" vestibule=x ", None),
        ("vestibule", None),
        ("vestibule=x; vestibule-login=y; vestibule.1=z", None),
        ("a=b", Some("a=b")),
        ("a=b; c=d", Some("a=b; c=d")),
        ("vestibule=x; a=b", Some("a=b")),
        ("a=b; vestibule=x", Some("a=b")),
        ("a=b; vestibule=x; c=d", Some("a=b; c=d")),
        ("a=b;vestibule=x;c=d", Some("a=b;c=d")),
        ("vestibule=x;a=b", Some("a=b")),
        (
            "vestibule.1=x; a=b; vestibule.2=y; c=d; vestibule-login=z",
            Some("a=b; c=d"),
        ),
        ("vestibule.999=x; a=b", Some("a=b")),
        (" \tvestibule\t = x; a=b", Some("a=b")),
        (
            "Vestibule=x; vestibulex=y; x.vestibule=z",
            Some("Vestibule=x; vestibulex=y; x.vestibule=z"),
        ),
        (
            "a=\"q; b=x y\"; weird ;; =; é=ü;",
            Some("a=\"q; b=x y\"; weird ;; =; é=ü;"),
        ),
        ("  a=b  ;  c=d  ", Some("  a=b  ;  c=d  ")),
        ("a=vestibule=x", Some("a=vestibule=x")),
    ] {
        assert_eq!(strip(header).as_deref(), rest, "{header:?}");
    }
}

#[test]
fn whatever_the_header_none_of_ours_is_left_and_nothing_else_goes() {
    let cookies = plain();
    let mut dice = Dice::new(1);
    let ours = [
        "vestibule",
        "vestibule-login",
        "vestibule.1",
        "vestibule.5",
        "vestibule.77",
        " vestibule ",
        "\tvestibule.2",
    ];
    let theirs = [
        "a",
        "vestibul",
        "vestibulee",
        "Vestibule",
        "vestibule-",
        "vestibule.",
        "vestibule.x",
        "vestibule-logins",
        "",
        " ",
        "é",
        "\"",
        "a,b",
    ];
    for _ in 0..50_000 {
        let mut kept = Vec::new();
        let mut pairs = Vec::new();
        for _ in 0..dice.below(7) {
            let mine = dice.below(2) == 0;
            let name = if mine {
                *dice.pick(&ours)
            } else {
                *dice.pick(&theirs)
            };
            let value = *dice.pick(&[
                "",
                "=",
                "=x",
                "= x ",
                "==",
                "=vestibule",
                "=\"a b\"",
                "=\u{7f}é",
            ]);
            let pair = format!("{}{name}{value}", dice.pick(&["", " ", "  "]));
            if !mine {
                kept.push(pair.clone());
            }
            pairs.push(pair);
        }
        let header = pairs.join(";");
        let rest = strip_of(header.as_bytes(), |name| cookies.is_ours(name));
        let rest = rest.of(header.as_bytes());
        let none = kept.iter().all(|pair| pair.trim().is_empty()) && kept.len() < 2;
        let Some(rest) = rest else {
            assert!(none, "{header:?} went");
            continue;
        };
        let names: Vec<&[u8]> = rest
            .split(|b| *b == b';')
            .map(|pair| split_pair(pair).0)
            .collect();
        assert!(
            !names.iter().any(|name| cookies.is_ours(name)),
            "{header:?}"
        );
        // White space before the first pair may go with what stood before it.
        let kept = kept.join(";");
        let rest = String::from_utf8(rest).unwrap();
        assert!(
            rest == kept || rest == kept.trim_ascii_start(),
            "{header:?}: {rest:?}"
        );
        if pairs.join(";") == kept {
            assert_eq!(rest, kept, "nothing of ours was in it");
        }
        let again = strip_of(rest.as_bytes(), |name| cookies.is_ours(name));
        assert!(again == Stripped::Untouched, "{header:?}: {rest:?}");
        let left = presented(&cookies, &rest);
        assert!(!has_session(&left) && left.logins_candidates().is_empty());
    }
}

#[test]
fn noise_never_panics() {
    let cookies = plain();
    let mut dice = Dice::new(2);
    let alphabet = b"vestibule.-login=; \t\"\\,123\xff\x00";
    for _ in 0..50_000 {
        let noise: Vec<u8> = (0..dice.below(40)).map(|_| *dice.pick(alphabet)).collect();
        let found = cookies.presented(std::iter::once(&noise[..]));
        assert!(found.session_candidates().len() <= CANDIDATES_MAX + 1);
        let rest = strip_of(&noise, |name| cookies.is_ours(name)).of(&noise);
        let rest = rest.unwrap_or_default();
        assert!(
            !has_session(&cookies.presented(std::iter::once(&rest[..]))),
            "{noise:?}"
        );
        let ours = cookies.is_ours_set(&noise);
        assert!(!ours || noise.starts_with(b"v") || noise[0].is_ascii_whitespace());
    }
}

#[test]
fn the_app_cannot_set_a_cookie_of_ours() {
    for (set_cookie, ours) in [
        ("vestibule=x; Path=/", true),
        ("vestibule=", true),
        ("vestibule", true),
        (" vestibule = x; Path=/app", true),
        ("vestibule.1=x", true),
        ("vestibule.42=x", true),
        ("vestibule-login=x; Max-Age=0", true),
        ("=vestibule=x", true),
        (" = vestibule=x; Path=/", true),
        ("=theme=dark", false),
        ("Vestibule=x", false),
        ("vestibules=x", false),
        ("vestibule.x=x", false),
        ("session=vestibule=x", false),
        ("session=x; vestibule=y", false),
        ("", false),
    ] {
        assert_eq!(
            plain().is_ours_set(set_cookie.as_bytes()),
            ours,
            "{set_cookie}"
        );
    }
    // On https, the names without `__Host-` are the app's.
    assert!(!cookies().is_ours_set(b"vestibule=x"));
    assert!(cookies().is_ours_set(b"__Host-vestibule=x"));
}
