//! A real chromium, steered through chromedriver. Each has a profile of its own.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use super::peers::free_port_of_both;
use super::process::Process;
use super::records;

/// Quiet, and without a call to anyone; the last two let it run as root and without a GPU.
const FLAGS: [&str; 10] = [
    "--headless",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1000,800",
    "--no-sandbox",
    "--disable-gpu",
];

/// How long a page may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long until it is looked at again.
const SOON: Duration = Duration::from_millis(20);

pub(crate) struct Chromium {
    pub(crate) client: Client,
    // Dropped in this order: first the driver, then its browser, then the profile.
    _driver: Process,
    profile: TempDir,
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// The same for a person who allows no cookies of an origin.
    pub(crate) async fn without_cookies_of(origin: &str) -> Self {
        let exceptions = json!({ format!("{origin},*"): { "setting": 2 } });
        let pref = "profile.content_settings.exceptions.cookies";
        Self::start_with(json!({ pref: exceptions })).await
    }

    /// The same for a person who reads another language.
    pub(crate) async fn speaking(language: &str) -> Self {
        let flag = format!("--accept-lang={language}");
        Self::start_as(&[flag], json!({ "intl.accept_languages": language })).await
    }

    async fn start_with(prefs: serde_json::Value) -> Self {
        Self::start_as(&[], prefs).await
    }

