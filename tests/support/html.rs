//! Just enough HTML for a person's next step: the links, forms and fields of our own and the emulator's
//! pages. Not a parser for the world's HTML.

/// A start tag with its attributes.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    /// Index of the form around it.
    form: Option<usize>,
}

impl Tag {
    /// An attribute, entities decoded.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a click does.
#[derive(Debug)]
pub(crate) enum Click {
    Get(String),
    Post(String, Vec<(String, String)>),
}

/// The tags of a page, in order.
pub(crate) struct Page {
    tags: Vec<Tag>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut tags = Vec::new();
        let (mut form, mut forms) = (None, 0);
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            rest = &rest[start + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let (name, attributes, after) = read_tag(rest);
            rest = after;
            match name.as_str() {
                "form" => {
                    form = Some(forms);
                    forms += 1;
                }
                "/form" => form = None,
                // What is inside is not HTML.
                "script" | "style" => {
                    let end = format!("</{name}");
                    rest = rest.find(&end).map_or("", |at| &rest[at..]);
                }
                _ => {}
            }
            tags.push(Tag {
                name,
                attributes,
                form,
            });
        }
        Self { tags }
    }

    /// The element with that id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.get("id") == Some(id))
    }

    /// All elements of that name.
    pub(crate) fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Tag> {
        self.tags.iter().filter(move |tag| tag.name == name)
    }

    /// Fills fields (by id or name), then clicks the element with the given id, or the page's first
    /// submit button.
    pub(crate) fn click(&self, id: Option<&str>, fields: &[(&str, &str)]) -> Option<Click> {
        let button = match id {
            Some(id) => self.by_id(id)?,
            None => self.tags.iter().find(|tag| {
                tag.form.is_some() && (tag.name == "button" || tag.get("type") == Some("submit"))
            })?,
        };
        if let Some(href) = button.get("href") {
            return Some(Click::Get(href.to_owned()));
        }
        let form = self
            .tags
            .iter()
            .find(|tag| tag.name == "form" && tag.form == button.form)?;
        let mut data = Vec::new();
        for tag in self.tags.iter().filter(|tag| tag.form == button.form) {
            let Some(name) = tag.get("name") else {
                continue;
            };
            let kind = tag.get("type").unwrap_or("text");
            let is_field = matches!(tag.name.as_str(), "input" | "select" | "textarea");
            let is_button = tag.name == "button" || kind == "submit";
            let is_off = matches!(kind, "checkbox" | "radio") && tag.get("checked").is_none();
            if is_off || (is_button && !std::ptr::eq(tag, button)) || !(is_field || is_button) {
                continue;
            }
            let filled = fields
                .iter()
                .find(|(key, _)| *key == name || tag.get("id") == Some(key))
                .map(|(_, value)| *value);
            let value = filled.or(tag.get("value")).unwrap_or("");
            data.push((name.to_owned(), value.to_owned()));
        }
        let action = form.get("action").unwrap_or("").to_owned();
        if form
            .get("method")
            .is_some_and(|method| method.eq_ignore_ascii_case("post"))
        {
            return Some(Click::Post(action, data));
        }
        Some(Click::Get(format!("{action}?{}", form_encode(&data))))
    }
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn form_encode(data: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(data)
        .finish()
}

/// Name, attributes and what follows the tag.
fn read_tag(text: &str) -> (String, Vec<(String, String)>, &str) {
    let end = text
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(text.len());
    let name = text[..end].trim_end_matches('/').to_ascii_lowercase();
    let mut rest = &text[end..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (name, attributes, after);
        }
        if rest.is_empty() {
            return (name, attributes, rest);
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
            .unwrap_or(rest.len())
            .max(1);
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(
                    after
                        .find(|c: char| c.is_whitespace() || c == '>')
                        .unwrap_or(after.len()),
                ),
            };
        }
        attributes.push((key, unescape(value)));
    }
}

/// The entities that escaping functions produce.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#x22;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
        .replace("&#38;", "&")
}
