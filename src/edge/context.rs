//! What one request carries from callback to callback, and that it is told of once.
//!
//! Owns the one line of a request: it is written when the request ends, whatever
//! ends it. pingora says so of those that end by themselves; of one that we end
//! (`leash`), all that comes is the drop of what it carried. Must not know why a
//! request ends, but for what is told of it.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use pingora::proxy::Session;

use super::leash;
use super::refresh::Flight;
use super::serving::Serving;
use super::upstream::Resolver;
use super::view::{self, Path};
use crate::gate::Forward;
use crate::gate::reply::Note;
use crate::telemetry::trace::Trace;
use crate::telemetry::{AccessLine, InFlightGuard, Phases, Spans};

/// One request.
pub struct Context {
    pub(super) serving: Arc<Serving>,
    pub(super) phases: Phases,
    pub(super) trace: Option<Trace>,
    /// The ids of its spans, if it is recorded.
    pub(super) spans: Option<Spans>,
    pub(super) forward: Option<Box<Forward>>,
    /// Newer tokens, on their way while the app answers.
    pub(super) refresh: Option<Flight>,
    pub(super) note: Note,
    /// The status of the answer that is on its way, or was sent.
    pub(super) status: u16,
    /// The public origin that it came to, or that a front proxy asked about.
    pub(super) origin: Option<u16>,
    pub(super) attempts: usize,
    /// What its line says of it, until that is written.
    untold: Option<Asked>,
    _in_flight: InFlightGuard,
}

/// What a request says of itself. Kept, since pingora's own is gone when we end it.
struct Asked {
    method: Method,
    path: Box<[u8]>,
    client: Option<IpAddr>,
}

impl Context {
    pub(super) fn new(serving: Arc<Serving>, in_flight: InFlightGuard) -> Self {
        Self {
            serving,
            phases: Phases::begin(),
            trace: None,
            spans: None,
            forward: None,
            refresh: None,
            note: Note::default(),
            status: 0,
            origin: None,
            attempts: 0,
            untold: None,
            _in_flight: in_flight,
        }
    }

    /// The header is there: from now on the request is told of, however it ends.
    pub(super) fn begin(&mut self, session: &Session) {
        let header = session.req_header();
        let Serving {
            gate, telemetry, ..
        } = &*self.serving;
        (self.trace, self.spans) = telemetry.trace(&header.headers);
        let mut client = None;
        if telemetry.has_lines() {
            client = gate.client(view::client_of(session), &header.headers);
            self.origin = view::host_of(session).and_then(|host| gate.origin_at(host));
        }
        self.untold = Some(Asked {
            method: header.method.clone(),
            path: Path::of(session).into(),
            client,
        });
    }

    /// The app that it goes to.
    pub(super) fn app(&self) -> Option<&Resolver> {
        self.serving.app(self.forward.as_ref()?)
    }

    /// What became of it in the end, in place of what was to become of it.
    pub(super) fn ended(&mut self, note: Note) {
        self.note = Note {
            user: self.note.user.take(),
            route: self.note.route.take(),
            ..note
        };
    }

    /// Tells of it, if that has not been done. An end that we have put to it is
    /// what became of it, whatever else came of that.
    pub(super) fn tell(&mut self) {
        let Some(asked) = self.untold.take() else {
            return;
        };
        let ended = leash::ended_by_us();
        if let Some(reason) = ended {
            self.ended(Note::new("ended").because(reason));
        }
        // It may be older than the configuration.
        let latest = ended.map(|_| self.serving.ends().telemetry());
        let telemetry = latest.as_ref().unwrap_or(&self.serving.telemetry);
        telemetry.tell(&AccessLine {
            method: asked.method.as_str(),
            path: &Path::from(&*asked.path),
            status: self.status,
            note: &self.note,
            client: asked.client,
            host: self.serving.gate.host_told(self.origin),
            trace: self.trace.as_ref(),
            elapsed: self.phases.whole(),
            phases: &self.phases,
            spans: self.spans,
            upstream: self.app().map(Resolver::name),
        });
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.untold.is_some() && leash::ended_by_us().is_none() {
            // A panic: pingora tells of all others.
            self.ended(Note::new("internal_error"));
        }
        self.tell();
    }
}
