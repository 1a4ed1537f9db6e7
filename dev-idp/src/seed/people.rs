//! The seeded people. All of them are invented.

use std::collections::BTreeMap;

use crate::entra::Person;
use crate::model::User;

/// Local users of the first pool.
pub(super) fn local() -> Vec<User> {
    vec![
        user(&Local {
            sub: "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
            email: "kirsten.holm@example.org",
            verified: true,
            password: "Vestibule-Demo-1",
            name: ["Kirsten", "Holm"],
            groups: &["Editors", "Brand-Nordics"],
            right: Some("Local Company"),
        }),
        user(&Local {
            sub: "e47b1c90-3f52-70d1-8a6e-5b9c2d7f1a04",
            email: "ola.admin@example.org",
            verified: true,
            password: "Vestibule-Demo-2",
            name: ["Ola", "Nordmann"],
            groups: &["Admins"],
            right: Some("Global Company"),
        }),
        // Letters beyond Latin-1, for headers.
        user(&Local {
            sub: "b2c8d0e6-71a3-70f9-b4d7-8e1f3a5c6b20",
            email: "soren@example.org",
            verified: true,
            password: "Vestibule-Demo-3",
            name: ["Søren", "Łęcki"],
            groups: &["Editors"],
            right: Some("Local Company"),
        }),
        user(&Local {
            sub: "a90f5e1b-8c64-70b2-9d3a-2f7e6b4c1d58",
            email: "unverified@example.org",
            verified: false,
            password: "Vestibule-Demo-4",
            name: ["Una", "Verified"],
            groups: &[],
            right: None,
        }),
    ]
}

/// Local users of the second pool.
pub(super) fn upstream() -> Vec<User> {
    vec![user(&Local {
        sub: "13f4a5b6-c0d1-70e2-93f4-a5b6c7d8e9f0",
        email: "ola@example.net",
        verified: true,
        password: "Vestibule-Demo-5",
        name: ["Ola", "Upstream"],
        groups: &["Partners"],
        right: None,
    })]
}

/// People of the Entra tenant: one for every group count that matters to
/// attribute mapping, and the awkward ones (cognito.md 3.2, 3.3).
pub(super) fn entra() -> Vec<Person> {
    vec![
        Person {
            roles: ["Wiki.Reader", "Wiki.Admin"].map(str::to_owned).into(),
            ..person("nadia-berg", "Nadia", "Berg", 5)
        },
        person("no-groups", "Nils", "Nogroup", 0),
        // The most that fits into 2,048 characters.
        person("many-groups", "Maja", "Many", 53),
        person("too-many-groups", "Tomas", "Toomany", 54),
        // More than a token holds: it names a source instead.
        person("overage", "Otto", "Overage", 201),
        Person {
            upn: "greta.guest_home.example#EXT#@example.onmicrosoft.com".to_owned(),
            mail: Some("greta.guest@home.example".to_owned()),
            ..person("guest", "Greta", "Guest", 1)
        },
        Person {
            mail: None,
            ..person("no-mail", "Noah", "Nomail", 2)
        },
    ]
}

struct Local<'a> {
    sub: &'a str,
    email: &'a str,
    verified: bool,
    password: &'a str,
    name: [&'a str; 2],
    groups: &'a [&'a str],
    right: Option<&'a str>,
}

fn user(local: &Local<'_>) -> User {
    let [given_name, family_name] = local.name;
    let mut attributes = BTreeMap::from(
        [
            ("email", local.email.to_owned()),
            ("email_verified", local.verified.to_string()),
            ("given_name", given_name.to_owned()),
            ("family_name", family_name.to_owned()),
            ("name", format!("{given_name} {family_name}")),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(right) = local.right {
        attributes.insert("custom:access_right".to_owned(), right.to_owned());
    }
    User {
        username: local.sub.to_owned(),
        sub: local.sub.to_owned(),
        password: Some(local.password.to_owned()),
        enabled: true,
        groups: local
            .groups
            .iter()
            .map(|group| (*group).to_owned())
            .collect(),
        attributes,
        identities: Vec::new(),
    }
}

fn person(slug: &str, given_name: &str, family_name: &str, groups: usize) -> Person {
    let address = format!(
        "{}.{}@example.com",
        given_name.to_lowercase(),
        family_name.to_lowercase()
    );
    Person {
        slug: slug.to_owned(),
        oid: oid(slug),
        upn: address.clone(),
        mail: Some(address),
        name: format!("{given_name} {family_name}"),
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        groups: (1..=groups).map(group).collect(),
        roles: Vec::new(),
    }
}

/// A GUID that stays the same from run to run.
fn oid(slug: &str) -> String {
    let number = slug.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    }) & 0xffff_ffff_ffff;
    format!("7d6e5f40-aaaa-4bbb-8ccc-{number:012x}")
}

fn group(number: usize) -> String {
    format!("5b1c0f0e-1111-4222-8333-0a0b0c0d{number:04x}")
}
