use app::{
    domain::{
        TenantId,
        api_keys::{
            ApiKeyFilter, ApiKeyForm, ApiKeyUse, ApiRight, KeyRotation, NextExpiry, RotateKeyForm,
            UNUSED_AFTER,
        },
        page::PageRequest,
        staff::Role,
    },
    ports::ApiKeysPort,
};
use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::services::testing::{World, both, cli, code_of, problem_of, sqlite};

fn new_key(tenant: Option<&str>, rights: &[ApiRight]) -> NewApiKey {
    NewApiKey {
        name: "invoices".into(),
        tenant_id: tenant.map(|id| id.parse().unwrap()),
        rights: rights.to_vec(),
        ..NewApiKey::default()
    }
}

#[tokio::test]
async fn a_key_is_recognised_by_its_secret_until_it_is_revoked() {
    for console in both().await {
        console.add_tenant("acme").await;
        let keys = ApiKeys::new(console.core.clone());
        let tenant: TenantId = "acme".parse().unwrap();
        let all = ApiRight::ALL;
        let platform = keys.create(&cli(), new_key(None, all)).await.unwrap();
        console.clock.advance(TimeDelta::milliseconds(1));
        let own = keys
            .create(&cli(), new_key(Some("acme"), &[]))
            .await
            .unwrap();
        assert!(platform.token.expose().starts_with("scpk_"));
        assert!(own.token.expose().starts_with("sctk_"));
        let found = keys
            .authenticate(own.token.expose(), None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.tenant_id.as_ref(), Some(&tenant));
        assert_eq!(found.rights, [ApiRight::Read]);
        let found = keys
            .authenticate(platform.token.expose(), None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.tenant_id, found.rights.as_slice()), (None, all));
        let listed = keys.all(&cli()).await.unwrap();
        let listed: Vec<_> = listed.into_iter().map(|key| key.id).collect();
        assert_eq!(listed, [platform.key.id, own.key.id]);

        console.clock.advance(TimeDelta::seconds(1));
        let revoked = keys.revoke(&cli(), own.key.id).await.unwrap();
        assert!(revoked.key.revoked_at.is_some());
        assert_eq!(
            keys.authenticate(own.token.expose(), None).await.unwrap(),
            None
        );
        let again = keys.revoke(&cli(), own.key.id).await;
        assert_eq!(code_of(again), ProblemCode::Conflict);
        assert_eq!(console.actions("system").await, ["api_key.created"]);
        assert_eq!(
            console.actions("tenant:acme").await,
            ["api_key.created", "api_key.revoked"]
        );
    }
}

