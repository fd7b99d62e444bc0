use app::domain::{
    ApiKeyId,
    api_keys::{ApiRight, KeyRotation},
    audit::{AuditAction, FieldChange},
    caller::Caller,
    staff::Role,
};
use audit::{
    testing::noon,
    verify::{Extent, verify_lines},
};
use axum::{Extension, Router, routing::get};
use chrono::TimeDelta;
use futures::TryStreamExt;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use store::{
    audit::verify_store,
    testing::{append, new_event},
};
use tower::ServiceExt;

use super::*;
use crate::{
    middleware::same_origin::SameOrigin,
    router,
    services::{
        api_keys::{ApiKeys, NewApiKey},
        staff_sessions::ABSOLUTE_LIMIT,
        testing::{World, anonymous, both, cli, from_address, key_with, sqlite, support_admin},
    },
};

mod stretches;

async fn read(export: Export) -> Vec<u8> {
    let chunks: Vec<Bytes> = export.body.try_collect().await.unwrap();
    chunks.concat()
}

/// As many events as need several pages.
async fn add_pages(test: &World) {
    let appended = test
        .core
        .store
        .write(store::Priority::Normal, (), |(), tx| {
            Box::pin(async move {
                for number in 0..2_100 {
                    let _ = tx.append_audit(new_event(Some("a"), number, noon()));
                }
                for number in 3_000..3_010 {
                    let _ = tx.append_audit(new_event(None, number, noon()));
                }
                Ok::<(), store::StoreError>(())
            })
        });
    appended.await.unwrap();
}

#[tokio::test]
async fn a_file_breaks_off_for_who_has_signed_out_or_whose_key_is_revoked() {
    for test in both().await {
        add_pages(&test).await;
        test.add("ana", &[Role::SuperAdmin]).await;
        let ana = test.context(&test.sign_in("ana").await).await;
        let keys = ApiKeys::new(test.core.clone());
        let new = NewApiKey {
            name: "a platform".into(),
            tenant_id: None,
            rights: ApiRight::ALL.to_vec(),
            ..NewApiKey::default()
        };
        let made = keys.create(&cli(), new).await.unwrap();
        let key = keys.authenticate(made.token.expose(), None).await.unwrap();
        let key = from_address(Caller::Key(key.unwrap()), "192.0.2.1");
        for context in [&ana, &key] {
            let all = AuditFilter::default();
            let export = export(&test.core, context, all, ExportFormat::Csv).await;
            let mut body = export.unwrap().body;
            assert!(body.next().await.unwrap().is_ok(), "{}", test.engine);
            if let Caller::Staff(_) = context.caller {
                test.sessions.sign_out(context, false).await.unwrap();
            } else {
                keys.revoke(&cli(), made.key.id).await.unwrap();
            }
            assert!(body.next().await.unwrap().is_err(), "{}", test.engine);
        }
    }
}

/// A super admin's sign-in and a platform key that lasts a day, both made at noon.
async fn readers(test: &World) -> (Context, ApiKeyId, Context) {
    test.add("ana", &[Role::SuperAdmin]).await;
    test.add("bo", &[Role::SuperAdmin]).await;
    let ana = test.context(&test.sign_in("ana").await).await;
    let keys = ApiKeys::new(test.core.clone());
    let new = NewApiKey {
        name: "a platform".into(),
        expires_in_days: Some(1),
        ..NewApiKey::default()
    };
    let made = keys.create(&cli(), new).await.unwrap();
    let key = keys.authenticate(made.token.expose(), None).await.unwrap();
    let key = from_address(Caller::Key(key.unwrap()), "192.0.2.1");
    (ana, made.key.id, key)
}

/// A file of every event, whose first page was read.
async fn begun(test: &World, context: &Context) -> BoxStream<'static, Result<Bytes, ServiceError>> {
    let all = AuditFilter::default();
    let export = export(&test.core, context, all, ExportFormat::Csv).await;
    let mut body = export.unwrap().body;
    assert!(body.next().await.unwrap().is_ok(), "{}", test.engine);
    body
}

#[tokio::test]
async fn a_file_breaks_off_once_the_sign_in_or_the_key_behind_it_has_expired() {
    for test in both().await {
        add_pages(&test).await;
        let start = test.core.now();
        let (ana, _, key) = readers(&test).await;
        for (context, lasts) in [(&ana, ABSOLUTE_LIMIT), (&key, TimeDelta::days(1))] {
            let mut body = begun(&test, context).await;
            let left = start + lasts - test.core.now();
            test.clock.advance(left - TimeDelta::microseconds(1));
            assert!(body.next().await.unwrap().is_ok(), "{}", test.engine);
            test.clock.advance(TimeDelta::microseconds(1));
            assert!(body.next().await.unwrap().is_err(), "{}", test.engine);
        }
    }
}

