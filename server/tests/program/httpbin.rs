//! The gateway in front of an upstream that is not ours (httpbin), with a client that is not ours
//! (curl).

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use crate::support::prelude::*;

/// httpbin knows no tenants: it depends on our headers alone.
const RULES: &str = r#"tenant_binding = "identity""#;
const TEN_MB: usize = 10 * 1024 * 1024;
/// Names the Python with the packages of end2end/requirements.txt.
const PYTHON: &str = "SUPPORT_CONSOLE_PYTHON";

#[tokio::test]
async fn httpbin_gets_the_identity_and_never_a_credential() {
    let rig = Rig::start().await;
    let more = [
        "--header",
        "Cookie: a=secret",
        "--header",
        "X-Api-Key: secret",
        "--header",
        "X-Forwarded-For: 192.0.2.1",
        "--header",
        "Support-Tenant: secret",
        "--header",
        "X-Request-Id: secret",
        "--header",
        "Accept-Language: pt",
    ];
    let answer = rig.curl("/headers?show_env=1", &more, b"").await;
    assert_eq!(answer.status, 200);
    let seen = &answer.json()["headers"];
    assert_eq!(seen["Support-Tenant"], "acme", "{seen}");
    assert_eq!(seen["Support-Session"], rig.session.id.as_str(), "{seen}");
    assert!(seen["Support-Staff"].is_string(), "{seen}");
    assert_eq!(seen["Support-Scopes"], "all:write read_only", "{seen}");
    assert_eq!(seen["X-Request-Id"], answer.request_id(), "{seen}");
    assert_eq!(seen["Host"], rig.httpbin.address.to_string(), "{seen}");
    assert_eq!(seen["Accept-Language"], "pt", "{seen}");
    // Ours, not the client's.
    assert_eq!(seen["X-Forwarded-For"], "127.0.0.1", "{seen}");
    for name in ["Authorization", "Cookie", "X-Api-Key"] {
        assert!(seen[name].is_null(), "{name}: {seen}");
    }
    let text = answer.text();
    assert!(!text.contains("secret") && !text.contains(&rig.session.token));
    rig.check_log(&[("GET", "/headers", 200)]).await;
}

#[tokio::test]
async fn statuses_redirects_and_heads_come_as_httpbin_gives_them() {
    let rig = Rig::start().await;
    let mut expected = Vec::new();
    for (path, status) in [
        ("/status/204", 204),
        ("/status/404", 404),
        ("/status/418", 418),
        ("/status/429", 429),
        ("/status/500", 500),
        ("/status/503", 503),
    ] {
        assert_eq!(rig.curl(path, &[], b"").await.status, status);
        expected.push(("GET", path, status));
    }

    let moved = rig.curl("/redirect-to?url=/get", &[], b"").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, Some("/get"))
    );
    expected.push(("GET", "/redirect-to", 302));

    let head = rig.curl("/get", &["--head"], b"").await;
    assert_eq!(head.status, 200);
    let length = head.header("content-length").unwrap().parse::<u32>();
    assert!(
        length.unwrap() > 0,
        "a HEAD says how long the answer would be"
    );
    expected.push(("HEAD", "/get", 200));

    let deleted = rig.curl("/delete", &["--request", "DELETE"], b"").await;
    assert_eq!(deleted.status, 200);
    expected.push(("DELETE", "/delete", 200));
    rig.check_log(&expected).await;
}

