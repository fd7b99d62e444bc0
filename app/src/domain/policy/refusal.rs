//! What a refused caller lacks: the role or the right that the act needs, worked out from the policy itself.

use super::{Act, key_may, staff_may};
use crate::domain::{
    StaffId,
    api_keys::ApiRight,
    caller::{KeyCaller, StaffCaller},
    problem::Problem,
    staff::Role,
};

/// Why a staff member is refused.
pub(super) fn of_staff(staff: &StaffCaller, act: Act<'_>) -> Problem {
    let roles = roles_for(staff.staff_id, act);
    let detail = match act {
        _ if !roles.is_empty() => format!("You need the role {} for this.", in_words(&roles)),
        Act::ReplaceToken(_) | Act::OpenTenant(_) => {
            "Only the holder of this support session can do this.".to_owned()
        }
        Act::RaiseBudget(_) => format!(
            "You can't do this with your own support session. Another staff member with the role {} can.",
            Role::SuperAdmin
        ),
        _ => match platform_right(act) {
            Some(right) => format!("Only an API key with the right {right} can do this."),
            None => "Only the command line of the server can do this.".to_owned(),
        },
    };
    Problem::forbidden(detail)
}

/// Why a key is refused.
pub(super) fn of_key(key: &KeyCaller, act: Act<'_>) -> Problem {
    let detail = match (right_for(key, act), platform_right(act)) {
        (Some(right), _) => format!("This key needs the right {right} for this."),
        (None, Some(right)) => format!("Only a platform key with the right {right} can do this."),
        (None, None) => format!("API keys can't do this. {}", people(act)),
    };
    Problem::forbidden(detail)
}

/// Why a support session is refused.
pub(super) fn of_support(act: Act<'_>) -> Problem {
    let who = match platform_right(act) {
        Some(right) => format!("An API key with the right {right} can."),
        None => people(act),
    };
    Problem::forbidden(format!("Support sessions can't do this. {who}"))
}

/// The roles any one of which is enough, for this person.
fn roles_for(staff: StaffId, act: Act<'_>) -> Vec<Role> {
    let roles = Role::ALL.iter().copied();
    roles
        .filter(|role| staff_may(&[*role], staff, act))
        .collect()
}

/// The one right that a key lacks.
fn right_for(key: &KeyCaller, act: Act<'_>) -> Option<ApiRight> {
    let with = |right| KeyCaller {
        rights: vec![right],
        ..key.clone()
    };
    let mut rights = ApiRight::ALL.iter().copied();
    rights.find(|right| key_may(&with(*right), act))
}

/// The right with which a platform key may.
pub(super) fn platform_right(act: Act<'_>) -> Option<ApiRight> {
    let key = KeyCaller {
        id: crate::domain::ApiKeyId::from_uuid(uuid::Uuid::nil()),
        name: String::new(),
        tenant_id: None,
        rights: Vec::new(),
        requests_per_minute: None,
    };
    right_for(&key, act)
}

/// Who may among people.
fn people(act: Act<'_>) -> String {
    // Any person will do as the holder of a support session.
    let holder = match act {
        Act::RevokeSupportSession(holder) | Act::ReplaceToken(holder) | Act::OpenTenant(holder) => {
            holder
        }
        _ => StaffId::from_uuid(uuid::Uuid::max()),
    };
    match roles_for(holder, act).as_slice() {
        [] => "Only the command line of the server can.".to_owned(),
        roles => format!("A staff member with the role {} can.", in_words(roles)),
    }
}

fn in_words(roles: &[Role]) -> String {
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    roles.join(" or ")
}
