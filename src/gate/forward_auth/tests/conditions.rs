//! What the query of a question asks for beside the rules.

use super::*;

#[test]
#[rustfmt::skip] // a table: one row a line
fn conditions_of_the_query_have_to_hold_too() {
    let groups = |named: &str| {
        let values = crate::gate::rule::Values::new(vec![named.to_owned()]).unwrap();
        let rule = crate::gate::rule::Rule::new(vec![crate::gate::rule::Condition::Groups(values)]);
        Access::Rules(std::sync::Arc::new(crate::gate::rule::Rules::one(rule.unwrap())))
    };
    for (access, query, status, why) in [
        (Access::SignedIn, "", 200, None),
        (Access::SignedIn, "allowed_groups=Editors", 200, None),
        (Access::SignedIn, "allowed_groups=Admins,Editors", 200, None),
        (Access::SignedIn, "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::SignedIn, "allowed_groups=editors", 403, Some("rule_groups")),
        (Access::SignedIn, "allowed_emails=kirsten.holm%40example.org", 200, None),
        (Access::SignedIn, "allowed_emails=kirsten.holm%40EXAMPLE.org", 200, None),
        (Access::SignedIn, "allowed_emails=Kirsten.Holm%40example.org", 403, Some("rule_emails")),
        (Access::SignedIn, "allowed_emails=holm%40example.org", 403, Some("rule_emails")),
        (Access::SignedIn, "allowed_email_domains=example.org", 200, None),
        (Access::SignedIn, "allowed_email_domains=ample.org", 403, Some("rule_email_domains")),
        (Access::SignedIn, "allowed_email_domains=*", 403, Some("rule_email_domains")),
        (Access::SignedIn, "allowed_groups=Editors&allowed_email_domains=example.com", 403, Some("rule_email_domains")),
        (Access::SignedIn, "allowed_groups=Editors&allowed_email_domains=example.org", 200, None),
        // Beside the route's own.
        (groups("Editors"), "allowed_groups=Brand-Nordics", 200, None),
        (groups("Admins"), "allowed_groups=Editors", 403, Some("rule_groups")),
        (groups("Editors"), "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::Public, "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::Optional, "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::Nobody, "allowed_groups=Editors", 403, Some("route_closed")),
        // What is not understood is never ignored.
        (Access::SignedIn, "allowed_group=Editors", 403, Some("forward_auth_parameter_unknown")),
        (Access::Public, "x=", 403, Some("forward_auth_parameter_unknown")),
        (Access::SignedIn, "allowed_groups=", 403, Some("forward_auth_parameter_empty")),
        (Access::SignedIn, "allowed_groups=,%20,", 403, Some("forward_auth_parameter_empty")),
        (Access::SignedIn, "allowed_groups", 403, Some("forward_auth_parameter_empty")),
        (Access::SignedIn, "allowed_groups=Editors&allowed_groups=Editors", 403, Some("forward_auth_parameter_repeated")),
    ] {
        for dialect in [Dialect::Nginx, Dialect::Traefik, Dialect::Caddy] {
            let routes = vec![route(&["/ruled/"], access.clone())];
            let (mut desk, jar) = signed_in_under(&with_routes(dialect, routes));
            let req = ask(dialect, "/ruled/x").to(&format!("/_vestibule/auth?{query}"));
            let reply = desk.reply(&req.clone().cookies(&jar));
            assert_eq!(reply.status, status, "{access:?} {query}");
            assert_eq!(reason(&reply), why, "{access:?} {query}");
        }
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn the_clients_query_that_caddy_hands_on_is_refused_for_nothing_and_opens_nothing() {
    for (dialect, asked, query, status) in [
        (Dialect::Caddy, "x=1&x=2", "x=1&x=2", 200),
        (Dialect::Caddy, "x=1", "x=2", 403),
        (Dialect::Caddy, "", "x=2", 403),
        // It could stand in Caddy's configuration as well.
        (Dialect::Caddy, "allowed_groups=Admins", "allowed_groups=Admins", 403),
        (Dialect::Caddy, "x=1&allowed_groups=Admins", "x=1&allowed_groups=Admins", 403),
        (Dialect::Caddy, "allowed_groups=Admins&x=1", "allowed_groups=Admins", 403),
        (Dialect::Caddy, "allowed_groups=Editors&allowed_groups=x", "allowed_groups=Editors&allowed_groups=x", 403),
        (Dialect::Traefik, "x=1", "x=1", 403),
        (Dialect::Nginx, "x=1", "x=1", 403),
    ] {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        let req = ask(dialect, &format!("/page?{asked}")).cookies(&jar);
        let reply = desk.reply(&req.to(&format!("/_vestibule/auth?{query}")));
        assert_eq!(reply.status, status, "{dialect:?} {asked} {query}");
    }
}

#[test]
fn conditions_let_nobody_in_without_signing_in() {
    let routes = vec![route(&["/public/"], Access::Public)];
    let mut desk = Desk::new(&with_routes(Dialect::Nginx, routes));
    let req = ask(Dialect::Nginx, "/public/x").to("/_vestibule/auth?allowed_groups=Editors");
    assert_eq!(desk.reply(&req).status, 401);
}

#[test]
fn the_query_below_envoy_is_the_clients_and_no_condition() {
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Envoy));
    for query in ["allowed_groups=Admins", "x=1&x=2", ""] {
        let req = ask(Dialect::Envoy, &format!("/page?{query}")).cookies(&jar);
        assert_eq!(desk.reply(&req).status, 200, "{query}");
    }
}
