//! Our cookies: never at the app, never too large, nothing stale left behind.

use super::*;
use crate::gate::tests::support::{Dice, Jar, origin};

mod surgery;

fn cookies() -> Cookies {
    Cookies::new(None, &origin(), "/_vestibule")
}

fn plain() -> Cookies {
    let origin = PublicOrigin::parse("http://localhost:8080").unwrap();
    Cookies::new(None, &origin, "/_vestibule")
}

/// Whether any session cookie of ours was sent at all.
fn has_session(presented: &Presented<'_>) -> bool {
    !presented.whole.is_empty() || !presented.chunk_names.is_empty()
}

fn presented<'h>(cookies: &Cookies, header: &'h str) -> Presented<'h> {
    cookies.presented(std::iter::once(header.as_bytes()))
}

fn candidates(header: &str) -> Vec<String> {
    presented(&plain(), header)
        .session_candidates()
        .iter()
        .map(|text| String::from_utf8(text.to_vec()).unwrap())
        .collect()
}

/// Names that a list of `Set-Cookie` values stores, and names that it deletes.
fn stored_and_deleted(headers: &[String]) -> (Vec<&str>, Vec<&str>) {
    let (mut stored, mut deleted) = (Vec::new(), Vec::new());
    for header in headers {
        let (name, _) = header.split_once('=').unwrap();
        if header.contains("Max-Age=0") {
            deleted.push(name);
        } else {
            stored.push(name);
        }
    }
    (stored, deleted)
}

#[test]
fn names_follow_origin_prefix_and_configuration() {
    let http = PublicOrigin::parse("http://localhost:8080").unwrap();
    let mine = CookieName::parse("mine").unwrap();
    for (configured, origin, prefix, session, logins) in [
        (
            None,
            &origin(),
            "/_vestibule",
            "__Host-vestibule",
            "__Host-vestibule-login",
        ),
        (None, &http, "/_vestibule", "vestibule", "vestibule-login"),
        (
            None,
            &origin(),
            "/oauth2",
            "__Host-vestibule-oauth2",
            "__Host-vestibule-oauth2-login",
        ),
        (
            None,
            &http,
            "/a/b.c",
            "vestibule-a-b-c",
            "vestibule-a-b-c-login",
        ),
        (Some(&mine), &origin(), "/oauth2", "mine", "mine-login"),
    ] {
        let cookies = Cookies::new(configured, origin, prefix);
        assert_eq!(
            (cookies.session_name(), cookies.logins_name()),
            (session, logins)
        );
    }
}

