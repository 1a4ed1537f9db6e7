//! The nginx set-up of oauth2-proxy's documentation.

use super::{ROUTES, raw};
use crate::support::Setup;
use crate::support::dev_idp::KIRSTEN;
use crate::support::fronts::{Front, Kind, front_with};

/// The directives that oauth2-proxy's documentation has for nginx, all of them. They differ in the addresses and in
/// the port, which `$host` lacks: tests are on another one than 443.
const OAUTH2_PROXY: &str = r#"server {
    listen FRONT;
    location /oauth2/ {
        proxy_pass       http://VESTIBULE;
        proxy_set_header Host                    $host:$server_port;
        proxy_set_header X-Real-IP               $remote_addr;
        proxy_set_header X-Auth-Request-Redirect $request_uri;
    }
    location = /oauth2/auth {
        proxy_pass       http://VESTIBULE;
        proxy_set_header Host            $host:$server_port;
        proxy_set_header X-Real-IP       $remote_addr;
        proxy_set_header X-Forwarded-Uri $request_uri;
        proxy_set_header Content-Length  "";
        proxy_pass_request_body          off;
    }
    location / {
        auth_request /oauth2/auth;
        error_page 401 = @oauth2_signin;
        auth_request_set $user  $upstream_http_x_auth_request_user;
        auth_request_set $email $upstream_http_x_auth_request_email;
        proxy_set_header X-User  $user;
        proxy_set_header X-Email $email;
        auth_request_set $token  $upstream_http_x_auth_request_access_token;
        proxy_set_header X-Access-Token $token;
        auth_request_set $auth_cookie $upstream_http_set_cookie;
        add_header Set-Cookie $auth_cookie;
        auth_request_set $auth_cookie_name_upstream_1 $upstream_cookie__oauth2_proxy_1;
        if ($auth_cookie ~* "(; .*)") {
            set $auth_cookie_name_0 $auth_cookie;
            set $auth_cookie_name_1 "_oauth2_proxy_1=$auth_cookie_name_upstream_1$1";
        }
        if ($auth_cookie_name_upstream_1) {
            add_header Set-Cookie $auth_cookie_name_0;
            add_header Set-Cookie $auth_cookie_name_1;
        }
        proxy_pass http://APP/;
    }
    location @oauth2_signin {
        return 302 /oauth2/sign_in?rd=$scheme://$host:$server_port$request_uri;
    }
}
"#;

#[test]
fn the_documented_set_up_of_oauth2_proxy_works_as_it_is() {
    // As `vestibule import` writes --set-xauthrequest and --pass-access-token. The token makes the session's cookie
    // larger than what nginx takes of an answer by itself, as oauth2-proxy's would.
    let front = documented(
        "[headers]\npreset = \"oauth2-proxy-auth-request\"\nset = { X-Auth-Request-Access-Token = \"{access_token}\" }\n",
    );
    let mut person = front.browser();
    let first = person.get("/page?x=1");
    assert_eq!(first.status, 302);
    assert_eq!(front.chain.echo.count(), 0);
    let login = person.finish(first);
    let password = front.chain.idp().password(KIRSTEN);
    let page = person.submit_login(&login, KIRSTEN, password);
    assert_eq!(page.status, 200, "{:?}", person.trail);
    let seen = front.chain.echo.last();
    assert_eq!(seen.target(), "/page?x=1");
    assert_eq!(seen.header("x-user"), Some(KIRSTEN));
    assert_eq!(seen.header("x-email"), Some(KIRSTEN));
    let is_jwt = |token: &str| token.split('.').count() == 3;
    assert!(seen.header("x-access-token").is_some_and(is_jwt));
    assert_eq!(person.script("GET", "/oauth2/userinfo").status, 200);
    // Nothing that a client says there makes a difference.
    let forged = "X-Original-URL: http://localhost/public\r\nX-Original-Method: GET\r\n";
    assert_ne!(raw(&front, "/page", forged).status, 200);
    assert_ne!(
        raw(&front, "/page", "X-Forwarded-Uri: /\r\nX-User: root\r\n").status,
        200
    );
    let signed_out = person.arrive("/oauth2/sign_out");
    assert_eq!(signed_out.status, 200, "{:?}", person.trail);
    assert_eq!(person.get("/page").status, 302);
}

