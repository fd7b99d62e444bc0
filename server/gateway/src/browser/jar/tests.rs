use std::{fmt::Write, sync::Arc};

use app::domain::StaffId;
use uuid::Uuid;

use super::*;
use crate::ports::{Ended, KnownLimits};

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn session(number: u128) -> KnownSession {
    KnownSession {
        token_hash: [0; 32],
        id: SupportSessionId::from_uuid(Uuid::from_u128(number)),
        tenant_id: "acme".parse().unwrap(),
        organization_id: None,
        staff_id: StaffId::from_uuid(Uuid::nil()),
        staff_name: "Ada".into(),
        scopes: Vec::new(),
        rule_set: String::new(),
        expires_at: noon() + TimeDelta::hours(4),
        ended: None,
        limits: KnownLimits::default(),
    }
}

fn place(host: &str) -> Place {
    Place {
        origin: format!("http://{host}"),
        host: host.to_owned(),
    }
}

fn asked(path: &str) -> Asked<'_> {
    Asked {
        path,
        cross_site: false,
        at: noon(),
    }
}

/// A jar of one session and one upstream.
struct Rig(Jars, Place);

impl Rig {
    fn new(host: &str) -> Self {
        Self(Jars::default(), place(host))
    }

    fn set_at(&self, asked: Asked<'_>, fields: &[&str]) {
        let fields: Vec<_> = fields.iter().map(|f| HeaderValue::from_str(f)).collect();
        let fields = fields.iter().map(|f| f.as_ref().unwrap());
        self.0
            .keep(&session(1), &self.1, &Names::default(), asked, fields);
    }

    fn set(&self, fields: &[&str]) {
        self.set_at(asked("/"), fields);
    }

    fn sent_at(&self, asked: Asked<'_>) -> String {
        let field = self.0.cookies(session(1).id, &self.1, &[], asked);
        field.map_or_else(String::new, |f| f.to_str().unwrap().to_owned())
    }

    fn sent(&self, path: &str) -> String {
        self.sent_at(asked(path))
    }
}

#[test]
fn what_an_upstream_sets_goes_back_to_it() {
    let rig = Rig::new("api.example.com:8443");
    assert_eq!(rig.sent("/"), "");
    rig.set(&[
        "sid=abc; Path=/; HttpOnly; Secure; SameSite=Lax",
        "q=\"a b\"",
    ]);
    rig.set(&["sid=def; Path=/"]);
    assert_eq!(rig.sent("/v1/x"), "sid=def; q=\"a b\"");
}

#[test]
fn neither_another_session_nor_another_upstream_sees_a_cookie() {
    let rig = Rig::new("api.example.com");
    rig.set(&["sid=abc; Path=/; Domain=example.com"]);
    let find = |session: KnownSession, place| rig.0.cookies(session.id, &place, &[], asked("/"));
    assert!(find(session(2), place("api.example.com")).is_none());
    assert!(find(session(1), place("billing.example.com")).is_none());
    let same_host_elsewhere = Place {
        origin: "http://10.0.0.6".into(),
        host: "api.example.com".into(),
    };
    assert!(find(session(1), same_host_elsewhere).is_none());
    assert!(find(session(1), place("api.example.com")).is_some());
}

#[test]
fn bytes_of_any_encoding_go_back_as_they_came() {
    let rig = Rig::new("api.example.com");
    let names = Names {
        readable: vec!["city".into()],
        ..Names::default()
    };
    for field in [
        &b"city=Z\xFCrich"[..],
        "city=Zürich".as_bytes(),
        b"sid=1; x=\xFF",
    ] {
        let set = HeaderValue::from_bytes(field).unwrap();
        let pair = field.split(|b| *b == b';').next().unwrap();
        let mirrors = rig.0.keep(&session(1), &rig.1, &names, asked("/"), [&set]);
        for mirror in mirrors {
            assert!(mirror.as_bytes().starts_with(pair), "{mirror:?}");
        }
        let sent = rig.0.cookies(session(1).id, &rig.1, &[], asked("/"));
        let sent = sent.unwrap();
        let mut pairs = sent.as_bytes().split(|b| *b == b';');
        assert!(pairs.any(|sent| sent.trim_ascii() == pair), "{set:?}");
    }
}

