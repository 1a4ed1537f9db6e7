//! Requests as a client sends them, and a browser's cookies.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::gate::request::RequestView;

/// A request, as a client sends it.
#[derive(Clone)]
pub(in crate::gate) struct Req {
    method: Method,
    target: String,
    headers: HeaderMap,
}

impl Req {
    pub(in crate::gate) fn new(method: Method, target: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("wiki.example.com"));
        Self {
            method,
            target: target.to_owned(),
            headers,
        }
    }

    /// A script's GET.
    pub(in crate::gate) fn get(target: &str) -> Self {
        Self::new(Method::GET, target)
    }

    /// A person's browser opens a page.
    pub(in crate::gate) fn open(target: &str) -> Self {
        Self::get(target).navigates()
    }

    pub(in crate::gate) fn navigates(self) -> Self {
        self.with("accept", "text/html,*/*;q=0.8")
            .with("sec-fetch-site", "none")
            .with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
    }

    /// The same to another target.
    pub(in crate::gate) fn to(self, target: &str) -> Self {
        Self {
            target: target.to_owned(),
            ..self
        }
    }

    /// One header more, beside those of the same name.
    pub(in crate::gate) fn and(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, value.parse().unwrap());
        self
    }

    /// The header, instead of those of the same name.
    pub(in crate::gate) fn with(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// The same with a value of any bytes that a header may hold.
    pub(in crate::gate) fn with_bytes(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value).unwrap();
        self.headers.insert(name, value);
        self
    }

    pub(in crate::gate) fn cookies(self, jar: &Jar) -> Self {
        if jar.0.is_empty() {
            return self;
        }
        self.with("cookie", &jar.header())
    }

    pub(in crate::gate) fn method(&self) -> &Method {
        &self.method
    }

    pub(in crate::gate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(in crate::gate) fn view(&self) -> RequestView<'_> {
        RequestView::new(&self.method, self.target.as_bytes(), None, &self.headers).unwrap()
    }
}

/// A browser's cookies of one origin.
#[derive(Clone, Default)]
pub(in crate::gate) struct Jar(pub(in crate::gate) BTreeMap<String, String>);

impl Jar {
    pub(in crate::gate) fn of(name: &str, value: &str) -> Self {
        Self(BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    pub(in crate::gate) fn take_in<'c>(&mut self, set: impl IntoIterator<Item = &'c str>) {
        for set_cookie in set {
            let (pair, attributes) = set_cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(in crate::gate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(in crate::gate) fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }
}

/// The provider sends the browser back with a code.
pub(in crate::gate) fn callback(state: &str) -> Req {
    callback_under("/_vestibule", state)
}

pub(super) fn callback_under(prefix: &str, state: &str) -> Req {
    Req::open(&format!("{prefix}/callback?code=the-code&state={state}"))
        .with("sec-fetch-site", "cross-site")
}