/// oauth2-proxy's nginx, which hands a client's own `X-Original-URL` and `-Method` on.
fn documented(tables: &str) -> Front {
    documented_with(tables, "error_page 401 = @oauth2_signin;")
}

/// The same, with another line for what becomes of a 401.
fn documented_with(tables: &str, error_page: &str) -> Front {
    let buffers = match tables.contains("access_token") {
        true => "proxy_buffer_size 16k; proxy_buffers 4 16k;",
        false => "",
    };
    let setup = Setup {
        path_prefix: Some("/oauth2".to_owned()),
        tables: tables.to_owned(),
        ..Setup::default()
    };
    front_with(Kind::Nginx, setup, |_, front, vestibule, app| {
        OAUTH2_PROXY
            .replace("listen FRONT;", &format!("listen {front}; {buffers}"))
            .replace("error_page 401 = @oauth2_signin;", error_page)
            .replace("VESTIBULE", &vestibule.to_string())
            .replace("APP", &app.to_string())
    })
}

#[test]
fn without_a_token_to_pass_on_the_documented_set_up_hands_on_no_token_of_the_client() {
    let front = documented("[headers]\npreset = \"oauth2-proxy-auth-request\"\n");
    let person = front.signed_in(KIRSTEN);
    let forged = "X-Access-Token: forged\r\nX-User: root\r\nX-Email: root@example.com\r\n";
    let cookies = format!("Cookie: {}\r\n{forged}", person.app_cookies());
    assert_eq!(raw(&front, "/page", &cookies).status, 200);
    let seen = front.chain.echo.last();
    assert_eq!(seen.header("x-access-token"), None);
    assert_eq!(seen.header("x-user"), Some(KIRSTEN));
    assert_eq!(seen.header("x-email"), Some(KIRSTEN));
}

#[test]
fn no_header_of_a_client_lets_it_past_the_documented_set_up_of_oauth2_proxy() {
    for tables in [
        "",
        "[[route]]\npath = \"/*\"\naccess = \"signed-in\"\ncors_preflight = true\n",
        "[[route]]\nmethods = [\"OPTIONS\"]\naccess = \"public\"\n",
        ROUTES,
    ] {
        let front = documented(tables);
        let origin = &front.chain.origin;
        let preflight = "Origin: https://other.example\r\nAccess-Control-Request-Method: GET\r\n";
        for path in [
            "/oauth2/sign_in",
            "/oauth2/callback",
            "/secret",
            "/public/x",
        ] {
            for method in ["GET", "POST", "OPTIONS"] {
                for more in ["", preflight, "X-Forwarded-Uri: /public/x\r\n"] {
                    let forged = format!(
                        "X-Original-URL: {origin}{path}\r\nX-Original-Method: {method}\r\n{more}"
                    );
                    let answer = raw(&front, "/secret", &forged);
                    assert!(
                        matches!(answer.status, 302 | 401 | 403),
                        "{tables:?} {forged:?}: {answer:?}"
                    );
                }
            }
        }
        assert_eq!(front.chain.echo.count(), 0, "{tables:?}");
    }
}

/// As the documentation had it for years: the login's answer, at the app's path.
#[test]
fn the_older_documented_set_up_shows_a_way_to_the_login() {
    for (error_page, status) in [
        ("error_page 401 = /oauth2/sign_in;", 302),
        ("error_page 401 =403 /oauth2/sign_in;", 403),
    ] {
        let tables = "[headers]\npreset = \"oauth2-proxy-auth-request\"\n";
        let front = documented_with(tables, error_page);
        let mut person = front.browser();
        let first = person.get("/page?x=1");
        assert_eq!(first.status, status, "{error_page}: {first:?}");
        assert_eq!(front.chain.echo.count(), 0, "{error_page}");
        let login = "/oauth2/login?rd=%2Fpage%3Fx%3D1";
        let page = first.html();
        assert!(
            page.contains(&format!("href=\"{login}\"")),
            "{error_page}: {page}"
        );
        // Whoever clicks gets in.
        let login = person.arrive(login);
        let password = front.chain.idp().password(KIRSTEN);
        let page = person.submit_login(&login, KIRSTEN, password);
        assert_eq!(page.status, 200, "{error_page}: {:?}", person.trail);
        assert_eq!(front.chain.echo.last().target(), "/page?x=1");
    }
}
