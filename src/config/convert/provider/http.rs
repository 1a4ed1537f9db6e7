//! `provider.ID.http`.

use url::Url;

use super::Conversion;
use crate::config::error::{ConfigErrorKind, UrlProblem};
use crate::config::file::HttpTable;
use crate::config::reader::{Item, Text};
use crate::config::{OutboundProxy, ProviderHttp};

impl Conversion<'_> {
    pub(in crate::config::convert) fn provider_http(
        &mut self,
        table: &HttpTable,
    ) -> Option<ProviderHttp> {
        let proxy = match &table.proxy {
            None => Some(OutboundProxy::Environment),
            Some(item) => self.outbound_proxy(item),
        };
        let ca = match &table.ca {
            None => Some(None),
            Some(item) => self.certificates(item, true).map(Some),
        };
        Some(ProviderHttp {
            proxy: proxy?,
            ca: ca?,
        })
    }

    fn outbound_proxy(&mut self, item: &Item<Text>) -> Option<OutboundProxy> {
        let text = self.text(item, "off")?;
        if text == "off" {
            return Some(OutboundProxy::Off);
        }
        let is_inline = matches!(item.value, Text::Inline(_));
        match proxy(&text, is_inline) {
            Ok(url) => Some(OutboundProxy::Url(url)),
            Err(problem) => {
                let remedy = match problem {
                    UrlProblem::UserInfo => {
                        "read it from a file with its user and password: proxy = { file = \"/run/secrets/proxy-url\" }"
                    }
                    _ => {
                        "write \"http://HOST:PORT\" (or https://) of the proxy, or \"off\" for none whatever the environment says"
                    }
                };
                let kind: ConfigErrorKind = match problem {
                    UrlProblem::Scheme => ConfigErrorKind::ProxyScheme,
                    problem => problem.into(),
                };
                self.findings.error(&item.place, kind, remedy);
                None
            }
        }
    }
}

fn proxy(text: &str, is_inline: bool) -> Result<Url, UrlProblem> {
    let url = Url::parse(text).map_err(|_| UrlProblem::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlProblem::Scheme);
    }
    if url.host().is_none() {
        return Err(UrlProblem::NotAUrl);
    }
    // The password is a secret, and the user's name goes with it.
    if is_inline && (!url.username().is_empty() || url.password().is_some()) {
        return Err(UrlProblem::UserInfo);
    }
    if !matches!(url.path(), "" | "/") {
        return Err(UrlProblem::Path);
    }
    if url.query().is_some() {
        return Err(UrlProblem::Query);
    }
    match url.fragment() {
        Some(_) => Err(UrlProblem::Fragment),
        None => Ok(url),
    }
}