#[tokio::test]
async fn a_file_breaks_off_for_who_lost_a_role_or_whose_secret_was_replaced() {
    for test in both().await {
        add_pages(&test).await;
        let (ana, id, key) = readers(&test).await;
        let (mut anas, mut keys) = (begun(&test, &ana).await, begun(&test, &key).await);
        test.clock.advance(TimeDelta::seconds(1));
        let Caller::Staff(staff) = &ana.caller else {
            panic!("signed in")
        };
        let support = vec![Role::SupportAdmin];
        let set = test.staff.set_roles(&cli(), staff.staff_id, support).await;
        set.unwrap();
        assert!(anas.next().await.unwrap().is_err(), "{}", test.engine);
        let rotate = |overlap_hours| KeyRotation {
            overlap_hours,
            ..KeyRotation::default()
        };
        let service = ApiKeys::new(test.core.clone());
        service.rotate(&cli(), id, rotate(1)).await.unwrap();
        assert!(keys.next().await.unwrap().is_ok(), "both secrets work");
        test.clock.advance(TimeDelta::seconds(1));
        service.rotate(&cli(), id, rotate(0)).await.unwrap();
        assert!(keys.next().await.unwrap().is_err(), "{}", test.engine);
    }
}

fn of_tenant(id: &str) -> AuditFilter {
    AuditFilter {
        tenant_id: Some(id.parse().unwrap()),
        ..AuditFilter::default()
    }
}

