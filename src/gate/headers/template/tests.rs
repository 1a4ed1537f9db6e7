//! What templates are, and what becomes of them.

use serde_json::{Map, json};

use super::*;
use crate::gate::headers::IdToken;
use crate::gate::identity::Attribute;

fn person() -> Person {
    let attribute = |name: &str, value| Attribute {
        name: name.to_owned(),
        value,
    };
    Person {
        user: "kirsten".to_owned(),
        email: Some("kirsten@example.org".to_owned()),
        name: None,
        groups: vec![
            "Editors".to_owned(),
            "R&D, Nordics".to_owned(),
            "Brand|One".to_owned(),
        ],
        access_right: Some("Local Company".to_owned()),
        attributes: vec![
            attribute(
                "department",
                AttributeValue::One("Sales, Nordics".to_owned()),
            ),
            attribute(
                "sites",
                AttributeValue::Many(vec!["Oslo".to_owned(), "Århus".to_owned()]),
            ),
            attribute("none", AttributeValue::Many(Vec::new())),
        ],
    }
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "cognito:username": "entra_kirsten",
        "address": { "country": "DK" },
        "team": "Holm, Kirsten",
        "level": 3,
        "verified": true,
        "empty": "",
        "none": [],
        "roles": ["a", "b,c", "d"],
        "bracketed": "[x, y]",
        "bracketed_one": "[x]",
        "split.name": "dotted",
        "tricky": "a\nb",
    });
    claims.as_object().unwrap().clone()
}

