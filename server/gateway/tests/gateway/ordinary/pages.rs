//! What pages of a platform send and get: their fields, addresses, cookies and credentials.

use std::fmt::Write;

use super::{by_identity, from_page};
use crate::{
    browser::{Entry, SAME_ORIGIN},
    support::{Rig, Wanted, client::Answer, upstream::Upstream},
};

#[tokio::test]
async fn a_pages_own_fields_pass_and_what_is_not_its_own_does_not() {
    let entry = Entry::with(by_identity("")).await;
    let own = [
        "X-CSRFToken: t",
        "X-Requested-With: XMLHttpRequest",
        "HX-Request: true",
        "Next-Action: 7f",
        "RSC: 1",
        "Node-RED-API-Version: v2",
        "Upload-Offset: 0",
        "Content-Range: bytes 0-1/2",
    ];
    let other = [
        "X-Forwarded-Host: evil",
        "X-Forwarded-Proto: gopher",
        "Forwarded: for=6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "X-Original-URL: /admin",
        "X-WebAuth-User: admin",
        "X-Api-Key: k",
        "Support-Tenant: bolt",
        "Support_Tenant: bolt",
        "Support.Tenant: bolt",
        "X_Forwarded_For: 6.6.6.6",
        "X-Request-Id: mine",
        "Proxy-Authorization: Basic x",
        "Te: trailers",
    ];
    let fields: String = own
        .iter()
        .chain(&other)
        .fold(String::new(), |mut all, field| {
            let _ = write!(all, "{field}\r\n");
            all
        });
    let mirror = from_page(&entry, "GET /mirror", &fields).await;
    assert_eq!(mirror.status, 200, "{}", mirror.text());
    let text = mirror.text();
    for field in own {
        let line = format!("{}\r\n", field.to_ascii_lowercase());
        assert!(text.contains(&line), "{field}: {text}");
    }
    for never in [
        "6.6.6.6", "evil", "gopher", "/admin", "admin", "bolt", "mine", ": k\r\n", "\r\nte:",
    ] {
        assert!(!text.contains(never), "{never}: {text}");
    }
    let left_out = &entry.rig.store.begun()[0].left_out;
    assert!(
        left_out.contains(&"x-webauth-user".to_owned()),
        "{left_out:?}"
    );
    assert!(
        !left_out.contains(&"x-csrftoken".to_owned()),
        "{left_out:?}"
    );
}

#[tokio::test]
async fn the_upstream_is_told_how_a_request_came_by_us_alone() {
    let entry = Entry::with(by_identity("")).await;
    let upstream = entry.rig.upstream.address;
    // The proxy in front is trusted for the client's address, and for nothing else.
    let told = format!(
        "x-forwarded-for: 7.7.7.7\r\nx-forwarded-host: {upstream}\r\nx-forwarded-proto: http\r\n\
         forwarded: for=7.7.7.7;host=\"{upstream}\";proto=http\r\n"
    );
    let lies = "X-Forwarded-For: 6.6.6.6, 7.7.7.7\r\nX-Forwarded-Host: evil\r\n\
                X-Forwarded-Proto: gopher\r\nForwarded: for=6.6.6.6;host=evil\r\n";
    from_page(&entry, "GET /x", lies).await;
    let head = entry.rig.head("GET /x");
    entry.rig.raw(&format!("{head}{lies}\r\n")).await;
    let sent = entry.rig.upstream.text().to_ascii_lowercase();
    for line in told.split("\r\n").filter(|line| !line.is_empty()) {
        assert_eq!(
            sent.matches(&format!("\r\n{line}\r\n")).count(),
            2,
            "{line}: {sent}"
        );
    }
    for lie in ["evil", "gopher", "6.6.6.6"] {
        assert!(!sent.contains(lie), "{sent}");
    }
}