#[tokio::test]
async fn an_export_of_many_pages_is_what_verify_reads() {
    for test in both().await {
        let engine = test.engine;
        add_pages(&test).await;
        let core = test.core.clone();
        let admin = cli();
        let all = AuditFilter::default();
        let export = export(&core, &admin, all, ExportFormat::JsonLines)
            .await
            .unwrap();
        assert_eq!(export.file_name, "audit-all-2026-11-22.jsonl");
        let text = read(export).await;
        let heads = verify_store(&test.core.store, [], None)
            .await
            .unwrap()
            .heads()
            .collect::<Vec<_>>();
        let report = verify_lines(text.as_slice(), Extent::All, heads).unwrap();
        assert!(report.is_sound(), "{engine}: {report}");
        // The last event is this export's own.
        assert_eq!(report.events, 2_111, "{engine}");
        let last = String::from_utf8(text).unwrap();
        let mut system = last
            .lines()
            .filter(|line| line.contains("\"chain\":\"system\""));
        assert!(
            system.next_back().unwrap().contains("audit.exported"),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_tenants_export_is_recorded_in_its_log_and_named_after_it() {
    for test in both().await {
        let engine = test.engine;
        append(&test.core.store, new_event(Some("a:b"), 1, noon()))
            .await
            .unwrap();
        append(&test.core.store, new_event(Some("other"), 2, noon()))
            .await
            .unwrap();
        append(&test.core.store, new_event(None, 3, noon()))
            .await
            .unwrap();
        let core = test.core.clone();
        for (number, context, filter) in [
            (
                1,
                key_with(Some("a:b"), &[ApiRight::Read]),
                AuditFilter::default(),
            ),
            (2, support_admin(1), of_tenant("a:b")),
        ] {
            let export = export(&core, &context, filter, ExportFormat::JsonLines)
                .await
                .unwrap();
            assert_eq!(export.file_name, "audit-a_b-2026-11-22.jsonl");
            let text = read(export).await;
            let report = verify_lines(text.as_slice(), Extent::All, []).unwrap();
            assert!(report.is_sound(), "{engine}: {report}");
            assert_eq!(report.chains.keys().collect::<Vec<_>>(), ["tenant:a:b"]);
            assert_eq!(report.events, 1 + number, "{engine}");
        }
    }
}

#[tokio::test]
async fn a_caller_who_may_not_read_may_not_export_and_leaves_no_event() {
    let test = sqlite().await;
    append(&test.core.store, new_event(Some("a"), 1, noon()))
        .await
        .unwrap();
    let core = test.core.clone();
    for (context, filter, code) in [
        (
            anonymous(),
            AuditFilter::default(),
            ProblemCode::Unauthenticated,
        ),
        (
            key_with(Some("b"), &[ApiRight::Read]),
            of_tenant("a"),
            ProblemCode::NotFound,
        ),
        (
            key_with(Some("a"), &[]),
            AuditFilter::default(),
            ProblemCode::Forbidden,
        ),
    ] {
        let refused = export(&core, &context, filter, ExportFormat::Csv).await;
        let problem = Problem::from(refused.err().expect("refused"));
        assert_eq!(problem.code, code);
    }
    assert_eq!(
        verify_store(&test.core.store, [], None)
            .await
            .unwrap()
            .events,
        1
    );
}

#[tokio::test]
async fn an_export_of_a_tenant_that_does_not_exist_begins_no_chain() {
    for test in both().await {
        let engine = test.engine;
        test.add_tenant("acme").await;
        append(&test.core.store, new_event(Some("gone"), 1, noon()))
            .await
            .unwrap();
        let platform = || key_with(None, &[ApiRight::Read]);
        for (context, filter) in [
            (support_admin(1), of_tenant("nobody")),
            (cli(), of_tenant("nobody")),
            (platform(), of_tenant("nobody")),
            (
                key_with(Some("nobody"), &[ApiRight::Read]),
                AuditFilter::default(),
            ),
        ] {
            let refused = export(&test.core, &context, filter, ExportFormat::JsonLines).await;
            let problem = Problem::from(refused.err().expect("refused"));
            assert_eq!(problem.code, ProblemCode::InvalidInput, "{engine}");
            assert!(problem.field("tenant").is_some(), "{engine}: {problem:?}");
        }
        let mut reader = test.core.store.read().await.unwrap();
        let chains = reader.db().list_audit_chains().await.unwrap();
        assert!(!chains.contains(&"tenant:nobody".to_owned()), "{chains:?}");
        // A tenant without events, and events of a tenant that is registered no more.
        for tenant in ["acme", "gone"] {
            let filter = of_tenant(tenant);
            let exported = export(&test.core, &platform(), filter, ExportFormat::Csv).await;
            assert!(exported.is_ok(), "{engine} {tenant}");
        }
    }
}

#[tokio::test]
async fn the_download_link_answers_with_an_attachment_or_names_the_field() {
    let test = sqlite().await;
    append(&test.core.store, new_event(Some("a"), 1, noon()))
        .await
        .unwrap();
    let mut context = support_admin(1);
    context.origin.request_id = Some("r-17".into());
    let router = Router::new()
        .route("/export/audit", get(export_audit))
        .layer(Extension(context))
        .with_state(test.core.clone());
    let ask = async |query: &str| {
        let request = Request::get(format!("/export/audit?{query}"));
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts, String::from_utf8(bytes.to_vec()).unwrap())
    };
    let (parts, text) = ask("format=csv&tenant=a&category=support_session").await;
    assert_eq!(parts.status, StatusCode::OK);
    assert_eq!(
        parts.headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"audit-a-support_session-2026-11-22.csv\""
    );
    assert_eq!(text.matches("\r\n").count(), 2, "{text}");
    assert!(text.starts_with("chain,seq,"), "{text}");
    for (query, begins) in [
        ("format=csv&tenant=a&bom=1", "\u{FEFF}chain,seq,"),
        ("format=csv&tenant=a&bom=0", "chain,seq,"),
        ("format=jsonl&tenant=a&bom=1", "{"),
    ] {
        let (_, text) = ask(query).await;
        assert!(text.starts_with(begins), "{query}: {text}");
    }
    for (query, fields) in [
        ("format=xml", &["format: must be one of csv, jsonl"][..]),
        ("format=csv&bom=maybe", &["bom: must be 1 or 0"]),
        (
            "format=csv&tenant=a%2Fb&from=yesterday",
            &["\"field\":\"tenant\"", "\"field\":\"from\""],
        ),
    ] {
        let (parts, text) = ask(query).await;
        assert_eq!(parts.status, StatusCode::UNPROCESSABLE_ENTITY);
        for field in fields {
            assert!(text.contains(field), "{text}");
        }
        assert!(text.contains("r-17"), "{text}");
    }
}

#[tokio::test]
async fn no_other_site_makes_a_staff_member_export() {
    let test = sqlite().await;
    append(&test.core.store, new_event(Some("a"), 1, noon()))
        .await
        .unwrap();
    let own = SameOrigin::of(&"https://console.example".parse().unwrap());
    let router = router::downloads(test.core.clone(), own).layer(Extension(support_admin(1)));
    let ask = async |method: &str, fields: &[(&str, &str)]| {
        let address = "/export/audit?format=csv&tenant=a&category=support_session";
        let request = Request::builder().method(method).uri(address);
        let request = fields.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request.body(Body::empty()).unwrap();
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, String::from_utf8(bytes.to_vec()).unwrap())
    };
    let link = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let image = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    let ahead = [link[0], ("sec-purpose", "prefetch")];
    for site in ["cross-site", "same-site", "none"] {
        for fields in [link, image, ahead] {
            let fields = [("sec-fetch-site", site), fields[0], fields[1]];
            let (status, text) = ask("GET", &fields).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{fields:?}");
            assert!(
                text.contains("https://console.example/audit?category=support_session&tenant=a"),
                "{text}"
            );
        }
    }
    let own = ("sec-fetch-site", "same-origin");
    for (method, fields, expected) in [
        ("GET", &[][..], StatusCode::FORBIDDEN),
        ("GET", &[own, ahead[0], ahead[1]], StatusCode::FORBIDDEN),
        (
            "GET",
            &[("referer", "https://evil.example/")],
            StatusCode::FORBIDDEN,
        ),
        ("HEAD", &[own], StatusCode::METHOD_NOT_ALLOWED),
    ] {
        assert_eq!(ask(method, fields).await.0, expected, "{method} {fields:?}");
    }
    let store = &test.core.store;
    let events = async || verify_store(store, [], None).await.unwrap().events;
    assert_eq!(events().await, 1, "no refused request has left an event");
    for fields in [
        &[own, link[0], link[1]][..],
        &[("referer", "https://console.example/audit")],
    ] {
        assert_eq!(ask("GET", fields).await.0, StatusCode::OK, "{fields:?}");
    }
    assert_eq!(events().await, 3);
}

/// Runs the program of `docs/audit-format.md` over an export.
fn documented_verifier(export: &[u8]) -> (bool, String) {
    let documentation = include_str!("../../../docs/audit-format.md");
    let program = documentation.split("```python\n").nth(1).unwrap();
    let program = program.split("```").next().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, export).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = std::process::Command::new("python3")
        .args(["-X", "utf8", "-c", program])
        .stdin(file)
        .output()
        .expect("python3 runs");
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(told).unwrap())
}

