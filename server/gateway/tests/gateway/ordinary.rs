//! What people's programs, pages and links are like, and the attacks that letting them through could open.

use std::fmt::Write;

use app::domain::access_log::Refusal;

use crate::{
    browser::{Entry, NAVIGATION, SAME_ORIGIN, wanted},
    support::{Rig, Wanted, client::Answer, frames::FrameClient},
};

const TENANT: &str = "/v1/tenants/acme";

/// A rig whose upstream goes by our fields, with rules for `read_only`.
fn by_identity(rules: &'static str) -> Wanted {
    Wanted {
        binding: "identity",
        more_scopes: rules,
        ..wanted()
    }
}

/// A request from a page of a session's host.
async fn from_page(entry: &Entry, line: &str, more: &str) -> Answer {
    let cookie = entry.cookie();
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n{more}");
    entry.ask(line, &fields).await
}

/// Fields that say how a body is to be understood, or on which condition it is meant.
const DESCRIBING: [&str; 14] = [
    "Content-Range: bytes 1048576-2097151/2097152",
    "Content-Digest: sha-256=:x:",
    "Repr-Digest: sha-256=:x:",
    "Digest: sha-256=x",
    "Content-MD5: x",
    "Content-Language: de",
    "Content-Location: /v1/files/a",
    "Content-Encoding: gzip",
    "Want-Content-Digest: sha-256=1",
    "Tus-Resumable: 1.0.0",
    "Upload-Offset: 70",
    "Upload-Metadata: filename d29ybGQ=",
    "If-Match: \"1\"",
    "SOAPAction: \"urn:x\"",
];

#[tokio::test]
async fn what_says_how_a_body_is_to_be_understood_reaches_the_upstream() {
    let rig = Rig::new().await;
    for field in DESCRIBING {
        let head = rig.head(&format!("PUT {TENANT}/files/a"));
        let request = format!("{head}{field}\r\nContent-Length: 3\r\n\r\nxyz");
        assert_eq!(rig.raw(&request).await.status, 200, "{field}");
        let (name, value) = field.split_once(": ").unwrap();
        let sent = rig.upstream.text();
        let line = format!("{}: {value}\r\n", name.to_ascii_lowercase());
        assert!(sent.contains(&line), "{field}: {sent}");
    }
    // The same over HTTP/2.
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let mut client = FrameClient::connect(rig.address).await;
    let path = format!("{TENANT}/files/b");
    let fields = [
        (":method", "PUT"),
        (":scheme", "http"),
        (":authority", authority.as_str()),
        (":path", path.as_str()),
        ("authorization", bearer.as_str()),
        ("content-range", "bytes 7-9/10"),
    ];
    client.headers(1, &fields, false).await;
    client.data(1, b"xyz", true).await;
    assert_eq!(client.answer(1).await.status, Some(200));
    assert!(
        rig.upstream
            .text()
            .contains("content-range: bytes 7-9/10\r\n")
    );
}

#[tokio::test]
async fn what_would_change_a_requests_meaning_is_named_and_not_left_out() {
    let rig = Rig::with(Wanted {
        more: "request_headers = [\"accept\", \"content-type\"]\nrequest_headers_add = [\"x-client\"]",
        ..Wanted::default()
    })
    .await;
    let put = |field: &str, more: &str| {
        let head = rig.head(&format!("PUT {TENANT}/files/a"));
        format!("{head}{field}\r\n{more}Content-Length: 3\r\n\r\nxyz")
    };
    let describing = DESCRIBING
        .iter()
        .filter(|field| !field.starts_with("Want-"));
    for (count, field) in describing.enumerate() {
        let answer = rig.raw(&put(field, "")).await;
        assert_eq!(answer.status, 400, "{field}");
        assert_eq!(answer.code(), "malformed_request");
        let name = field.split(':').next().unwrap().to_ascii_lowercase();
        assert!(answer.text().contains(&name), "{}", answer.text());
        assert_eq!(rig.store.refused().len(), count + 1);
    }
    assert_eq!(rig.upstream.bytes(), 0);
    assert_eq!(rig.raw(&put("X-Client: 7", "")).await.status, 200);
    assert!(rig.upstream.text().contains("x-client: 7\r\n"));
    // A field is not removed by naming it in Connection either.
    let all = Rig::new().await;
    for (field, status) in [("X-Custom: 1", 200), ("Content-Range: bytes 0-2/9", 400)] {
        let name = field.split(':').next().unwrap();
        let head = all.head(&format!("PUT {TENANT}/files/a"));
        let request =
            format!("{head}{field}\r\nConnection: {name}\r\nContent-Length: 3\r\n\r\nxyz");
        assert_eq!(all.raw(&request).await.status, status, "{field}");
    }
}

