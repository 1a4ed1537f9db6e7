use super::{LOGO_MAX, Logo, LogoError, Look, OwnLook};
use crate::gate::page::colour::Colour;
use crate::gate::page::{Language, OwnTextError, Page, Phrasebook, Word};

#[test]
fn a_logo_is_a_picture_by_its_bytes() {
    for (bytes, kind) in [
        (&b"\x89PNG\r\n\x1a\n"[..], "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF89a", "gif"),
        (b"RIFF....WEBPVP8 ", "webp"),
        (b"<svg xmlns=\"x\"></svg>", "svg+xml"),
        (b"\n <?xml version=\"1.0\"?><svg/>", "svg+xml"),
        (b"<!-- made by --><svg/>", "svg+xml"),
    ] {
        let logo = Logo::new(bytes).unwrap();
        let start = format!("data:image/{kind};base64,");
        assert!(logo.url().starts_with(&start), "{kind}");
    }
    for bytes in [
        &b""[..],
        b"<html>",
        b"<!doctype html><p>",
        b"text",
        b"BM",
        b"\xff\xd8",
        b"RIFF....WAVE",
    ] {
        assert_eq!(Logo::new(bytes), Err(LogoError::Kind), "{bytes:?}");
    }
    let large = [b"GIF8".as_slice(), &vec![0; LOGO_MAX]].concat();
    assert_eq!(Logo::new(&large), Err(LogoError::TooLarge));
}

#[test]
fn logo_name_and_contact_stand_in_every_page_escaped() {
    let mut book = Phrasebook::built_in(Language::English);
    book.put("shared.contact", "<call> \"us\"").unwrap();
    let look = Look::new(OwnLook {
        organisation: Some("<B> & Söhne".to_owned()),
        logo: Some(Logo::new(b"GIF89a").unwrap()),
        books: vec![book],
        ..OwnLook::default()
    });
    let page = Page::new(Word::LogoutTitle);
    let html = page.render(&look, Language::English);
    assert!(html.contains("&lt;B&gt; &amp; Söhne</header>"), "{html}");
    assert!(html.contains("<img src=\"data:image/gif;base64,"), "{html}");
    assert!(
        html.contains("<footer>&lt;call&gt; &quot;us&quot;</footer>"),
        "{html}"
    );
    assert!(!html.contains("Vestibule"), "{html}");
    assert!(
        page.policy(&look).contains("; img-src data:;"),
        "{}",
        page.policy(&look)
    );
    // Another language has no such line.
    assert!(!page.render(&look, Language::German).contains("<footer>"));
    assert!(!page.policy(Look::built_in()).contains("img-src"));
}

#[test]
fn an_accent_is_in_the_one_style_sheet_with_what_can_be_read_on_it() {
    let own = OwnLook {
        accent: Some(Colour::parse("#ffd400").unwrap()),
        ..OwnLook::default()
    };
    let look = Look::new(own);
    assert!(
        look.style()
            .contains(":root{--act:#ffd400;--on-act:#000000}"),
        "{}",
        look.style()
    );
    let html = Page::new(Word::LogoutTitle).render(&look, Language::English);
    assert_eq!(html.matches("<style>").count(), 1);
    let policy = Page::new(Word::LogoutTitle).policy(&look);
    assert!(policy.contains(look.style_source()));
    assert_ne!(look.style_source(), Look::built_in().style_source());
}

#[test]
fn own_words_fill_the_places_that_there_are_and_no_others() {
    let mut book = Phrasebook::built_in(Language::German);
    assert_eq!(book.put("signed-out.title", "Tschüss"), Ok(()));
    assert_eq!(book.put("chooser.text", "Wie?"), Ok(()));
    assert_eq!(book.put("circles.open", "Zu {origin} und {origin}"), Ok(()));
    for (key, text, error) in [
        ("signed-out.titel", "x", OwnTextError::Unknown),
        ("signed-out.title", "{host}", OwnTextError::Place),
        ("chooser.text", "{hots}", OwnTextError::Place),
        ("chooser.text", "{host", OwnTextError::Place),
        ("chooser.text", "{}", OwnTextError::Place),
        (
            "signed-out.title",
            &"x".repeat(2_001),
            OwnTextError::TooLong,
        ),
    ] {
        assert_eq!(book.put(key, text), Err(error), "{key} {text:.20}");
    }
    let look = Look::new(OwnLook {
        books: vec![book],
        ..OwnLook::default()
    });
    let page = Page::new(Word::SignedOutTitle);
    assert!(
        page.render(&look, Language::German)
            .contains("<h1>Tschüss</h1>")
    );
    assert!(
        page.render(&look, Language::English)
            .contains("<h1>You are signed out</h1>")
    );
}
