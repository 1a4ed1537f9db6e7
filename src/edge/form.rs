//! Reads the body of a form that may be kept in its browser.
//!
//! Owns how long that may take and how many are read at once: the senders are
//! not signed in. Decides nothing, and looks at none of it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use pingora::proxy::Session;
use tokio::time::timeout;

use super::serving::Serving;
use super::view::Received;
use crate::clock;
use crate::gate::form::{FORM_MAX, KeepForm};
use crate::gate::reply::Reply;

/// Most forms that are read at the same time: 4 MiB of bodies.
pub(super) const FORMS_READ_MAX: usize = 64;
/// How long the body of a form may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Serving {
    /// Reads the form and hands it to the core.
    pub(super) async fn keep_form(&self, session: &mut Session, ask: KeepForm) -> Reply {
        let Ok(_turn) = self.limits.forms.try_acquire() else {
            return ask.otherwise();
        };
        let body = timeout(PATIENCE, body(session)).await.ok().flatten();
        let received = Received::of(session);
        match received.as_ref().map(Received::view) {
            Ok(Ok(view)) => {
                self.gate
                    .after_form(&view, ask, body.as_ref(), clock::now(), &mut clock::random)
            }
            _ => ask.otherwise(),
        }
    }
}

/// The whole body; `None` if it breaks off or is too long.
async fn body(session: &mut Session) -> Option<Bytes> {
    let mut body = BytesMut::new();
    while let Some(part) = session.read_request_body().await.ok()? {
        if body.len() + part.len() > FORM_MAX {
            return None;
        }
        body.extend_from_slice(&part);
    }
    Some(body.freeze())
}
