use super::*;

const GUIDE: &str = include_str!("../../../../docs/troubleshooting.md");

/// All of them.
fn all() -> Vec<Cause> {
    let plain = [
        Cause::StateUnreadable,
        Cause::ProviderMismatch,
        Cause::CodeMissing,
        Cause::SubjectRevoked,
        Cause::RevokedAhead,
        Cause::AccessDenied,
        Cause::LoginRequired,
        Cause::InvalidScope,
        Cause::UnauthorizedClient,
        Cause::InvalidRequest,
        Cause::ServerError,
        Cause::OtherError,
        Cause::AttributesRequired,
        Cause::AttributeImmutable,
        Cause::AttributeTooLong,
        Cause::AttributeRefused,
        Cause::UserDisabled,
        Cause::BadIssuer,
        Cause::DirectoryRefused,
        Cause::DirectoryUnreachable,
        Cause::JustLinked,
        Cause::TriggerFailed,
        Cause::UsernameUnmapped,
        Cause::SamlResponse,
        Cause::CodeRefused,
        Cause::ClientRefused,
        Cause::SecretExpired,
        Cause::RedirectRefused,
        Cause::GrantRefused,
        Cause::TokenRequestRefused,
        Cause::NoIdToken,
        Cause::SecondOpinion,
    ];
    let tokens = [
        TokenError::IdentityProvider,
        TokenError::Issuer,
        TokenError::Audience,
        TokenError::Algorithm,
        TokenError::UnknownKey,
        TokenError::NoKeyId,
        TokenError::Signature,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::Nonce,
        TokenError::AuthTime,
        TokenError::TooLong,
        TokenError::Malformed,
        TokenError::Duplicate,
        TokenError::Critical,
        TokenError::Claim,
        TokenError::TokenUse,
        TokenError::Foreign,
    ];
    let userinfo = [
        UserinfoError::Refused,
        UserinfoError::Malformed,
        UserinfoError::OtherSubject,
    ];
    let plain = plain.into_iter();
    plain
        .chain(tokens.map(Cause::Token))
        .chain(userinfo.map(Cause::Userinfo))
        .collect()
}

/// The rows of the guide's table of reasons.
fn row(cause: Cause) -> String {
    format!(
        "| `{}` | {} | {} |",
        cause.reason(),
        cause.word().english(),
        cause.remedy()
    )
}

#[test]
fn the_guide_has_each_cause_with_its_words_and_no_other() {
    let rows: Vec<&str> = GUIDE
        .split("<!-- reasons -->")
        .nth(1)
        .expect("the table")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let expected: Vec<String> = all().into_iter().map(row).collect();
    assert_eq!(rows, expected, "\n{}\n", expected.join("\n"));
}

#[test]
fn each_cause_has_a_reason_and_words_of_its_own() {
    let all = all();
    let mut reasons: Vec<&str> = all.iter().map(|cause| cause.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons.len(), all.len());
    for cause in all {
        let (reason, text, remedy) = (cause.reason(), cause.word().english(), cause.remedy());
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(reason.chars().all(is_word), "{reason}");
        assert!(text.ends_with('.'), "{reason}: {text}");
        assert!(
            !remedy.ends_with('.') && !remedy.contains('\n') && remedy.len() > 20,
            "{reason}: {remedy}"
        );
    }
}