#[tokio::test]
async fn an_upstream_is_asked_as_its_users_know_it_and_leads_back_to_the_sessions_host() {
    let entry = Entry::with(Wanted {
        more: "upstream_public_urls = [\"https://app.example.com\", \"https://www.example.com\"]",
        ..by_identity("")
    })
    .await;
    let fields = format!(
        "Origin: {}\r\nReferer: {}/a?b=c\r\n",
        entry.origin(),
        entry.origin()
    );
    let mirror = from_page(&entry, "GET /mirror", &fields).await.text();
    for line in [
        "host: app.example.com",
        "x-forwarded-host: app.example.com",
        "x-forwarded-proto: https",
        "origin: https://app.example.com",
        "referer: https://app.example.com/a?b=c",
    ] {
        assert!(
            mirror.contains(&format!("\r\n{line}\r\n")),
            "{line}: {mirror}"
        );
    }
    let moved = from_page(&entry, "GET /moved-to-app.example.com", "").await;
    let own = format!("{}/next?a=b", entry.origin());
    assert_eq!(moved.header("location"), Some(own.as_str()));
    let moved = from_page(&entry, "GET /moved-to-www.example.com", "").await;
    assert_eq!(moved.header("location"), Some(own.as_str()));
    let moved = from_page(&entry, "GET /moved-to-evil.example.com", "").await;
    assert_eq!(
        moved.header("location"),
        Some("https://evil.example.com/next?a=b")
    );
    // Cookies for these names are kept, and no others.
    from_page(&entry, "GET /cookies-for-example.com", "").await;
    from_page(&entry, "GET /cookies-for-evil.example", "").await;
    let mirror = from_page(&entry, "GET /mirror", "").await.text();
    assert!(
        mirror.contains("\r\ncookie: for=example.com\r\n"),
        "{mirror}"
    );
}

#[tokio::test]
async fn an_upstream_that_has_to_know_the_sessions_address_is_asked_by_it() {
    let entry = Entry::with(Wanted {
        more: "upstream_asked_as = \"session\"\n\
               upstream_public_urls = [\"https://app.example.com\"]",
        ..by_identity("")
    })
    .await;
    let (own, origin) = (entry.host(), entry.origin());
    let lies = "X-Forwarded-Host: evil\r\nX-Forwarded-Proto: gopher\r\nX-Host: evil\r\n\
                Forwarded: for=6.6.6.6;host=evil\r\n";
    let fields = format!("{lies}Origin: {origin}\r\nReferer: {origin}/a?b=c\r\n");
    let mirror = from_page(&entry, "GET /mirror", &fields).await.text();
    for line in [
        format!("host: {own}"),
        format!("x-forwarded-host: {own}"),
        "x-forwarded-proto: http".to_owned(),
        format!("forwarded: for=127.0.0.1;host=\"{own}\";proto=http"),
        format!("origin: {origin}"),
        format!("referer: {origin}/a?b=c"),
    ] {
        let line = format!("\r\n{line}\r\n");
        assert_eq!(mirror.matches(&line).count(), 1, "{line}: {mirror}");
    }
    for lie in ["evil", "gopher", "6.6.6.6"] {
        assert!(!mirror.contains(lie), "{mirror}");
    }
    // Its other names are still replaced by the session's host.
    let moved = from_page(&entry, "GET /moved-to-app.example.com", "").await;
    let next = format!("{origin}/next?a=b");
    assert_eq!(moved.header("location"), Some(next.as_str()));
    // Another host than its own is refused before, and a program's request is asked as ever.
    let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
    let elsewhere = entry.ask_at("evil.example", "GET /x", &fields).await;
    assert_eq!(elsewhere.status, 403);
    let program = entry.rig.ask("GET /mirror").await.text();
    for line in ["host: app.example.com", "x-forwarded-host: app.example.com"] {
        assert!(program.contains(&format!("\r\n{line}\r\n")), "{program}");
    }
}

#[tokio::test]
async fn a_pages_script_shares_named_cookies_with_the_upstream() {
    let entry = Entry::with(Wanted {
        more: "upstream_readable_cookies = [\"csrftoken\", \"sid\"]",
        ..by_identity("")
    })
    .await;
    let answer = from_page(&entry, "GET /csrf", "").await;
    let set = crate::browser::values(&answer, "set-cookie");
    assert_eq!(set, ["csrftoken=t0ken; Path=/; Secure; SameSite=Lax"]);
    // The browser sends it back, and a script may have changed it. Other cookies stay behind.
    let cookie = entry.cookie();
    let mirror = async |cookies: &str| {
        let fields = format!("{SAME_ORIGIN}Cookie: {cookie}; planted=1; {cookies}\r\n");
        entry.ask("GET /mirror", &fields).await.text()
    };
    for (sent, forwarded) in [
        ("csrftoken=t0ken", "csrftoken=t0ken; sid=hush"),
        ("csrftoken=changed", "csrftoken=changed; sid=hush"),
        ("sid=evil", "csrftoken=t0ken; sid=hush"),
        (
            "csrftoken=tossed; csrftoken=t0ken",
            "csrftoken=t0ken; sid=hush",
        ),
    ] {
        let mirror = mirror(sent).await;
        let line = format!("\r\ncookie: {forwarded}\r\n");
        assert!(mirror.contains(&line), "{sent}: {mirror}");
    }
}