#[tokio::test]
async fn bodies_come_and_go_unchanged_however_large_and_however_framed() {
    let rig = Rig::start().await;
    let large: Vec<u8> = (b'a'..=b'z').cycle().take(TEN_MB).collect();
    let plain = ["--header", "Content-Type: text/plain"];

    let file = rig.program.folder().join("large");
    std::fs::write(&file, &large).unwrap();
    let data = format!("@{}", file.display());
    let both_ways = [&plain[..], &["--data-binary", &data]].concat();
    let answer = rig.curl("/anything", &both_ways, b"").await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["data"].as_str().unwrap().as_bytes() == large);
    assert_eq!(
        answer.json()["headers"]["Content-Length"],
        TEN_MB.to_string()
    );

    let chunked = [&plain[..], &["--upload-file", "-"]].concat();
    let answer = rig.curl("/put", &chunked, &large[..1_000_000]).await;
    assert_eq!(answer.status, 200);
    let seen = answer.json();
    assert!(seen["data"].as_str().unwrap().as_bytes() == &large[..1_000_000]);
    assert_eq!(seen["headers"]["Transfer-Encoding"], "chunked");

    let gzip = rig
        .curl("/gzip", &["--header", "Accept-Encoding: gzip"], b"")
        .await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert_eq!(
        gzip.body[..2],
        [0x1f, 0x8b],
        "nobody unpacked it on the way"
    );

    let lines = rig.curl("/stream/20", &[], b"").await;
    assert_eq!(lines.header("transfer-encoding"), Some("chunked"));
    assert_eq!(lines.text().lines().count(), 20);

    let log = rig
        .check_log(&[
            ("POST", "/anything", 200),
            ("PUT", "/put", 200),
            ("GET", "/gzip", 200),
            ("GET", "/stream/20", 200),
        ])
        .await;
    assert_eq!(log[0]["request_bytes"], TEN_MB);
    assert!(log[0]["response_bytes"].as_u64().unwrap() > TEN_MB as u64);
    assert_eq!(log[1]["request_bytes"], 1_000_000);
    assert_eq!(log[2]["response_bytes"], gzip.body.len());
    assert_eq!(log[3]["response_bytes"], lines.body.len());
}

#[tokio::test]
async fn a_slow_stream_comes_as_it_is_sent_and_not_at_its_end() {
    let rig = Rig::start().await;
    let path = "/drip?numbytes=8&duration=3&delay=0";
    let answer = rig.curl(path, &["--no-buffer"], b"").await;
    assert_eq!((answer.status, answer.body.len()), (200, 8));
    let (first, last) = answer.seconds;
    assert!(
        last - first > 1.0,
        "first byte after {first} s, last after {last} s"
    );
    let log = rig.check_log(&[("GET", "/drip", 200)]).await;
    assert!(
        log[0]["duration_ms"].as_u64().unwrap() > 1_000,
        "{}",
        log[0]
    );
    assert_eq!(log[0]["query"], "numbytes=8&duration=3&delay=0");
}

#[tokio::test]
async fn over_http_2_httpbin_sees_and_gives_the_same() {
    let rig = Rig::start().await;
    let http2 = |more: &[&'static str]| [&["--http2-prior-knowledge"][..], more].concat();
    let answer = rig.curl("/headers?show_env=1", &http2(&[]), b"").await;
    assert!(answer.head.starts_with("HTTP/2 200"), "{}", answer.head);
    let seen = &answer.json()["headers"];
    assert_eq!(seen["Support-Tenant"], "acme", "{seen}");
    assert_eq!(seen["Host"], rig.httpbin.address.to_string(), "{seen}");
    assert!(seen["Authorization"].is_null(), "{seen}");

    let large: Vec<u8> = (b'a'..=b'z').cycle().take(1_000_000).collect();
    let upload = ["--header", "Content-Type: text/plain", "--upload-file", "-"];
    let answer = rig.curl("/put", &http2(&upload), &large).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["data"].as_str().unwrap().as_bytes() == large);

    let part = ["--header", "Range: bytes=100-299"];
    for options in [http2(&part), part.to_vec()] {
        let answer = rig.curl("/range/1024", &options, b"").await;
        assert_eq!((answer.status, answer.body.len()), (206, 200));
        let range = answer.header("content-range");
        assert_eq!(range, Some("bytes 100-299/1024"));
    }

    // An upgrade to HTTP/2 is ignored (RFC 9110 §7.8), and the upstream doesn't hear of it.
    let answer = rig.curl("/headers?show_env=1", &["--http2"], b"").await;
    assert!(answer.head.starts_with("HTTP/1.1 200"), "{}", answer.head);
    let seen = &answer.json()["headers"];
    assert!(
        seen["Upgrade"].is_null() && seen["Http2-Settings"].is_null(),
        "{seen}"
    );
    let log = rig.log().await;
    assert_eq!(log[4]["status"], 200, "{}", log[4]);
    assert_eq!(log[1]["request_bytes"], 1_000_000);
}

/// A program before httpbin, and a session of `acme`.
struct Rig {
    program: Program,
    httpbin: Httpbin,
    platform: Platform,
    session: Granted,
    calls: AtomicU32,
}

