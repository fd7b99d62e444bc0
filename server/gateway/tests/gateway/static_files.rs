//! Static files that a browser may keep while the session lasts, and what it may never keep.

use chrono::TimeDelta;

use crate::{
    browser::{Entry, values, wanted},
    support::{Wanted, client::Answer},
};

const SCRIPT: &str = "200 OK|Content-Type: text/javascript|ETag: \"1\"|Age: 0|\
                      Cache-Control: public, immutable, max-age=31536000";

fn keeping() -> Wanted {
    Wanted {
        more: "upstream_keep_static_files = true",
        ..wanted()
    }
}

/// A page of the session's host asks for a part of it, which the upstream answers as `wanted` says.
async fn part(entry: &Entry, dest: &str, wanted: &str, more: &str) -> Answer {
    let cookie = entry.cookie();
    let fields = format!(
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: {dest}\r\n\
         X-Answer: {wanted}\r\nCookie: {cookie}\r\n{more}"
    );
    let line = "GET /v1/tenants/acme/as-asked";
    entry.ask(line, &fields).await
}

fn kept(answer: &Answer) -> Vec<&str> {
    values(answer, "cache-control")
}

#[tokio::test]
async fn a_static_file_is_kept_until_the_session_ends_and_by_this_browser_alone() {
    let entry = Entry::with(keeping()).await;
    let answer = part(&entry, "script", SCRIPT, "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(kept(&answer), ["private, max-age=900, must-revalidate"]);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.header("age"), None);
    entry.rig.clock.advance(TimeDelta::minutes(10));
    for (dest, content) in [
        ("script", "application/javascript; charset=utf-8"),
        ("style", "text/css"),
        ("font", "font/woff2"),
        ("image", "image/svg+xml"),
    ] {
        let wanted = SCRIPT.replace("text/javascript", content);
        let answer = part(&entry, dest, &wanted, "").await;
        assert_eq!(
            kept(&answer),
            ["private, max-age=300, must-revalidate"],
            "{dest}"
        );
    }
    let short = SCRIPT.replace("31536000", "60");
    let answer = part(&entry, "script", &short, "").await;
    assert_eq!(kept(&answer), ["private, max-age=60, must-revalidate"]);
    // Not for longer than the session may be idle.
    let idle = gateway::clock::Clock::now(&entry.rig.clock) + TimeDelta::seconds(20);
    entry
        .rig
        .store
        .bound(|limits| limits.idle_ends_at = Some(idle));
    let answer = part(&entry, "script", SCRIPT, "").await;
    assert_eq!(kept(&answer), ["private, max-age=20, must-revalidate"]);
    // Each of them is in the record.
    assert_eq!(entry.rig.store.begun().len(), 7);
}

#[tokio::test]
async fn what_was_kept_is_asked_for_again_with_a_condition() {
    let entry = Entry::with(keeping()).await;
    let unchanged = "304 Not Modified|ETag: \"1\"|Cache-Control: public, max-age=600";
    let answer = part(&entry, "script", unchanged, "If-None-Match: \"1\"\r\n").await;
    assert_eq!(answer.status, 304);
    assert_eq!(kept(&answer), ["private, max-age=600, must-revalidate"]);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let sent = entry.rig.upstream.text().to_ascii_lowercase();
    assert!(sent.contains("\r\nif-none-match: \"1\"\r\n"), "{sent}");
    // One that says no more than that leaves what is kept, and gives it no new time.
    let silent = "304 Not Modified|ETag: \"1\"";
    let answer = part(&entry, "script", silent, "If-None-Match: \"1\"\r\n").await;
    assert_eq!(kept(&answer), ["private, max-age=0, must-revalidate"]);
    for (dest, wanted, condition) in [
        ("script", silent, ""),
        ("empty", silent, "If-None-Match: \"1\"\r\n"),
        (
            "script",
            "304 Not Modified|Set-Cookie: a=b",
            "If-None-Match: \"1\"\r\n",
        ),
        (
            "script",
            "304 Not Modified|Vary: Cookie",
            "If-None-Match: \"1\"\r\n",
        ),
        (
            "script",
            "304 Not Modified|Cache-Control: no-store",
            "If-None-Match: \"1\"\r\n",
        ),
    ] {
        let answer = part(&entry, dest, wanted, condition).await;
        assert_eq!(kept(&answer), ["no-store"], "{dest} {wanted} {condition}");
    }
    let html = format!("{unchanged}|Content-Type: text/html");
    assert_eq!(kept(&part(&entry, "script", &html, "").await), ["no-store"]);
}

#[tokio::test]
async fn nothing_that_could_be_someones_own_is_kept() {
    let entry = Entry::with(keeping()).await;
    let without = |answer: &Answer, what: &str| {
        assert_eq!(kept(answer), ["no-store"], "{what}");
        for gone in ["expires", "pragma", "age"] {
            assert_eq!(answer.header(gone), None, "{what}");
        }
    };
    for (dest, wanted) in [
        (
            "script",
            SCRIPT.replace("text/javascript", "application/json"),
        ),
        ("script", SCRIPT.replace("text/javascript", "text/html")),
        ("script", SCRIPT.replace("text/javascript", "text/css")),
        (
            "script",
            SCRIPT.replace("text/javascript", "text/javascript, text/html"),
        ),
        (
            "script",
            SCRIPT.replace("Content-Type: text/javascript|", ""),
        ),
        ("script", format!("{SCRIPT}|Content-Type: text/html")),
        ("script", format!("{SCRIPT}|Set-Cookie: a=b")),
        ("script", format!("{SCRIPT}|Vary: Accept-Encoding, Cookie")),
        ("script", format!("{SCRIPT}|Vary: Authorization")),
        ("script", format!("{SCRIPT}|Vary: *")),
        ("script", format!("{SCRIPT}|Vary: Support-Tenant")),
        ("script", format!("{SCRIPT}|Cache-Control: private")),
        ("script", format!("{SCRIPT}|Cache-Control: No-Store")),
        ("script", format!("{SCRIPT}, no-cache")),
        ("script", format!("{SCRIPT}|Pragma: no-cache")),
        (
            "script",
            format!("{SCRIPT}|Expires: Thu, 01 Jan 2099 00:00:00 GMT|Age: 9"),
        ),
        ("script", SCRIPT.replace("200 OK", "404 Not Found")),
        ("script", SCRIPT.replace("200 OK", "206 Partial Content")),
        ("script", SCRIPT.replace("200 OK", "302 Found|Location: /x")),
        ("script", SCRIPT.replace(", max-age=31536000", "")),
        ("image", SCRIPT.replace("text/javascript", "text/html")),
        ("document", SCRIPT.to_owned()),
        ("iframe", SCRIPT.replace("text/javascript", "image/png")),
        ("empty", SCRIPT.to_owned()),
        ("worker", SCRIPT.to_owned()),
    ] {
        let answer = part(&entry, dest, &wanted, "").await;
        without(&answer, &format!("{dest} {wanted}"));
    }
    for more in ["Sec-Fetch-Dest: script\r\n", "Range: bytes=0-9\r\n"] {
        without(&part(&entry, "script", SCRIPT, more).await, more);
    }
    for (line, site) in [
        ("POST", "same-origin"),
        ("HEAD", "same-origin"),
        ("GET", "none"),
    ] {
        let request = format!(
            "{line} /v1/tenants/acme/as-asked HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: {site}\r\n\
             Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nContent-Length: 0\r\n\
             X-Answer: {SCRIPT}\r\nCookie: {}\r\n\r\n",
            entry.host(),
            entry.cookie()
        );
        let mut client = entry.rig.client().await;
        client.send(request.as_bytes()).await;
        without(&client.answer_to(line == "HEAD").await, line);
    }
    // Without the key there are no static files.
    let entry = Entry::new().await;
    without(&part(&entry, "script", SCRIPT, "").await, "without the key");
}

#[tokio::test]
async fn static_files_take_nothing_from_what_the_session_may_do_and_nothing_else_is_one() {
    let entry = Entry::with(keeping()).await;
    let store = &entry.rig.store;
    store.bound(|limits| limits.requests_per_minute = Some(2));
    for _ in 0..20 {
        let answer = part(&entry, "script", SCRIPT, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let begun = store.begun();
    assert_eq!(begun.len(), 20, "each is recorded");
    let free: u64 = begun.iter().map(|intent| intent.free).sum();
    assert_eq!(free, 19, "all but the last are said not to count");
    // A client that says of everything that it is for a script is believed in nothing.
    let json = SCRIPT.replace("text/javascript", "application/json");
    let statuses = [
        part(&entry, "script", &json, "").await.status,
        part(&entry, "script", &json, "").await.status,
        part(&entry, "script", &json, "").await.status,
        part(&entry, "script", SCRIPT, "").await.status,
    ];
    assert_eq!(statuses, [200, 200, 429, 429]);
    let free: u64 = store.begun().iter().map(|intent| intent.free).sum();
    assert_eq!(free, 20);
}

#[tokio::test]
async fn static_files_are_not_forgotten_by_a_record_that_was_refused() {
    let entry = Entry::with(keeping()).await;
    let store = &entry.rig.store;
    assert_eq!(part(&entry, "script", SCRIPT, "").await.status, 200);
    store.use_up();
    assert_eq!(part(&entry, "script", SCRIPT, "").await.status, 403);
    store.raise();
    assert_eq!(part(&entry, "script", SCRIPT, "").await.status, 200);
    let free: Vec<_> = store.begun().iter().map(|intent| intent.free).collect();
    assert_eq!(free, [0, 1]);
}

#[tokio::test]
async fn a_flood_of_static_files_meets_the_sessions_rate_after_all() {
    let entry = Entry::with(keeping()).await;
    let store = &entry.rig.store;
    store.bound(|limits| limits.requests_per_minute = Some(1));
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(part(&entry, "script", SCRIPT, "").await.status);
    }
    let passed = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(passed, 21, "twenty free ones, and the one that counts");
    assert_eq!(statuses[21..], [429; 9]);
    // Nor does an answer without a condition become free by saying that nothing has changed.
    let entry = Entry::with(keeping()).await;
    entry
        .rig
        .store
        .bound(|limits| limits.requests_per_minute = Some(1));
    let unchanged = "304 Not Modified|Cache-Control: max-age=60";
    part(&entry, "script", unchanged, "").await;
    assert_eq!(part(&entry, "script", unchanged, "").await.status, 429);
}

#[tokio::test]
async fn a_browser_whose_session_has_ended_is_told_to_forget_what_it_keeps() {
    let entry = Entry::with(keeping()).await;
    assert_eq!(
        part(&entry, "script", SCRIPT, "")
            .await
            .header("clear-site-data"),
        None
    );
    let cookie = entry.cookie();
    entry.rig.store.revoke(entry.rig.session.id);
    for fields in [crate::browser::NAVIGATION, crate::browser::SAME_ORIGIN] {
        let fields = format!("{fields}Cookie: {cookie}\r\n");
        let answer = entry.ask("GET /v1/tenants/acme/x", &fields).await;
        assert_eq!(answer.status, 401);
        let told = answer.header("clear-site-data");
        assert_eq!(told, Some("\"cache\", \"storage\""), "{}", answer.head);
        assert_eq!(kept(&answer), ["no-store"]);
    }
    // Programs keep nothing that this could mean.
    let program = entry.rig.ask("GET /v1/tenants/acme/x").await;
    assert_eq!(
        (program.status, program.header("clear-site-data")),
        (401, None)
    );
}