#[tokio::test]
async fn a_cookie_that_an_upstream_deletes_by_any_form_of_date_is_gone() {
    let entry = Entry::with(by_identity("")).await;
    let set = async |cookie: &str| {
        let wanted = format!("X-Answer: 200 OK|Set-Cookie: {cookie}\r\n");
        let answer = from_page(&entry, "GET /as-asked", &wanted).await;
        assert_eq!(answer.status, 200, "{cookie}");
    };
    for expires in [
        "Thu, 1 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 UTC",
        "Thu Jan 01 1970 00:00:00 GMT+0000",
        "Thursday, 01-Jan-70 00:00:00 GMT",
    ] {
        set("sid=1; Path=/").await;
        let mirror = from_page(&entry, "GET /mirror", "").await.text();
        assert!(mirror.contains("\r\ncookie: sid=1\r\n"), "{mirror}");
        set(&format!("sid=; Path=/; Expires={expires}")).await;
        let mirror = from_page(&entry, "GET /mirror", "").await.text();
        assert!(mirror.starts_with("get /mirror "), "{mirror}");
        assert!(!mirror.contains("\r\ncookie:"), "{expires}: {mirror}");
    }
}

/// A gateway without its own credential for its upstream.
async fn without_credential(more: &str) -> Entry {
    let upstream = Upstream::start().await;
    let lines = format!("upstream = \"http://{}\"\n{more}", upstream.address);
    let wanted = Wanted {
        upstream: Some(lines),
        ..by_identity("")
    };
    Entry::of(Rig::before(upstream, wanted).await)
}

/// What the upstream got as `Authorization` with the request for its mirror.
fn authorization(mirror: &Answer) -> Option<String> {
    let text = mirror.text();
    let mut lines = text.split("\r\n");
    let line = lines.find_map(|line| line.strip_prefix("authorization: "));
    line.map(str::to_owned)
}

const CHALLENGE: &str = "X-Answer: 401 Unauthorized|WWW-Authenticate: Digest realm=\"d\"|\
                         WWW-Authenticate: Negotiate, Basic realm=\"Prometheus\"\r\n";

#[tokio::test]
async fn an_upstreams_http_basic_gets_the_browsers_prompt_and_the_answer_stays_in_the_jar() {
    for more in ["", "upstream_authorization = \"pass\""] {
        let entry = without_credential(more).await;
        let asked = from_page(&entry, "GET /as-asked", CHALLENGE).await;
        assert_eq!(asked.status, 401);
        let told = crate::browser::values(&asked, "www-authenticate");
        assert_eq!(told, ["Basic realm=\"prometheus\", charset=\"UTF-8\""]);
        let typed = "Authorization: Basic YW5hOmh1c2g=\r\n";
        let mirror = from_page(&entry, "GET /mirror", typed).await;
        assert_eq!(
            authorization(&mirror).as_deref(),
            Some("basic yw5homh1c2g=")
        );
        // The jar adds what the browser omits later.
        let mirror = from_page(&entry, "GET /mirror", "").await;
        assert_eq!(
            authorization(&mirror).as_deref(),
            Some("basic yw5homh1c2g=")
        );
        // Until the upstream doesn't take it any more.
        let asked = from_page(&entry, "GET /as-asked", CHALLENGE).await;
        assert_eq!(asked.status, 401);
        let mirror = from_page(&entry, "GET /mirror", "").await;
        assert_eq!(authorization(&mirror), None);
        let recorded = format!("{:?}{:?}", entry.rig.store.begun(), entry.rig.node.gates);
        assert!(!recorded.contains("YW5h"), "{recorded}");
    }
}

