//! An identity provider that nobody here wrote: npm's oidc-provider, as `kind = "oidc"`.

use crate::support::{Browser, Harness, Response, Setup};

#[test]
fn a_person_signs_in_through_it() {
    let chain = third_party();
    let mut browser = chain.browser();
    let page = sign_in(&mut browser, "/docs?page=2", "frida");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(page.url, format!("{}/docs?page=2", chain.origin));
    let seen = chain.echo.last();
    assert_eq!(seen.header("X-Forwarded-User"), Some("frida@example.net"));
    assert_eq!(seen.header("X-Forwarded-Email"), Some("frida@example.net"));
    assert_eq!(
        seen.header("X-Forwarded-Name"),
        Some("frida of the third party")
    );
    assert_eq!(seen.header("X-Forwarded-Groups"), Some("readers"));
}

#[test]
fn a_tampered_cookie_counts_as_none() {
    let chain = third_party();
    let mut browser = chain.browser();
    sign_in(&mut browser, "/", "frida");
    assert_eq!(browser.script("GET", "/data").status, 200);
    let before = chain.echo.count();
    super::session::tamper(&mut browser);
    assert_eq!(browser.script("GET", "/data").status, 401);
    assert_eq!(browser.get("/page").status, 302);
    assert_eq!(chain.echo.count(), before);
}

#[test]
fn signing_out_goes_through_it_and_comes_back() {
    let chain = third_party();
    let issuer = chain
        .third_party
        .as_ref()
        .expect("the provider")
        .issuer
        .clone();
    let mut browser = chain.browser();
    sign_in(&mut browser, "/", "frida");
    let asked = browser.arrive("/_vestibule/logout");
    assert!(asked.url.starts_with(&issuer), "{:?}", browser.trail);
    // It asks the person whether to sign out there as well.
    let answer = browser.click(&with_logout_button(asked), Some("yes"), &[]);
    let page = browser.finish(answer);
    assert_eq!(
        page.url.split('?').next(),
        Some(format!("{}/_vestibule/signed-out", chain.origin).as_str()),
        "{:?}",
        browser.trail
    );
    assert_eq!(page.status, 200);
    assert_eq!(browser.script("GET", "/data").status, 401);
    // And it has forgotten the person: its login page asks again.
    let login = browser.arrive("/");
    assert!(login.html().contains("name=\"login\""), "{}", login.text());
}

#[test]
fn two_people_keep_apart() {
    let chain = third_party();
    let (mut one, mut two) = (chain.browser(), chain.browser());
    sign_in(&mut one, "/", "frida");
    sign_in(&mut two, "/", "diego");
    one.script("GET", "/who");
    assert_eq!(
        chain.echo.last().header("X-Forwarded-User"),
        Some("frida@example.net")
    );
    two.script("GET", "/who");
    assert_eq!(
        chain.echo.last().header("X-Forwarded-User"),
        Some("diego@example.net")
    );
}

fn third_party() -> Harness {
    Setup {
        third_party: true,
        ..Setup::default()
    }
    .start()
}

/// Its own pages: a name, any password, and a consent.
pub(super) fn sign_in(browser: &mut Browser, url: &str, name: &str) -> Response {
    let login = browser.arrive(url);
    let answer = browser.click(&login, None, &[("login", name), ("password", "any")]);
    let consent = browser.finish(answer);
    if consent.text().contains("name=\"prompt\" value=\"consent\"") {
        let answer = browser.click(&consent, None, &[]);
        return browser.finish(answer);
    }
    consent
}

/// Its logout page has buttons outside of the form, tied to it by the attribute `form`; here they are
/// moved inside, which is all that a browser would make of it.
fn with_logout_button(mut page: Response) -> Response {
    let text = page.text();
    assert!(text.contains("name=\"logout\""), "no logout page: {text}");
    let form = "</form>";
    let button =
        "<button id=\"yes\" type=\"submit\" name=\"logout\" value=\"yes\">Yes</button></form>";
    page.body = text.replacen(form, button, 1).into_bytes();
    page
}
