//! Which forms are kept, what the page holds, and who may send it afterwards.

use http::Method;
use serde_json::json;

use super::*;
use crate::gate::page::{Language, Look, Page as AnyPage};
use crate::gate::policy::NoIdentity;
use crate::gate::route::Access;
use crate::gate::seal::RandomError;
use crate::gate::tests::support::{
    COOKIE, Desk, EXP, Jar, NOW, ORIGIN, Req, at, body, changed, config, header_of, id_claims,
    location, onward, origin, route, signed_in_without_refresh, text,
};

const BODY: &str = "title=Hidden+entry&title=&n=%3Cb%3E%22%26%0D%0A";

fn desk() -> Desk {
    let mut config = config();
    config.routes = vec![route(&["/public/"], Access::Public)];
    Desk::new(&config)
}

/// A form of a page of this origin.
fn post(target: &str) -> Req {
    Req::new(Method::POST, target)
        .navigates()
        .with("sec-fetch-site", "same-origin")
        .with("origin", ORIGIN)
        .with("content-type", "application/x-www-form-urlencoded")
        .with("content-length", &BODY.len().to_string())
}

impl Desk {
    /// The form is read, and answered.
    fn send(&mut self, req: &Req, body: Option<&str>) -> Reply {
        let ask = match self.decide(req) {
            Decision::Perform(Effect::KeepForm(ask)) => ask,
            other => panic!("the form is not read: {other:?}"),
        };
        let body = body.map(|body| Bytes::copy_from_slice(body.as_bytes()));
        let dice = &mut self.dice;
        self.gate
            .after_form(&req.view(), ask, body.as_ref(), self.now, &mut |bytes| {
                dice.fill(bytes)
            })
    }

    /// Where the person signs in after a form was kept.
    fn kept(&mut self, req: &Req) -> Kept {
        let reply = self.send(req, Some(BODY));
        assert_eq!(
            (reply.status.as_u16(), reply.note.outcome),
            (401, "form_kept"),
            "{reply:?}"
        );
        let html = text(&reply).to_owned();
        let login = html.split("href=\"").nth(1).unwrap();
        let login = login.split('"').next().unwrap().replace("&amp;", "&");
        let url = url::Url::parse(&format!("{ORIGIN}{login}")).unwrap();
        let rd = url.query_pairs().find(|(name, _)| name == "rd").unwrap().1;
        Kept {
            resume: rd.into_owned(),
            login,
            html,
        }
    }

    /// Signed in as somebody, at the page that offers to send.
    fn resumed(&mut self, kept: &Kept, claims: &serde_json::Value) -> Reply {
        let mut jar = Jar::default();
        let landed = self.sign_in_as(&kept.resume, claims, &mut jar);
        assert_eq!(location(&landed), kept.resume, "the login leads there");
        self.reply(&Req::open(&kept.resume).cookies(&jar))
    }
}

struct Kept {
    login: String,
    resume: String,
    html: String,
}

