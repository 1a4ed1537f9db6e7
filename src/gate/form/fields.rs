//! The fields of a form, read so that a browser writes the same bytes again.
//!
//! Owns the three encodings of HTML 4.10.21.5 to 4.10.21.8, backwards. A body is taken only if
//! writing its fields the way a browser does gives exactly that body: whatever
//! a browser would not have written so, or would write differently from a page
//! in UTF-8, is not kept, rather than kept changed. A lenient parser would not
//! do. Must not know where fields come from or go.

use std::fmt::Write as _;

use serde_json::{Value, json};
use url::form_urlencoded;

/// How a form is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enctype {
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `text/plain`.
    Plain,
    /// `multipart/form-data`, with its boundary.
    Multipart(String),
}

/// A field. Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Field {
    /// A name with its value.
    Text(String, String),
    /// A file input in which no file was chosen.
    NoFile(String),
}

/// Why a body is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// There is a file in it.
    #[error("the form holds a file")]
    File,
    /// A browser would not write it like this.
    #[error("the form would not be the same again")]
    NotTheSame,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Field([redacted])")
    }
}

impl Enctype {
    /// From a `Content-Type` as browsers write it: no parameter but the boundary.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        match content_type {
            "application/x-www-form-urlencoded" => Some(Self::UrlEncoded),
            "text/plain" => Some(Self::Plain),
            other => {
                let boundary = other.strip_prefix("multipart/form-data; boundary=")?;
                let legal = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
                let fits = (1..=70).contains(&boundary.len()) && boundary.bytes().all(legal);
                fits.then(|| Self::Multipart(boundary.to_owned()))
            }
        }
    }

    /// As the `enctype` of a form.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::UrlEncoded => "application/x-www-form-urlencoded",
            Self::Plain => "text/plain",
            Self::Multipart(_) => "multipart/form-data",
        }
    }
}

/// The fields of a body.
///
/// # Errors
/// See [`FieldsError`].
pub fn read(enctype: &Enctype, body: &[u8]) -> Result<Vec<Field>, FieldsError> {
    let text = std::str::from_utf8(body).map_err(|_| FieldsError::NotTheSame)?;
    let fields = match enctype {
        Enctype::UrlEncoded => url_encoded(text),
        Enctype::Plain => plain(text),
        Enctype::Multipart(boundary) => multipart(text, boundary)?,
    };
    let fields = fields.ok_or(FieldsError::NotTheSame)?;
    let same = fields.iter().all(survives_a_browser) && write(enctype, &fields) == text;
    same.then_some(fields).ok_or(FieldsError::NotTheSame)
}

/// For the page's script: `[name, value]`, or `[name]` for a file input. No
/// control character in it is one that a page would not show.
pub(super) fn to_json(fields: &[Field]) -> String {
    let fields = fields.iter().map(|field| match field {
        Field::Text(name, value) => json!([name, value]),
        Field::NoFile(name) => json!([name]),
    });
    let mut out = String::new();
    for c in Value::Array(fields.collect()).to_string().chars() {
        match c.is_control() {
            true => push(&mut out, format_args!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

fn url_encoded(text: &str) -> Option<Vec<Field>> {
    let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
    Some(
        pairs
            .map(|(name, value)| Field::Text(name, value))
            .collect(),
    )
}

/// A name may hold no line break and no `=` here, though a form's may: which of
/// the possible readings is taken does not matter, since all give the same bytes.
fn plain(text: &str) -> Option<Vec<Field>> {
    let mut fields: Vec<Field> = Vec::new();
    for line in text.split_inclusive("\r\n") {
        let line = line.strip_suffix("\r\n")?;
        match (line.split_once('='), fields.last_mut()) {
            (Some((name, value)), _) if !name.is_empty() => {
                fields.push(Field::Text(name.to_owned(), value.to_owned()));
            }
            // The next line of a value.
            (_, Some(Field::Text(_, value))) => {
                value.push_str("\r\n");
                value.push_str(line);
            }
            _ => return None,
        }
    }
    Some(fields)
}

/// RFC 7578 as HTML 4.10.21.8 narrows it.
fn multipart(text: &str, boundary: &str) -> Result<Option<Vec<Field>>, FieldsError> {
    let framed = format!("\r\n{text}");
    let delimiter = format!("\r\n--{boundary}");
    let parts: Vec<_> = framed.split(delimiter.as_str()).collect();
    let ["", parts @ .., "--\r\n"] = parts.as_slice() else {
        return Ok(None);
    };
    let mut fields = Vec::new();
    for part in parts {
        let Some((head, content)) = part.split_once("\r\n\r\n") else {
            return Ok(None);
        };
        let Some(rest) = head.strip_prefix("\r\nContent-Disposition: form-data; name=\"") else {
            return Ok(None);
        };
        let Some((name, rest)) = rest.split_once('"') else {
            return Ok(None);
        };
        let name = name
            .replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%22", "\"");
        fields.push(match rest {
            "" => Field::Text(name, content.to_owned()),
            NO_FILE if content.is_empty() => Field::NoFile(name),
            file if file.starts_with("; filename=") => return Err(FieldsError::File),
            _ => return Ok(None),
        });
    }
    Ok(Some(fields))
}

/// What follows the name of a file input in which no file was chosen.
const NO_FILE: &str = "; filename=\"\"\r\nContent-Type: application/octet-stream";

/// What a browser sends of such fields.
fn write(enctype: &Enctype, fields: &[Field]) -> String {
    let mut out = String::new();
    match enctype {
        Enctype::UrlEncoded => {
            let mut writer = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields.iter().map(pair) {
                writer.append_pair(name, value);
            }
            out = writer.finish();
        }
        Enctype::Plain => {
            for (name, value) in fields.iter().map(pair) {
                push(&mut out, format_args!("{name}={value}\r\n"));
            }
        }
        Enctype::Multipart(boundary) => {
            for field in fields {
                let (name, value) = pair(field);
                let name = name
                    .replace('\r', "%0D")
                    .replace('\n', "%0A")
                    .replace('"', "%22");
                let file = match field {
                    Field::Text(..) => "",
                    Field::NoFile(_) => NO_FILE,
                };
                push(
                    &mut out,
                    format_args!(
                        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
                    ),
                );
            }
            push(&mut out, format_args!("--{boundary}--\r\n"));
        }
    }
    out
}

fn pair(field: &Field) -> (&str, &str) {
    match field {
        Field::Text(name, value) => (name, value),
        Field::NoFile(name) => (name, ""),
    }
}

/// Browsers leave fields without a name out, make every line break CR LF, and
/// fill `_charset_` themselves (HTML 4.10.21.4 and 4.10.21.5).
fn survives_a_browser(field: &Field) -> bool {
    let (name, value) = pair(field);
    let whole_breaks = |text: &str| !text.replace("\r\n", "").contains(['\r', '\n']);
    let is_charset = name.eq_ignore_ascii_case("_charset_");
    !name.is_empty()
        && whole_breaks(name)
        && whole_breaks(value)
        && (!is_charset || (value == "UTF-8" && matches!(field, Field::Text(..))))
}

/// Writing to a `String` cannot fail.
fn push(text: &mut String, args: std::fmt::Arguments<'_>) {
    if text.write_fmt(args).is_err() {
        text.clear();
    }
}

#[cfg(test)]
mod tests;
