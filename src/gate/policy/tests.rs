//! Who may pass, and the words for the log.

use std::cell::Cell;
use std::collections::HashSet;

use super::*;

fn person() -> Person {
    Person {
        user: "kirsten".to_owned(),
        email: None,
        name: None,
        groups: Vec::new(),
        access_right: None,
        attributes: Vec::new(),
    }
}

fn judged(access: Access, presented: Presented) -> (Result<Option<Person>, Denial>, bool) {
    let asked = Cell::new(false);
    let permit = judge(access, || {
        asked.set(true);
        presented
    });
    let who = permit.map(|permit| {
        assert_eq!(permit.access(), access);
        permit.who().cloned()
    });
    (who, asked.get())
}

#[test]
fn the_table_of_access_and_identity() {
    let nobody = || Presented::None(NoIdentity::NoCookie);
    let no_person = || Presented::NoPerson(NoPerson::SeveralRights);
    let someone = || Presented::Person(person());
    let sign_in = Denial::SignIn(NoIdentity::NoCookie);
    let unfit = Denial::Forbidden(Forbidden::NoPerson(NoPerson::SeveralRights));
    let closed = Denial::Forbidden(Forbidden::Nobody);
    for (access, presented, expected) in [
        (Access::Public, nobody(), Ok(None)),
        (Access::Public, someone(), Ok(None)),
        (Access::Public, no_person(), Ok(None)),
        (Access::Optional, nobody(), Ok(None)),
        (Access::Optional, someone(), Ok(Some(person()))),
        (Access::Optional, no_person(), Ok(None)),
        (Access::SignedIn, nobody(), Err(sign_in)),
        (Access::SignedIn, someone(), Ok(Some(person()))),
        (Access::SignedIn, no_person(), Err(unfit)),
        (Access::Nobody, nobody(), Err(closed.clone())),
        (Access::Nobody, someone(), Err(closed.clone())),
        (Access::Nobody, no_person(), Err(closed)),
    ] {
        let (who, asked) = judged(access, presented);
        assert_eq!(who, expected, "{access:?}");
        // A public route does not so much as look at the cookie.
        assert_eq!(asked, access.looks_for_identity(), "{access:?}");
    }
}

#[test]
fn every_reason_has_its_own_word() {
    let token = [
        TokenError::TooLong,
        TokenError::Malformed,
        TokenError::Duplicate,
        TokenError::Critical,
        TokenError::Algorithm,
        TokenError::NoKeyId,
        TokenError::UnknownKey,
        TokenError::Signature,
        TokenError::Claim,
        TokenError::Issuer,
        TokenError::Audience,
        TokenError::TokenUse,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::Nonce,
        TokenError::Foreign,
    ];
    let identity = [
        NoIdentity::NoCookie,
        NoIdentity::Unreadable(OpenError::Malformed),
        NoIdentity::Unreadable(OpenError::UnknownKey),
        NoIdentity::Unreadable(OpenError::Forged),
        NoIdentity::UnknownFormat,
        NoIdentity::OtherProvider,
        NoIdentity::LifetimeOver,
        NoIdentity::NoKeys,
    ];
    let forbidden = [
        Forbidden::Nobody,
        Forbidden::NoPerson(NoPerson::NoUser("email".to_owned())),
        Forbidden::NoPerson(NoPerson::ControlInUser),
        Forbidden::NoPerson(NoPerson::SeveralRights),
        Forbidden::HeaderTooLong,
        Forbidden::ForeignOrigin,
    ];
    let words: Vec<&str> = token
        .iter()
        .map(|error| NoIdentity::Token(*error).reason())
        .chain(identity.iter().map(|why| why.reason()))
        .chain(forbidden.iter().map(Forbidden::reason))
        .collect();
    let legal = |b: u8| b.is_ascii_lowercase() || b == b'_';
    assert!(
        words.iter().all(|word| word.bytes().all(legal)),
        "{words:?}"
    );
    assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());
}

#[test]
fn a_permit_shows_no_one_in_debug_output() {
    let permit = judge(Access::SignedIn, || Presented::Person(person())).unwrap();
    let shown = format!("{permit:?} {:?}", Presented::Person(person()));
    assert!(!shown.contains("kirsten"), "{shown}");
}
