//! What becomes of a request, as a value that the edge carries out.

use super::form::KeepForm;
use super::headers::HeaderEdits;
use super::lease::Lease;
use super::policy::Permit;
use super::refresh::{Mark, Refresh};
use super::reply::{Note, Reply};
use super::{signin, signout};

/// The fate of a request.
#[derive(Debug)]
pub enum Decision {
    /// It goes to the app.
    Forward(Box<Forward>),
    /// We answer ourselves; the app never sees it.
    Reply(Reply),
    /// The edge does something first and hands the result to a sibling of
    /// [`Gate::decide`](super::Gate::decide), which asks for no other effect, but for
    /// a form's body after newer tokens.
    Perform(Effect),
}

/// A request on its way to the app. Debug shows neither cookies nor the person.
pub struct Forward {
    /// The leave to go there.
    pub permit: Permit,
    /// What happens to its headers.
    pub edits: HeaderEdits,
    /// The target to send instead of the received one: one reading of the path.
    pub target: Option<String>,
    /// Which of the apps it is for, by its place among them.
    pub upstream: usize,
    /// Whether the app alone says what shared caches may keep of the answer.
    pub shared_cache: bool,
    /// Whether headers that make the app see another request stay.
    pub pass_override_headers: bool,
    /// Whether the client's `Authorization` was for us, or on a preflight, where
    /// nobody has judged it: then it stays here, unless a header that we set is
    /// of that name.
    pub took_bearer: bool,
    /// Cookies that the answer carries.
    pub set_cookies: Vec<String>,
    /// Newer tokens to ask for while the app answers.
    pub refresh: Option<Refresh>,
    /// The session, to ask once more for its cookies when the answer comes.
    pub mark: Option<Mark>,
    /// What the connection stands on, should it stay open.
    pub lease: Option<Lease>,
    /// For the log.
    pub note: Note,
}

impl std::fmt::Debug for Forward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forward")
            .field("permit", &self.permit)
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}

/// What the edge has to do before the answer.
#[derive(Debug)]
pub enum Effect {
    /// Build the authorization URL and send the browser there.
    Authorize(signin::Authorize),
    /// Redeem a code.
    Exchange(signin::Exchange),
    /// Revoke a refresh token, as far as that goes, then reply.
    Logout(signout::Logout),
    /// Ask for newer tokens: the request cannot go on without.
    Refresh(Refresh),
    /// Read a form's body, to be kept in its browser.
    KeepForm(KeepForm),
}