/// What can't be read is named in one line.
fn assert_damage_is_named(text: &[u8]) {
    let plain = String::from_utf8(text.to_vec()).unwrap();
    let ansi = plain
        .replace('\u{2028}', "\u{fc}")
        .replace('\u{1f99c}', "?");
    let ansi: Vec<u8> = ansi.chars().map(|c| c as u8).collect();
    for (other, expected) in [
        (&b"\n"[..], "The file is empty."),
        (&ansi, "The file is not UTF-8."),
        (b"\x1F\x8B\x08\0\0\0\0\0", "The file is not UTF-8."),
        (b"<!DOCTYPE html>\n", "line 1: can't be read."),
        (b"{}\n", "line 1: is no audit event"),
        (b"[]\n", "line 1: is no audit event"),
        (b"7\n", "line 1: is no audit event"),
        (b"chain,seq\r\n", "line 1: can't be read."),
        (
            &text[..text.len() - 9],
            "can't be read. Is this an export in JSON Lines, and is it whole?",
        ),
    ] {
        let (is_sound, told) = documented_verifier(other);
        assert!(
            !is_sound && told.contains(expected) && told.lines().count() == 1,
            "{told}"
        );
    }
}

#[tokio::test]
async fn the_program_in_the_documentation_agrees_with_ours() {
    let test = sqlite().await;
    for (number, name) in (0..).zip(["Zoë \"Z\" 🦜", "a\\b\u{7f}\u{1}\n", "</b>\u{2028}\u{e000}"])
    {
        let mut event = new_event(Some("a"), number, noon());
        event.actor.name = name.into();
        let changes = json!({"reason": name, "B": [null, true, -1], "a": {}, "_": name});
        let changes = changes.as_object().unwrap().iter();
        event.action = AuditAction::TenantChanged {
            changed: changes
                .map(|(field, to)| {
                    let (from, to) = (json!(name), to.clone());
                    (field.clone(), FieldChange { from, to })
                })
                .collect(),
            reason: None,
        };
        append(&test.core.store, event).await.unwrap();
    }
    let core = test.core.clone();
    let tenant = key_with(Some("a"), &[ApiRight::Read]);
    let export = export(
        &core,
        &tenant,
        AuditFilter::default(),
        ExportFormat::JsonLines,
    );
    let text = read(export.await.unwrap()).await;
    let heads: Vec<_> = verify_lines(text.as_slice(), Extent::All, [])
        .unwrap()
        .heads()
        .map(|head| format!("{head}\n"))
        .collect();
    assert_eq!(heads.len(), 1);
    let plain = String::from_utf8(text.clone()).unwrap();
    let windows = format!("\u{FEFF}{}\r\n", plain.replace('\n', "\r\n"));
    let wide: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for saved in [&text, windows.as_bytes(), &wide] {
        assert_eq!(documented_verifier(saved), (true, heads.concat()));
    }
    let unmarked: Vec<u8> = plain.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(documented_verifier(&unmarked), (true, heads.concat()));
    assert_damage_is_named(&text);
    let tampered = String::from_utf8(text).unwrap().replacen("🦜", "🐦", 1);
    let (is_sound, told) = documented_verifier(tampered.as_bytes());
    assert!(
        !is_sound && told == "line 1: tenant:a event 1: was changed\n",
        "{told}"
    );
}