impl Rig {
    async fn start() -> Self {
        let httpbin = Httpbin::start().await;
        let program = Program::start(httpbin.address, RULES).await;
        let (platform, staff) = acme_and_jo(&program).await;
        let session = staff.create_session("acme", None).await;
        let authorization = format!("Authorization: Bearer {}\n", session.token);
        std::fs::write(program.folder().join("authorization"), authorization).unwrap();
        Self {
            program,
            httpbin,
            platform,
            session,
            calls: AtomicU32::new(0),
        }
    }

    /// Asks for `path` through the gateway; `input` is curl's standard input.
    async fn curl(&self, path: &str, more: &[&str], input: &[u8]) -> Fetched {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let file = |name: &str| -> PathBuf { self.program.folder().join(format!("{call}.{name}")) };
        let mut command = Command::new("curl");
        command.args(["--disable", "--noproxy", "*", "--silent", "--show-error"]);
        command.args(["--max-time", "60"]).kill_on_drop(true);
        let authorization = self.program.folder().join("authorization");
        command
            .arg("--header")
            .arg(format!("@{}", authorization.display()));
        command.arg("--dump-header").arg(file("head"));
        command.arg("--output").arg(file("body")).args(more);
        command.args([
            "--write-out",
            "%{http_code} %{time_starttransfer} %{time_total}",
        ]);
        command.arg(format!("http://{}{path}", self.program.gateway));
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        let mut child = spawned.expect("curl is needed: install it (apt-get install curl)");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "curl {path}: {errors}");
        let figures = String::from_utf8(output.stdout).unwrap();
        let figures: Vec<f64> = figures.split(' ').map(|f| f.parse().unwrap()).collect();
        let head = std::fs::read_to_string(file("head")).unwrap();
        let status = head.trim_end().rsplit("\r\n\r\n").next().unwrap();
        Fetched {
            status: status.split(' ').nth(1).unwrap().trim().parse().unwrap(),
            head: status.to_owned(),
            // curl makes no file for an answer without a body.
            body: std::fs::read(file("body")).unwrap_or_default(),
            seconds: (figures[1], figures[2]),
        }
    }

    /// The access log, oldest first, once every request in it has ended.
    async fn log(&self) -> Vec<Value> {
        let path = format!("/support-sessions/{}/access-log?limit=200", self.session.id);
        until("the ends of the requests", async || {
            let log = self.platform.get(&path).await;
            let mut rows = log["items"].as_array().unwrap().clone();
            rows.reverse();
            let open = rows.iter().any(|row| row["outcome"] == "open");
            (!open).then_some(rows)
        })
        .await
    }

    /// The access log is exactly this, each request answered in full.
    async fn check_log(&self, expected: &[(&str, &str, u16)]) -> Vec<Value> {
        let log = self.log().await;
        let rows: Vec<_> = log
            .iter()
            .map(|row| {
                assert_eq!(row["outcome"], "done", "{row}");
                let text = |name: &str| row[name].as_str().unwrap();
                let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
                (text("method"), text("path"), status)
            })
            .collect();
        assert_eq!(rows, expected);
        log
    }
}

struct Fetched {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// Until the first byte and until the last.
    seconds: (f64, f64),
}

impl Fetched {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn request_id(&self) -> &str {
        self.header("x-request-id").unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// httpbin, served by gunicorn.
struct Httpbin {
    address: SocketAddr,
    _child: Child,
}

impl Httpbin {
    async fn start() -> Self {
        let Ok(python) = std::env::var(PYTHON) else {
            panic!("{PYTHON} is not set: run `make test-rust`, which sets httpbin up");
        };
        let address = free_address();
        let mut command = Command::new(&python);
        command.args(["-m", "gunicorn", "--bind", &address.to_string()]);
        command.args(["--threads", "8", "--log-level", "warning", "httpbin:app"]);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let child = command.kill_on_drop(true).spawn();
        let hint = "run `make setup`, then `make test-rust`";
        let mut child = child.unwrap_or_else(|error| panic!("{python}: {error}; {hint}"));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{address}/status/204");
        until("httpbin", async || {
            if let Some(status) = child.try_wait().unwrap() {
                let mut why = String::new();
                let mut errors = child.stderr.take().unwrap();
                errors.read_to_string(&mut why).await.unwrap();
                panic!("httpbin ended with {status}; {hint}\n{why}");
            }
            let answer = http.get(&url).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        Self {
            address,
            _child: child,
        }
    }
}