#[tokio::test]
async fn a_method_override_passes_neither_from_a_program_nor_from_a_page() {
    let entry = Entry::with(by_identity("")).await;
    for name in [
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X_HTTP_Method_Override",
        "X.HTTP.Method.Override",
    ] {
        let field = format!("{name}: DELETE\r\nContent-Length: 0\r\n");
        assert_eq!(
            from_page(&entry, "POST /x", &field).await.status,
            400,
            "{name}"
        );
        let head = entry.rig.head("POST /x");
        let answer = entry.rig.raw(&format!("{head}{field}\r\n")).await;
        assert_eq!(answer.status, 400, "{name}");
    }
    assert_eq!(entry.rig.upstream.requests(), 0);
}

#[tokio::test]
async fn a_programs_fields_that_are_left_out_are_named_once_in_its_sessions_record() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {TENANT}"));
    for fields in [
        "X-Requested-With: x\r\nHX-Request: true\r\nCookie: a=b\r\n",
        "X-Requested-With: x\r\nX-Client-Version: 7\r\n",
        "X-Requested-With: x\r\n",
    ] {
        let answer = rig.raw(&format!("{head}{fields}\r\n")).await;
        assert_eq!(answer.status, 200);
    }
    let left_out = rig.store.begun().into_iter().map(|intent| intent.left_out);
    let left_out: Vec<_> = left_out
        .map(|mut names| {
            names.sort_unstable();
            names
        })
        .collect();
    assert_eq!(left_out[0], ["hx-request", "x-requested-with"]);
    assert_eq!(left_out[1], ["x-client-version"]);
    assert!(left_out[2].is_empty());
    let sent = rig.upstream.text();
    assert!(!sent.contains("x-requested-with"), "{sent}");
}

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
    // The proxy in front is trusted to know the client's address, and nothing else is believed.
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
    let upstream = crate::support::upstream::Upstream::start().await;
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
async fn a_browser_is_led_to_the_one_spelling_of_a_link() {
    let entry = Entry::with(by_identity("")).await;
    for (target, canonical) in [
        ("/v1/caf%c3%a9", "/v1/caf%C3%A9"),
        ("/%7Euser/", "/~user/"),
        ("/%61%62?q=%61%zz%", "/ab?q=%61%zz%"),
        ("/50%", "/50%25"),
        ("/a%2fb", "/a%2Fb"),
    ] {
        for method in ["GET", "HEAD"] {
            let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
            let head = format!(
                "{method} {target} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
                entry.host()
            );
            let mut client = entry.rig.client().await;
            client.send(head.as_bytes()).await;
            let answer = client.answer_to(method == "HEAD").await;
            assert_eq!(answer.status, 308, "{target}");
            assert_eq!(answer.header("location"), Some(canonical));
        }
        assert_eq!(entry.rig.upstream.requests(), 0);
    }
    assert_eq!(from_page(&entry, "GET /v1/caf%C3%A9", "").await.status, 200);
    // What is not only read is taken as meant.
    let empty = "Content-Length: 0\r\n";
    assert_eq!(
        from_page(&entry, "POST /v1/caf%c3%a9?q=%zz", empty)
            .await
            .status,
        200
    );
    let sent = entry.rig.upstream.text();
    assert!(
        sent.contains("POST /v1/caf%C3%A9?q=%zz HTTP/1.1\r\n"),
        "{sent}"
    );
    assert_eq!(entry.rig.store.begun()[1].path, "/v1/caf%C3%A9");
    // A program is told instead.
    assert_eq!(
        entry.rig.ask("GET /%7Euser/").await.code(),
        "ambiguous_path"
    );
}

