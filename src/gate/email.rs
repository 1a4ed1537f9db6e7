//! Domains of email addresses: for which ones a provider may speak.
//!
//! Owns when two domains are the same one, and the verdict on an address. Must
//! not know providers: whoever has several says what the others list.

use url::Host;

/// FULLWIDTH and SMALL COMMERCIAL AT.
const LIKE_AT: [char; 2] = ['\u{ff20}', '\u{fe6b}'];

/// For whom a provider may speak: a partner's directory can write any address
/// into an account, also one of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EmailDomains {
    /// For everybody.
    #[default]
    Any,
    /// For addresses in these domains, in the form of [`normal`].
    Only(Vec<String>),
    /// For all but those in domains that others list, in the same form.
    AllBut(Vec<String>),
}

impl EmailDomains {
    /// Whether an address, or an account name that looks like one, is one that
    /// may be believed. What is no address at all names no domain, and may be.
    #[must_use]
    pub fn may_speak_for(&self, text: &str) -> bool {
        match text.rsplit_once('@') {
            // Whoever normalises it (NFKC) sees an address.
            _ if text.contains(LIKE_AT) => *self == Self::Any,
            None => true,
            // Two readers of such a text could see two domains (field.md R16).
            Some((local, _)) if local.contains('@') => *self == Self::Any,
            Some((_, domain)) => self.covers(domain),
        }
    }

    /// Whether no part of a text is an address that may not be believed: each
    /// word with an `@` in it is one that may, also in angle brackets or in a list.
    #[must_use]
    pub fn may_tell(&self, text: &str) -> bool {
        *self == Self::Any
            || text
                .split([' ', ',', ';'])
                .map(|word| word.trim_matches(['<', '>', '(', ')', '"', '\'']))
                .all(|word| self.may_speak_for(word))
    }

    /// Whether a domain is among them. What is no domain is among none.
    #[must_use]
    pub fn covers(&self, domain: &str) -> bool {
        match (self, normal(domain)) {
            (Self::Any, _) => true,
            (Self::Only(ours), Some(domain)) => ours.contains(&domain),
            (Self::AllBut(others), Some(domain)) => !others.contains(&domain),
            (Self::Only(_) | Self::AllBut(_), None) => false,
        }
    }
}

/// The one form of a domain: as a name service would be asked for it (UTS 46),
/// so that neither letter case nor a letter that only looks like ASCII, nor the
/// dot of the root makes another one of it. `None` if it is no domain name: a
/// text with anything but letters, digits, `-` and `_` between its dots could
/// be cut by its readers (`corp.example,x.example`).
#[must_use]
pub fn normal(domain: &str) -> Option<String> {
    match Host::parse(domain.trim_end_matches('.')).ok()? {
        Host::Domain(name) if name.split('.').all(is_label) => Some(name),
        Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

fn is_label(label: &str) -> bool {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    !label.is_empty() && label.chars().all(is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(domains: &[&str]) -> EmailDomains {
        EmailDomains::Only(domains.iter().map(|one| normal(one).unwrap()).collect())
    }

    fn all_but(domains: &[&str]) -> EmailDomains {
        EmailDomains::AllBut(domains.iter().map(|one| normal(one).unwrap()).collect())
    }

    #[test]
    fn a_provider_speaks_for_its_domains_alone() {
        let partner = only(&["Partner.example", "bücher.example"]);
        for (address, believed) in [
            ("ana@partner.example", true),
            ("ana@PARTNER.EXAMPLE", true),
            ("ana@partner.example.", true),
            ("ana@xn--bcher-kva.example", true),
            ("ana@BÜCHER.example", true),
            ("ceo@corp.example", false),
            ("ana@sub.partner.example", false),
            ("ana@partner.example.evil.example", false),
            ("ana@evilpartner.example", false),
            ("ana@", false),
            ("ana@192.0.2.1", false),
            ("ana@[::1]", false),
            ("ceo@corp.example@partner.example", false),
            ("\"ceo@corp.example\"@partner.example", false),
            ("ana", true),
        ] {
            assert_eq!(partner.may_speak_for(address), believed, "{address}");
        }
    }

    #[test]
    fn who_speaks_for_all_others_does_not_for_what_others_list() {
        let others = all_but(&["corp.example"]);
        for (address, believed) in [
            ("ana@anything.example", true),
            ("ceo@corp.example", false),
            ("ceo@Corp.Example", false),
            ("ceo@corp.example.", false),
            ("ceo@corp.example..", false),
            // Fullwidth letters, an ideographic full stop, percent-encoding: a
            // reader that is less strict sees corp.example.
            ("ceo@ｃorp.example", false),
            ("ceo@corp。example", false),
            ("ceo@corp%2eexample", false),
            ("ceo@co\u{ad}rp.example", false),
            ("ceo@corp.example@anything.example", false),
            ("ceo@ corp.example", false),
            ("ceo@127.0.0.1", false),
        ] {
            assert_eq!(others.may_speak_for(address), believed, "{address}");
        }
    }

    #[test]
    fn a_domain_is_labels_of_a_name_and_nothing_else() {
        let others = all_but(&["corp.example"]);
        for stray in [
            "corp.example,x.example",
            "corp.example;x.example",
            "corp.example\"x",
            "corp.example(x",
            "corp.example&x",
            "corp.example=x",
            "corp.example x",
            "corp.example\tx",
            "corp.example'x",
            "corp.example+x",
            "corp.example!x",
            "corp.example*x",
            "corp.example$x",
            "corp.example~x",
            "corp.example`x",
            "corp.example{x",
            "corp.example)",
            "corp.example..x",
            ".corp.example",
            "x,corp.example",
            "",
            ".",
        ] {
            assert_eq!(normal(stray), None, "{stray}");
            assert!(!others.covers(stray), "{stray}");
            assert!(!others.may_speak_for(&format!("ceo@{stray}")), "{stray}");
        }
        for (domain, form) in [
            ("Mail_2.x-y.Example.", "mail_2.x-y.example"),
            ("localhost", "localhost"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(normal(domain).as_deref(), Some(form));
        }
    }

    #[test]
    fn without_a_list_every_address_is_spoken_for() {
        for address in ["a@b", "a@b@c", "a@", "a"] {
            assert!(EmailDomains::Any.may_speak_for(address), "{address}");
        }
    }
}
