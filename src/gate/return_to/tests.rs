use super::*;

fn origin() -> PublicOrigin {
    PublicOrigin::parse("https://wiki.example.com").unwrap()
}

#[test]
fn targets_of_this_origin_are_kept() {
    for (text, target) in [
        ("/", "/"),
        ("/a/b?c=d&e=//f", "/a/b?c=d&e=//f"),
        ("/a#b", "/a#b"),
        ("/%2F%2Fevil.example", "/%2F%2Fevil.example"),
        ("https://wiki.example.com/a?b", "/a?b"),
        ("https://wiki.example.com", "/"),
        ("https://wiki.example.com:443/a", "/a"),
        ("https://WIKI.example.com./a", "/a"),
    ] {
        let parsed = ReturnTo::parse(text, &origin());
        assert_eq!(
            parsed.as_ref().map(ReturnTo::as_str),
            Some(target),
            "{text}"
        );
    }
}

#[test]
fn no_target_leads_to_another_origin() {
    for text in [
        "",
        "evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "/ /evil.example",
        " //evil.example",
        "\t//evil.example",
        "/\u{0}/evil.example",
        "/\u{b}//evil.example",
        "/\u{2028}//evil.example",
        "https:/evil.example",
        "https:evil.example",
        "https://evil.example",
        "https://evil.example/https://wiki.example.com/",
        "http://wiki.example.com/",
        "https://wiki.example.com.evil.example/",
        "https://wiki.example.comevil.example/",
        "https://wiki.example.com@evil.example/",
        "https://wiki.example.com:443@evil.example/",
        "https://user@wiki.example.com/",
        "https://wiki.example.com:8443/",
        "https://wiki.example.com//evil.example",
        "https://wiki.example.com\\@evil.example",
        "https:\\\\evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://wiki.example.com/",
        "?a=b",
        "#a",
        "./a",
        "../a",
        "a/b",
        "https://evil.example#wiki.example.com",
        "https://evil.example?wiki.example.com",
        "https://[::1]/",
        "https://wiki。example。com@evil.example/",
        "https://ｗiki.example.com\u{ff0f}x",
        "/a\u{7f}",
        "/ü",
    ] {
        assert_eq!(ReturnTo::parse(text, &origin()), None, "{text:?}");
    }
}

#[test]
fn whatever_is_kept_stays_on_the_origin_for_a_browser() {
    let base = url::Url::parse("https://wiki.example.com/x").unwrap();
    let mut seed = 7u64;
    let alphabet: Vec<char> = "/\\:.@?#%;a2f \t\n\u{0}ü".chars().collect();
    for _ in 0..200_000 {
        let mut text = String::from("/");
        for _ in 0..8 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push(alphabet[(seed >> 33) as usize % alphabet.len()]);
        }
        if let Some(target) = ReturnTo::parse(&text, &origin()) {
            let resolved = base.join(target.as_str()).unwrap();
            assert_eq!(resolved.host_str(), Some("wiki.example.com"), "{text:?}");
        }
    }
}

#[test]
fn a_long_target_is_refused_and_can_lose_its_query() {
    let long = format!("/a?{}", "b".repeat(TARGET_MAX));
    assert_eq!(ReturnTo::parse(&long, &origin()), None);
    let target = ReturnTo::parse("/a?b#c", &origin()).unwrap();
    assert_eq!(target.without_query().as_str(), "/a");
}