#[tokio::test]
async fn a_spelling_leads_neither_to_another_place_nor_to_our_own_nor_holds_a_token() {
    let entry = Entry::with(by_identity("")).await;
    let token = entry.rig.token.clone();
    for target in [
        "/a/%2e%2e/b".to_owned(),
        "//evil.example/%61".to_owned(),
        "/%2Fevil.example/%61/..%2f".to_owned(),
        "/%2Esupport-console/end".to_owned(),
        "/%2esupport-console/enter?code=x".to_owned(),
        "/%61%00".to_owned(),
        "/%61%0d%0aSet-Cookie:x".to_owned(),
        "/%61%FF".to_owned(),
        "/%61\\b".to_owned(),
        format!("/%61?t={token}"),
    ] {
        let answer = from_page(&entry, &format!("GET {target}"), "").await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{target}"
        );
        let empty = "Content-Length: 0\r\n";
        let answer = from_page(&entry, &format!("POST {target}"), empty).await;
        assert_eq!(answer.status, 400, "{target}");
    }
    assert_eq!(entry.rig.upstream.requests(), 0);
}

#[tokio::test]
async fn a_query_is_forwarded_byte_for_byte_and_recorded_as_it_was_sent() {
    let rig = Rig::with(Wanted {
        more: "hidden = { query = [\"code\"] }",
        ..Wanted::default()
    })
    .await;
    for (count, query) in [
        "note=a%0D%0Ab",
        "q=50%",
        "q=%zz&x",
        "q=%u0041",
        "q=%c3%a9|^",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(
            rig.ask(&format!("GET {TENANT}?{query}")).await.status,
            200,
            "{query}"
        );
        let line = format!("GET {TENANT}?{query} HTTP/1.1\r\n");
        assert!(rig.upstream.text().contains(&line), "{query}");
        assert_eq!(rig.store.begun()[count].query.as_deref(), Some(*query));
    }
    // The attacks: a name that some reader finds, a secret behind a lone '%', a method.
    let before = rig.upstream.requests();
    for (query, code) in [
        ("%u0074enant_id=bolt", "wrong_tenant"),
        ("tenant%_id=bolt", "wrong_tenant"),
        ("tenant_id%=bolt", "wrong_tenant"),
        ("%0Atenant_id=bolt", "wrong_tenant"),
        ("tenant_id=acme%", "wrong_tenant"),
        ("%u005fmethod=DELETE", "malformed_request"),
        ("a=%&_met%hod=DELETE", "malformed_request"),
        ("x=%00", "malformed_request"),
    ] {
        let answer = rig.ask(&format!("GET {TENANT}?{query}")).await;
        assert!(answer.status >= 400, "{query}");
        assert_eq!(answer.code(), code, "{query}");
    }
    assert_eq!(rig.upstream.requests(), before);
    for query in [
        "a=%&code%3Ds3cret",
        "a=%&code=s3cret",
        "%u0063ode=s3cret",
        "co%de=s3cret",
        "code%=s3cret",
    ] {
        assert_eq!(
            rig.ask(&format!("GET {TENANT}?{query}")).await.status,
            200,
            "{query}"
        );
    }
    let recorded = format!("{:?}", rig.store.begun());
    assert!(!recorded.contains("s3cret"), "{recorded}");
}

const FILES: &str = r#"
    [[scopes]]
    name = "read_only"
    allow = [
        { methods = ["GET"], paths = ["/files/**", "/one/{name}", "/exact", "/app/**"] },
        { methods = ["POST"], paths = ["/app/**"] },
    ]
    deny = [{ methods = ["GET"], paths = ["/files/{year}/exports", "/app/secret"] }]
