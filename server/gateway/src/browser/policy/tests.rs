use super::*;

const OWN: &str = "https://s-a.support.example.net";

fn origins(others: &[String]) -> Origins<'_> {
    Origins {
        own: OWN,
        upstream: "http://10.0.0.5:8080",
        others,
    }
}

/// The policies of an answer with these, ours last.
fn adapted(policies: &[&str], has_banner: bool) -> (Vec<String>, bool) {
    let mut headers = HeaderMap::new();
    for policy in policies {
        headers.append(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_bytes(policy.as_bytes()).unwrap(),
        );
    }
    let others = ["https://app.example.com".to_owned()];
    let can_run = adapt(&mut headers, origins(&others), has_banner, &[]);
    let values = headers.get_all(CONTENT_SECURITY_POLICY).iter();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let values = values.map(|value| text(value).replace(banner::hash(), "HASH"));
    (
        values.map(|value| value.replace(OWN, "OWN")).collect(),
        can_run,
    )
}

/// Policies, and what becomes of them with a banner.
const WITH_BANNER: &[(&str, &str)] = &[
    ("img-src *", "img-src *"),
    ("script-src 'self'", "script-src 'self' HASH"),
    ("script-src 'none'", "script-src HASH"),
    ("Script-Src 'NONE'", "script-src HASH"),
    ("script-src", "script-src HASH"),
    (
        "script-src 'nonce-abc' 'strict-dynamic'",
        "script-src 'nonce-abc' 'strict-dynamic' HASH",
    ),
    ("script-src 'sha256-AAAA'", "script-src 'sha256-AAAA' HASH"),
    // Without a hash, all of the page's inline scripts run.
    (
        "script-src 'self' 'unsafe-inline'",
        "script-src 'self' 'unsafe-inline'",
    ),
    // Nothing that browsers read as a nonce or a hash.
    (
        "script-src 'unsafe-inline' 'nonce-' 'nonce-{{nonce}}' 'sha256-' 'nonce-a===' 'nonce-a",
        "script-src 'unsafe-inline' 'nonce-' 'nonce-{{nonce}}' 'sha256-' 'nonce-a===' 'nonce-a",
    ),
    // With a nonce none did.
    (
        "script-src 'unsafe-inline' 'nonce-abc'",
        "script-src 'unsafe-inline' 'nonce-abc' HASH",
    ),
    (
        "script-src 'unsafe-inline' 'strict-dynamic'",
        "script-src 'unsafe-inline' 'strict-dynamic' HASH",
    ),
    (
        "script-src 'self'; script-src-elem https://cdn.example",
        "script-src 'self'; script-src-elem https://cdn.example HASH",
    ),
    ("script-src 'self'; script-src *", "script-src 'self' HASH"),
    (
        "default-src 'self'",
        "default-src 'self'; script-src 'self' HASH",
    ),
    (
        "default-src 'none'",
        "default-src 'none'; script-src HASH; connect-src OWN/.support-console/session \
             OWN/.support-console/end",
    ),
    (
        "default-src 'none'; connect-src https://a.example; form-action 'none'",
        "default-src 'none'; connect-src https://a.example OWN/.support-console/session \
             OWN/.support-console/end; form-action 'none'; script-src HASH",
    ),
    (
        "connect-src 'self'; form-action 'self'",
        "connect-src 'self'; form-action 'self'",
    ),
    (
        "require-trusted-types-for 'script'; trusted-types 'none'; style-src 'none'",
        "require-trusted-types-for 'script'; trusted-types 'none'; style-src 'none'",
    ),
];

#[test]
fn the_banner_is_permitted_by_each_policy_and_nothing_else_is() {
    for &(policy, expected) in WITH_BANNER {
        let (written, can_run) = adapted(&[policy], true);
        assert_eq!(
            written[0].replace("; form-action 'self' javascript:", ""),
            expected,
            "{policy}"
        );
        assert!(can_run);
        let (without, _) = adapted(&[policy], false);
        assert!(!without[0].contains("HASH"), "{policy}");
    }
}

#[test]
fn each_of_several_policies_is_adapted() {
    let (written, _) = adapted(
        &[
            "script-src 'self', default-src 'none'; connect-src *",
            "form-action 'none'",
        ],
        true,
    );
    assert_eq!(
        written[..2],
        [
            "script-src 'self' HASH, default-src 'none'; connect-src *; script-src HASH",
            "form-action 'none'",
        ]
    );
    assert_eq!(written.len(), 3, "ours is beside them");
}

#[test]
fn a_policy_that_nobody_would_write_is_not_read() {
    let long = "x".repeat(MAX_LENGTH);
    let (written, can_run) = adapted(&[&long, "script-src 'none'"], true);
    assert!(written[..2] == [long.as_str(), "script-src 'none'"]);
    assert_eq!((written.len(), can_run), (3, false), "ours is beside them");
}

#[test]
fn a_sandbox_without_scripts_is_known() {
    for (policy, runs) in [
        ("sandbox", false),
        ("sandbox allow-forms", false),
        ("SANDBOX Allow-Scripts", true),
        ("script-src 'self', sandbox", false),
        ("default-src 'none'", true),
    ] {
        assert_eq!(adapted(&[policy], true).1, runs, "{policy}");
    }
}

#[test]
fn what_pages_send_stays_at_their_host_unless_it_is_named() {
    let (written, _) = adapted(&[], false);
    let sockets = OWN.replace("https", "wss");
    let ours = format!("connect-src 'self' {sockets} blob: data:; form-action 'self' javascript:");
    assert_eq!(written, [ours]);
    let mut headers = HeaderMap::new();
    let named = ["https://pay.example wss://pay.example".to_owned()];
    adapt(&mut headers, origins(&[]), false, &named);
    assert_eq!(
        headers[CONTENT_SECURITY_POLICY],
        format!(
            "connect-src 'self' {sockets} blob: data: https://pay.example wss://pay.example; \
             form-action 'self' javascript: https://pay.example wss://pay.example"
        )
    );
}

#[test]
fn sources_of_the_upstream_mean_this_host_too() {
    for (source, own) in [
        ("https://app.example.com", Some(OWN.to_owned())),
        ("app.example.com", Some(OWN.to_owned())),
        ("APP.example.com:443", Some(OWN.to_owned())),
        ("app.example.com:*", Some(OWN.to_owned())),
        ("wss://app.example.com", Some(OWN.replace("https", "wss"))),
        ("https://app.example.com/api/", Some(format!("{OWN}/api/"))),
        ("http://10.0.0.5:8080", Some(OWN.to_owned())),
        ("https://other.example.com", None),
        ("app.example.com.evil.example", None),
        ("app.example.com@evil.example", None),
        ("*.example.com", None),
        ("https:", None),
        ("'self'", None),
        ("*", None),
        ("data:", None),
    ] {
        let others = ["https://app.example.com".to_owned()];
        assert_eq!(own_source(source, origins(&others)), own, "{source}");
    }
    let (written, _) = adapted(&["img-src https://app.example.com"], false);
    assert_eq!(written[0], "img-src https://app.example.com OWN");
}

#[test]
fn reports_go_nowhere_and_odd_bytes_stay() {
    let (written, _) = adapted(
        &["img-src 'self'; report-uri https://r.example /r; Report-To x; x-\u{e9} \u{e9}"],
        true,
    );
    assert_eq!(written[0], "img-src 'self'; x-\u{e9} \u{e9}");
}
