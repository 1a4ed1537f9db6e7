//! Who is kept out by options of which no rule of ours can be made.
//!
//! Owns when nobody gets in, rather than more people than there. Must not know
//! what becomes of the other rules.

use super::convert::{Conversion, name_of_unknown};
use super::options::kind;

/// The option that lets in fewer people than any rule of ours that is made of the others.
pub(super) fn closed_by(work: &Conversion, no_domain: bool, no_group: bool) -> Option<String> {
    // Who gets in may stand there.
    if let Some(option) = work.unread() {
        return Some(option.to_owned());
    }
    let is_set = |option: &&str| work.all(option).iter().any(|value| !value.is_empty());
    if no_domain {
        // Without either of the two, oauth2-proxy does not start.
        let file = Some("authenticated-emails-file").filter(is_set);
        return Some(file.unwrap_or("email-domain").to_owned());
    }
    // Roles are groups to oauth2-proxy: of groups and roles, any one will do.
    let role = Some("allowed-role").filter(|role| no_group && is_set(role));
    let known = role.or_else(|| NARROWER.iter().copied().find(is_set));
    known.map(str::to_owned).or_else(|| {
        let mut unknown = work.settings().iter().filter(|setting| {
            kind(&setting.name).is_none() && setting.values.iter().any(|value| !value.is_empty())
        });
        let setting = unknown.find(|setting| may_narrow(&setting.name))?;
        Some(name_of_unknown(setting))
    })
}

/// Options that ask the provider's own API who may get in.
const NARROWER: &[&str] = &[
    "bitbucket-repository",
    "bitbucket-team",
    "github-org",
    "github-repo",
    "github-team",
    "github-user",
    "gitlab-group",
    "gitlab-project",
    "google-group",
    "keycloak-group",
];

/// Whether an option that nobody knows looks as if it said who may get in.
fn may_narrow(name: &str) -> bool {
    let of_people = ["allowed-", "authorized-", "authenticated-", "required-"];
    let kinds = [
        "group",
        "project",
        "org",
        "organization",
        "organisation",
        "team",
        "user",
        "role",
        "repo",
        "repository",
        "tenant",
        "member",
    ];
    let last = name.rsplit('-').next().unwrap_or(name);
    let last = match last.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => last.strip_suffix('s').unwrap_or(last).to_owned(),
    };
    of_people.iter().any(|start| name.starts_with(start))
        || kinds.contains(&last.as_str())
        || name.contains("email")
        || name.contains("domain")
}