#[test]
fn a_cookie_name_is_of_plain_letters() {
    for text in ["a", "session", "__Host-x", "A-b_9", &"n".repeat(64)] {
        assert_eq!(CookieName::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "",
        "a.b",
        "a b",
        "a=b",
        "a;b",
        "a,b",
        "ä",
        "a\n",
        "\"a\"",
        &"n".repeat(65),
    ] {
        assert_eq!(
            CookieName::parse(text),
            Err(CookieNameError::Characters),
            "{text:?}"
        );
    }
    for (text, https) in [
        ("__Host-x", true),
        ("__host-x", true),
        ("__Secure-x", true),
        ("__SECURE-X", true),
        ("Host-x", false),
        ("x__Host-", false),
        ("__Hostx", false),
    ] {
        assert_eq!(
            CookieName::parse(text).unwrap().requires_https(),
            https,
            "{text}"
        );
    }
}

#[test]
fn attributes_are_those_of_the_contract() {
    for (cookies, secure) in [(cookies(), true), (plain(), false)] {
        let set = cookies.set_session("abc", &Presented::default()).unwrap();
        for header in [
            &set[0],
            &cookies.set_logins("abc"),
            &cookies.delete_logins(),
        ] {
            let attributes: Vec<&str> = header.split("; ").skip(1).collect();
            for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(attributes.contains(&attribute), "{header}");
            }
            assert_eq!(attributes.contains(&"Secure"), secure, "{header}");
            assert!(!header.contains("Domain"), "{header}");
        }
        assert!(
            !set[0].contains("Max-Age") && !set[0].contains("Expires"),
            "{}",
            set[0]
        );
    }
    assert!(
        cookies()
            .set_logins("abc")
            .starts_with("__Host-vestibule-login=abc; ")
    );
    let deleted = cookies().delete_logins();
    assert!(
        deleted.starts_with("__Host-vestibule-login=; "),
        "{deleted}"
    );
    assert!(
        deleted.contains("Max-Age=0") && deleted.contains("Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    );
}

#[test]
fn a_session_is_one_cookie_or_chunks_only_when_it_must_be() {
    let cookies = cookies();
    for (length, names) in [
        (1, &["__Host-vestibule"][..]),
        (VALUE_MAX, &["__Host-vestibule"]),
        (VALUE_MAX + 1, &["__Host-vestibule.1", "__Host-vestibule.2"]),
        (2 * VALUE_MAX, &["__Host-vestibule.1", "__Host-vestibule.2"]),
        (
            CHUNKS_MAX * VALUE_MAX,
            &[
                "__Host-vestibule.1",
                "__Host-vestibule.2",
                "__Host-vestibule.3",
                "__Host-vestibule.4",
                "__Host-vestibule.5",
            ],
        ),
    ] {
        let set = cookies
            .set_session(&"s".repeat(length), &Presented::default())
            .unwrap();
        assert_eq!(
            stored_and_deleted(&set),
            (names.to_vec(), vec![]),
            "{length}"
        );
    }
    let too_large = "s".repeat(CHUNKS_MAX * VALUE_MAX + 1);
    assert_eq!(cookies.set_session(&too_large, &Presented::default()), None);
}

#[test]
fn no_cookie_is_longer_than_browsers_store() {
    let longest = CookieName::parse(&"n".repeat(NAME_MAX)).unwrap();
    for cookies in [
        Cookies::new(Some(&longest), &origin(), "/_vestibule"),
        Cookies::new(None, &origin(), &format!("/{}", "p".repeat(200))),
    ] {
        let full = "s".repeat(CHUNKS_MAX * VALUE_MAX);
        let mut headers = cookies.set_session(&full, &Presented::default()).unwrap();
        headers.extend(
            cookies
                .set_session(&full[..VALUE_MAX], &Presented::default())
                .unwrap(),
        );
        headers.push(cookies.set_logins(&full[..VALUE_MAX]));
        assert_eq!(headers.len(), CHUNKS_MAX + 2);
        for header in headers {
            assert!(header.len() < 4_096, "{}", header.len());
        }
    }
}

#[test]
fn what_was_chunked_is_joined() {
    let cookies = plain();
    let mut dice = Dice::new(1);
    let mut jar = Jar::default();
    // One browser, sessions of changing size: only the last one is ever left.
    for _ in 0..300 {
        let length = 1 + dice.below(CHUNKS_MAX * VALUE_MAX);
        let sealed: String = (0..length)
            .map(|_| *dice.pick(&['a', 'B', '7', '-', '_']))
            .collect();
        let header = jar.header();
        let set = cookies
            .set_session(&sealed, &presented(&cookies, &header))
            .unwrap();
        jar.take_in(set.iter().map(String::as_str));
        assert_eq!(candidates(&jar.header()), [sealed.as_str()]);
        let expected = if length <= VALUE_MAX {
            1
        } else {
            length.div_ceil(VALUE_MAX)
        };
        assert_eq!(jar.names().len(), expected, "{:?}", jar.names());
    }
    let header = jar.header();
    let deleted = cookies.delete_session(&presented(&cookies, &header));
    jar.take_in(deleted.iter().map(String::as_str));
    assert_eq!(jar.names(), Vec::<&str>::new());
}

#[test]
fn stale_parts_are_deleted() {
    let cookies = plain();
    let header =
        "vestibule=old; vestibule.1=a; vestibule.2=b; vestibule.7=z; app=1; vestibule.2=again";
    let presented = presented(&cookies, header);
    let set = cookies.set_session("new", &presented).unwrap();
    assert_eq!(
        stored_and_deleted(&set),
        (
            vec!["vestibule"],
            vec!["vestibule.1", "vestibule.2", "vestibule.7"]
        )
    );
    let set = cookies
        .set_session(&"n".repeat(VALUE_MAX + 1), &presented)
        .unwrap();
    assert_eq!(
        stored_and_deleted(&set),
        (
            vec!["vestibule.1", "vestibule.2"],
            vec!["vestibule", "vestibule.7"]
        )
    );
    let deleted = cookies.delete_session(&presented);
    assert_eq!(
        stored_and_deleted(&deleted),
        (
            vec![],
            vec!["vestibule", "vestibule.1", "vestibule.2", "vestibule.7"]
        )
    );
    assert!(cookies.delete_session(&Presented::default()).is_empty());
}

#[test]
fn a_deletion_repeats_what_the_cookie_was_set_with() {
    // field.md R9: else browsers ignore it.
    let cookies = cookies();
    let deleted = cookies.delete_session(&presented(
        &cookies,
        "__Host-vestibule=x; __Host-vestibule.1=y",
    ));
    assert_eq!(deleted.len(), 2);
    for header in deleted {
        for attribute in [
            "; Secure",
            "; HttpOnly",
            "; Path=/",
            "; SameSite=Lax",
            "; Max-Age=0",
        ] {
            assert!(header.contains(attribute), "{header}");
        }
        assert!(!header.contains("Domain"), "{header}");
    }
}

#[test]
fn only_our_cookies_are_picked_out() {
    for (header, expected) in [
        ("", vec![]),
        ("vestibule", vec![""]),
        ("vestibule=", vec![""]),
        ("vestibule=abc", vec!["abc"]),
        ("a=b; vestibule=abc; c=d", vec!["abc"]),
        ("a=b;vestibule=abc;c=d", vec!["abc"]),
        (" \t vestibule \t=\t abc \t", vec!["abc"]),
        ("vestibule=a=b==", vec!["a=b=="]),
        ("Vestibule=abc", vec![]),
        ("VESTIBULE=abc", vec![]),
        ("vestibule-login=abc", vec![]),
        ("xvestibule=abc; vestibulex=abc", vec![]),
        ("x=vestibule=abc", vec![]),
        ("vestibule.1=a; vestibule.2=b", vec!["ab"]),
        ("vestibule.2=b; vestibule.1=a", vec!["ab"]),
        ("vestibule.2=b", vec![]),
        ("vestibule.1=a; vestibule.3=c", vec!["a"]),
        ("vestibule.0=x; vestibule.1=a", vec!["a"]),
        ("vestibule.01=x; vestibule.+1=y; vestibule.1 2=z", vec![]),
        ("vestibule.1=a; vestibule.1=b", vec!["a"]),
        ("vestibule.6=x; vestibule.1=a", vec!["a"]),
        ("vestibule=whole; vestibule.1=a", vec!["whole", "a"]),
        ("vestibule=first; vestibule=second", vec!["first", "second"]),
    ] {
        assert_eq!(candidates(header), expected, "{header:?}");
    }
}

#[test]
fn candidates_are_bounded_in_count_and_size() {
    let many = vec!["vestibule=x"; 500].join("; ");
    assert_eq!(candidates(&many).len(), CANDIDATES_MAX);
    let long = "l".repeat(VALUE_MAX + 1);
    assert!(candidates(&format!("vestibule={long}; vestibule.1={long}")).is_empty());
    let all: Vec<String> = (1..=999)
        .map(|n| format!("vestibule.{n}={}", &long[..VALUE_MAX]))
        .collect();
    let joined = candidates(&all.join("; "));
    assert_eq!(joined[0].len(), CHUNKS_MAX * VALUE_MAX);
    let header = all.join("; ");
    let cookies = plain();
    assert_eq!(
        cookies.delete_session(&presented(&cookies, &header)).len(),
        2 * CHUNKS_MAX
    );
    let logins = vec!["vestibule-login=x"; 500].join("; ");
    assert_eq!(
        presented(&cookies, &logins).logins_candidates().len(),
        CANDIDATES_MAX
    );
}

#[test]
fn cookies_of_several_header_fields_count() {
    // HTTP/2 may cut the header (RFC 9113 8.2.3).
    let cookies = plain();
    let fields = ["vestibule.1=a; x=1", "vestibule.2=b", "vestibule-login=l"];
    let presented = cookies.presented(fields.iter().map(|field| field.as_bytes()));
    assert_eq!(presented.session_candidates(), [&b"ab"[..]]);
    assert_eq!(presented.logins_candidates(), [b"l"]);
    assert!(has_session(&presented));
    assert!(!has_session(&cookies.presented(std::iter::empty())));
}

#[test]
fn presented_cookies_show_nothing_in_debug_output() {
    let header = "vestibule=sealed-text; vestibule.1=chunk-text; vestibule-login=login-text";
    let cookies = plain();
    let shown = format!("{:?}", presented(&cookies, header));
    for secret in [&b"sealed-text"[..], b"chunk-text", b"login-text"] {
        assert!(!shown.contains(&format!("{secret:?}")), "{shown}");
    }
}