    async fn start_as(flags: &[String], prefs: serde_json::Value) -> Self {
        let profile = tempfile::tempdir().expect("a profile directory");
        // Left to choose, it takes one that is free by IPv6, and gives up where that is not free by IPv4.
        let port = free_port_of_both();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        let mut driver = Process::start(
            &mut command,
            profile.path(),
            &records::unique("chromedriver"),
        );
        let said = driver.stdout.clone();
        driver.wait_until("its start", || {
            fs::read_to_string(&said).is_ok_and(|said| said.contains("started successfully"))
        });

        let mut args: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        args.push(format!(
            "--user-data-dir={}",
            profile.path().join("profile").display()
        ));
        args.extend(flags.iter().cloned());
        let capabilities = json!({ "goog:chromeOptions": { "args": args, "prefs": prefs } });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        if let serde_json::Value::Object(capabilities) = capabilities {
            builder.capabilities(capabilities);
        }
        let client = builder
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| panic!("no browser: {error}\n{}", driver.output()));
        Self {
            client,
            _driver: driver,
            profile,
        }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The text of an element, as soon as it is there.
    pub(crate) async fn text(&self, css: &str) -> String {
        let started = Instant::now();
        loop {
            match self.find(css).await.text().await {
                Ok(text) => return text,
                Err(error) => self.is_found_again(css, started, &error).await,
            }
        }
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let started = Instant::now();
        while let Err(error) = self.find(css).await.send_keys(text).await {
            self.is_found_again(css, started, &error).await;
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        let started = Instant::now();
        while let Err(error) = self.find(css).await.click().await {
            self.is_found_again(css, started, &error).await;
        }
    }

    /// Clicks what leads to another page, and returns when this one has been left: the next may have
    /// elements of the same names.
    pub(crate) async fn follow(&self, css: &str) {
        let started = Instant::now();
        let link = loop {
            let link = self.find(css).await;
            match link.click().await {
                Ok(()) => break link,
                Err(error) => self.is_found_again(css, started, &error).await,
            }
        };
        while !link
            .tag_name()
            .await
            .is_err_and(|error| is_of_a_page_before(&error))
        {
            assert!(started.elapsed() < PATIENCE, "{css} leads nowhere");
            tokio::time::sleep(SOON).await;
        }
    }

    /// Returns if an element went with its page, nothing having been done to it; any other error is one.
    async fn is_found_again(&self, css: &str, started: Instant, error: &CmdError) {
        let in_time = started.elapsed() < PATIENCE;
        assert!(in_time && is_of_a_page_before(error), "{css}: {error}");
        tokio::time::sleep(SOON).await;
    }

    pub(crate) async fn url(&self) -> url::Url {
        self.client.current_url().await.expect("the page's URL")
    }

    /// Fills and sends the emulator's login page.
    pub(crate) async fn submit_login(&self, username: &str, password: &str) {
        self.fill("#username", username).await;
        self.fill("#password", password).await;
        self.follow("#signIn").await;
    }

    /// Comes to a path by way of the emulator's login page, or without it where the provider still
    /// knows the person. Pages that are left at once lie on the way.
    pub(crate) async fn sign_in_to(&self, path: &str, username: &str, password: &str) {
        let start = Instant::now();
        while self.url().await.path() != path {
            assert!(start.elapsed() < PATIENCE, "at {}", self.url().await);
            let form = self.client.find_all(Locator::Css("#signIn")).await;
            if form.is_ok_and(|found| !found.is_empty()) {
                self.submit_login(username, password).await;
                return self.await_path(path).await;
            }
            tokio::time::sleep(SOON).await;
        }
    }

    /// Keeps a picture of the page under `target/screenshots/`.
    pub(crate) async fn screenshot(&self, name: &str) {
        let dir = records::target_dir().join("screenshots");
        fs::create_dir_all(&dir).expect("the directory of screenshots");
        let picture = self.client.screenshot().await.expect("a screenshot");
        fs::write(dir.join(format!("{name}.png")), picture).expect("the screenshot's file");
    }

    /// Keeps pictures of the page as most people see it, in the dark, and on a phone.
    pub(crate) async fn screenshots(&self, name: &str) {
        self.screenshot(name).await;
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        self.command("Emulation.setEmulatedMedia", &dark).await;
        self.screenshot(&format!("{name}-dark")).await;
        let light = json!({ "features": [] });
        self.command("Emulation.setEmulatedMedia", &light).await;
        let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", &phone)
            .await;
        self.screenshot(&format!("{name}-360")).await;
        self.command("Emulation.clearDeviceMetricsOverride", &json!({}))
            .await;
    }

    /// Shows the page to somebody with a window of this width, in light or dark.
    pub(crate) async fn looks_like(&self, width: u32, scheme: &str) {
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.command("Emulation.setEmulatedMedia", &media).await;
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", &size)
            .await;
    }

    /// What a script returns, promises kept.
    pub(crate) async fn run(&self, script: &str) -> serde_json::Value {
        let done = self.client.execute(script, Vec::new()).await;
        done.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Presses the tab key, as somebody does who uses no mouse.
    pub(crate) async fn press_tab(&self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key =
                json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
            self.command("Input.dispatchKeyEvent", &key).await;
        }
    }

    /// A command of the DevTools protocol.
    async fn command(&self, name: &'static str, params: &serde_json::Value) {
        let done = self.client.issue_cmd(DevTools {
            body: json!({ "cmd": name, "params": params }).to_string(),
        });
        done.await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Waits until the page's path is this one.
    pub(crate) async fn await_path(&self, path: &str) {
        let start = Instant::now();
        while self.url().await.path() != path {
            assert!(
                start.elapsed() < PATIENCE,
                "at {} instead of {path}",
                self.url().await
            );
            tokio::time::sleep(SOON).await;
        }
    }

    /// Ends the browser in good order.
    pub(crate) async fn close(self) {
        let closed = self.client.clone().close().await;
        closed.expect("the end of the browser");
    }

    /// An element, as soon as it is there.
    pub(crate) async fn find(&self, css: &str) -> fantoccini::elements::Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => {
                self.screenshot(&records::unique("failed")).await;
                let page = self.client.source().await.unwrap_or_default();
                panic!("no {css} at {}: {error}\n{page}", self.url().await)
            }
        }
    }
}

impl Drop for Chromium {
    /// Ends the browser even if the test failed: its processes are known by the profile's unique path.
    fn drop(&mut self) {
        let profile = self.profile.path().to_string_lossy().into_owned();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        for process in processes {
            let pid = process.file_name().to_string_lossy().into_owned();
            let command_line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let is_ours = String::from_utf8_lossy(&command_line).contains(&profile);
            if is_ours && pid.parse::<u32>().is_ok() {
                let _status = Command::new("kill").args(["-s", "KILL", &pid]).status();
            }
        }
    }
}

fn is_of_a_page_before(error: &CmdError) -> bool {
    error.is_stale_element_reference() || error.is_no_such_element()
}

/// chromedriver's own way to the DevTools protocol.
#[derive(Debug)]
struct DevTools {
    body: String,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _request_url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.clone()))
    }
}