fn data(html: &str, name: &str) -> String {
    let value = html.split(&format!(" data-{name}=\"")).nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

fn is_read(decision: &Decision) -> bool {
    matches!(decision, Decision::Perform(Effect::KeepForm(_)))
}

/// Later than the session's token.
fn expired(desk: &mut Desk) -> Jar {
    let jar = signed_in_without_refresh(desk);
    desk.now = at(EXP + 3_600);
    jar
}

fn claims_later(sub: &str) -> serde_json::Value {
    let later = json!({
        "sub": sub, "cognito:username": sub,
        "iat": EXP + 3_600, "auth_time": EXP + 3_600, "exp": EXP + 7_200,
    });
    changed(id_claims(), &later)
}

const KIRSTEN: &str = "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d";

#[test]
fn only_a_form_of_this_origin_is_read() {
    let without = |req: &Req, name: &str| {
        let mut bare = Req::new(Method::POST, "/save");
        for (other, value) in req.headers() {
            if other != name {
                bare = bare.with(other.as_str(), value.to_str().unwrap());
            }
        }
        bare
    };
    let good = post("/save");
    let mut no_metadata = good.clone();
    for name in ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"] {
        no_metadata = without(&no_metadata, name);
    }
    let multipart = "multipart/form-data; boundary=x";
    for (what, req) in [
        ("a form", good.clone()),
        (
            "text/plain",
            good.clone().with("content-type", "text/plain"),
        ),
        ("multipart", good.clone().with("content-type", multipart)),
        ("no length", without(&good, "content-length")),
        ("an empty one", good.clone().with("content-length", "0")),
        ("the longest", good.clone().with("content-length", "65536")),
        // A page with `no-referrer` sends no origin.
        ("an opaque origin", good.clone().with("origin", "null")),
        ("no fetch metadata", no_metadata.clone()),
        ("a query", good.clone().to("/save?a=b&c=%22")),
    ] {
        assert!(is_read(&desk().decide(&req)), "{what}");
    }
    for (what, req) in [
        (
            "another site",
            good.clone().with("sec-fetch-site", "cross-site"),
        ),
        (
            "a sibling",
            good.clone().with("sec-fetch-site", "same-site"),
        ),
        ("nobody", good.clone().with("sec-fetch-site", "none")),
        (
            "two sites",
            good.clone().and("sec-fetch-site", "cross-site"),
        ),
        (
            "an unknown site",
            good.clone().with("sec-fetch-site", "Same-Origin"),
        ),
        ("an empty site", good.clone().with("sec-fetch-site", "")),
        ("a script", good.clone().with("sec-fetch-mode", "cors")),
        ("a frame", good.clone().with("sec-fetch-dest", "iframe")),
        ("a prefetch", good.clone().with("sec-purpose", "prefetch")),
        ("neither site nor origin", without(&no_metadata, "origin")),
        (
            "an old browser, elsewhere",
            no_metadata.clone().with("origin", "https://evil.example"),
        ),
        (
            "an old browser, opaque",
            no_metadata.clone().with("origin", "null"),
        ),
        (
            "an old browser, our host on http",
            no_metadata
                .clone()
                .with("origin", "http://wiki.example.com"),
        ),
        (
            "an old browser, two origins",
            no_metadata.clone().and("origin", ORIGIN),
        ),
        ("an old script", no_metadata.clone().with("accept", "*/*")),
        (
            "JSON",
            good.clone().with("content-type", "application/json"),
        ),
        ("no type", without(&good, "content-type")),
        ("two types", good.clone().and("content-type", "text/plain")),
        ("too long", good.clone().with("content-length", "65537")),
        ("no number", good.clone().with("content-length", "x")),
        ("compressed", good.clone().with("content-encoding", "gzip")),
        ("waiting", good.clone().with("expect", "100-continue")),
        (
            "a long target",
            good.clone().to(&format!("/{}", "x".repeat(1_024))),
        ),
    ] {
        let decision = desk().decide(&req);
        let Decision::Reply(reply) = decision else {
            panic!("{what}: {decision:?}");
        };
        assert_eq!(reply.status, 401, "{what}");
        assert_eq!(reply.note.outcome, "sign_in_needed", "{what}");
        assert!(!text(&reply).contains("<script"), "{what}");
        assert!(header_of(&reply, "www-authenticate").is_some(), "{what}");
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let mut req = Req::new(method.clone(), "/save");
        for (name, value) in good.headers() {
            req = req.with(name.as_str(), value.to_str().unwrap());
        }
        assert!(!is_read(&desk().decide(&req)), "{method}");
    }
    // Nor is one read that nobody has to sign in for, or that is for us.
    for target in [
        "/public/x",
        "/_vestibule/logout",
        "/_vestibule/login",
        "/_vestibule/resume",
    ] {
        assert!(!is_read(&desk().decide(&post(target))), "{target}");
    }
    let mut desk = desk();
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    desk.forward(&good.cookies(&jar));
}

