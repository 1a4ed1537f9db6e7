//! Cache headers of the app's responses: no cache in front may hand one
//! person's page or session to another.

use std::borrow::Cow;

/// Who may have been told apart in producing a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody gets the same: a public route.
    Everybody,
    /// The app may have shown one person's page.
    OnePerson,
    /// We add a cookie of ours to it.
    OneSession,
}

/// What becomes of `Cache-Control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheControl {
    /// It stays as the app said.
    Keep,
    /// It becomes this.
    Replace(Cow<'static, str>),
}

/// Judges the `Cache-Control` values of a response (RFC 9111 5.2.2). What is
/// for one person loses `public`, `s-maxage` and `proxy-revalidate` and is
/// `private`; what carries our cookie is `private, no-cache`, unless the app
/// already said `no-store`.
#[must_use]
pub fn cache_control(values: &[&str], audience: Audience) -> CacheControl {
    match audience {
        Audience::Everybody => return CacheControl::Keep,
        // Most answers say nothing.
        Audience::OnePerson if values.is_empty() => {
            return CacheControl::Replace(Cow::Borrowed("private"));
        }
        Audience::OnePerson | Audience::OneSession => {}
    }
    let directives: Vec<&str> = values
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|directive| !directive.is_empty())
        .collect();
    // `private="X-Foo"` is about that field alone (RFC 9111 5.2.2.7).
    let bare = |name: &str| {
        directives
            .iter()
            .any(|directive| directive.eq_ignore_ascii_case(name))
    };
    if bare("no-store") {
        return CacheControl::Keep;
    }
    if audience == Audience::OneSession {
        return CacheControl::Replace(Cow::Borrowed("private, no-cache"));
    }
    let is_shared = |directive: &str| {
        ["public", "s-maxage", "proxy-revalidate"]
            .iter()
            .any(|name| is_named(directive, name))
    };
    if bare("private") && !directives.iter().any(|directive| is_shared(directive)) {
        return CacheControl::Keep;
    }
    let kept = directives
        .iter()
        .filter(|directive| !is_shared(directive) && !is_named(directive, "private"));
    let all: Vec<&str> = std::iter::once("private").chain(kept.copied()).collect();
    CacheControl::Replace(Cow::Owned(all.join(", ")))
}

fn is_named(directive: &str, name: &str) -> bool {
    directive
        .split('=')
        .next()
        .is_some_and(|found| found.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_one_person_is_never_for_a_shared_cache() {
        for (said, audience, becomes) in [
            (
                &["public, max-age=60"][..],
                Audience::OnePerson,
                Some("private, max-age=60"),
            ),
            (
                &["public", "s-maxage=9, max-age=60"],
                Audience::OnePerson,
                Some("private, max-age=60"),
            ),
            (&["PUBLIC"], Audience::OnePerson, Some("private")),
            (
                &["max-age=60"],
                Audience::OnePerson,
                Some("private, max-age=60"),
            ),
            (&[], Audience::OnePerson, Some("private")),
            (&["private, max-age=60"], Audience::OnePerson, None),
            (
                &["private, s-maxage=60"],
                Audience::OnePerson,
                Some("private"),
            ),
            (
                &["private=\"X-Foo\", max-age=60"],
                Audience::OnePerson,
                Some("private, max-age=60"),
            ),
            (
                &["no-store=\"X-Foo\""],
                Audience::OnePerson,
                Some("private, no-store=\"X-Foo\""),
            ),
            (&["no-store"], Audience::OnePerson, None),
            (
                &["public, max-age=60"],
                Audience::OneSession,
                Some("private, no-cache"),
            ),
            (&[], Audience::OneSession, Some("private, no-cache")),
            (&["no-store"], Audience::OneSession, None),
            (&["public, max-age=60"], Audience::Everybody, None),
        ] {
            let expected = becomes.map_or(CacheControl::Keep, |text| {
                CacheControl::Replace(Cow::Borrowed(text))
            });
            assert_eq!(
                cache_control(said, audience),
                expected,
                "{said:?} {audience:?}"
            );
        }
    }
}
