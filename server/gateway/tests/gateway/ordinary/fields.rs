//! The fields that programs send: those that describe a body, and those that are left out.

use super::{TENANT, by_identity, from_page};
use crate::{
    browser::Entry,
    support::{Rig, Wanted, frames::FrameClient},
};

/// Fields that say how a body is to be understood, or on which condition it is meant.
const DESCRIBING: [&str; 34] = [
    "Accept-Version: v2",
    "Api-Version: 2026-11-30",
    "Connect-Content-Encoding: gzip",
    "Depth: 0",
    "Dry-Run: true",
    "Grpc-Encoding: gzip",
    "Link: <http://www.w3.org/ns/ldp#BasicContainer>; rel=\"type\"",
    "Lock-Token: <urn:uuid:x>",
    "Overwrite: F",
    "Slug: a",
    "Timeout: Second-600",
    "X-Amz-Content-Sha256: x",
    "X-Api-Version: 2",
    "X-Chunk-Index: 2",
    "X-Dry-Run: true",
    "X-Goog-Resumable: start",
    "X-Goog-Upload-Command: upload",
    "X-Idempotency-Key: x",
    "X-Ms-Blob-Type: BlockBlob",
    "X-Upload-Offset: 70",
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

/// A program's PUT with a field.
fn put(rig: &Rig, field: &str) -> String {
    let head = rig.head(&format!("PUT {TENANT}/files/a"));
    format!("{head}{field}\r\nContent-Length: 3\r\n\r\nxyz")
}

#[tokio::test]
async fn what_is_stored_with_an_object_reaches_the_upstream() {
    let rig = Rig::new().await;
    for field in [
        "X-Amz-Meta-Mtime: 1764460800",
        "X-Amz-Meta-Original_Name: a.pdf",
        "X-Object-Meta-Colour: red",
        "X-Goog-Meta-Owner: ana",
        "X-Ms-Meta-hdi_isfolder: true",
        "X-Oss-Meta-A: 1",
        "X-Cos-Meta-A: 1",
        "X-Obs-Meta-A: 1",
        "X-Bz-Info-Src_Last_Modified_Millis: 1764460800000",
    ] {
        assert_eq!(rig.raw(&put(&rig, field)).await.status, 200, "{field}");
        let (name, value) = field.split_once(": ").unwrap();
        let line = format!("{}: {value}\r\n", name.to_ascii_lowercase());
        let sent = rig.upstream.text();
        assert!(sent.contains(&line), "{field}: {sent}");
    }
}

#[tokio::test]
async fn no_metadata_sets_a_key_or_access_or_names_something_else() {
    let own = Rig::with(Wanted {
        more: "request_headers_add = [\"x-own-meta-*\"]",
        ..Wanted::default()
    });
    let own = own.await;
    for rig in [&Rig::new().await, &own] {
        let token = format!("X-Amz-Meta-A: {}", rig.token);
        for field in [
            "X-Container-Meta-Temp-Url-Key: evil",
            "X-Account-Meta-Temp-Url-Key: evil",
            "X-Container-Meta-Access-Control-Allow-Origin: evil",
            "X-Account-Meta-Quota-Bytes: evil",
            "X-Amz-Metadata-Directive: evil",
            "X-Amz-Acl: evil",
            "X-Amz-Server-Side-Encryption: evil",
            "X-Amz-Website-Redirect-Location: evil",
            "X-Delete-After: evil",
            "X-Upsert: evil",
            "X-Amz-Meta-Copy-Source: evil",
            "X-Amz-Meta-: evil",
            "X-Own-Metadata: evil",
            "X-Amz-Meta-Support_Tenant: evil",
            "X-Own-Meta-Copy-Source: evil",
            token.as_str(),
        ] {
            assert_eq!(rig.raw(&put(rig, field)).await.status, 400, "{field}");
        }
        // It may mean something else, and is left out.
        let field = "X_Amz_Meta_A: evil";
        assert_eq!(rig.raw(&put(rig, field)).await.status, 200, "{field}");
        assert!(!rig.upstream.text().contains("evil"));
    }
    assert_eq!(own.raw(&put(&own, "X-Own-Meta-A: 7")).await.status, 200);
    assert!(own.upstream.text().contains("x-own-meta-a: 7\r\n"));
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
async fn what_makes_another_request_of_it_is_refused_by_name_where_the_list_lacks_it() {
    let rig = Rig::new().await;
    for field in [
        "Ce-Type: com.example.created",
        "OC-Chunked: 1",
        "OC-Total-Length: 3",
        "X-Amz-Expected-Bucket-Owner: 7",
        "X-Amz-Trailer: x-amz-checksum-crc32",
        "X-Charset: latin1",
        "X-Explode-Archive: true",
        "X-File-Type: text/csv",
        "X-GitHub-Api-Version: 2022-11-28",
        "X-OC-Mtime: 1764460800",
        "X-Validate-Only: true",
    ] {
        let answer = rig.raw(&put(&rig, field)).await;
        assert_eq!(answer.status, 400, "{field}");
        let name = field.split(':').next().unwrap().to_ascii_lowercase();
        assert!(answer.text().contains(&name), "{}", answer.text());
    }
    assert_eq!(rig.upstream.requests(), 0);
    // These say nothing about the request.
    for field in ["X-Client-Version: 7", "X-Locale: de"] {
        assert_eq!(rig.raw(&put(&rig, field)).await.status, 200, "{field}");
    }
}

#[tokio::test]
async fn how_a_pages_body_is_to_be_read_reaches_the_upstream() {
    let entry = Entry::with(by_identity("")).await;
    for field in DESCRIBING.iter().chain(&[
        "Content-Transfer-Encoding: base64",
        "X-Content-Encoding: gzip",
        "X-Goog-Hash: crc32c=n03x6A==",
        "X-Goog-Upload-Offset: 262144",
        "X-Goog-Upload-Protocol: resumable",
        "X_CSRF_TOKEN: x",
        "X-Password-Reset: 1",
        "X-Tenant-Theme: dark",
    ]) {
        let more = format!("{field}\r\nContent-Length: 0\r\n");
        let answer = from_page(&entry, "PUT /files/a", &more).await;
        assert_eq!(answer.status, 200, "{field}");
        let (name, value) = field.split_once(": ").unwrap();
        let line = format!("{}: {value}\r\n", name.to_ascii_lowercase());
        let sent = entry.rig.upstream.text();
        assert!(sent.contains(&line), "{field}: {sent}");
    }
    for field in [
        "X-Goog-IAP-JWT-Assertion: evil",
        "X-Goog-Authenticated-User-Email: evil",
        "X_Goog_Authenticated_User_Email: evil",
        "X_Forwarded_User: evil",
        "X_Tenant_Id: evil",
        "X-Tenant-Name: evil",
        "X-Password: evil",
    ] {
        let more = format!("{field}\r\nContent-Length: 0\r\n");
        let answer = from_page(&entry, "PUT /files/a", &more).await;
        assert_eq!(answer.status, 200, "{field}");
    }
    assert!(!entry.rig.upstream.text().contains("evil"));
    // Nor does a token of ours.
    let more = format!("X_CSRF_TOKEN: {}\r\n", entry.rig.token);
    assert_eq!(from_page(&entry, "GET /files/a", &more).await.status, 200);
    assert!(!entry.rig.upstream.text().contains("scst_"));
}

#[tokio::test]
async fn a_second_path_passes_neither_from_a_program_nor_from_a_page() {
    let rules = r#"
        [[scopes]]
        name = "files:write"
        description = "Write files."
        allow = [{ methods = ["PUT", "MOVE", "COPY"], paths = ["/**"] }]
    "#;
    let wanted = Wanted {
        scopes: &["files:write"],
        ..by_identity(rules)
    };
    let entry = Entry::with(wanted).await;
    let elsewhere = format!("Destination: {}/v1/tenants/bolt/a", entry.origin());
    for (line, field) in [
        ("MOVE /a", elsewhere.as_str()),
        ("COPY /a", "Destination: /v1/tenants/bolt/a"),
        ("PUT /a", "X-Amz-Copy-Source: /bolt/a"),
        ("PUT /a", "X-Ms-Rename-Source: /bolt/a"),
        ("PUT /a", "X-Symlink-Target: bolt/a"),
    ] {
        let more = format!("{field}\r\nContent-Length: 0\r\n");
        let head = entry.rig.head(line);
        for answer in [
            from_page(&entry, line, &more).await,
            entry.rig.raw(&format!("{head}{more}\r\n")).await,
        ] {
            assert_eq!(answer.status, 400, "{line} {field}");
            let name = field.split(':').next().unwrap().to_ascii_lowercase();
            assert!(answer.text().contains(&name), "{}", answer.text());
        }
    }
    assert_eq!(entry.rig.upstream.requests(), 0);
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
        "X-Requested-With: x\r\nHX-Request: true\r\nCookie: a=b\r\nX-Forwarded-For: 1.1.1.1\r\n",
        "X-Requested-With: x\r\nX-Client-Version: 7\r\nDestination: /b\r\nProxy: x\r\n\
         X-Amz-Copy-Source: /b\r\nX_Under: x\r\nX-Api-Key: hush\r\nX-Request-Id: x\r\n",
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
    let never = [
        "destination",
        "proxy",
        "x-amz-copy-source",
        "x-api-key",
        "x-client-version",
    ];
    assert_eq!(left_out[1], [&never[..], &["x_under"]].concat());
    assert!(!format!("{:?}", rig.store.begun()).contains("hush"));
    assert!(left_out[2].is_empty());
    let sent = rig.upstream.text();
    assert!(!sent.contains("x-requested-with"), "{sent}");
}
