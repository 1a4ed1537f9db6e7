//! An issuer whose keys are the test's own: it publishes what the test says, signs nothing by itself, and
//! counts how often it is asked.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::wire;

/// What the next question for keys is answered with.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) status: u16,
    pub(crate) cache_control: String,
    pub(crate) document: String,
}

#[derive(Clone)]
struct State {
    published: Published,
    asked: u64,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    /// On a free port, with these public keys.
    pub(crate) fn start(keys: &[Value]) -> Self {
        let published = Published {
            status: 200,
            cache_control: "public, max-age=86400".to_owned(),
            document: json!({ "keys": keys }).to_string(),
        };
        let state = Arc::new(Mutex::new(State {
            published,
            asked: 0,
        }));
        let asked = Arc::clone(&state);
        let address = wire::serve(move |stream| serve(&stream, &asked));
        Self {
            url: format!("http://{address}"),
            state,
        }
    }

    /// `[provider.corp]` that trusts it, for a client of that id.
    pub(crate) fn provider(&self, kind: &str, client_id: &str) -> String {
        let url = &self.url;
        let pool = match kind {
            "cognito" => "user_pool_id = \"eu-central-1_ExAmP1e99\"\n",
            _ => "",
        };
        format!(
            "kind = \"{kind}\"\n{pool}issuer = \"{url}\"\nclient_id = \"{client_id}\"\n\
             endpoints = {{ authorization = \"{url}/authorize\", token = \"{url}/token\", jwks = \"{url}/keys\" }}\n"
        )
    }

    /// From now on it publishes these keys.
    pub(crate) fn publish(&self, keys: &[Value]) {
        self.answer(|published| published.document = json!({ "keys": keys }).to_string());
    }

    /// Changes its answer.
    pub(crate) fn answer(&self, change: impl FnOnce(&mut Published)) {
        change(&mut self.state.lock().expect("the lock").published);
    }

    /// How often its keys were asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.state.lock().expect("the lock").asked
    }
}

fn serve(mut stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Ok((line, _)) = wire::read_head(&mut reader) {
        let is_keys = line.split(' ').nth(1) == Some("/keys");
        let Published {
            status,
            cache_control,
            document,
        } = {
            let mut state = state.lock().expect("the lock");
            state.asked += u64::from(is_keys);
            state.published.clone()
        };
        let status = if is_keys { status } else { 404 };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nCache-Control: {cache_control}\r\n\
             Content-Length: {}\r\n\r\n{document}",
            document.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