#[test]
fn a_kept_form_stands_in_the_page_as_text_and_nowhere_else() {
    let mut desk = desk();
    let reply = desk.send(&post("/save?a=b"), Some(BODY));
    assert_eq!(
        header_of(&reply, "www-authenticate"),
        Some("Bearer realm=\"wiki.example.com\"")
    );
    assert_eq!(header_of(&reply, "cache-control"), Some("no-store"));
    assert_eq!(header_of(&reply, "referrer-policy"), Some("no-referrer"));
    let policy = header_of(&reply, "content-security-policy").unwrap();
    assert!(policy.contains("; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("form-action"), "{policy}");
    assert_eq!(reply.note.reason, Some(NoIdentity::NoCookie.reason()));
    assert_eq!(onward(&reply), None, "it leads nowhere by itself");
    let html = text(&reply);
    let form = data(html, "form").replace("&quot;", "\"");
    let form = form
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let form: serde_json::Value = serde_json::from_str(&form).unwrap();
    assert_eq!(
        form,
        json!([
            ["title", "Hidden entry"],
            ["title", ""],
            ["n", "<b>\"&\r\n"]
        ])
    );
    assert_eq!(html.matches("Hidden entry").count(), 1);
    assert!(!html.contains("<b>"), "{html}");
    // Whoever runs no script is told what they were told before.
    let without = html.split("data-when=\"lost\">").nth(1).unwrap();
    assert!(without.contains("Going back in your browser"));
    assert!(html.contains("data-when=\"kept\" hidden>"));
    assert!(!format!("{reply:?}").contains("Hidden"));
}

#[test]
fn a_body_that_is_not_kept_gets_the_page_that_it_got_before() {
    let long = format!("a={}", "x".repeat(FORM_MAX));
    for body in [None, Some("a"), Some("a=%FF"), Some(long.as_str())] {
        let reply = desk().send(&post("/save"), body);
        assert_eq!(
            (reply.status.as_u16(), reply.note.outcome),
            (401, "sign_in_needed")
        );
        assert!(text(&reply).contains("Please sign in again"));
        assert!(!text(&reply).contains("<script"));
    }
    let longest = format!("a={}", "x".repeat(FORM_MAX - 2));
    let reply = desk().send(&post("/save"), Some(&longest));
    assert_eq!(reply.note.outcome, "form_kept");
}

#[test]
fn without_randomness_no_form_is_kept() {
    let mut desk = desk();
    let req = post("/save");
    let Decision::Perform(Effect::KeepForm(ask)) = desk.decide(&req) else {
        panic!("not read");
    };
    let body = Bytes::from_static(BODY.as_bytes());
    let reply = desk
        .gate
        .after_form(&req.view(), ask, Some(&body), NOW, &mut |_| {
            Err(RandomError)
        });
    assert_eq!(reply.note.outcome, "sign_in_needed");
}

#[test]
fn the_page_after_the_login_names_target_and_account_and_waits_for_a_click() {
    let mut desk = desk();
    let jar = expired(&mut desk);
    let kept = desk.kept(&post("/save?a=b&c").cookies(&jar));
    assert!(
        kept.login
            .starts_with("/_vestibule/login?fragment=none&rd=")
    );
    let reply = desk.resumed(&kept, &claims_later(KIRSTEN));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.note.reason, Some("form_offered"));
    let html = text(&reply);
    assert!(
        html.contains("https://wiki.example.com/save?a=b&amp;c</td>"),
        "{html}"
    );
    assert!(html.contains("kirsten.holm@example.org</td>"), "{html}");
    assert!(html.contains(
        "<form id=\"kept\" method=\"post\" action=\"/save?a=b&amp;c\" \
         enctype=\"application/x-www-form-urlencoded\" accept-charset=\"utf-8\">"
    ));
    assert_eq!(data(html, "key"), data(&kept.html, "key"));
    assert!(!html.contains("Hidden"), "the fields are the tab's");
    let policy = header_of(&reply, "content-security-policy").unwrap();
    // The app may answer with a redirect to another origin.
    assert!(!policy.contains("form-action"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header_of(&reply, "referrer-policy"), Some("strict-origin"));
    assert_eq!(header_of(&reply, "x-frame-options"), Some("DENY"));
    assert_eq!(onward(&reply), None);
    // Our scripts send no form: a person does.
    for script in Script::ALL {
        assert!(!script.source().contains("submit("), "{script:?}");
        assert!(!script.source().contains(".click("), "{script:?}");
    }
}

#[test]
fn a_form_is_its_owners_and_for_fifteen_minutes() {
    let other = "e4a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d";
    for (owner_known, sub, later, reason) in [
        (true, KIRSTEN, 0, "form_offered"),
        (true, KIRSTEN, 900, "form_offered"),
        (true, KIRSTEN, 901, "form_too_old"),
        (true, other, 0, "form_of_another"),
        (true, other, 901, "form_too_old"),
        // No session had been there to say whose it was.
        (false, KIRSTEN, 0, "form_offered"),
        (false, other, 0, "form_offered"),
        (false, other, 901, "form_too_old"),
    ] {
        let mut desk = desk();
        let mut jar = expired(&mut desk);
        if !owner_known {
            jar = Jar::default();
        }
        let kept = desk.kept(&post("/save").cookies(&jar));
        desk.now = desk.now.plus(later);
        let reply = desk.resumed(&kept, &claims_later(sub));
        assert_eq!(
            reply.note.reason,
            Some(reason),
            "{owner_known} {sub} {later}"
        );
        let html = text(&reply);
        let offers = reason == "form_offered";
        assert_eq!(html.contains("<form"), offers, "{reason}");
        assert!(html.contains("nothing was sent"), "{reason}");
        assert_eq!(
            html.contains(Script::DropForm.source()),
            !offers,
            "{reason}"
        );
    }
}

#[test]
fn without_a_session_the_page_leads_into_the_login_and_back() {
    let mut desk = desk();
    let kept = desk.kept(&post("/save"));
    let reply = desk.reply(&Req::open(&kept.resume));
    let rd = form_encoded(&kept.resume);
    assert_eq!(location(&reply), format!("/_vestibule/login?rd={rd}"));
    let reply = desk.reply(&Req::get(&kept.resume));
    assert_eq!(
        (reply.status.as_u16(), &body(&reply)["error"]),
        (401, &json!("unauthenticated"))
    );
    let mut garbage = Jar::of(COOKIE, "garbage");
    let reply = desk.reply(&Req::open(&kept.resume).cookies(&garbage));
    assert_eq!(reply.status, 302);
    desk.sign_in_as(
        "/",
        &changed(id_claims(), &json!({ "email": null })),
        &mut garbage,
    );
    let reply = desk.reply(&Req::open(&kept.resume).cookies(&garbage));
    assert_eq!(reply.status, 403, "nobody whom the app could be told of");
}

#[test]
fn nobody_can_make_up_what_is_said_of_a_form() {
    let mut desk = desk();
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let kept = desk.kept(&post("/save"));
    let (_, good) = kept.resume.split_once("?form=").unwrap();
    let offers = |desk: &mut Desk, query: &str| {
        let path = format!("/_vestibule/resume?{query}");
        let reply = desk.reply(&Req::open(&path).cookies(&jar));
        assert_eq!(reply.status, 200, "{query}");
        reply.note.reason == Some("form_offered")
    };
    assert!(offers(&mut desk, &format!("form={good}")));
    let session = &jar.0[COOKIE];
    for query in [
        String::new(),
        "form=".to_owned(),
        "form=x".to_owned(),
        format!("form={good}&form={good}"),
        format!("form={}", good.to_lowercase()),
        format!("form={}A", good),
        format!("form={}", &good[..good.len() - 1]),
        format!("form={session}"),
    ] {
        assert!(!offers(&mut desk, &query), "{query}");
    }
    // Of another origin's, or of one whose path is ours by now.
    let mut config = config();
    config.server.path_prefix = "/save".to_owned();
    let mut other = Desk::new(&config);
    let mut jar = Jar::default();
    other.sign_in_under("/save", "/", &id_claims(), &mut jar);
    let reply = other.reply(&Req::open(&format!("/save/resume?form={good}")).cookies(&jar));
    assert_eq!(reply.note.reason, Some("form_unknown"));
}

#[test]
fn a_ticket_is_read_as_it_was_written_and_not_otherwise() {
    let owner = Owner::new("corp", KIRSTEN);
    assert!(owner != Owner::new("corp", "other") && owner != Owner::new("other", KIRSTEN));
    assert!(Owner::new("a", "b") != Owner::new("ab", ""));
    for (enctype, owner) in [
        (Enctype::UrlEncoded, None),
        (Enctype::Plain, Some(owner)),
        (Enctype::Multipart("b".to_owned()), Some(owner)),
    ] {
        let target = ReturnTo::parse("/save?x=y", &origin()).unwrap();
        let mut rng = |bytes: &mut [u8]| {
            bytes.fill(7);
            Ok(())
        };
        let ticket = Ticket::new(&enctype, target, owner, NOW, &mut rng).unwrap();
        let bytes = ticket.encode();
        let read = Ticket::decode(&bytes, &origin()).unwrap();
        assert_eq!(read.encode(), bytes);
        assert_eq!(read.enctype(), enctype.as_str());
        assert_eq!(
            (read.kept_at(), read.key()),
            (NOW, "BwcHBwcHBwcH".to_owned())
        );
        for end in 0..bytes.len() {
            assert!(Ticket::decode(&bytes[..end], &origin()).is_err(), "{end}");
        }
        let more = [&bytes[..], &[0]].concat();
        assert!(Ticket::decode(&more, &origin()).is_err());
        let mut foreign = bytes.to_vec();
        let at = foreign.windows(5).position(|w| w == b"/save").unwrap();
        foreign[at + 1] = b'/';
        assert!(Ticket::decode(&foreign, &origin()).is_err(), "another host");
    }
}

#[test]
fn an_unsent_page_part_is_escaped() {
    let page = AnyPage::new(Word::LogoutTitle)
        .when("x", AnyPage::default().text("<i>".to_owned()))
        .at_first(
            "y",
            AnyPage::default().resending(Resending {
                action: "/a\"><i>".to_owned(),
                enctype: "text/plain",
            }),
        );
    let html = page.render(Look::built_in(), Language::English);
    assert!(!html.contains("<i>"), "{html}");
}
