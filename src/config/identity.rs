//! `[identity]`: which claims say who somebody is.
//!
//! Owns which rule each part of a person has. Must not know how a rule is applied
//! (`gate::identity`).

use crate::gate::identity::rule::{AttributeRule, ClaimRule};

/// `[identity]`: which claims say who somebody is. Of several names the first
/// that is present counts; groups merge all.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account name.
    pub user: ClaimRule,
    /// The email address.
    pub email: ClaimRule,
    /// The name for display; `None`: `name`, else given and family name.
    pub name: Option<ClaimRule>,
    /// Groups.
    pub groups: ClaimRule,
    /// Whether Cognito's automatic group `<poolId>_<provider>` stays.
    pub keep_provider_group: bool,
    /// The one access right; `None`: nobody has one.
    pub access_right: Option<ClaimRule>,
    /// `access_right.order`: of several rights the first in here counts.
    pub order: Vec<String>,
    /// Further things that apps may want to know, in the order of the file.
    pub attributes: Vec<AttributeRule>,
}