#[test]
fn a_cookie_without_a_name_is_its_value() {
    let rig = Rig::new("api.example.com");
    for (field, sent) in [
        ("=v; Path=/", "v"),
        ("w; Path=/", "w"),
        (" = x ", "x"),
        ("y", "y"),
        ("=a=b", "a=b"),
        // It is one cookie like any other.
        ("z; Path=/other", "a=b"),
        ("=; Path=/", "a=b"),
        ("; Path=/", "a=b"),
        ("x; Max-Age=0", ""),
    ] {
        rig.set(&[field]);
        assert_eq!(rig.sent("/"), sent, "{field}");
    }
    // It must not pass for one with a prefix (RFC 6265bis §5.6).
    for value in [
        "__Host-sid=1",
        "__hOST-sid=1",
        "__Secure-sid=1",
        "__Host-",
        "__Http-sid=1",
    ] {
        rig.set(&[&format!("={value}"), value.split('=').next().unwrap()]);
        assert_eq!(rig.sent("/"), "", "{value}");
    }
}

#[test]
fn a_cookie_for_another_domain_is_ignored() {
    let rig = Rig::new("api.example.com");
    for domain in [
        "evil.example",
        "billing.example.com",
        "x.api.example.com",
        "pi.example.com",
        "ple.com",
        "api.example.com.evil",
    ] {
        rig.set(&[&format!("a=1; Domain={domain}")]);
        assert_eq!(rig.sent("/"), "", "{domain}");
    }
    let address = Rig::new("10.0.0.5:80");
    address.set(&["a=1; Domain=0.0.5"]);
    address.set(&["b=1; Domain=10.0.0.5"]);
    assert_eq!(address.sent("/"), "b=1");
    let address = Rig::new("[::1]:80");
    address.set(&["a=1; Domain=1]", "b=1; Domain=[::1]", "c=1"]);
    assert_eq!(address.sent("/"), "b=1; c=1");
}

/// Keeps what is logged while it is the default.
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().push(line.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// The level and the fields of an event.
struct Line(String);

impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

#[test]
fn why_a_cookie_is_dropped_is_logged_once_and_without_the_cookie() {
    let long = "hush".repeat(1000);
    let parts = [0, 1, 2, 3, 4].map(|part| format!("sid.{part}={long}; Path=/"));
    let parts = parts.each_ref().map(String::as_str);
    let too_large = format!("sid={long}{long}; Path=/");
    for (set, why) in [
        (
            &["sid=hush; Domain=app.example.com; Path=/; Secure"][..],
            "another domain",
        ),
        (
            &["sid=hush; Domain=app.example.com; Path=/; Secure"],
            "public_urls",
        ),
        (&[too_large.as_str()], "more than 4096 bytes"),
        (&["__Host-sid=hush; Secure"], "prefix"),
        (&parts[..], "16 KiB"),
    ] {
        let lines = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(Log(Arc::clone(&lines)), || {
            let rig = Rig::new("10.0.0.5:8080");
            rig.set(&["kept=1; Path=/"]);
            rig.sent("/");
            for _ in 0..3 {
                rig.set(set);
            }
            assert!(!rig.sent("/").contains("hush"), "{why}");
        });
        let lines = lines.lock();
        let [line] = &lines[..] else {
            panic!("{why}: {lines:?}");
        };
        for part in ["WARN", "10.0.0.5:8080", why] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains("hush"), "{line}");
    }
}

