use super::{FILE_MAX, TITLES, TemplateErrorKind, Templates, kinds};
use crate::gate::page::look::OwnLook;
use crate::gate::page::{Language, Look, Page, Word};

const FRAME: &str = "<!doctype html><html lang=\"{{ lang }}\"><head>{{ head }}</head>\
                     <body class=\"own-{{ kind }}\">{{ content }}<p>{{ organisation }}</p></body></html>";

fn new(
    files: &[(&str, &str)],
) -> Result<Templates, Vec<(String, Option<usize>, TemplateErrorKind)>> {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let errors = |errors: Vec<super::TemplateError>| {
        errors
            .into_iter()
            .map(|error| (error.file, error.line, error.kind))
            .collect()
    };
    Templates::new(files.collect(), Look::built_in()).map_err(errors)
}

fn look(files: &[(&str, &str)], organisation: &str) -> Look {
    Look::new(OwnLook {
        organisation: Some(organisation.to_owned()),
        templates: Some(new(files).unwrap()),
        ..OwnLook::default()
    })
}

#[test]
fn a_template_is_the_frame_and_what_is_ours_stays_as_it_is() {
    let evil = "<b>\"'&";
    let look = look(
        &[("page.html", FRAME), ("style.css", "body{color:red}")],
        evil,
    );
    let page = Page::new(Word::ForbiddenTitle).text(evil.to_owned());
    let html = page.render(&look, Language::German);
    assert!(
        html.contains("<html lang=\"de\">") && html.contains("own-forbidden"),
        "{html}"
    );
    assert!(html.contains("<h1>Kein Zugriff</h1>"), "{html}");
    // The operator's name, and the paragraph: both escaped.
    assert!(!html.contains("<b>"), "{html}");
    assert!(html.contains("&lt;b&gt;"), "{html}");
    let style = html
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    assert!(style.ends_with("body{color:red}"));
    assert!(
        page.policy(&look)
            .contains(&crate::gate::page::look::source_of(style))
    );
    assert!(!page.policy(&look).contains("unsafe"));
}

#[test]
fn one_page_has_its_own_template_before_that_of_all() {
    let other = FRAME.replace("own-", "other-");
    let look = look(&[("page.html", FRAME), ("logout.html", &other)], "X");
    let html = |title| Page::new(title).render(&look, Language::English);
    assert!(html(Word::LogoutTitle).contains("other-logout"));
    assert!(html(Word::SignedOutTitle).contains("own-signed-out"));
    // Without one of all pages, the others are as they come.
    let alone = look_of(&other);
    let html = Page::new(Word::SignedOutTitle).render(&alone, Language::English);
    assert!(html.contains("class=\"brand\""), "{html}");
}

fn look_of(logout: &str) -> Look {
    look(&[("logout.html", logout)], "X")
}

#[test]
fn parts_are_included_from_beside_and_from_nowhere_else() {
    let page = "{% extends \"_frame.html\" %}";
    assert!(new(&[("page.html", page), ("_frame.html", FRAME)]).is_ok());
    for elsewhere in ["_frame.html", "../secret", "/etc/passwd", "page2.html"] {
        let page = format!("{FRAME}{{% include \"{elsewhere}\" %}}");
        let errors = new(&[("page.html", &page)]).unwrap_err();
        assert!(
            matches!(errors[0].2, TemplateErrorKind::Template(_)),
            "{elsewhere}: {errors:?}"
        );
    }
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let errors = new(&[("page.html", "<p>\n{% if %}")]).unwrap_err();
    assert_eq!((errors[0].0.as_str(), errors[0].1), ("page.html", Some(2)));
    // A name that nothing fills, one of a value too.
    for missing in [
        "{{ nmae }}",
        "{{ title.x.y }}",
        "{% for x in nothing %}{% endfor %}",
    ] {
        let text = format!("{FRAME}\n\n{missing}");
        let errors = new(&[("page.html", &text)]).unwrap_err();
        assert_eq!(
            (errors[0].0.as_str(), errors[0].1),
            ("page.html", Some(3)),
            "{missing}"
        );
        assert_eq!(errors.len(), 1, "the same thing is told once: {errors:?}");
    }
}