#[tokio::test]
async fn a_credential_goes_only_to_the_upstream_that_has_asked_for_it_in_this_session() {
    let entry = without_credential("").await;
    let typed = "Authorization: Basic YW5hOmh1c2g=\r\n";
    let sent = async |field: &str| authorization(&from_page(&entry, "GET /mirror", field).await);
    // Nobody has asked.
    assert_eq!(sent(typed).await, None);
    let without = "X-Answer: 401 Unauthorized|WWW-Authenticate: Digest realm=\"d\"|\
                   WWW-Authenticate: Bearer realm=\"Basic realm=x\", NTLM, Negotiate\r\n";
    let refused = from_page(&entry, "GET /as-asked", without).await;
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, None)
    );
    assert_eq!(sent(typed).await, None);
    let allowed = CHALLENGE.replace("401 Unauthorized", "200 OK");
    let allowed = from_page(&entry, "GET /as-asked", &allowed).await;
    assert_eq!(
        (allowed.status, allowed.header("www-authenticate")),
        (200, None)
    );
    assert_eq!(sent(typed).await, None);
    from_page(&entry, "GET /as-asked", CHALLENGE).await;
    for other in [
        "Bearer x",
        "Digest username=\"a\"",
        "Negotiate YII",
        "Basic",
        "Basicx y",
    ] {
        assert_eq!(
            sent(&format!("Authorization: {other}\r\n")).await,
            None,
            "{other}"
        );
    }
    assert!(sent(typed).await.is_some());
    assert!(sent("").await.is_some());
    // A token of ours doesn't count, however it is encoded.
    let ours = format!(
        "Authorization: Basic {}\r\n",
        base64_of(&format!("a:{}", entry.rig.token))
    );
    assert_eq!(from_page(&entry, "GET /mirror", &ours).await.status, 400);
    // Neither a program nor another session has it.
    assert_eq!(authorization(&entry.rig.ask("GET /mirror").await), None);
    let (session, _) = entry.rig.another_session();
    let label = gateway::browser::EntryLabel::generate(&gateway::entropy::SeededEntropy::new(77));
    let cookie = entry.cookie_of(&session, &label, 78);
    for field in ["", typed] {
        let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n{field}");
        let host = entry.host_of(&label);
        let answer = entry.ask_at(&host, "GET /mirror", &fields).await;
        assert_eq!((answer.status, authorization(&answer)), (200, None));
    }
    // Where the upstream gets a credential of ours it asks nobody.
    let with_ours = Entry::with(by_identity("")).await;
    let asked = from_page(&with_ours, "GET /as-asked", CHALLENGE).await;
    assert_eq!(
        (asked.status, asked.header("www-authenticate")),
        (401, None)
    );
}

#[tokio::test]
async fn what_one_upstream_was_given_goes_to_none_with_another_host() {
    for (billing, both) in [
        ("", ""),
        ("authorization = \"pass\"\n", ""),
        ("", "public_urls = [\"https://app.example\"]\n"),
    ] {
        let [api, other] = [Upstream::start().await, Upstream::start().await];
        let tables = format!(
            "[[upstreams]]\nname = \"api\"\nurl = \"http://{}\"\n{both}\
             [[upstreams]]\nname = \"billing\"\nurl = \"http://{}\"\npath_prefix = \"/billing\"\n{billing}{both}{}",
            api.address,
            other.address,
            by_identity("").tables
        );
        let wanted = Wanted {
            upstream: Some(String::new()),
            tables,
            ..by_identity("")
        };
        let entry = Entry::with(wanted).await;
        for path in ["/as-asked", "/billing/as-asked"] {
            let asked = from_page(&entry, &format!("GET {path}"), CHALLENGE).await;
            assert_eq!(asked.status, 401);
        }
        let typed = "Authorization: Basic YW5hOmh1c2g=\r\n";
        let sent = async |path: &str, field: &str| {
            authorization(&from_page(&entry, &format!("GET {path}"), field).await)
        };
        assert!(sent("/mirror", typed).await.is_some());
        // Browsers send it to every path of a host from then on.
        let shared = !both.is_empty();
        assert_eq!(
            sent("/billing/mirror", typed).await.is_some(),
            shared,
            "{billing}"
        );
        assert_eq!(
            sent("/billing/mirror", "").await.is_some(),
            shared,
            "{billing}"
        );
        let another = "Authorization: Basic Ym9iOnNoaA==\r\n";
        assert!(
            sent("/billing/mirror", another).await.is_some(),
            "{billing}"
        );
        assert_eq!(
            sent("/mirror", another).await.is_some(),
            shared,
            "{billing}"
        );
        assert!(sent("/mirror", typed).await.is_some(), "{billing}");
    }
}

