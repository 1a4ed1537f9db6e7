//! A person without a browser: headers and cookies as a browser sends them, links and forms, and each
//! redirect as a step of its own.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::html::{Click, Page, form_encode};
use super::records;
use super::wire::{Response, raw_request};

/// More redirects than any login needs.
const LONGEST_CHAIN: usize = 20;

#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

#[derive(Clone, Default)]
pub(crate) struct Browser {
    /// What relative URLs are relative to.
    origin: String,
    /// Where hosts are that no name service knows.
    hosts: HashMap<String, SocketAddr>,
    jar: Vec<Cookie>,
    /// Who caused the navigation under way: `None` is the person, typing.
    initiator: Option<String>,
    /// Status and URL of all answers so far.
    pub(crate) trail: Vec<(u16, String)>,
}

impl Browser {
    /// A browser whose relative URLs are those of `origin`, which is served at `address`.
    pub(crate) fn new(origin: &str, address: SocketAddr) -> Self {
        let host = url::Url::parse(origin).expect("an origin");
        let host = authority(&host);
        Self {
            origin: origin.to_owned(),
            hosts: HashMap::from([(host, address)]),
            ..Self::default()
        }
    }

    /// Where a host (with its port) is that nobody listens for under its own name.
    pub(crate) fn knows(&mut self, host: &str, address: SocketAddr) {
        self.hosts.insert(host.to_owned(), address);
    }

