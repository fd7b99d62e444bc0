//! Targets in absolute form (RFC 9112 §3.2.2): a whole address in the request line.

use app::domain::access_log::Refusal;

use super::{TENANT, by_identity};
use crate::{
    browser::{Entry, SAME_ORIGIN},
    support::{Rig, client::Answer},
};

async fn ask(rig: &Rig, target: &str) -> Answer {
    rig.ask(&format!("GET {target}")).await
}

#[tokio::test]
async fn an_address_of_the_gateway_itself_is_its_path() {
    let rig = Rig::new().await;
    let own = rig.address;
    for scheme in ["http", "HTTP", "https"] {
        let answer = ask(&rig, &format!("{scheme}://{own}{TENANT}/x?a=%2F")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let begun = rig.store.begun();
    for intent in &begun {
        assert_eq!(intent.path, format!("{TENANT}/x"));
        assert_eq!(intent.query.as_deref(), Some("a=%2F"));
    }
    let sent = rig.upstream.text();
    let line = format!("GET {TENANT}/x?a=%2F HTTP/1.1\r\n");
    assert_eq!(sent.matches(&line).count(), 3, "{sent}");
    // The gateway's own paths are no exception.
    let health = format!("http://{own}/.support-console/health");
    assert_eq!(ask(&rig, &health).await.text(), r#"{"status":"ok"}"#);
    let other = format!("http://{own}/.support-console/other");
    assert_eq!(ask(&rig, &other).await.status, 404);
    // Rules are about the path.
    let bolt = format!("http://{own}/v1/tenants/bolt");
    assert_eq!(ask(&rig, &bolt).await.code(), "wrong_tenant");
    assert_eq!(begun.len(), 3);
}

#[tokio::test]
async fn an_address_of_any_other_host_is_refused() {
    let rig = Rig::new().await;
    let (own, upstream) = (rig.address, rig.upstream.address);
    let port = own.port() ^ 1;
    let targets = [
        format!("http://{upstream}{TENANT}/x"),
        format!("http://bolt.example{TENANT}/x"),
        format!("http://127.0.0.1:{port}{TENANT}/x"),
        format!("http://127.0.0.1{TENANT}/x"),
        format!("http://u:p@{own}{TENANT}/x"),
        format!("http://{}@{own}{TENANT}/x", rig.token),
        format!("http://{own}@bolt.example{TENANT}/x"),
        format!("http://{own}.bolt.example{TENANT}/x"),
        format!("http://{own}#{TENANT}/x"),
        format!("ftp://{own}{TENANT}/x"),
        format!("//{own}{TENANT}/x"),
        format!("http://{own}//v1/tenants/bolt"),
        format!("http://{own}/http://{own}{TENANT}/x"),
    ];
    for (count, target) in targets.iter().enumerate() {
        let answer = ask(&rig, target).await;
        assert!(
            matches!(answer.status, 400 | 403),
            "{target}: {}",
            answer.status
        );
        assert_eq!(rig.store.refused().len(), count + 1, "{target}");
    }
    // The HTTP library can't read these.
    for odd in [
        format!("http://{own}\\@bolt.example{TENANT}/x"),
        format!("http:/{own}{TENANT}/x"),
        format!("http:{TENANT}/x"),
    ] {
        assert_eq!(ask(&rig, &odd).await.status, 400, "{odd}");
    }
    let first = &rig.store.refused()[0];
    assert_eq!(first.refusal, Refusal::AmbiguousPath);
    let answer = ask(&rig, &targets[0]).await;
    assert!(
        answer.text().contains("exactly the host in Host"),
        "{}",
        answer.text()
    );
    let refused = format!("{:?}", rig.store.refused());
    for secret in [&rig.token, "u:p"] {
        assert!(!refused.contains(secret), "{refused}");
    }
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_whole_address_leads_to_no_sessions_host() {
    let entry = Entry::with(by_identity("")).await;
    let (cookie, origin) = (entry.cookie(), entry.origin());
    let line = format!("GET {origin}/x");
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n");
    // At that host it is its path, with all of that host's rules.
    assert_eq!(entry.ask(&line, &fields).await.status, 200);
    assert_eq!(entry.rig.store.begun()[0].path, "/x");
    assert_eq!(entry.ask(&line, "").await.status, 401);
    // From another host it is not.
    let own = entry.rig.address.to_string();
    let answer = entry.ask_at(&own, &line, &fields).await;
    assert!(answer.status >= 400, "{}", answer.status);
    let token = entry
        .rig
        .raw(&format!("{}\r\n", entry.rig.head(&line)))
        .await;
    assert_eq!(
        (token.status, token.code().as_str()),
        (400, "ambiguous_path")
    );
    let to_own = entry.ask(&format!("GET http://{own}/x"), &fields).await;
    assert_eq!(to_own.status, 400);
    assert_eq!(entry.rig.upstream.requests(), 1);
}