"#;

fn files() -> Wanted {
    Wanted {
        scopes: &["read_only"],
        ..by_identity(FILES)
    }
}

#[tokio::test]
async fn odd_paths_pass_where_each_of_their_readings_is_permitted() {
    let rig = Rig::with(files()).await;
    for (count, target) in [
        "/files/100%25.pdf",
        "/files/a%2Fb",
        "/files/a%5Cb",
        "/files/a%252Fb",
        "/files/a;v=1",
        "/files/a%3Bb/c",
        "/files//a",
        "/files/a//",
        "/files/[slug]/page.js",
        "/files/%5Bslug%5D/page.js",
        "/files/a|b^c",
        "/one/100%25",
        "/one/a;v=1",
        "/one/[x]",
        "/files/a%2Fb?x=%2F..%2F",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(
            rig.ask(&format!("GET {target}")).await.status,
            200,
            "{target}"
        );
        let line = format!("GET {target} HTTP/1.1\r\n");
        assert!(rig.upstream.text().contains(&line), "{target}");
        let path = target.split('?').next().unwrap();
        assert_eq!(rig.store.begun()[count].path, path);
    }
}

#[tokio::test]
async fn an_odd_path_opens_nothing_that_is_denied_or_not_permitted() {
    let rig = Rig::with(files()).await;
    for target in [
        // Denied by some reading.
        "/files/2024%2Fexports",
        "/files/2024%5Cexports",
        "/files/2024%252Fexports",
        "/files/2024%25252Fexports",
        "/files//2024/exports",
        "/files/2024//exports",
        "/files/2024;x/exports",
        "/files/2024/exports;x",
        "/files/2024/;x/exports",
        "/files/2024%3Bx/exports",
        "/files/;x/exports",
        "/files//exports",
        "/files/2024/ex%2570orts",
        "/files%2F2024%2Fexports",
        "/app/secret;x",
        "/app//secret",
        "/app/%2Fsecret",
        "/app/x%2F..%2Fsecret",
        "/app/..;/secret",
        "/app/;/secret",
        // Not permitted by some reading.
        "/one/a%2Fb",
        "/one/a%5Cb",
        "/one/a%252Fb",
        "/one//a",
        "/one/a//",
        "/exact;x",
        "/exact%2F",
        "//exact",
        "/%2Fexact",
        "/files%2Fa",
        "/files;x/a",
        "//files/a",
        // No reader should get them.
        "/files/a%2F..%2F..%2Fexact",
        "/files/..;x/exact",
        "/files/%252E%252E/exact",
        "/files/.%252e/exact",
        "/files/a%2500",
        "/files/a%25C0%25AE",
    ] {
        let status = rig.ask(&format!("GET {target}")).await.status;
        assert!([400, 403].contains(&status), "{target}: {status}");
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn an_odd_path_names_no_other_tenant_and_hides_its_secrets() {
    let rig = Rig::with(Wanted {
        more: "hidden = { paths = [\"/v1/tenants/{tenant_id}/resets/{secret}\"] }",
        ..Wanted::default()
    })
    .await;
    for target in [
        "/v1/tenants/acme;x",
        "/v1/tenants/acme%2F..%2Fbolt",
        "/v1/tenants/bolt%2F..%2Facme",
        "/v1/tenants//acme",
        "/v1/tenants/acme//x",
        "/v1//tenants/acme/x",
        "/v1/tenants;x/acme/x",
        "/v1/tenants/acme%2F",
        "/v1/tenants/acme%252Fx",
        "/v1/tenants/;x/acme",
        "/v1/tenants/acme/resets%2Fs3cret",
        "/v1/tenants/acme/resets%252Fs3cret",
        "/v1/tenants/acme/resets;a=b/s3cret",
    ] {
        let answer = rig.ask(&format!("GET {target}")).await;
        assert!(
            [400, 403].contains(&answer.status),
            "{target}: {}",
            answer.status
        );
    }
    assert_eq!(rig.upstream.text(), "");
    let recorded = format!("{:?}", rig.store.refused());
    assert!(!recorded.contains("s3cret"), "{recorded}");
    // Behind the tenant's name an odd segment is as good as any other.
    for target in [
        "/v1/tenants/acme/100%25.pdf",
        "/v1/tenants/acme/a;v=1/b",
        "/v1/tenants/acme/[x]",
    ] {
        assert_eq!(
            rig.ask(&format!("GET {target}")).await.status,
            200,
            "{target}"
        );
    }
}

#[tokio::test]
async fn refusals_have_the_right_names() {
    let rig = Rig::new().await;
    let long = format!("GET {TENANT}/{}", "a".repeat(8193));
    let answer = rig.ask(&long).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (414, "malformed_request")
    );
    let old = rig
        .head(&format!("GET {TENANT}"))
        .replace("HTTP/1.1", "HTTP/1.0");
    let answer = rig.raw(&format!("{old}\r\n")).await;
    assert_eq!(answer.status, 505);
    assert!(
        answer.text().contains("proxy_http_version 1.1"),
        "{}",
        answer.text()
    );
    assert_eq!(rig.store.refused()[0].refusal, Refusal::MalformedRequest);
    // More fields, or more bytes, than a head may have.
    let head = rig.head(&format!("GET {TENANT}"));
    let many = "X-Field: 1\r\n".repeat(200);
    assert_eq!(rig.raw(&format!("{head}{many}\r\n")).await.status, 431);
    let wide = format!("X-Field: {}\r\n", "x".repeat(100_000));
    assert_eq!(rig.raw(&format!("{head}{wide}\r\n")).await.status, 431);
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let mut client = FrameClient::connect(rig.address).await;
    let mut fields = vec![
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", authority.as_str()),
        (":path", TENANT),
        ("authorization", bearer.as_str()),
    ];
    fields.extend(vec![("x-field", "1"); 200]);
    client.headers(1, &fields, true).await;
    assert_eq!(client.answer(1).await.status, Some(431));
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_person_is_led_by_a_link_from_elsewhere_too() {
    let entry = Entry::with(by_identity("")).await;
    let fields = format!("{NAVIGATION}Cookie: {}\r\n", entry.cookie());
    let answer = entry.ask("GET /%7Euser/", &fields).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (308, Some("/~user/"))
    );
    let refused = &entry.rig.store.refused()[0];
    assert_eq!(
        (refused.refusal, refused.status),
        (Refusal::AmbiguousPath, 308)
    );
}

#[tokio::test]
async fn a_person_gets_a_page_for_a_refusal_and_a_program_a_problem() {
    let entry = Entry::with(files()).await;
    let cookie = entry.cookie();
    let person = format!(
        "{}Cookie: {cookie}\r\nReferer: {}/files/a?b=<c>\r\n",
        NAVIGATION.replace("cross-site", "same-origin"),
        entry.origin()
    );
    for (target, code, part) in [
        (
            "/app/secret",
            "out_of_scope",
            "The scope read_only doesn't allow GET on /app/secret.",
        ),
        ("/nowhere", "out_of_scope", "don't allow GET here"),
        (
            "/files/2024%2Fexports",
            "ambiguous_path",
            "can be read in several ways",
        ),
    ] {
        let answer = entry.ask(&format!("GET {target}"), &person).await;
        assert!(answer.status >= 400, "{target}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let (text, id) = (answer.text(), answer.header("x-request-id").unwrap());
        for wanted in [
            part,
            code,
            id,
            "<a href=\"/files/a?b=&lt;c&gt;\">Back to the last page</a>",
            "https://console.example.com/support/sessions",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        let frame = person.replace("document", "iframe");
        let framed = entry.ask(&format!("GET {target}"), &frame).await;
        assert_eq!(
            framed.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let answer = from_page(&entry, &format!("GET {target}"), "").await;
        assert_eq!(answer.code(), code);
        let token = entry.rig.ask(&format!("GET {target}")).await;
        assert_eq!(token.code(), code);
    }
}
