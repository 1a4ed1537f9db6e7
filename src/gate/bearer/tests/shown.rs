//! Which header is a bearer token, where one is looked at, and what it never helps or harms.

use super::*;

#[test]
fn one_field_with_the_scheme_is_a_bearer_and_no_other_spelling_is_overlooked() {
    let shown_of = |fields: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, http::HeaderValue::from_bytes(field).unwrap());
        }
        match shown(&headers) {
            Shows::Nothing => "nothing".to_owned(),
            Shows::Malformed => "malformed".to_owned(),
            Shows::Token(token) => token.to_owned(),
        }
    };
    for (field, expected) in [
        (&b"Bearer abc.def.ghi"[..], "abc.def.ghi"),
        (b"bearer abc", "abc"),
        (b"BEARER abc", "abc"),
        (b"Bearer   abc", "abc"),
        (b"  Bearer abc  ", "abc"),
        (b"Bearer abc==", "abc=="),
        (b"Bearer", "malformed"),
        (b"Bearer ", "malformed"),
        (b"Bearer\tabc", "malformed"),
        (b"Bearer \tabc", "malformed"),
        (b"Bearer abc def", "malformed"),
        (b"Bearer abc, Bearer def", "malformed"),
        (b"Bearer abc,def", "malformed"),
        (b"Bearer:abc", "malformed"),
        (b"Bearer=abc", "malformed"),
        (b"Bearer \"abc\"", "malformed"),
        (b"Bearer ab\xc3\xa9", "malformed"),
        (b"Bearer\xa0abc", "malformed"),
        (b"Basic YTpi", "nothing"),
        (b"BearerX abc", "nothing"),
        (b"Bear", "nothing"),
        (b"", "nothing"),
        (b"DPoP abc", "nothing"),
    ] {
        let what = String::from_utf8_lossy(field);
        assert_eq!(shown_of(&[field]), expected, "{what}");
        assert_eq!(
            shown_of(&[field, b"Basic YTpi"]),
            "malformed",
            "{what} and another"
        );
        assert_eq!(
            shown_of(&[b"Bearer abc", field]),
            "malformed",
            "another and {what}"
        );
    }
    assert_eq!(shown_of(&[]), "nothing");
}

#[test]
fn a_bearer_is_judged_alone_and_a_cookie_only_without_one() {
    let mut desk = Desk::new(&api_config());
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let by_cookie = Some("kirsten.holm@example.org");
    assert_eq!(
        user(&mut desk, &Req::get("/people/x").cookies(&jar)).as_deref(),
        by_cookie
    );
    // A bad one beside a good cookie, on every route that looks.
    for path in ["/people/x", "/editors/x", "/orders/x", "/optional/x"] {
        let bad = with(path, "a.b.c").cookies(&jar);
        refused(&mut desk, &bad, "token_malformed");
        let none = Req::get(path).with("authorization", "Bearer").cookies(&jar);
        refused(&mut desk, &none, "bearer_malformed");
        let two = with(path, &person())
            .and("authorization", "Basic YTpi")
            .cookies(&jar);
        refused(&mut desk, &two, "bearer_malformed");
    }
    // A good one beside a bad cookie, and beside a good one.
    let broken = Jar::of("__Host-vestibule", "AAAA");
    for jar in [&broken, &jar] {
        let good = with("/people/x", &person()).cookies(jar);
        assert_eq!(user(&mut desk, &good).as_deref(), Some(KIRSTEN));
        assert!(desk.forward(&good).set_cookies.is_empty());
    }
    // Another scheme is the app's.
    let basic = Req::get("/people/x")
        .with("authorization", "Basic YTpi")
        .cookies(&jar);
    assert_eq!(user(&mut desk, &basic).as_deref(), by_cookie);
    assert!(!desk.forward(&basic).took_bearer);
}

#[test]
fn where_no_bearer_is_taken_none_is_looked_at() {
    let mut desk = Desk::new(&api_config());
    let reply = desk.reply(&with("/pages/x", &person()));
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (401, Some("bearer_not_taken"))
    );
    assert!(reply.note.remedy.unwrap().contains("api = true"));
    assert_eq!(
        header_of(&reply, "www-authenticate"),
        Some("Bearer realm=\"wiki.example.com\"")
    );
    assert_eq!(desk.gate.verified_figures().checks, 0);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    for path in ["/pages/x", "/public/x"] {
        let forward = desk.forward(&with(path, "a.b.c").cookies(&jar));
        assert!(!forward.took_bearer, "{path}: the app's own");
    }
    // Nor one in the query.
    let in_query = format!("/people/x?access_token={}", person());
    let reply = desk.reply(&Req::get(&in_query));
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (401, Some("no_cookie"))
    );
    // Nor does ours at the pages of our own.
    let reply = desk.reply(&with("/_vestibule/session", &person()));
    assert_eq!(reply.status, 401);
}

#[test]
fn a_route_for_api_clients_redirects_nobody_and_shows_no_page() {
    let mut desk = Desk::new(&api_config());
    let form = Req::new(http::Method::POST, "/people/x")
        .navigates()
        .with("content-type", "application/x-www-form-urlencoded");
    for req in [Req::open("/people/x"), Req::open("/orders/x"), form] {
        let reply = desk.reply(&req);
        assert_eq!(reply.status, 401);
        assert_eq!(body(&reply)["error"], "unauthenticated");
        let challenge = header_of(&reply, "www-authenticate");
        assert_eq!(
            challenge,
            Some("Bearer realm=\"wiki.example.com\""),
            "no error: none was shown"
        );
    }
    let refused_page = with("/people/x", "a.b.c").navigates();
    refused(&mut desk, &refused_page, "token_malformed");
    let not_allowed = with("/people/x", &machine()).navigates();
    assert_eq!(
        body(&forbidden(&mut desk, &not_allowed, "machine_token"))["error"],
        "forbidden"
    );
    desk.keys = None;
    let reply = desk.reply(
        &with(
            "/people/x",
            &token(&changed(access_claims(), &json!({ "jti": "new" }))),
        )
        .navigates(),
    );
    assert_eq!(
        (reply.status.as_u16(), header_of(&reply, "retry-after")),
        (503, Some("5"))
    );
    assert_eq!(body(&reply)["error"], "provider_unavailable");
    assert_eq!(body(&reply)["reference"], json!(reply.note.reference));
    assert!(reply.note.reference.is_some());
}

#[test]
fn a_token_goes_on_only_where_a_header_says_so() {
    let mut config = api_config();
    config.headers = crate::gate::headers::HeaderRules::new(&[Preset::Bearer], Vec::new());
    let mut desk = Desk::new(&config);
    let token = person();
    let sent = told(&mut desk, &with("/people/x", &token));
    assert_eq!(
        sent,
        [("Authorization".to_owned(), format!("Bearer {token}"))]
    );
    // Within the leeway it still lets through; the app would refuse it.
    desk.now = at(EXP + 10);
    assert_eq!(told(&mut desk, &with("/people/x", &token)), []);
}
