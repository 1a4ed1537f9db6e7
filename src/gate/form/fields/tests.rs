//! Bodies as browsers write them, and all that is not quite one.

use super::*;
use crate::gate::tests::support::Dice;

const B: &str = "----WebKitFormBoundaryx7Gd2";

fn boundary() -> Enctype {
    Enctype::Multipart(B.to_owned())
}

fn text(name: &str, value: &str) -> Field {
    Field::Text(name.to_owned(), value.to_owned())
}

fn part(head: &str, content: &str) -> String {
    format!("--{B}\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}\r\n")
}

fn whole(parts: &[String]) -> String {
    format!("{}--{B}--\r\n", parts.concat())
}

#[test]
fn a_content_type_is_taken_as_browsers_write_it() {
    for (written, enctype) in [
        ("application/x-www-form-urlencoded", Enctype::UrlEncoded),
        ("text/plain", Enctype::Plain),
        (
            "multipart/form-data; boundary=----WebKitFormBoundaryx7Gd2",
            boundary(),
        ),
    ] {
        assert_eq!(Enctype::of(written), Some(enctype));
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    for other in [
        "",
        "application/json",
        "application/x-www-form-urlencoded; charset=windows-1252",
        "Application/X-WWW-Form-Urlencoded",
        "text/plain;charset=UTF-8",
        "text/html",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a\"",
        "multipart/form-data; boundary=a; charset=utf-8",
        "multipart/form-data; charset=utf-8; boundary=a",
        &long,
    ] {
        assert_eq!(Enctype::of(other), None, "{other}");
    }
}

#[test]
fn what_a_browser_writes_is_read_in_order_with_doubles_and_empties() {
    for (enctype, body, fields) in [
        (Enctype::UrlEncoded, String::new(), vec![]),
        (
            Enctype::UrlEncoded,
            "a=1&b=&a=2+3&%C3%A9=%E2%82%AC%26%3D&t=one%0D%0Atwo&n=%00&x=*-._%7E".to_owned(),
            vec![
                text("a", "1"),
                text("b", ""),
                text("a", "2 3"),
                text("é", "€&="),
                text("t", "one\r\ntwo"),
                text("n", "\0"),
                text("x", "*-._~"),
            ],
        ),
        (
            Enctype::UrlEncoded,
            "_charset_=UTF-8&a=1".to_owned(),
            vec![text("_charset_", "UTF-8"), text("a", "1")],
        ),
        (Enctype::Plain, String::new(), vec![]),
        (
            Enctype::Plain,
            "a=1\r\nb=\r\na=é & = more\r\nt=one\r\ntwo\r\n\r\n=three\r\nz=\r\n".to_owned(),
            vec![
                text("a", "1"),
                text("b", ""),
                text("a", "é & = more"),
                text("t", "one\r\ntwo\r\n\r\n=three"),
                text("z", ""),
            ],
        ),
        (boundary(), whole(&[]), vec![]),
        (
            boundary(),
            whole(&[
                part("\"a\"", "1"),
                part("\"b\"", ""),
                part("\"a\"", "é\r\n\r\n--x\r\n"),
                part("\"q%22%0D%0Ar\"", "\""),
                part(
                    "\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream",
                    "",
                ),
            ]),
            vec![
                text("a", "1"),
                text("b", ""),
                text("a", "é\r\n\r\n--x\r\n"),
                text("q\"\r\nr", "\""),
                Field::NoFile("f".to_owned()),
            ],
        ),
    ] {
        assert!(read(&enctype, body.as_bytes()) == Ok(fields), "{body}");
    }
}

#[test]
fn a_file_is_not_kept() {
    for head in [
        "\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain",
        "\"f\"; filename=\"a.txt\"\r\nContent-Type: application/octet-stream",
        "\"f\"; filename=\"\"\r\nContent-Type: text/plain",
        "\"f\"; filename=\"\"",
    ] {
        for content in ["", "content"] {
            let body = whole(&[part("\"a\"", "1"), part(head, content)]);
            let why = read(&boundary(), body.as_bytes()).unwrap_err();
            assert_eq!(why, FieldsError::File, "{head}");
        }
    }
}

#[test]
fn what_would_not_be_the_same_again_is_not_kept() {
    let url_encoded = [
        "a",
        "&",
        "a=1&",
        "&a=1",
        "a=1&&b=2",
        "=",
        "=1",
        "a=%zz",
        "a=%2",
        "a=%61",
        "a=é",
        "a=%20",
        "a=%c3%a9",
        "a=%E9",
        "a=%0A",
        "a=%0D",
        "a=%0D%0A%0A",
        "%0A=1",
        "a=1;b=2",
        "a=b=c",
        "a=~",
        "_charset_=",
        "_charset_=windows-1252",
        "_CHARSET_=x",
        "a=1\r\n",
    ];
    for body in url_encoded {
        assert!(
            read(&Enctype::UrlEncoded, body.as_bytes()).is_err(),
            "{body}"
        );
    }
    for body in [
        "a",
        "a=1",
        "a=1\n",
        "\r\n",
        "=1\r\n",
        "a\r\nb=1\r\n",
        "a=1\r\nb=2",
        "a=1\nb=2\r\n",
        "a=\r1\r\n",
        "_charset_=x\r\n",
    ] {
        assert!(read(&Enctype::Plain, body.as_bytes()).is_err(), "{body:?}");
    }
    let good = part("\"a\"", "1");
    for body in [
        String::new(),
        good.clone(),
        format!("{good}--{B}--"),
        format!("preamble\r\n{}", whole(std::slice::from_ref(&good))),
        format!("\r\n{}", whole(std::slice::from_ref(&good))),
        format!("{}epilogue", whole(std::slice::from_ref(&good))),
        whole(std::slice::from_ref(&good)).replace(B, "another"),
        whole(std::slice::from_ref(&good)).replace("\r\n", "\n"),
        whole(&[part("\"\"", "1")]),
        whole(&[part("a", "1")]),
        whole(&[part("\"a\"; x=\"y\"", "1")]),
        whole(&[part("\"a\"\r\nContent-Type: text/plain", "1")]),
        whole(&[part("\"a\"\r\nX-More: 1", "1")]),
        whole(&[part("\"a\"", "one\ntwo")]),
        whole(&[part("\"a%0Ab\"", "1")]),
        whole(&[part("\"a\nb\"", "1")]),
        whole(&[part("\"_charset_\"", "x")]),
        whole(std::slice::from_ref(&good)).replace("form-data", "Form-Data"),
        whole(std::slice::from_ref(&good)).replace("Content-D", "content-d"),
    ] {
        assert!(read(&boundary(), body.as_bytes()).is_err(), "{body:?}");
    }
    for enctype in [Enctype::UrlEncoded, Enctype::Plain, boundary()] {
        assert!(read(&enctype, b"a=\xe9\r\n").is_err());
    }
}

#[test]
fn whatever_is_kept_is_written_the_same_again() {
    let mut dice = Dice::new(77);
    let pieces = [
        "a",
        "=",
        "&",
        "%",
        "%22",
        "%0D%0A",
        "\r\n",
        "\n",
        "\r",
        "é",
        "+",
        " ",
        "\"",
        "\0",
        "--",
        B,
        "\r\n--",
        "Content-Disposition: form-data; name=\"",
        "\r\n\r\n",
        "_charset_",
        "filename=\"\"",
        ";",
        "\u{85}",
        "%C3%A9",
    ];
    let mut kept = 0;
    for _ in 0..20_000 {
        let mut make = |most| {
            let count = dice.below(most);
            (0..count).map(|_| *dice.pick(&pieces)).collect::<String>()
        };
        let fields = vec![text(&make(3), &make(5)), text(&make(2), &make(3))];
        let noise = make(9);
        for enctype in [Enctype::UrlEncoded, Enctype::Plain, boundary()] {
            for body in [&write(&enctype, &fields), &noise] {
                if let Ok(read) = read(&enctype, body.as_bytes()) {
                    assert_eq!(&write(&enctype, &read), body, "{enctype:?}");
                    assert!(read.iter().all(survives_a_browser));
                    kept += 1;
                }
            }
        }
        // Where the encoding leaves no doubt, the fields are the same too.
        if fields.iter().all(survives_a_browser) {
            let body = write(&Enctype::UrlEncoded, &fields);
            assert!(read(&Enctype::UrlEncoded, body.as_bytes()) == Ok(fields));
        }
    }
    assert!(kept > 5_000, "{kept}");
}

#[test]
fn the_page_gets_json_that_holds_no_control_character() {
    let fields = [
        text("a\"b", "<script>\r\n\u{0}\u{7f}\u{85}é\u{2028}"),
        Field::NoFile("f".to_owned()),
    ];
    let json = to_json(&fields);
    assert!(!json.chars().any(char::is_control), "{json}");
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        read,
        json!([["a\"b", "<script>\r\n\u{0}\u{7f}\u{85}é\u{2028}"], ["f"]])
    );
    assert!(!format!("{fields:?}").contains("script"));
}