fn fill(text: &str, join: &str) -> (Option<String>, bool) {
    let claims = claims();
    let evidence = Evidence {
        sub: "d3a4f8c2",
        provider: "corp",
        claims: Some(&claims),
        id_token: IdToken::Text("eyJ.x.y"),
        ..Evidence::default()
    };
    let template = Template::parse(text).unwrap();
    let join = Some(join).filter(|join| !join.is_empty());
    let filled = template
        .fill(&person(), &evidence, join, Encoding::Raw)
        .unwrap();
    (
        filled.value.map(|value| String::from_utf8(value).unwrap()),
        filled.left_out,
    )
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_part_is_filled_in() {
    let rows: &[(&str, &str, Option<&str>, bool)] = &[
        ("{user}", "", Some("kirsten"), false),
        ("{email}", "", Some("kirsten@example.org"), false),
        ("{name}", "", None, false),
        ("{access_right}", "", Some("Local Company"), false),
        ("{sub}", "", Some("d3a4f8c2"), false),
        ("{provider}", "", Some("corp"), false),
        ("Bearer {id_token}", "", Some("Bearer eyJ.x.y"), false),
        ("{groups}", "", Some("Editors,Brand|One"), true),
        ("{groups}", ", ", Some("Editors, Brand|One"), true),
        ("{groups}", "|", Some("Editors|R&D, Nordics"), true),
        ("{groups}", ";", Some("Editors;R&D, Nordics;Brand|One"), false),
        ("{groups}", " ", Some("Editors Brand|One"), true),
        ("[{groups}]", ";", Some("[Editors;R&D, Nordics;Brand|One]"), false),
        ("{attribute.department}", "", Some("Sales, Nordics"), false),
        ("{attribute.sites}", "|", Some("Oslo|Århus"), false),
        ("{attribute.none}", "", None, false),
        ("{attribute.nowhere}", "", None, false),
        ("{claim.cognito:username}", "", Some("entra_kirsten"), false),
        ("{claim.address.country}", "", Some("DK"), false),
        ("{claim.split\\.name}", "", Some("dotted"), false),
        ("{claim.team}", "", Some("Holm, Kirsten"), false),
        ("{claim.level}", "", Some("3"), false),
        ("{claim.verified}", "", Some("true"), false),
        ("{claim.empty}", "", None, false),
        ("{claim.none}", "", None, false),
        ("{claim.nowhere}", "", None, false),
        ("{claim.address}", "", None, false),
        ("{claim.roles}", "", Some("a,d"), true),
        ("{claim.bracketed}", "|", Some("x|y"), false),
        ("{claim.bracketed_one}", "|", Some("x"), false),
        ("{claim.tricky}", "", None, true),
        // Beside a list, one value that reads as several items is no item.
        ("{groups},{attribute.department}", "", None, true),
        ("{attribute.sites}, {claim.team}", ", ", None, true),
        ("{claim.bracketed}|{claim.team}", "|", Some("x|y|Holm, Kirsten"), false),
        ("{attribute.sites},{access_right}", "", Some("Oslo,Århus,Local Company"), false),
        ("{user}:{groups}", ";", Some("kirsten:Editors;R&D, Nordics;Brand|One"), false),
        // With a joiner of its own, a header is a list of one.
        ("{access_right}", "|", Some("Local Company"), false),
        ("{attribute.department}", ",", None, true),
        ("{attribute.department}", ";", Some("Sales, Nordics"), false),
        ("{claim.team}", ", ", None, true),
        // Without one part there is no header.
        ("{user} ({name})", "", None, false),
        ("{name}{groups}", "", None, true),
        // Braces of the text itself.
        ("{{\"user\":\"{user}\"}}", "", Some("{\"user\":\"kirsten\"}"), false),
        ("{{user}}", "", Some("{user}"), false),
        ("yes", "", Some("yes"), false),
        (" {user} ", "", Some("kirsten"), false),
        ("Grüße {user}", "", Some("Grüße kirsten"), false),
    ];
    for (text, join, expected, left_out) in rows {
        assert_eq!(fill(text, join), (expected.map(str::to_owned), *left_out), "{text} {join:?}");
    }
}

#[test]
fn without_evidence_its_parts_are_absent() {
    for text in ["{sub}", "{provider}", "{id_token}", "{claim.team}"] {
        let template = Template::parse(text).unwrap();
        let filled = template
            .fill(&person(), &Evidence::default(), None, Encoding::Raw)
            .unwrap();
        assert_eq!(filled.value, None, "{text}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn what_is_no_template_is_refused() {
    let unknown = |part: &str| TemplateError::UnknownPart(part.to_owned());
    let rows: &[(&str, TemplateError)] = &[
        ("", TemplateError::Empty),
        ("  ", TemplateError::Empty),
        ("{", TemplateError::LoneBrace),
        ("}", TemplateError::LoneBrace),
        ("{user", TemplateError::LoneBrace),
        ("user}", TemplateError::LoneBrace),
        ("{us{er}", TemplateError::LoneBrace),
        ("{user}}", TemplateError::LoneBrace),
        ("{}", unknown("")),
        ("{usr}", unknown("usr")),
        ("{User}", unknown("User")),
        ("{ user }", unknown(" user ")),
        ("{attribute.}", unknown("attribute.")),
        ("{groups.0}", unknown("groups.0")),
        ("{accesstoken}", unknown("accesstoken")),
        ("{claim.}", TemplateError::Claim(ClaimPathError::EmptyStep)),
        ("{claim.a..b}", TemplateError::Claim(ClaimPathError::EmptyStep)),
        ("a\r\nX-Admin: yes", TemplateError::Control),
        ("a\tb", TemplateError::Control),
    ];
    for (text, expected) in rows {
        assert_eq!(Template::parse(text).as_ref(), Err(expected), "{text}");
    }
}

#[test]
fn a_control_character_in_the_user_is_refused_in_every_encoding() {
    let evil = Person {
        user: "a\r\nX-Admin: yes".to_owned(),
        ..person()
    };
    let template = Template::parse("{user}").unwrap();
    for encoding in [
        Encoding::Raw,
        Encoding::Percent,
        Encoding::Base64,
        Encoding::Rfc2047,
        Encoding::Latin1,
    ] {
        let filled = template.fill(&evil, &Evidence::default(), None, encoding);
        assert_eq!(filled.map(|_| ()), Err(ControlInUser), "{encoding:?}");
    }
}

#[test]
fn what_an_encoding_cannot_say_is_no_header_and_is_noted() {
    let named = Person {
        name: Some("Łukasz".to_owned()),
        ..person()
    };
    let template = Template::parse("{name}").unwrap();
    let filled = template
        .fill(&named, &Evidence::default(), None, Encoding::Latin1)
        .unwrap();
    assert_eq!((filled.value, filled.left_out), (None, true));
}

#[test]
fn id_token_and_access_token_are_tokens() {
    assert!(Template::parse("x {access_token}").unwrap().holds_token());
    assert!(
        Template::parse("x {access_token}")
            .unwrap()
            .holds_access_token()
    );
    assert!(
        !Template::parse("x {id_token}")
            .unwrap()
            .holds_access_token()
    );
    assert!(Template::parse("x {id_token}").unwrap().holds_token());
    assert!(
        !Template::parse("x {user} {{id_token}}")
            .unwrap()
            .holds_token()
    );
}
