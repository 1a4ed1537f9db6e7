//! Domains of email addresses: for which ones a provider may speak.
//!
//! Owns when two domains are the same one, and the verdict on an address. Must
//! not know providers: whoever has several says what the others list.

use url::Host;

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
            None => true,
            // Two readers of such a text could see two domains (field.md R16).
            Some((local, _)) if local.contains('@') => *self == Self::Any,
            Some((_, domain)) => self.covers(domain),
        }
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
/// dot of the root makes another one of it. `None` if it is no domain name.
#[must_use]
pub fn normal(domain: &str) -> Option<String> {
    match Host::parse(domain.trim_end_matches('.')).ok()? {
        Host::Domain(name) if !name.is_empty() => Some(name),
        Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
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
    fn without_a_list_every_address_is_spoken_for() {
        for address in ["a@b", "a@b@c", "a@", "a"] {
            assert!(EmailDomains::Any.may_speak_for(address), "{address}");
        }
    }
}