#[test]
fn a_template_that_would_not_work_under_our_policy_is_refused() {
    use TemplateErrorKind::{Forbidden, LeavesOut};
    let kind = |text: &str| new(&[("page.html", text)]).unwrap_err().remove(0).2;
    assert_eq!(kind("{{ head }}"), LeavesOut("content"));
    assert_eq!(kind("{{ content }}"), LeavesOut("head"));
    assert_eq!(
        kind("{{ head }}{{ content }}{{ content }}"),
        LeavesOut("content")
    );
    assert_eq!(kind("{{ head }}{{ content|upper }}"), LeavesOut("content"));
    assert_eq!(
        kind("{{ head|escape|upper }}{{ content }}"),
        LeavesOut("head")
    );
    for (more, word) in [
        ("<script>alert(1)</script>", "<script"),
        ("<SCRIPT src=x>", "<script"),
        ("<style>p{}</style>", "<style"),
        ("<link rel=stylesheet href=x>", "<link"),
        ("<iframe src=x>", "<iframe"),
        ("<base href=x>", "<base"),
        ("<meta http-equiv=refresh content=0>", "<meta"),
        ("<p style=\"color:red\">", "style="),
        ("<p\nstyle='x'>", "style="),
        ("<img onerror=\"x\">", "on"),
        ("<svg/onload=x>", "on"),
        ("<a href=\"javascript:x\">", "javascript:"),
    ] {
        assert_eq!(kind(&format!("{FRAME}{more}")), Forbidden(word), "{more}");
    }
    let text = format!("{FRAME}{{{{ paragraphs|join(\"\")|safe }}}}");
    assert_eq!(kind(&text), TemplateErrorKind::Unescaped);
    // Words of a text are none of that.
    let text = format!("{FRAME}<p class=\"on\">Sign on = well, by style</p>");
    assert!(new(&[("page.html", &text)]).is_ok());
}

#[test]
fn work_and_size_have_an_end() {
    for endless in [
        "{% for a in range(9000) %}{% for b in range(9000) %}{{ b }}{% endfor %}{% endfor %}",
        "{% include \"page.html\" %}",
    ] {
        let text = format!("{FRAME}{endless}");
        assert!(new(&[("page.html", &text)]).is_err(), "{endless}");
    }
    let long = format!("{FRAME}{}", "x".repeat(FILE_MAX));
    let errors = new(&[("page.html", &long)]).unwrap_err();
    assert_eq!(errors[0].2, TemplateErrorKind::FileTooLong);
    let long = format!("{FRAME}{{{{ \"x\" * 600000 }}}}");
    let errors = new(&[("page.html", &long)]).unwrap_err();
    assert_eq!(errors[0].2, TemplateErrorKind::TooMuch);
    // These would take the memory of the machine before any bound is asked.
    for filter in ["\"a\"|indent(2000000000)", "\"%0999999999d\"|format(1)"] {
        let text = format!("{FRAME}{{{{ {filter} }}}}");
        assert!(new(&[("page.html", &text)]).is_err(), "{filter}");
    }
}

#[test]
fn only_names_that_mean_something_are_files_of_templates() {
    for name in [
        "sign-out.html",
        "page.txt",
        "readme.md",
        "Page.html",
        ".html",
    ] {
        let errors = new(&[("page.html", FRAME), (name, FRAME)]).unwrap_err();
        assert_eq!(
            errors,
            [(name.to_owned(), None, TemplateErrorKind::Name)],
            "{name}"
        );
    }
    let errors = new(&[("style.css", "</style><script>")]).unwrap_err();
    assert_eq!(errors[0].2, TemplateErrorKind::Style);
}

#[test]
fn a_template_that_fails_later_leaves_the_page_as_it_comes() {
    // What no sample has: a title that is not there at all.
    let text = format!("{FRAME}{{% if title == 'Sign in' %}}{{{{ nothing.at.all }}}}{{% endif %}}");
    let errors = new(&[("page.html", &text)]).unwrap_err();
    assert_eq!(errors.len(), 1);
    let text =
        format!("{FRAME}{{% if paragraphs[0] == 'bad' %}}{{{{ nothing.at.all }}}}{{% endif %}}");
    let look = look(&[("page.html", &text)], "X");
    let page = Page::new(Word::LogoutTitle).text("bad".to_owned());
    let html = page.render(&look, Language::English);
    assert!(
        html.contains("class=\"brand\"") && html.contains("<h1>Sign out?</h1>"),
        "{html}"
    );
}

#[test]
fn every_page_has_a_sort_and_a_sample() {
    use crate::gate::page::words::KEYS;
    let titles = KEYS.iter().filter_map(|key| key.strip_suffix(".title"));
    for kind in titles {
        assert!(kinds().any(|known| known == kind), "{kind}");
    }
    let mut all: Vec<_> = kinds().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), TITLES.len());
}