#[test]
fn a_cookie_for_a_name_that_users_know_is_kept_and_goes_back_to_its_upstream_alone() {
    for host in ["10.0.0.5:8080", "[::1]:80", "web:8000", "app.internal"] {
        let rig = Rig::new(host);
        let names = Names {
            hosts: vec!["app.example.com".to_owned()],
            ..Names::default()
        };
        for (domain, kept) in [
            ("app.example.com", true),
            ("APP.example.com", true),
            (".example.com", true),
            ("www.app.example.com", false),
            ("pp.example.com", false),
            ("evil.example", false),
        ] {
            let name = format!("c{}", domain.len());
            let field = format!("{name}=1; Domain={domain}; Path=/; Secure");
            let field = HeaderValue::from_str(&field).unwrap();
            rig.0
                .keep(&session(1), &rig.1, &names, asked("/"), [&field]);
            assert_eq!(rig.sent("/").contains(&name), kept, "{host} {domain}");
            let field = HeaderValue::from_str(&format!("{name}=; Max-Age=0; Path=/")).unwrap();
            rig.0
                .keep(&session(1), &rig.1, &names, asked("/"), [&field]);
        }
        rig.set(&["sid=1; Domain=app.example.com"]);
        assert_eq!(rig.sent("/"), "", "without that name");
        let field = HeaderValue::from_static("sid=1; Domain=app.example.com");
        rig.0
            .keep(&session(1), &rig.1, &names, asked("/"), [&field]);
        let other = place("app.example.com");
        let other = rig.0.cookies(session(1).id, &other, &[], asked("/"));
        assert!(other.is_none(), "not even the domain itself");
    }
}

#[test]
fn a_cookie_is_deleted_by_every_date_that_browsers_read() {
    let rig = Rig::new("h");
    for date in [
        "Thu, 1 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 UTC",
        "Thu Jan 01 1970 00:00:00 GMT+0000",
        "Thu, 01-Jan-70 00:00:01 GMT",
        "01 Jan 1970 00:00:00",
    ] {
        rig.set(&["sid=1; Path=/"]);
        assert_eq!(rig.sent("/"), "sid=1");
        rig.set(&[&format!("sid=; Path=/; Expires={date}")]);
        assert_eq!(rig.sent("/"), "", "{date}");
    }
    // The last date that is one counts, and never before an age.
    rig.set(&["a=1; Expires=Thu, 1 Jan 1970 00:00:00 GMT; expires=Sun, 22 Nov 2026 12:02:00 GMT; Expires=?"]);
    rig.set(&["b=1; Expires=Thu, 1 Jan 1970 00:00:00 GMT; Max-Age=60"]);
    assert_eq!(rig.sent("/"), "a=1; b=1");
}

