//! The login of somebody whose session only needs newer tokens.
//!
//! A front proxy that keeps our cookies to itself gets 401 as soon as a token
//! has ended, and the browser comes to the login: here the session is renewed
//! and the browser sent back, without the provider's page. Must not know how
//! tokens are renewed.

use http::{StatusCode, header};

use crate::gate::decision::{Decision, Effect};
use crate::gate::elsewhere::other_origin;
use crate::gate::face::Face;
use crate::gate::identify::Missing;
use crate::gate::newer::Newness;
use crate::gate::page::{Page, Word};
use crate::gate::policy::NoIdentity;
use crate::gate::query::Params;
use crate::gate::reply::{Note, Reply};
use crate::gate::request::RequestView;
use crate::gate::return_to::ReturnTo;
use crate::gate::seal::Rng;
use crate::gate::time::UnixTime;
use crate::gate::{Gate, Known};

/// Where a person came from, as nginx says it by oauth2-proxy's documentation.
const REDIRECT: &str = "x-auth-request-redirect";

impl Gate {
    /// Back to where the person came from, with the session renewed; `None` if
    /// they have to sign in.
    pub(in crate::gate) fn renewed_at_login(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        target: &ReturnTo,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Option<Decision> {
        let setting = self.forward_auth?;
        let presented = face.cookies.presented(req.cookie_headers());
        let signed_in = match self.identify(face, &presented, known, now) {
            Ok(signed_in) if known.refreshed.is_some() => {
                // A question that renews nothing knows of no outage, so it would not
                // count `session.outage_grace` and send the browser here again.
                if !setting.cookies && !signed_in.verified.is_current(now) {
                    let reply = self.unauthenticated(req, face, NoIdentity::ProviderOut, rng);
                    return Some(Decision::Reply(reply));
                }
                signed_in
            }
            // Another tab was here first, and its cookie is on the way.
            Ok(signed_in) if matches!(signed_in.newness, Newness::Newer { .. }) => signed_in,
            Err(Missing::Tokens(ask)) => return Some(Decision::Perform(Effect::Refresh(ask))),
            // The session is good for longer than its token: nobody is sent away for that.
            Err(Missing::Identity(why)) if why.is_outage() && known.refreshed.is_some() => {
                return Some(Decision::Reply(self.unauthenticated(req, face, why, rng)));
            }
            // Whoever comes with a good session wants to sign in anew.
            Ok(_) | Err(Missing::Identity(_)) => return None,
        };
        let resealed = self.reseal(face, &presented, &signed_in, true, now, rng);
        let note = Note::new("page").because("session_renewed");
        Some(Decision::Reply(
            Reply::redirect(target.as_str(), note).with_cookies(resealed.cookies),
        ))
    }

    /// The login again, with the target in its query: nginx has shown it at the
    /// app's own path (`error_page 401 = /oauth2/sign_in`). With `=403` it makes
    /// a 403 of the answer, whose Location no browser follows: so it is a page, too.
    pub(in crate::gate) fn login_at_app_path(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        params: &Params,
    ) -> Option<Reply> {
        self.forward_auth?;
        let is_plain = params.all().next().is_none();
        let target = req.header(REDIRECT).filter(|_| is_plain)?;
        if let Some((other, target)) = self.target_elsewhere(target, face) {
            let login = self.login_path(target.as_str());
            let url = format!("{}{login}", other.origin);
            return Some(leading_page(&url, other_origin()));
        }
        let target = ReturnTo::parse(target, &face.origin)?;
        (!self.is_flow_path(&target)).then(|| {
            let note = Note::new("page").because("login_target");
            leading_page(&self.login_path(target.as_str()), note)
        })
    }
}

/// 302 to a login, and a page that leads there.
fn leading_page(login: &str, note: Note) -> Reply {
    let page = Page::new(Word::ChooserTitle).link(login, Word::SignIn);
    Reply::page(StatusCode::FOUND, page, note).with(header::LOCATION, login)
}
