use super::*;

/// The descriptions that are known, each with the error that it came with.
const OBSERVED: [(&str, &str, Cause); 26] = [
    ("invalid_request", "invalid_scope", Cause::InvalidScope),
    (
        "invalid_request",
        "attributes required: [email]",
        Cause::AttributesRequired,
    ),
    (
        "invalid_request",
        "attributes required: [given_name, family_name]",
        Cause::AttributesRequired,
    ),
    (
        "invalid_request",
        "User is not enabled",
        Cause::UserDisabled,
    ),
    (
        "invalid_request",
        "Bad id_token issuer https://login.microsoftonline.com/x/v2.0",
        Cause::BadIssuer,
    ),
    (
        "invalid_request",
        "Invalid user attributes: email: Attribute cannot be updated.\n ",
        Cause::AttributeImmutable,
    ),
    (
        "invalid_request",
        "Invalid user attributes: x: String attributes cannot have a length of more than 2048.\n ",
        Cause::AttributeTooLong,
    ),
    (
        "invalid_request",
        "Invalid user attributes: phone_number: Invalid phone number format.",
        Cause::AttributeRefused,
    ),
    (
        "invalid_request",
        "Bad token response: HTTP/1.1 400 Bad Request, entity: {\"error\":\"invalid_client\"}",
        Cause::DirectoryRefused,
    ),
    (
        "invalid_request",
        "entra Error - 401 Unauthorized",
        Cause::DirectoryRefused,
    ),
    (
        "invalid_request",
        "entra Error - 503 Unavailable",
        Cause::DirectoryUnreachable,
    ),
    (
        "invalid_request",
        "Timeout occurred in calling IdP token endpoint",
        Cause::DirectoryUnreachable,
    ),
    (
        "invalid_request",
        "error_description=Timeout in calling jwks uri",
        Cause::DirectoryUnreachable,
    ),
    (
        "invalid_request",
        "Connection reset",
        Cause::DirectoryUnreachable,
    ),
    (
        "invalid_request",
        "Read timed out",
        Cause::DirectoryUnreachable,
    ),
    (
        "invalid_request",
        "Already found an entry for username entra_k9x",
        Cause::JustLinked,
    ),
    (
        "invalid_request",
        "PreTokenGeneration failed with error x.",
        Cause::TriggerFailed,
    ),
    (
        "invalid_request",
        "PreSignUp failed with error x.",
        Cause::TriggerFailed,
    ),
    (
        "invalid_request",
        "username attribute mapping required",
        Cause::UsernameUnmapped,
    ),
    (
        "invalid_request",
        "Invalid SAML response received: audience",
        Cause::SamlResponse,
    ),
    (
        "invalid_request",
        "entra Error - 400 access_denied AADSTS65004: User declined",
        Cause::AccessDenied,
    ),
    (
        "server_error",
        "Exception processing authorization code",
        Cause::ServerError,
    ),
    // Tolerated: case, doubled white space, the prefix.
    (
        "invalid_request",
        "USER  IS\r\n NOT\tENABLED",
        Cause::UserDisabled,
    ),
    (
        "invalid_request",
        "error_description=error_description=User is not enabled",
        Cause::UserDisabled,
    ),
    // Nothing that is known.
    (
        "invalid_request",
        "<b>what else?</b>",
        Cause::InvalidRequest,
    ),
    ("something_new", "", Cause::OtherError),
];

#[test]
fn what_is_known_of_descriptions_names_the_cause() {
    for (error, description, expected) in OBSERVED {
        let (_, cause) = of_error(error);
        assert_eq!(
            of_description(cause, Some(description)),
            expected,
            "{description}"
        );
    }
}

#[test]
fn an_error_that_says_what_it_is_needs_no_description() {
    for error in [
        "access_denied",
        "login_required",
        "invalid_scope",
        "unauthorized_client",
    ] {
        let (_, cause) = of_error(error);
        for (_, description, _) in OBSERVED {
            assert_eq!(of_description(cause, Some(description)), cause, "{error}");
        }
    }
}

#[test]
fn a_description_without_end_is_looked_at_for_a_while_alone() {
    let (_, cause) = of_error("invalid_request");
    let long = format!("{}User is not enabled", "x".repeat(LOOKED_AT));
    assert_eq!(of_description(cause, Some(&long)), Cause::InvalidRequest);
    assert_eq!(of_description(cause, None), Cause::InvalidRequest);
    assert_eq!(plain(&"\u{0}\n ".repeat(LOOKED_AT)), "");
}

#[test]
fn how_a_client_is_refused_is_told_by_the_error() {
    for (error, description, expected) in [
        ("invalid_client", None, ClientRefusal::Secret),
        (
            "invalid_client",
            Some("AADSTS7000215: Invalid client secret provided."),
            ClientRefusal::Secret,
        ),
        (
            "invalid_client",
            Some("AADSTS7000222: The provided client secret keys are expired."),
            ClientRefusal::SecretExpired,
        ),
        (
            "unauthorized_client",
            Some("invalid_redirect"),
            ClientRefusal::Redirect,
        ),
        ("unauthorized_client", None, ClientRefusal::Grant),
        ("unsupported_grant_type", None, ClientRefusal::Grant),
        (
            "invalid_request",
            Some("AADSTS7000222"),
            ClientRefusal::Request,
        ),
        ("made_up", None, ClientRefusal::Request),
    ] {
        assert_eq!(ClientRefusal::of(error, description), expected, "{error}");
    }
}
