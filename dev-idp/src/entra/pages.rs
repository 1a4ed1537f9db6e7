//! HTML of the tenant.

use crate::http::Reply;
use crate::page::{Brand, escape, render};

use super::directory::Person;

/// One button per person: a click is the whole sign-in.
pub(super) fn picker(people: &[&Person], path: &str, raw_query: &str) -> String {
    let buttons: String = people
        .iter()
        .map(|person| {
            format!(
                "<button name=\"user\" value=\"{slug}\" id=\"user-{slug}\"><b>{name}</b>\
                 <small>{upn}</small><small>{note}</small></button>\n",
                slug = escape(&person.slug),
                name = escape(&person.name),
                upn = escape(&person.upn),
                note = escape(&note(person)),
            )
        })
        .collect();
    let body = format!(
        "<p>Choose who signs in. No password is asked for.</p>\n\
         <form method=\"post\" action=\"{}?{}\">\n<div class=\"people\">\n{buttons}</div>\n\
         <button class=\"quiet\" name=\"cancel\" value=\"1\" id=\"cancel\">Cancel</button>\n</form>\n",
        escape(path),
        escape(raw_query),
    );
    render(Brand::Entra, "Pick an account", &body)
}

pub(super) fn error(text: &str) -> Reply {
    let body = format!(
        "<p class=\"alarm\" role=\"alert\">{}</p>\n<p>The application was not called back.</p>\n",
        escape(text)
    );
    Reply::html(
        400,
        render(Brand::Entra, "Sorry, we could not sign you in", &body),
    )
}

pub(super) fn signed_out() -> Reply {
    Reply::html(
        200,
        render(
            Brand::Entra,
            "You signed out of your account",
            "<p>It is a good idea to close all browser windows.</p>\n",
        ),
    )
}

/// What is special about a person, for whoever tests.
fn note(person: &Person) -> String {
    let mut parts = vec![match person.groups.len() {
        0 => "no groups".to_owned(),
        1 => "1 group".to_owned(),
        count => format!("{count} groups"),
    }];
    if person.is_guest() {
        parts.push("guest".to_owned());
    }
    if person.mail.is_none() {
        parts.push("no mail address".to_owned());
    }
    parts.join(", ")
}
