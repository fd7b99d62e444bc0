//! The rules of the live stream, as plain functions.

use crate::{domain::live::LiveInterest, paths, query::Query};

/// How many ids of a kind the server follows for one stream.
pub const MAX_FOLLOWED: usize = 200;
/// The first wait after a lost stream, in milliseconds.
const FIRST_WAIT_MS: f64 = 500.0;
/// The longest wait, in milliseconds.
const LONGEST_WAIT_MS: f64 = 30_000.0;

/// The delay before retry `attempt` (from 0) after a loss, in milliseconds. It doubles each time
/// and is drawn from the upper half, so that the tabs of a whole company don't reconnect at the
/// same moment. `random` is in 0..1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 250 and 30 000"
)]
pub fn wait_ms(attempt: u32, random: f64) -> u32 {
    let doubled = FIRST_WAIT_MS * f64::from(1_u32 << attempt.min(16));
    let ceiling = doubled.min(LONGEST_WAIT_MS);
    (ceiling * (0.5 + random.clamp(0.0, 1.0) / 2.0)) as u32
}

/// The combined interest of all parts of a page.
pub fn union<'a>(interests: impl IntoIterator<Item = &'a LiveInterest>) -> LiveInterest {
    let mut all = LiveInterest::default();
    for interest in interests {
        add_new(&mut all.tenants, &interest.tenants);
        add_new(&mut all.support_sessions, &interest.support_sessions);
        all.counts |= interest.counts;
        all.new_support_sessions |= interest.new_support_sessions;
        all.staff |= interest.staff;
        all.api_keys |= interest.api_keys;
        all.managed_tenants |= interest.managed_tenants;
        all.access_log_of = all.access_log_of.or(interest.access_log_of);
        if all.managed_tenant.is_none() {
            all.managed_tenant.clone_from(&interest.managed_tenant);
        }
    }
    all
}

fn add_new<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for id in more {
        if all.len() < MAX_FOLLOWED && !all.contains(id) {
            all.push(id.clone());
        }
    }
}

/// The address of the stream. `last_event_id` resumes where an earlier stream of this tab ended:
/// only the browser's own retries send the header of that name.
pub fn address(interest: &LiveInterest, last_event_id: Option<&str>) -> String {
    let interest = serde_json::to_string(interest).unwrap_or_default();
    Query::default()
        .with("interest", &interest)
        .with_some("last_event_id", last_event_id)
        .of(paths::LIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SupportSessionId, TenantId};

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    #[test]
    fn waits_double_up_to_half_a_minute_and_never_fall_under_half_of_it() {
        assert_eq!(wait_ms(0, 0.0), 250);
        assert_eq!(wait_ms(0, 1.0), 500);
        assert_eq!(wait_ms(3, 1.0), 4_000);
        assert_eq!(wait_ms(6, 1.0), 30_000);
        assert_eq!(wait_ms(u32::MAX, 0.0), 15_000);
    }

    #[test]
    fn interests_are_joined_without_duplicates_and_within_the_limit() {
        let one = LiveInterest {
            tenants: vec![tenant("a"), tenant("b")],
            ..LiveInterest::default()
        };
        let two = LiveInterest {
            tenants: vec![tenant("b"), tenant("c")],
            counts: true,
            managed_tenants: true,
            managed_tenant: Some(tenant("b")),
            ..LiveInterest::default()
        };
        let all = union([&one, &two, &one]);
        assert_eq!(all.tenants, [tenant("a"), tenant("b"), tenant("c")]);
        assert!(all.counts && all.managed_tenants);
        assert_eq!(all.managed_tenant, Some(tenant("b")));

        let many = LiveInterest {
            tenants: (0..300).map(|n| tenant(&n.to_string())).collect(),
            ..LiveInterest::default()
        };
        assert_eq!(union([&many]).tenants.len(), MAX_FOLLOWED);
    }

    #[test]
    fn the_address_carries_the_interest_and_where_to_resume() {
        let id: SupportSessionId = "01937e2c-7b6a-7cc0-8000-000000000002".parse().unwrap();
        let interest = LiveInterest {
            access_log_of: Some(id),
            ..LiveInterest::default()
        };
        assert_eq!(
            address(&interest, Some("7")),
            "/live?interest=%7B%22counts%22%3Afalse%2C%22access_log_of%22%3A%2201937e2c-7b6a-7cc0-8000-000000000002%22%7D&last_event_id=7"
        );
    }
}
