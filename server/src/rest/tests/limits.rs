//! How often a key may ask.

use std::sync::Arc;

use super::*;
use crate::config::{Config, LimitConfig};

const LIMITS: LimitConfig = LimitConfig {
    staff_requests_per_minute: 0,
    key_requests_per_minute: 3,
    key_reports_per_minute: 2,
    exports_per_hour: 2,
};

async fn limited(mut console: World, limits: LimitConfig) -> (App, World) {
    console.core.config = Arc::new(Config {
        limits,
        ..Config::default()
    });
    (app(&console).await, console)
}

async fn get(app: &App, path: &str, key: &str) -> Answer {
    send(app, request(app, "GET", path, Some(key), Body::empty())).await
}

fn assert_refused(answer: &Answer, policy: &str, seconds: &str) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.headers["retry-after"], seconds);
    let left = format!("\"{policy}\";r=0;t={seconds}");
    assert_eq!(answer.headers["ratelimit"], left);
    let problem = answer.json();
    assert_eq!(problem["code"], "rate_limited");
    assert_eq!(problem["status"], 429);
    assert!(problem["request_id"].is_string(), "{problem}");
    assert!(answer.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_refused_until_it_may_again() {
    let (app, console) = limited(sqlite().await, LIMITS).await;
    for (path, left) in [("/tenants", 2), ("/audit", 1), ("/tenants/nobody", 0)] {
        let answer = get(&app, &format!("/api/v1{path}"), "own").await;
        assert!(answer.status != StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers["ratelimit-policy"], "\"requests\";q=3;w=60");
        let told = answer.headers["ratelimit"].to_str().unwrap();
        assert!(
            told.starts_with(&format!("\"requests\";r={left};t=")),
            "{told}"
        );
    }
    assert_refused(&get(&app, "/api/v1/tenants", "own").await, "requests", "20");
    assert_eq!(get(&app, "/api/v1/tenants", "other").await.status, 200);
    console.clock.advance(chrono::TimeDelta::seconds(20));
    assert_eq!(get(&app, "/api/v1/tenants", "own").await.status, 200);
    assert_refused(&get(&app, "/api/v1/tenants", "own").await, "requests", "20");
}

#[tokio::test]
async fn reading_and_reporting_do_not_use_each_other_up() {
    let (app, _) = limited(sqlite().await, LIMITS).await;
    let report = async || {
        let body = good_body("post", "/api/v1/requests").to_string();
        let request = request(&app, "POST", "/api/v1/requests", Some("platform"), body);
        send(&app, request).await
    };
    for _ in 0..3 {
        get(&app, "/api/v1/tenants", "platform").await;
    }
    for _ in 0..2 {
        let answer = report().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["ratelimit-policy"], "\"reports\";q=2;w=60");
    }
    assert_refused(&report().await, "reports", "30");
}

#[tokio::test]
async fn a_key_that_reads_cannot_fill_the_disk_with_exports() {
    for console in both().await {
        let (app, console) = limited(console, LIMITS).await;
        let path = "/api/v1/audit/export?format=jsonl&to=1971-01-01T00:00:00Z";
        for _ in 0..2 {
            assert_eq!(get(&app, path, "own").await.status, 200);
        }
        for _ in 0..50 {
            let answer = get(&app, path, "own").await;
            assert_refused(&answer, "exports", "1800");
        }
        let exported = console.actions("tenant:acme").await;
        let exported = exported.iter().filter(|action| *action == "audit.exported");
        assert_eq!(exported.count(), 2, "{}", console.engine);
        assert_eq!(get(&app, "/api/v1/audit", "own").await.status, 200);
    }
}

#[tokio::test]
async fn what_the_rights_of_a_key_refuse_has_counted_and_says_what_is_left() {
    let (app, _) = limited(sqlite().await, LIMITS).await;
    for left in [2, 1, 0] {
        let refused = get(&app, "/api/v1/tenants", "writer").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.headers["ratelimit-policy"], "\"requests\";q=3;w=60");
        let told = refused.headers["ratelimit"].to_str().unwrap();
        assert!(
            told.starts_with(&format!("\"requests\";r={left};t=")),
            "{told}"
        );
    }
    let over = get(&app, "/api/v1/tenants", "writer").await;
    assert_refused(&over, "requests", "20");
    // Refused before anything is counted.
    for key in ["unknown", "revoked", "expired", "elsewhere"] {
        let refused = get(&app, "/api/v1/tenants", key).await;
        assert!(refused.status.is_client_error(), "{key}");
        assert!(!refused.headers.contains_key("ratelimit"), "{key}");
    }
}

#[tokio::test]
async fn nobodys_requests_are_not_counted_and_zero_is_no_limit() {
    let none = LimitConfig {
        key_requests_per_minute: 0,
        ..LIMITS
    };
    let (app, _) = limited(sqlite().await, none).await;
    for key in ["own", "unknown", "revoked"] {
        for _ in 0..10 {
            let answer = get(&app, "/api/v1/tenants", key).await;
            assert!(answer.status != StatusCode::TOO_MANY_REQUESTS);
            assert!(!answer.headers.contains_key("ratelimit"));
        }
    }
}

#[test]
fn the_document_says_of_each_operation_that_it_has_a_limit() {
    let document = serde_json::to_value(router::openapi()).unwrap();
    for (method, path) in operations() {
        let refused = &document["paths"][&path][&method]["responses"]["429"];
        for field in ["retry-after", "ratelimit", "ratelimit-policy"] {
            assert!(
                refused["headers"][field].is_object(),
                "{method} {path}: {refused}"
            );
        }
    }
}
