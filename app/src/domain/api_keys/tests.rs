use super::*;
use crate::domain::problem::Problem;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key() -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_uuid(uuid::Uuid::from_u128(1)),
        name: "invoices".into(),
        tenant_id: None,
        rights: vec![ApiRight::Read],
        created_at: at("2026-01-01T00:00:00Z"),
        created_by: "Ada".into(),
        expires_at: None,
        allowed_addresses: Vec::new(),
        requests_per_minute: None,
        last_used_at: None,
        last_used_from: String::new(),
        uses_noted_since: at("2026-01-01T00:00:00Z"),
        rotated_at: None,
        previous_until: None,
        revoked_at: None,
    }
}

fn form() -> ApiKeyForm {
    ApiKeyForm {
        name: "invoices".into(),
        ..ApiKeyForm::default()
    }
}

fn refused(form: &ApiKeyForm, field: &str) -> Problem {
    let problem = form.validate().unwrap_err();
    assert!(problem.field(field).is_some(), "{problem:?}");
    problem
}

#[test]
fn a_key_expires_at_its_instant_and_stays_revoked() {
    let mut key = key();
    let noon = at("2026-11-22T12:00:00Z");
    assert_eq!(key.state(noon), ApiKeyState::Active);
    key.expires_at = Some(noon);
    key.previous_until = Some(at("2026-12-01T12:00:00Z"));
    let before = noon - TimeDelta::microseconds(1);
    assert_eq!(key.state(before), ApiKeyState::Active);
    assert!(key.overlap(before).is_some());
    assert_eq!(key.state(noon), ApiKeyState::Expired);
    assert_eq!(key.overlap(noon), None, "no secret of it works");
    key.revoked_at = Some(before);
    assert_eq!(key.state(noon), ApiKeyState::Revoked);
}

#[test]
fn a_key_says_that_it_was_never_used_or_not_for_90_days() {
    let mut key = key();
    let used = at("2026-08-24T12:00:00Z");
    assert_eq!(key.usage(used), ApiKeyUse::Never);
    key.last_used_at = Some(used);
    let almost = used + UNUSED_AFTER - TimeDelta::microseconds(1);
    assert_eq!(key.usage(almost), ApiKeyUse::Recent);
    assert_eq!(key.usage(used + UNUSED_AFTER), ApiKeyUse::NotSince(used));
    // A key of an earlier version may have been used before uses were noted.
    key.last_used_at = None;
    key.uses_noted_since = used;
    assert_eq!(key.usage(used), ApiKeyUse::NoneNoted(used));
    assert_eq!(key.usage(used + UNUSED_AFTER), ApiKeyUse::NotSince(used));
}

#[test]
fn an_address_is_allowed_in_any_of_the_networks_however_it_is_written() {
    let mut key = key();
    let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    assert!(key.allows(None), "everywhere");
    key.allowed_addresses = parse_addresses("203.0.113.0/24, 198.51.100.7\n2001:db8::/32").unwrap();
    for good in [
        "203.0.113.255",
        "::ffff:203.0.113.9",
        "198.51.100.7",
        "2001:db8:1::1",
    ] {
        assert!(key.allows(address(good)), "{good}");
    }
    for bad in ["203.0.114.0", "198.51.100.8", "2001:db9::1", "::1"] {
        assert!(!key.allows(address(bad)), "{bad}");
    }
    assert!(!key.allows(None), "an unknown address");
}

#[test]
fn what_is_no_network_is_named() {
    for (bad, why) in [
        ("203.0.113.0/33", "203.0.113.0/33"),
        ("office", "office"),
        ("203.0.113.9/24", "Write 203.0.113.0/24"),
    ] {
        let problem = refused(
            &ApiKeyForm {
                allowed_addresses: format!("198.51.100.7 {bad}"),
                ..form()
            },
            "allowed_addresses",
        );
        assert!(problem.detail.contains(why), "{problem:?}");
    }
}

#[test]
fn a_form_makes_a_key_that_reads_and_never_expires_unless_it_says_more() {
    let new = form().validate().unwrap();
    assert_eq!(new.rights, [ApiRight::Read]);
    assert_eq!((new.tenant_id, new.expires_in_days), (None, None));
    let more = ApiKeyForm {
        tenant: " acme ".into(),
        rights: vec!["identities:introspect".into(), "read".into()],
        expires_in_days: "90".into(),
        requests_per_minute: "1,200".into(),
        ..form()
    };
    let new = more.validate().unwrap();
    assert_eq!(new.rights, [ApiRight::Read, ApiRight::IntrospectIdentities]);
    assert_eq!(new.expires_in_days, Some(90));
    assert_eq!(new.requests_per_minute, Some(1_200));
}

#[test]
fn every_field_that_is_wrong_is_named_at_once() {
    let wrong = ApiKeyForm {
        name: " ".into(),
        tenant: "a b".into(),
        rights: vec!["everything".into()],
        expires_in_days: "soon".into(),
        allowed_addresses: "x".into(),
        requests_per_minute: "0".into(),
        idempotency_key: String::new(),
    };
    let problem = wrong.validate().unwrap_err();
    let mut fields: Vec<_> = problem.fields.iter().map(|p| p.field.as_str()).collect();
    fields.sort_unstable();
    let all = [
        "allowed_addresses",
        "expires_in_days",
        "name",
        "requests_per_minute",
        "rights",
        "tenant",
    ];
    assert_eq!(fields, all);
    refused(
        &ApiKeyForm {
            tenant: "acme".into(),
            rights: vec!["telemetry:write".into()],
            ..form()
        },
        "rights",
    );
    for days in ["0", "3651", "-1", "1.5"] {
        refused(
            &ApiKeyForm {
                expires_in_days: days.into(),
                ..form()
            },
            "expires_in_days",
        );
    }
}

#[test]
fn a_rotation_says_how_long_the_present_secret_works() {
    let rotation = |hours: &str| {
        let form = RotateKeyForm {
            overlap_hours: hours.into(),
            ..RotateKeyForm::default()
        };
        form.validate().map(|rotation| rotation.overlap_hours)
    };
    assert_eq!(rotation("0"), Ok(0));
    assert_eq!(rotation(" 24 "), Ok(24));
    for bad in ["", "721", "-1", "a day"] {
        assert!(rotation(bad).is_err(), "{bad}");
    }
}