    /// The same person at another instance that serves the origin.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        let mut copy = self.clone();
        for known in copy.hosts.values_mut() {
            *known = address;
        }
        copy
    }

    /// From now on, relative URLs are those of this origin.
    pub(crate) fn move_to(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    /// Takes over the cookies of an answer of the app's origin.
    pub(crate) fn take_in(&mut self, response: &Response) {
        self.remember(&self.absolute("/"), response);
    }

    /// Whether a session cookie of Vestibule is in the jar.
    pub(crate) fn has_session(&self) -> bool {
        let names = self.cookie_names();
        names
            .iter()
            .any(|name| *name == "vestibule" || name.starts_with("vestibule."))
    }

    /// A URL typed by the person.
    pub(crate) fn get(&mut self, url: &str) -> Response {
        self.initiator = None;
        self.navigate("GET", url, b"", None)
    }

    /// A call by a script of the app.
    pub(crate) fn script(&mut self, method: &str, url: &str) -> Response {
        let headers = [
            ("Accept", "*/*"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ];
        self.send(method, url, &headers, b"")
    }

    /// A form of the app.
    pub(crate) fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Response {
        self.initiator = Some(self.origin.clone());
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.navigate("POST", url, form_encode(&fields).as_bytes(), Some(FORM))
    }

    /// The next step of a redirect.
    pub(crate) fn follow(&mut self, response: &Response) -> Response {
        let target = beside(response, &response.location());
        self.navigate("GET", &target, b"", None)
    }

    /// A typed URL and all redirects from there.
    pub(crate) fn arrive(&mut self, url: &str) -> Response {
        let first = self.get(url);
        self.finish(first)
    }

    /// All redirects that remain.
    pub(crate) fn finish(&mut self, mut response: Response) -> Response {
        for _ in 0..LONGEST_CHAIN {
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return response;
            }
            response = self.follow(&response);
        }
        panic!("redirected without end: {:?}", self.trail);
    }

    /// Clicks an element of a page (or its first submit button) after filling fields.
    pub(crate) fn click(
        &mut self,
        page: &Response,
        id: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Response {
        let click = Page::parse(&page.html())
            .click(id, fields)
            .unwrap_or_else(|| panic!("no {id:?} to click at {}:\n{}", page.url, page.text()));
        let base = url::Url::parse(&page.url).expect("the page's URL");
        self.initiator = Some(base.origin().ascii_serialization());
        let absolute = |target: &str| base.join(target).expect("a link").to_string();
        match click {
            Click::Get(target) => self.navigate("GET", &absolute(&target), b"", None),
            Click::Post(target, data) => {
                let body = form_encode(&data);
                self.navigate("POST", &absolute(&target), body.as_bytes(), Some(FORM))
            }
        }
    }

    /// Clicks the link with that text.
    pub(crate) fn click_link(&mut self, page: &Response, text: &str) -> Response {
        let html = page.html();
        let href = html
            .split("<a ")
            .find(|tag| tag.contains(&format!(">{text}</a>")))
            .and_then(|tag| tag.split("href=\"").nth(1)?.split('"').next())
            .unwrap_or_else(|| panic!("no link {text:?} at {}:\n{html}", page.url));
        let base = url::Url::parse(&page.url).expect("the page's URL");
        self.initiator = Some(base.origin().ascii_serialization());
        let target = base.join(&href.replace("&amp;", "&")).expect("a link");
        self.navigate("GET", target.as_str(), b"", None)
    }

    /// From a page of the app to the emulator's login page, through it, and back to the app.
    pub(crate) fn sign_in(&mut self, url: &str, username: &str, password: &str) -> Response {
        let login = self.arrive(url);
        self.submit_login(&login, username, password)
    }

    /// Fills the emulator's login page, and follows the way back.
    pub(crate) fn submit_login(
        &mut self,
        login: &Response,
        username: &str,
        password: &str,
    ) -> Response {
        let fields = [("username", username), ("password", password)];
        let answer = self.click(login, Some("signIn"), &fields);
        self.finish(answer)
    }

    /// The same through the Entra tenant behind the pool, by the picker button `user`.
    pub(crate) fn sign_in_by_entra(&mut self, url: &str, user: &str) -> Response {
        let login = self.arrive(url);
        let answer = self.click(&login, Some("idp-entra"), &[]);
        let picker = self.finish(answer);
        let answer = self.click(&picker, Some(user), &[]);
        self.finish(answer)
    }

    /// The same through the second pool behind the pool.
    pub(crate) fn sign_in_by_pool2(
        &mut self,
        url: &str,
        username: &str,
        password: &str,
    ) -> Response {
        let login = self.arrive(url);
        let answer = self.click(&login, Some("idp-Pool2"), &[]);
        let second = self.finish(answer);
        self.submit_login(&second, username, password)
    }

    /// A request with these headers, the cookies that belong to it, and nothing else.
    pub(crate) fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let url = self.absolute(url);
        let address = self.address(&url);
        let mut head = format!(
            "{method} {} HTTP/1.1\r\n",
            &url[url::Position::BeforePath..url::Position::AfterQuery]
        );
        head += &format!("Host: {}\r\n", authority(&url));
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(cookies) = self.cookie_header(&url) {
            head += &format!("Cookie: {cookies}\r\n");
        }
        if !body.is_empty() || matches!(method, "POST" | "PUT") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(body);
        let mut response = raw_request(address, bytes);
        response.url = url.to_string();
        self.trail.push((response.status, response.url.clone()));
        self.remember(&url, &response);
        response
    }

    /// The value of a cookie of the app's host.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let host = self.absolute("/").host_str().unwrap_or("").to_owned();
        self.jar
            .iter()
            .find(|cookie| cookie.name == name && cookie.host == host)
            .map(|cookie| cookie.value.as_str())
    }

    /// Names of all cookies of the app's host.
    pub(crate) fn cookie_names(&self) -> Vec<&str> {
        let host = self.absolute("/").host_str().unwrap_or("").to_owned();
        let mine = self.jar.iter().filter(|cookie| cookie.host == host);
        mine.map(|cookie| cookie.name.as_str()).collect()
    }

    /// Puts a cookie of the app's host into the jar.
    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        let host = self.absolute("/").host_str().unwrap_or("").to_owned();
        self.store(Cookie {
            host,
            path: "/".to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    /// Takes cookies of the app's host out of the jar.
    pub(crate) fn lose(&mut self, is_lost: impl Fn(&str) -> bool) {
        let host = self.absolute("/").host_str().unwrap_or("").to_owned();
        self.jar
            .retain(|cookie| cookie.host != host || !is_lost(&cookie.name));
    }

    /// What the jar would send to the app, as the Cookie header.
    pub(crate) fn app_cookies(&self) -> String {
        self.cookie_header(&self.absolute("/")).unwrap_or_default()
    }

    fn navigate(
        &mut self,
        method: &str,
        url: &str,
        body: &[u8],
        content_type: Option<&str>,
    ) -> Response {
        let target = self.absolute(url).origin().ascii_serialization();
        let site = match &self.initiator {
            None => "none",
            Some(origin) if *origin == target => "same-origin",
            Some(_) => "cross-site",
        };
        let mut headers = vec![
            ("User-Agent", "Mozilla/5.0 (suite)"),
            (
                "Accept",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            ),
            ("Sec-Fetch-Site", site),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-User", "?1"),
            ("Sec-Fetch-Dest", "document"),
        ];
        let origin = self.initiator.clone();
        if let (Some(kind), Some(origin)) = (content_type, &origin) {
            headers.push(("Content-Type", kind));
            headers.push(("Origin", origin));
        }
        let response = self.send(method, url, &headers, body);
        // Without scripts, as this person is, such a page is left at once.
        match onward(&response) {
            Some(onward) => {
                self.initiator = Some(target);
                self.navigate("GET", &beside(&response, &onward), b"", None)
            }
            None => response,
        }
    }

    fn absolute(&self, url: &str) -> url::Url {
        let base = url::Url::parse(&self.origin).expect("the app's origin");
        base.join(url)
            .unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    fn address(&self, url: &url::Url) -> SocketAddr {
        let host = authority(url);
        if let Some(address) = self.hosts.get(&host) {
            return *address;
        }
        // RFC 6761 6.3: what is below `localhost` is this machine.
        let local = match url.host_str().unwrap_or("") {
            name if name == "localhost" || name.ends_with(".localhost") => {
                host.replace(name, "127.0.0.1")
            }
            _ => host,
        };
        local
            .parse()
            .unwrap_or_else(|_| panic!("{url} is not on this machine"))
    }

    /// Takes over the cookies of an answer, and remembers what no log may hold.
    fn remember(&mut self, url: &url::Url, response: &Response) {
        if response.header("location").is_some() {
            records::secrets_of_url(&response.location());
        }
        for line in response.all("set-cookie") {
            let mut parts = line.split(';').map(str::trim);
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .unwrap_or((line, ""));
            records::secret("cookie", value);
            let mut cookie = Cookie {
                host: url.host_str().unwrap_or("").to_owned(),
                path: "/".to_owned(),
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let mut gone = false;
            for part in parts {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                match key.to_ascii_lowercase().as_str() {
                    "path" => cookie.path = value.to_owned(),
                    "max-age" => gone = value.parse::<i64>().is_ok_and(|age| age <= 0),
                    "expires" => gone = gone || value.contains("1970"),
                    _ => {}
                }
            }
            self.jar.retain(|other| !cookie.replaces(other));
            if !gone {
                self.store(cookie);
            }
        }
    }

    fn store(&mut self, cookie: Cookie) {
        self.jar.retain(|other| !cookie.replaces(other));
        self.jar.push(cookie);
    }

    /// Cookies know hosts and paths, but no ports.
    fn cookie_header(&self, url: &url::Url) -> Option<String> {
        let pairs: Vec<String> = self
            .jar
            .iter()
            .filter(|cookie| Some(cookie.host.as_str()) == url.host_str())
            .filter(|cookie| {
                let path = url.path();
                path.strip_prefix(cookie.path.as_str()).is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('/') || cookie.path.ends_with('/')
                })
            })
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Cookie {
    fn replaces(&self, other: &Self) -> bool {
        (&self.host, &self.path, &self.name) == (&other.host, &other.path, &other.name)
    }
}

/// Where a page leads by itself (`<meta http-equiv="refresh">`).
pub(crate) fn onward(response: &Response) -> Option<String> {
    let is_page = response
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"));
    let page = is_page.then(|| Page::parse(&response.html()))?;
    let refresh = page
        .all("meta")
        .find(|tag| tag.get("http-equiv") == Some("refresh"))?;
    let onward = refresh.get("content")?.strip_prefix("0;url=")?;
    Some(onward.to_owned())
}

/// A URL as one that an answer holds: relative to where it came from.
fn beside(response: &Response, url: &str) -> String {
    let base = url::Url::parse(&response.url).expect("the answer's URL");
    let joined = base
        .join(url)
        .unwrap_or_else(|error| panic!("{url}: {error}"));
    joined.into()
}

/// Host and port as the Host header has them.
fn authority(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

const FORM: &str = "application/x-www-form-urlencoded";
