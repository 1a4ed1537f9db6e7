//! A form that outlives its session: kept in its tab, sent on a click, by its owner, as it was; and
//! never the form of another site.

use std::time::{Duration, Instant};

use serde_json::json;

use super::tokens::{cookie, now};
use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::echo::Seen;
use crate::support::webdriver::Chromium;
use crate::support::{Browser, Harness, Setup, records};

const URL_ENCODED: &str = "application/x-www-form-urlencoded";
/// Stands in every form here, and in no log.
const SECRET: &str = "what-nobody-logs-4711";

/// Fields of all sorts, some named like members of the form's own object.
const FIELDS: &str = "<input name=title value='Grüße &amp; &lt;b&gt; +%20~'>\
    <textarea name=text>\none\n\ntwo=2 \n</textarea>\
    <input name=title value=second><input name=empty value=''>\
    <input type=hidden name=secret value=what-nobody-logs-4711>\
    <input name=submit value=s><input name=appendChild value=a><input name=hidden value=h>\
    <input name=addEventListener value=l><input name=elements value=e><input name=id value=i>\
    <input name='q&quot;uote' value='\"'><input type=checkbox name=c value=1 checked>\
    <input type=checkbox name=unchecked value=1><input type=file name=attached>";

/// A chain whose `/public/` needs no session.
fn chain() -> Harness {
    records::secret("form", SECRET);
    Setup {
        tables: "[[route]]\npath = \"/public/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start()
}

/// The path of a page with a form.
fn page_with_form(fields: &str, enctype: &str, action: &str) -> String {
    let html = format!(
        "<!doctype html><meta charset=utf-8><form method=post enctype='{enctype}' action='{action}'>\
         {fields}<button id=go>Go</button></form>"
    );
    let html: String = url::form_urlencoded::byte_serialize(html.as_bytes()).collect();
    format!("/public/page?html&body={html}")
}

/// A session of Kirsten's whose token has ended, without a way to renew it.
fn ended_session(chain: &Harness) -> String {
    let (issued, ended) = (now() - 7200, now() - 3600);
    let claims = json!({ "claims": { "iat": issued, "auth_time": issued, "exp": ended } });
    let token = chain.idp().mint(KIRSTEN, "id", claims);
    cookie(chain, &token, "corp", issued)
}

/// The tab is on a page of the app, and its session has ended.
async fn with_ended_session(chain: &Harness, chromium: &Chromium, page: &str) {
    chromium.open(&format!("{}{page}", chain.origin)).await;
    chromium.find("#go").await;
    // A script cannot replace the HttpOnly cookie of a session before.
    let gone = chromium.client.delete_all_cookies().await;
    gone.expect("no cookies");
    let cookie = format!("vestibule={}; path=/", ended_session(chain));
    let set = chromium
        .client
        .execute("document.cookie = arguments[0]", vec![json!(cookie)])
        .await;
    set.expect("the cookie of the ended session");
}

/// Signs in, unless the provider still knows who this is, and comes to `/resume`.
async fn sign_in(chain: &Harness, chromium: &Chromium, user: &str) {
    chromium.follow("[data-when=kept] a.action").await;
    chromium
        .sign_in_to("/_vestibule/resume", user, chain.idp().password(user))
        .await;
}

/// What the app has been sent by POST.
fn posts(chain: &Harness) -> Vec<Seen> {
    let mut seen = chain.echo.seen();
    seen.retain(|request| request.line.starts_with("POST "));
    seen
}

async fn await_posts(chain: &Harness, count: usize) -> Seen {
    let start = Instant::now();
    while posts(chain).len() < count {
        assert!(start.elapsed() < Duration::from_secs(30), "no POST came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(posts(chain).len(), count, "once");
    posts(chain).pop().expect("the POST")
}

/// How many entries of ours the tab keeps.
async fn kept_in_tab(chromium: &Chromium) -> u64 {
    let script =
        "return Object.keys(sessionStorage).filter(k => k.startsWith('vestibule.')).length";
    let count = chromium.client.execute(script, Vec::new()).await;
    count.expect("a script").as_u64().expect("a number")
}

/// The body with its boundary, which each submission makes up anew, replaced.
fn without_boundary(seen: &Seen) -> (String, String) {
    let kind = seen.header("content-type").expect("a type").to_owned();
    let body = String::from_utf8(seen.body.clone()).expect("UTF-8");
    match kind.split_once("; boundary=") {
        Some((kind, boundary)) => (kind.to_owned(), body.replace(boundary, "BOUNDARY")),
        None => (kind, body),
    }
}

#[tokio::test]
async fn a_form_that_outlives_its_session_is_sent_on_a_click_as_it_was() {
    let mut chain = chain();
    let chromium = Chromium::start().await;
    for (round, enctype) in [URL_ENCODED, "text/plain", "multipart/form-data"]
        .into_iter()
        .enumerate()
    {
        // What the app would have got.
        let page = page_with_form(FIELDS, enctype, "/public/save?x=1&y=%22");
        chromium.open(&format!("{}{page}", chain.origin)).await;
        chromium.follow("#go").await;
        let first = await_posts(&chain, 2 * round + 1).await;

        let page = page_with_form(FIELDS, enctype, "/save?x=1&y=%22");
        with_ended_session(&chain, &chromium, &page).await;
        chromium.follow("#go").await;
        let told = chromium.text("[data-when=kept]").await;
        assert!(told.contains("nothing is sent by itself"), "{told}");
        assert_eq!(kept_in_tab(&chromium).await, 1);
        if round == 0 {
            chromium.screenshots("form-1-kept").await;
        }
        sign_in(&chain, &chromium, KIRSTEN).await;
        let offer = chromium.text("[data-when=found]").await;
        assert!(offer.contains(KIRSTEN), "{offer}");
        let target = format!("{}/save?x=1&y=%22", chain.origin);
        assert!(offer.contains(&target), "{offer}");
        if round == 0 {
            chromium.screenshots("form-2-offered").await;
        }
        assert_eq!(posts(&chain).len(), 2 * round + 1, "not by itself");
        chromium.follow("#kept button[type=submit]").await;
        let second = await_posts(&chain, 2 * round + 2).await;
        assert_eq!(second.target(), "/save?x=1&y=%22");
        assert_eq!(without_boundary(&second), without_boundary(&first));
        for name in [
            "origin",
            "sec-fetch-site",
            "sec-fetch-mode",
            "sec-fetch-dest",
        ] {
            assert_eq!(second.header(name), first.header(name), "{name}");
        }
        let user = second.header("x-forwarded-user");
        assert_eq!(user, Some(KIRSTEN), "as whom");
        chromium.await_path("/save").await;
        assert_eq!(kept_in_tab(&chromium).await, 0, "gone when sent");

        // Back leads to the page, which has nothing more to send.
        chromium.client.back().await.expect("back");
        chromium.await_path("/_vestibule/resume").await;
        chromium.client.refresh().await.expect("the page again");
        let told = chromium.text("[data-when=gone]").await;
        assert!(told.contains("they were sent"), "{told}");
    }
    chain.await_log(&["form_kept", "session_idle"]);
    chain.await_log(&["form_offered"]);
    chromium.close().await;
}

#[tokio::test]
async fn a_kept_form_whose_app_leads_to_another_origin_arrives_there() {
    let chain = chain();
    let chromium = Chromium::start().await;
    let elsewhere = format!("http://127.0.0.1:{}/elsewhere", chain.echo.address.port());
    let location: String =
        url::form_urlencoded::byte_serialize(format!("Location:{elsewhere}").as_bytes()).collect();
    let action = format!("/save?status=303&amp;h={location}");
    let page = page_with_form(FIELDS, URL_ENCODED, &action);
    with_ended_session(&chain, &chromium, &page).await;
    chromium.follow("#go").await;
    sign_in(&chain, &chromium, KIRSTEN).await;
    chromium.follow("#kept button[type=submit]").await;
    chromium.await_path("/elsewhere").await;
    assert_eq!(chromium.url().await.as_str(), elsewhere);
    await_posts(&chain, 1).await;
    let mut seen = chain.echo.seen();
    seen.retain(|request| request.target() == "/elsewhere");
    assert_eq!(seen.len(), 1, "by the redirect");
    chromium.close().await;
}

#[tokio::test]
async fn a_form_is_dropped_when_its_owner_says_so_or_another_comes() {
    let mut chain = chain();
    let chromium = Chromium::start().await;
    let page = page_with_form(FIELDS, URL_ENCODED, "/save");
    with_ended_session(&chain, &chromium, &page).await;
    chromium.follow("#go").await;
    sign_in(&chain, &chromium, KIRSTEN).await;
    chromium.click("#drop").await;
    let told = chromium.text("[data-when=dropped]").await;
    assert!(told.contains("nothing was sent"), "{told}");
    assert_eq!(kept_in_tab(&chromium).await, 0);
    chromium.screenshots("form-3-dropped").await;
    chromium.client.refresh().await.expect("the page again");
    chromium.text("[data-when=gone]").await;

    // Signed out at the provider too; then somebody else signs in.
    chromium
        .open(&format!("{}/_vestibule/logout", chain.origin))
        .await;
    chromium.await_path("/_vestibule/signed-out").await;
    with_ended_session(&chain, &chromium, &page).await;
    chromium.follow("#go").await;
    sign_in(&chain, &chromium, OLA).await;
    assert_eq!(chromium.text("h1").await, "Nothing was sent");
    let told = chromium.text("main").await;
    assert!(told.contains("another account"), "{told}");
    assert_eq!(kept_in_tab(&chromium).await, 0, "gone");
    chromium.screenshots("form-4-of-another").await;
    assert!(posts(&chain).is_empty());
    chain.await_log(&["form_of_another"]);
    chromium.close().await;
}

#[tokio::test]
async fn the_same_form_of_another_site_is_never_kept_and_never_sent() {
    let chain = chain();
    let chromium = Chromium::start().await;
    let target = format!("{}/save", chain.origin);
    let page = page_with_form(FIELDS, URL_ENCODED, &target);
    // Another site, and another origin of the same site.
    for origin in [
        format!("http://127.0.0.1:{}", chain.echo.address.port()),
        format!("http://localhost:{}", chain.echo.address.port()),
    ] {
        chromium.open(&format!("{}/public/", chain.origin)).await;
        chromium
            .client
            .delete_all_cookies()
            .await
            .expect("no cookies");
        chromium.open(&format!("{origin}{page}")).await;
        chromium.follow("#go").await;
        let told = chromium.text("main").await;
        assert!(told.contains("Please sign in again"), "{told}");
        let source = chromium.client.source().await.expect("the page");
        assert!(!source.contains(SECRET) && !source.contains("<script"));
        assert_eq!(kept_in_tab(&chromium).await, 0);
        chromium.follow("main a.action").await;
        chromium.find("#signIn").await;
        chromium
            .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
            .await;
        chromium.await_path("/").await;
        chromium
            .open(&format!("{}/_vestibule/logout", chain.origin))
            .await;
        chromium.await_path("/_vestibule/signed-out").await;
        assert!(posts(&chain).is_empty(), "from {origin}");
    }
    chromium.close().await;
}

#[test]
fn what_is_not_surely_a_form_of_ours_gets_the_page_that_keeps_nothing() {
    let chain = chain();
    let origin = chain.origin.clone();
    let body = format!("title=a&secret={SECRET}");
    let navigation = |site: &'static str, from: &str| {
        vec![
            ("Accept", "text/html".to_owned()),
            ("Content-Type", URL_ENCODED.to_owned()),
            ("Origin", from.to_owned()),
            ("Sec-Fetch-Site", site.to_owned()),
            ("Sec-Fetch-Mode", "navigate".to_owned()),
            ("Sec-Fetch-Dest", "document".to_owned()),
        ]
    };
    let send = |headers: &[(&str, String)], body: &str| {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        chain
            .browser()
            .send("POST", "/save", &headers, body.as_bytes())
    };
    let kept = send(&navigation("same-origin", &origin), &body);
    assert_eq!(kept.status, 401);
    assert!(kept.text().contains(SECRET) && kept.text().contains("<script>"));
    assert!(kept.header("www-authenticate").is_some());
    assert!(kept.header("cache-control").unwrap().contains("no-store"));

    let mut no_metadata = navigation("same-origin", "https://evil.example");
    no_metadata.retain(|(name, _)| !name.starts_with("Sec-"));
    let mut file = navigation("same-origin", &origin);
    file[1].1 = "multipart/form-data; boundary=b".to_owned();
    let part = format!(
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\
         Content-Type: text/plain\r\n\r\n{SECRET}\r\n--b--\r\n"
    );
    let long = format!("{body}&x={}", "x".repeat(64 * 1024));
    for (what, answer) in [
        (
            "another site",
            send(&navigation("cross-site", "https://evil.example"), &body),
        ),
        (
            "our word, their site",
            send(&navigation("cross-site", &origin), &body),
        ),
        ("a sibling", send(&navigation("same-site", &origin), &body)),
        ("no word but theirs", send(&no_metadata, &body)),
        ("a file", send(&file, &part)),
        ("too much", send(&navigation("same-origin", &origin), &long)),
        ("no form", send(&navigation("same-origin", &origin), "%zz")),
    ] {
        assert_eq!(answer.status, 401, "{what}");
        let page = answer.text();
        assert!(page.contains("Please sign in again"), "{what}: {page}");
        assert!(
            !page.contains(SECRET) && !page.contains("<script"),
            "{what}"
        );
    }
    // A script keeps its own body.
    let answer = chain.browser().script("POST", "/save");
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"], "unauthenticated");
    assert_eq!(chain.echo.count(), 0, "none of it reached the app");
}

#[test]
fn a_form_of_unknown_length_is_read_to_its_bound_and_no_further() {
    let chain = chain();
    let head = |more: &str| {
        format!(
            "POST /save HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\nContent-Type: {URL_ENCODED}\r\n\
             Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n{more}\r\n"
        )
    };
    let chunks = |size: usize| {
        let body = format!("a={}", "x".repeat(size - 2));
        let chunks: String = body
            .as_bytes()
            .chunks(10_000)
            .map(|chunk| {
                format!(
                    "{:x}\r\n{}\r\n",
                    chunk.len(),
                    String::from_utf8_lossy(chunk)
                )
            })
            .collect();
        head("Transfer-Encoding: chunked\r\n") + &chunks + "0\r\n\r\n"
    };
    let kept = chain.raw(&chunks(64 * 1024));
    assert_eq!(kept.status, 401);
    assert!(
        kept.text().contains("data-when=\"kept\""),
        "{}",
        kept.text()
    );
    let too_long = chain.raw(&chunks(64 * 1024 + 1));
    assert_eq!(too_long.status, 401);
    assert!(!too_long.text().contains("<script"), "{}", too_long.text());
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn the_page_that_sends_is_for_those_who_have_signed_in() {
    let chain = chain();
    let mut stranger: Browser = chain.browser();
    let answer = stranger.get("/_vestibule/resume?form=x");
    assert_eq!(answer.status, 302);
    assert!(answer.location().contains("/_vestibule/login?rd="));
    let mut person = chain.signed_in(KIRSTEN);
    let page = person.get("/_vestibule/resume?form=x");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("there is nothing to send"));
    assert!(!page.text().contains("<form"));
}