fn base64_of(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

#[tokio::test]
async fn a_foreign_authorization_beside_the_cookie_does_no_harm() {
    let entry = Entry::with(by_identity("")).await;
    for value in ["Bearer null", "Basic YTpi", "Token x", ""] {
        let field = format!("Authorization: {value}\r\n");
        let mirror = from_page(&entry, "GET /mirror", &field).await;
        assert_eq!(mirror.status, 200, "{value}");
        let text = mirror.text();
        assert!(
            text.contains("\r\nauthorization: bearer upstream-credential\r\n"),
            "{text}"
        );
        assert_eq!(text.matches("authorization").count(), 1, "{text}");
    }
    let (_, other) = entry.rig.another_session();
    for token in [&entry.rig.token, &other] {
        for value in [
            format!("Bearer {token}"),
            format!("bearer {token}"),
            format!("Token {token}"),
            format!("Bearer {}", token.replacen('s', "%73", 1)),
        ] {
            let field = format!("Authorization: {value}\r\n");
            let answer = from_page(&entry, "GET /mirror", &field).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "malformed_request"),
                "{value}"
            );
        }
    }
}

#[tokio::test]
async fn a_pages_authorization_passes_where_the_upstream_says_so_and_stands_in_no_record() {
    let upstream = Upstream::start().await;
    let address = upstream.address;
    let wanted = Wanted {
        upstream: Some(format!(
            "upstream = \"http://{address}\"\nupstream_authorization = \"pass\""
        )),
        ..by_identity("")
    };
    let rig = Rig::before(upstream, wanted).await;
    let entry = Entry::of(rig);
    let field = "Authorization: Bearer platform-s3cret\r\n";
    let mirror = from_page(&entry, "GET /mirror", field).await.text();
    assert!(
        mirror.contains("\r\nauthorization: bearer platform-s3cret\r\n"),
        "{mirror}"
    );
    // A program's is our token, and goes nowhere.
    assert_eq!(entry.rig.ask("GET /x").await.status, 200);
    let two = format!("{field}{field}");
    assert_eq!(from_page(&entry, "GET /mirror", &two).await.status, 400);
    let ours = format!("Authorization: Bearer {}\r\n", entry.rig.token);
    assert_eq!(from_page(&entry, "GET /mirror", &ours).await.status, 400);
    let recorded = format!(
        "{:?}{:?}",
        entry.rig.store.begun(),
        entry.rig.store.refused()
    );
    assert!(!recorded.contains("s3cret"), "{recorded}");
    let sent = entry.rig.upstream.text();
    assert!(!sent.contains("scst_"), "{sent}");
    assert!(!format!("{:?}", entry.rig.settings()).contains("s3cret"));
    let warnings = entry.rig.settings().warnings().concat();
    assert!(warnings.contains("Support-Tenant"), "{warnings}");
}

#[tokio::test]
async fn the_check_says_which_fields_of_pages_could_select_a_tenant() {
    let entry = Entry::with(by_identity("")).await;
    let told = entry.rig.settings().fields_of_pages();
    let [judged, passing] = &told[..] else {
        panic!("{told:?}");
    };
    assert!(
        judged.contains("x-tenant-id") && judged.contains("x-organization-id"),
        "{judged}"
    );
    for name in ["x-account-id", "x-customer-id", "x-workspace"] {
        assert!(passing.contains(name), "{passing}");
        let mirror = from_page(&entry, "GET /mirror", &format!("{name}: b\r\n"))
            .await
            .text();
        assert!(
            mirror.contains(&format!("\r\n{name}: b\r\n")),
            "as said: {mirror}"
        );
    }
    for name in ["x-tenant", "x-org-id", "x-user"] {
        assert!(!passing.contains(&format!("{name},")), "{passing}");
    }
    assert!(Rig::new().await.settings().fields_of_pages().is_empty());
}

#[tokio::test]
async fn the_check_says_what_an_upstream_without_public_names_costs_browsers() {
    for host in ["127.0.0.1", "app", "app.internal.example"] {
        let entry = Entry::with(Wanted {
            upstream: Some(format!("upstream = \"http://{host}:8000\"")),
            ..by_identity("")
        });
        let notes = entry.await.rig.settings().notes();
        let [note] = &notes[..] else {
            panic!("{host}: {notes:?}");
        };
        for part in ["upstream", "cookies", "redirects", "public_urls"] {
            assert!(note.contains(part), "{part}: {note}");
        }
    }
    let named = Entry::with(Wanted {
        more: "upstream_public_urls = [\"https://app.example.com\"]",
        ..by_identity("")
    });
    let no_notes: Vec<String> = Vec::new();
    assert_eq!(named.await.rig.settings().notes(), no_notes);
    // Without browsers nothing is lost.
    assert_eq!(Rig::new().await.settings().notes(), no_notes);
}