#[tokio::test]
async fn keys_are_managed_by_super_admins_with_a_recent_sign_in_only() {
    let console = sqlite().await;
    let keys = ApiKeys::new(console.core.clone());
    console.add("ada", &[Role::SuperAdmin]).await;
    let ada = console.context(&console.sign_in("ada").await).await;
    let made = keys.create(&ada, new_key(None, &[])).await.unwrap();
    for (context, expected) in console.no_managers_of_keys().await {
        let codes = [
            code_of(keys.create(&context, new_key(None, &[])).await),
            code_of(keys.rotate(&context, made.key.id, overlap(1)).await),
            code_of(keys.revoke(&context, made.key.id).await),
            ApiKeysPort::create(&keys, &context, ApiKeyForm::default())
                .await
                .unwrap_err()
                .code,
            code_of(
                ApiKeysPort::rotate(&keys, &context, made.key.id, RotateKeyForm::default())
                    .await
                    .map_err(ServiceError::from),
            ),
        ];
        assert_eq!(codes, [expected; 5]);
        // Reading needs the role, and no recent sign-in.
        let read = [
            keys.all(&context).await.err().map(Problem::from),
            keys.list(&context, ApiKeyFilter::default(), PageRequest::default())
                .await
                .err(),
            keys.key(&context, made.key.id).await.err(),
            keys.draft(&context).await.err(),
        ];
        let expected = Some(expected).filter(|code| *code != ProblemCode::SignInTooOld);
        assert_eq!(
            read.map(|problem| problem.map(|problem| problem.code)),
            [expected; 4]
        );
    }
    assert!(
        keys.authenticate(made.token.expose(), None)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn an_invalid_key_is_refused_by_field() {
    let console = sqlite().await;
    console.add_tenant("acme").await;
    let keys = ApiKeys::new(console.core.clone());
    let too_much = new_key(Some("acme"), &[ApiRight::Read, ApiRight::SendTelemetry]);
    assert!(
        problem_of(keys.create(&cli(), too_much).await)
            .field("rights")
            .is_some()
    );
    let enough = new_key(Some("acme"), &[ApiRight::IntrospectIdentities]);
    assert!(keys.create(&cli(), enough).await.is_ok());
    let nameless = NewApiKey {
        name: " \u{202E}".into(),
        ..new_key(None, &[])
    };
    assert!(
        problem_of(keys.create(&cli(), nameless).await)
            .field("name")
            .is_some()
    );
    let stranger = keys.create(&cli(), new_key(Some("nobody"), &[])).await;
    assert_eq!(code_of(stranger), ProblemCode::NotFound);
    let unknown = ApiKeyId::from_uuid(Uuid::from_u128(9));
    assert_eq!(
        code_of(keys.revoke(&cli(), unknown).await),
        ProblemCode::NotFound
    );
}

#[tokio::test]
async fn a_cookies_token_or_anything_else_is_no_key() {
    let console = sqlite().await;
    console.add("ana", &[Role::SuperAdmin]).await;
    let keys = ApiKeys::new(console.core.clone());
    let made = keys.create(&cli(), new_key(None, &[])).await.unwrap();
    let secret = made.token.expose();
    assert!(!format!("{made:?}").contains(&secret[5..]));
    let cookie = console.sign_in("ana").await.token;
    let other_kind = secret.replace("scpk_", "sctk_");
    for bad in ["", "scpk_", &secret[1..], cookie.expose(), &other_kind] {
        assert_eq!(keys.authenticate(bad, None).await.unwrap(), None, "{bad}");
    }
}

fn overlap(hours: u32) -> KeyRotation {
    KeyRotation {
        overlap_hours: hours,
        ..KeyRotation::default()
    }
}

fn expiring(expiry: NextExpiry) -> KeyRotation {
    KeyRotation {
        expiry,
        ..overlap(24)
    }
}

async fn works(keys: &ApiKeys, token: &Token) -> bool {
    keys.authenticate(token.expose(), None)
        .await
        .unwrap()
        .is_some()
}

#[tokio::test]
async fn both_secrets_work_until_the_chosen_time_and_then_only_the_new_one() {
    for console in both().await {
        let keys = ApiKeys::new(console.core.clone());
        let first = keys.create(&cli(), new_key(None, &[])).await.unwrap();
        console.clock.advance(TimeDelta::seconds(1));
        let id = first.key.id;
        let second = keys.rotate(&cli(), id, overlap(24)).await.unwrap();
        let until = second.key.previous_until.unwrap();
        assert_eq!(until, console.core.now() + TimeDelta::hours(24));
        assert!(works(&keys, &first.token).await && works(&keys, &second.token).await);

        let third = keys.rotate(&cli(), id, overlap(1)).await;
        assert_eq!(code_of(third), ProblemCode::Conflict, "a promise is kept");
        console
            .clock
            .advance(TimeDelta::hours(24) - TimeDelta::microseconds(1));
        assert!(works(&keys, &first.token).await);
        console.clock.advance(TimeDelta::microseconds(1));
        assert!(!works(&keys, &first.token).await);
        assert!(works(&keys, &second.token).await);
        assert_eq!(
            console.actions("system").await,
            ["api_key.created", "api_key.rotated"]
        );
    }
}

#[tokio::test]
async fn without_an_overlap_every_earlier_secret_ends_at_once() {
    for console in both().await {
        let keys = ApiKeys::new(console.core.clone());
        let first = keys.create(&cli(), new_key(None, &[])).await.unwrap();
        let id = first.key.id;
        console.clock.advance(TimeDelta::seconds(1));
        let second = keys.rotate(&cli(), id, overlap(24)).await.unwrap();
        console.clock.advance(TimeDelta::seconds(1));
        let third = keys.rotate(&cli(), id, overlap(0)).await.unwrap();
        assert!(!works(&keys, &first.token).await && !works(&keys, &second.token).await);
        assert!(works(&keys, &third.token).await);
        console.clock.advance(TimeDelta::seconds(1));
        keys.rotate(&cli(), id, overlap(24)).await.unwrap();
        keys.revoke(&cli(), id).await.unwrap();
        assert!(!works(&keys, &third.token).await, "revoking ends both");
    }
}

#[tokio::test]
async fn a_key_expires_and_a_rotation_neither_revives_it_nor_extends_its_old_secret() {
    let console = sqlite().await;
    let keys = ApiKeys::new(console.core.clone());
    let new = NewApiKey {
        expires_in_days: Some(1),
        ..new_key(None, &[])
    };
    let first = keys.create(&cli(), new).await.unwrap();
    console.clock.advance(TimeDelta::hours(23));
    let second = keys
        .rotate(&cli(), first.key.id, expiring(NextExpiry::Never))
        .await
        .unwrap();
    assert_eq!(second.key.previous_until, first.key.expires_at);
    assert_eq!(second.key.expires_at, None);
    console.clock.advance(TimeDelta::hours(1));
    assert!(!works(&keys, &first.token).await);
    assert!(works(&keys, &second.token).await);

    let new = NewApiKey {
        expires_in_days: Some(1),
        ..new_key(None, &[])
    };
    let other = keys.create(&cli(), new).await.unwrap();
    console.clock.advance(TimeDelta::days(1));
    let refused = keys
        .authenticate(other.token.expose(), None)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ProblemCode::Unauthenticated);
    assert!(refused.detail.contains("expired"), "{refused:?}");
    let rotated = keys.rotate(&cli(), other.key.id, overlap(0)).await;
    assert_eq!(code_of(rotated), ProblemCode::Conflict);
    let unknown = ApiKeyId::from_uuid(Uuid::from_u128(9));
    let rotated = keys.rotate(&cli(), unknown, overlap(0)).await;
    assert_eq!(code_of(rotated), ProblemCode::NotFound);
}

#[tokio::test]
async fn a_rotation_that_names_no_expiry_leaves_it_as_it_was() {
    for console in both().await {
        let keys = ApiKeys::new(console.core.clone());
        let new = NewApiKey {
            expires_in_days: Some(30),
            ..new_key(None, &[])
        };
        let key = keys.create(&cli(), new).await.unwrap().key;
        let now = console.core.now();
        for (expiry, expected) in [
            (NextExpiry::Unchanged, key.expires_at),
            (NextExpiry::InDays(60), Some(now + TimeDelta::days(60))),
            (NextExpiry::Never, None),
            (NextExpiry::Unchanged, None),
        ] {
            let rotation = KeyRotation {
                expiry,
                ..overlap(0)
            };
            let rotated = keys.rotate(&cli(), key.id, rotation).await.unwrap().key;
            assert_eq!(
                rotated.expires_at, expected,
                "{}: {expiry:?}",
                console.engine
            );
        }
    }
}

#[tokio::test]
async fn a_key_works_from_its_networks_only_and_says_which_address_was_refused() {
    let console = sqlite().await;
    let keys = ApiKeys::new(console.core.clone());
    let new = NewApiKey {
        allowed_addresses: vec!["203.0.113.0/24".parse().unwrap()],
        ..new_key(None, &[])
    };
    let made = keys.create(&cli(), new).await.unwrap();
    let from = async |address| keys.authenticate(made.token.expose(), address).await;
    assert!(from(Some("203.0.113.9")).await.unwrap().is_some());
    for (address, named) in [
        (Some("198.51.100.1"), "198.51.100.1"),
        (None, "an unknown address"),
    ] {
        let refused = from(address).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::Forbidden);
        assert!(refused.detail.contains(named), "{refused:?}");
    }
    let key = keys.key(&cli(), made.key.id).await.unwrap().key;
    assert_eq!(key.last_used_from, "203.0.113.9", "a refused use is none");
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute_at_most_however_many_requests_come() {
    for console in both().await {
        let keys = ApiKeys::new(console.core.clone());
        let made = keys.create(&cli(), new_key(None, &[])).await.unwrap();
        let start = console.core.now();
        let used = async || {
            let key = keys.key(&cli(), made.key.id).await.unwrap().key;
            (key.last_used_at, key.last_used_from)
        };
        assert_eq!(used().await, (None, String::new()));
        let before = console.core.store.batch_commits();
        for second in 0..60 {
            let address = format!("203.0.113.{second}");
            let from = Some(address.as_str());
            keys.authenticate(made.token.expose(), from).await.unwrap();
            console.clock.advance(TimeDelta::seconds(1));
        }
        assert!(console.core.store.batch_commits() - before <= 1);
        assert_eq!(used().await, (Some(start), "203.0.113.0".to_owned()));
        let from = Some("198.51.100.1");
        keys.authenticate(made.token.expose(), from).await.unwrap();
        let later = start + TimeDelta::minutes(1);
        assert_eq!(used().await, (Some(later), "198.51.100.1".to_owned()));
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_acts_once() {
    for console in both().await {
        let keys = ApiKeys::new(console.core.clone());
        let form = ApiKeyForm {
            name: "invoices".into(),
            idempotency_key: "a".into(),
            ..ApiKeyForm::default()
        };
        let first = ApiKeysPort::create(&keys, &cli(), form.clone())
            .await
            .unwrap();
        let again = ApiKeysPort::create(&keys, &cli(), form).await.unwrap();
        assert!(first.secret.is_some());
        assert_eq!((again.key.id, again.secret), (first.key.id, None));
        console.clock.advance(TimeDelta::seconds(1));
        let form = RotateKeyForm {
            overlap_hours: "0".into(),
            idempotency_key: "b".into(),
            ..RotateKeyForm::default()
        };
        let id = first.key.id;
        let rotated = ApiKeysPort::rotate(&keys, &cli(), id, form.clone())
            .await
            .unwrap();
        let again = ApiKeysPort::rotate(&keys, &cli(), id, form).await.unwrap();
        assert_eq!(again.secret, None);
        let secret = rotated.secret.unwrap();
        assert!(keys.authenticate(&secret, None).await.unwrap().is_some());
        assert_eq!(
            console.actions("system").await,
            ["api_key.created", "api_key.rotated"]
        );
    }
}

/// An expired key, a revoked one, one in use, and one that was not used for long.
async fn one_in_each_state(console: &World, keys: &ApiKeys) {
    let mut made = Vec::new();
    for (name, tenant, days) in [
        ("old", None, Some(1)),
        ("gone", None, None),
        ("used", Some("acme"), None),
        ("idle", None, None),
    ] {
        let new = NewApiKey {
            name: name.into(),
            expires_in_days: days,
            ..new_key(tenant, &[])
        };
        made.push(keys.create(&cli(), new).await.unwrap());
        console.clock.advance(TimeDelta::milliseconds(1));
    }
    keys.authenticate(made[3].token.expose(), None)
        .await
        .unwrap();
    console.clock.advance(UNUSED_AFTER);
    keys.revoke(&cli(), made[1].key.id).await.unwrap();
    keys.authenticate(made[2].token.expose(), None)
        .await
        .unwrap();
}

#[tokio::test]
async fn keys_are_listed_by_state_newest_first_with_the_figures_of_all() {
    for console in both().await {
        console.add_tenant("acme").await;
        let keys = ApiKeys::new(console.core.clone());
        one_in_each_state(&console, &keys).await;
        let list = async |filter: ApiKeyFilter| {
            let list = keys
                .list(&cli(), filter, PageRequest::default())
                .await
                .unwrap();
            let names = list.keys.items.iter().map(|key| key.name.clone());
            (names.collect::<Vec<_>>(), list)
        };
        let (names, all) = list(ApiKeyFilter::default()).await;
        assert_eq!(names, ["idle", "used", "gone", "old"]);
        let counts = all.counts;
        assert_eq!((counts.active, counts.unused), (2, 1));
        assert_eq!((counts.expired, counts.revoked), (1, 1));
        assert_eq!(all.tenants[0].name, "acme");
        assert_eq!(all.keys.items[0].created_by, "root (command line)");
        let idle = all.keys.items[0].usage(all.at);
        assert!(matches!(idle, ApiKeyUse::NotSince(_)), "{idle:?}");
        for (state, expected) in [
            (ApiKeyState::Active, &["idle", "used"][..]),
            (ApiKeyState::Expired, &["old"]),
            (ApiKeyState::Revoked, &["gone"]),
        ] {
            let filter = ApiKeyFilter {
                state: Some(state),
                ..ApiKeyFilter::default()
            };
            assert_eq!(list(filter).await.0, expected);
        }
        let unused = ApiKeyFilter {
            state: Some(ApiKeyState::Active),
            unused: true,
            ..ApiKeyFilter::default()
        };
        assert_eq!(list(unused).await.0, ["idle"]);
        let of_tenant = ApiKeyFilter {
            tenant_id: "acme".parse().ok(),
            ..ApiKeyFilter::default()
        };
        assert_eq!(list(of_tenant).await.0, ["used"]);
    }
}

#[tokio::test]
async fn a_key_is_found_by_part_of_its_name_however_it_is_written_and_by_its_id() {
    for console in both().await {
        let keys = ApiKeys::new(console.core.clone());
        let mut ids = Vec::new();
        for name in ["Straße 100%", "Crème Brûlée", "invoices"] {
            let new = NewApiKey {
                name: name.into(),
                ..new_key(None, &[])
            };
            ids.push(keys.create(&cli(), new).await.unwrap().key.id);
            console.clock.advance(TimeDelta::milliseconds(1));
        }
        let list = async |search: &str, state| {
            let filter = ApiKeyFilter {
                search: Some(search.to_owned()),
                state,
                ..ApiKeyFilter::default()
            };
            keys.list(&cli(), filter, PageRequest::default()).await
        };
        let by_id = ids[1].to_string().to_uppercase();
        for (search, expected) in [
            ("STRASSE", &ids[..1]),
            ("00%", &ids[..1]),
            ("creme b", &ids[1..2]),
            (by_id.as_str(), &ids[1..2]),
            (" Invoice ", &ids[2..]),
            ("_", &[]),
            ("read", &[]),
        ] {
            let found = list(search, None).await.unwrap();
            let found_ids: Vec<_> = found.keys.items.iter().map(|key| key.id).collect();
            assert_eq!(found_ids, expected, "{}: {search}", console.engine);
            assert_eq!(found.counts.active, 3, "the figures of all");
        }
        keys.revoke(&cli(), ids[2]).await.unwrap();
        let active = list("invoices", Some(ApiKeyState::Active)).await.unwrap();
        assert!(active.keys.items.is_empty(), "{}", console.engine);
        let too_long = list(&"x".repeat(201), None).await.unwrap_err();
        assert!(too_long.field("q").is_some(), "{too_long:?}");
    }
}