#[test]
fn a_value_in_parts_is_dropped_as_a_whole() {
    let chunk = "x".repeat(3900);
    for separator in [".", "-", "_", "C"] {
        let rig = Rig::new("h");
        rig.set(&["small=1"]);
        for name in ["old", "new"] {
            let parts = (0..3).map(|number| format!("{name}{separator}{number}={chunk}"));
            let parts: Vec<_> = parts.collect();
            rig.set(&parts.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(rig.sent("/").contains(&format!("{name}{separator}2=")));
        }
        let sent = rig.sent("/");
        let count = |name: &str| sent.matches(&format!("{name}{separator}")).count();
        assert_eq!((count("old"), count("new")), (0, 3), "{separator}");
    }
}

#[test]
fn a_cookie_for_a_public_suffix_goes_back_to_its_own_host_alone() {
    let rig = Rig::new("api.example.com");
    rig.set(&["a=1; Domain=com", "b=2; Domain=.example.com"]);
    assert_eq!(rig.sent("/"), "a=1; b=2");
    let other = rig
        .0
        .cookies(session(1).id, &place("example.com"), &[], asked("/"));
    assert!(other.is_none());
}

#[test]
fn a_cookie_goes_to_its_path_and_what_is_below() {
    let rig = Rig::new("h");
    rig.set(&["deep=1; Path=/v1/billing", "slash=1; Path=/v1/"]);
    rig.set_at(asked("/v1/admin/login"), &["own=1", "odd=1; Path=v1"]);
    rig.set_at(asked("/login"), &["root=1"]);
    assert_eq!(rig.sent("/v1/billing"), "deep=1; slash=1; root=1");
    assert_eq!(rig.sent("/v1/billing/7"), "deep=1; slash=1; root=1");
    assert_eq!(rig.sent("/v1/billings"), "slash=1; root=1");
    assert_eq!(rig.sent("/v1"), "root=1");
    assert_eq!(rig.sent("/v1/admin/x"), "own=1; odd=1; slash=1; root=1");
    assert_eq!(rig.sent("/V1/billing"), "root=1");
}

#[test]
fn a_cookie_expires_when_it_says_and_is_deleted_by_one_that_has_expired() {
    let rig = Rig::new("h");
    rig.set(&[
        "age=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "date=1; Expires=Sun, 22 Nov 2026 12:02:00 GMT",
        "odd=1; Expires=whenever; Max-Age=soon",
        "far=1; Max-Age=9223372036854775807",
        "gone=1; Max-Age=0",
        "past=1; Expires=Sun, 22-Nov-2026 11:59:59 GMT",
    ]);
    let sent_after = |seconds| {
        rig.sent_at(Asked {
            at: noon() + TimeDelta::seconds(seconds),
            ..asked("/")
        })
    };
    assert_eq!(sent_after(59), "age=1; date=1; odd=1; far=1");
    assert_eq!(sent_after(60), "date=1; odd=1; far=1");
    assert_eq!(sent_after(120), "odd=1; far=1");
    rig.set(&["odd=; Max-Age=-1"]);
    assert_eq!(rig.sent("/"), "far=1");
}

#[test]
fn prefixes_keep_what_they_promise() {
    let rig = Rig::new("api.example.com");
    rig.set(&[
        "__Host-a=1; Path=/",
        "__Host-b=1; Secure",
        "__Host-c=1; Secure; Path=/; Domain=api.example.com",
        "__hOST-d=1; Path=/",
        "__Secure-e=1",
        "__Http-f=1; Secure",
        "__hTTP-g=1; HttpOnly",
        "__Host-Http-h=1; Secure; Path=/",
        "__Host-Http-i=1; Secure; HttpOnly; Path=/x",
        "__Host-good=1; Secure; Path=/",
        "__Secure-good=1; Secure",
        "__Http-good=1; Secure; HttpOnly",
        "__Host-Http-good=1; Secure; HttpOnly; Path=/",
    ]);
    assert_eq!(
        rig.sent("/"),
        "__Host-good=1; __Secure-good=1; __Http-good=1; __Host-Http-good=1"
    );
}

#[test]
fn a_strict_cookie_stays_behind_where_another_site_has_led_there() {
    let rig = Rig::new("h");
    rig.set(&["s=1; SameSite=Strict", "l=1; SameSite=Lax", "n=1"]);
    let from_elsewhere = Asked {
        cross_site: true,
        ..asked("/")
    };
    assert_eq!(rig.sent_at(from_elsewhere), "l=1; n=1");
    assert_eq!(rig.sent("/"), "s=1; l=1; n=1");
}

#[test]
fn what_is_no_cookie_is_ignored() {
    let rig = Rig::new("h");
    rig.set(&["", "=", ";a=b"]);
    assert_eq!(rig.sent("/"), "");
}

#[test]
fn many_and_huge_cookies_are_bounded_and_the_longest_unused_goes_first() {
    let rig = Rig::new("h");
    rig.set(&[&format!("huge={}", "x".repeat(4096))]);
    assert_eq!(rig.sent("/"), "");
    rig.set(&["used=1; Path=/used"]);
    rig.set(&["unused=1; Path=/unused"]);
    for number in 0..MAX_COOKIES - 2 {
        rig.set(&[&format!("c{number}=1")]);
        assert!(rig.sent("/used").contains("used=1"));
    }
    rig.set(&["last=1"]);
    assert!(rig.sent("/used").contains("used=1"));
    assert!(!rig.sent("/unused").contains("unused=1"));
    for number in 0..20 {
        rig.set(&[&format!("big{number}={}", "x".repeat(4000))]);
    }
    assert!(rig.sent("/").len() <= MAX_BYTES + 2 * MAX_COOKIES);
    assert!(rig.sent("/").contains("big19="));
}

#[test]
fn cookies_are_gone_when_the_session_ends_or_is_not_used_for_long() {
    let rig = Rig::new("h");
    let after = |minutes| Asked {
        at: noon() + TimeDelta::minutes(minutes),
        ..asked("/")
    };
    rig.set(&["a=1"]);
    assert_eq!(rig.sent_at(after(59)), "a=1", "and its use puts that off");
    assert_eq!(rig.sent_at(after(118)), "a=1");
    assert_eq!(rig.sent_at(after(178)), "");

    rig.set(&["a=1"]);
    rig.0.forget(session(1).id);
    assert_eq!(rig.sent("/"), "");

    let revoked = KnownSession {
        ended: Some(Ended::Revoked),
        ..session(1)
    };
    let field = HeaderValue::from_static("late=1");
    rig.0
        .keep(&revoked, &rig.1, &Names::default(), asked("/"), [&field]);
    let expired = after(240);
    rig.0
        .keep(&session(1), &rig.1, &Names::default(), expired, [&field]);
    assert!(rig.0.0.lock().is_empty(), "what comes late is not kept");
}

#[test]
fn jars_that_are_of_no_use_make_room() {
    let jars = Jars::default();
    let field = HeaderValue::from_static("a=1");
    for number in 0..3000_u32 {
        let at = noon() + TimeDelta::milliseconds(i64::from(number));
        let asked = Asked { at, ..asked("/") };
        jars.keep(
            &session(number.into()),
            &place("h"),
            &Names::default(),
            asked,
            [&field],
        );
    }
    assert_eq!(jars.0.lock().len(), MAX_SESSIONS);
    assert!(jars.0.lock().contains_key(&session(2999).id));
    let later = Asked {
        at: noon() + TimeDelta::hours(2),
        ..asked("/")
    };
    jars.keep(&session(1), &place("h"), &Names::default(), later, [&field]);
    assert_eq!(jars.0.lock().len(), 1);
}

#[test]
fn nothing_of_a_cookie_is_shown() {
    let rig = Rig::new("h");
    rig.set(&["name=hush"]);
    let field = rig.0.cookies(session(1).id, &rig.1, &[], asked("/"));
    let shown = format!("{:?} {field:?}", rig.0);
    assert!(
        !shown.contains("hush") && !shown.contains("name"),
        "{shown}"
    );
}

#[test]
fn named_cookies_that_are_not_http_only_are_mirrored_both_ways() {
    let rig = Rig::new("h");
    let names = Names {
        readable: vec!["csrftoken".into(), "hidden".into()],
        ..Names::default()
    };
    let fields = [
        "csrftoken=a; Path=/app; Max-Age=600; Domain=h",
        "hidden=b; HttpOnly",
        "other=c",
        "csrftoken=gone; Path=/old; Max-Age=0",
        "sid=hush; HttpOnly",
    ]
    .map(HeaderValue::from_static);
    let mirrors = rig
        .0
        .keep(&session(1), &rig.1, &names, asked("/app/x"), &fields);
    assert_eq!(
        mirrors,
        [
            "csrftoken=a; Path=/app; Secure; SameSite=Lax",
            "csrftoken=gone; Path=/old; Secure; SameSite=Lax; Max-Age=0",
        ]
    );
    let sent = |written: &[(&str, &str)]| {
        let written = written
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let written: Vec<_> = written.collect();
        let field = rig
            .0
            .cookies(session(1).id, &rig.1, &written, asked("/app/x"));
        field.unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(sent(&[]), "csrftoken=a; hidden=b; other=c; sid=hush");
    let written = [("csrftoken", "z"), ("hidden", "z"), ("new", "y")];
    assert_eq!(
        sent(&written),
        "csrftoken=z; hidden=b; other=c; sid=hush; new=y"
    );
}
