//! No attack reaches a handler unless it is permitted and recorded. The handlers count their calls.

use app::domain::access_log::{Refusal, RequestOutcome};
use chrono::TimeDelta;
use futures::future::join_all;
use gateway::{
    LiveSupportSession,
    entropy::SeededEntropy,
    layer::NoSupportSession,
    token::{Token, TokenKind},
};
use http::{HeaderValue, Method, Request, header};
use tower::ServiceExt as _;

use super::rig::{Place, Rig, Wanted, forging, json_of, until};

const LOOK: &str = "/v1/tenants/acme/look";
const MAYBE: &str = "GET /v1/tenants/acme/maybe";

#[tokio::test]
async fn the_whole_address_is_judged_not_what_a_nested_router_leaves_of_it() {
    for place in [
        Place::Nested,
        Place::NestedDeeply,
        Place::Outermost,
        Place::AroundRouters,
    ] {
        let rig = Rig::new(place).await;
        let refused = rig.ask("GET /v1/tenants/bolt/look").await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "wrong_tenant")
        );
        let refused = rig.ask("GET /v1/tenants/acme/look?tenant_id=bolt").await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "wrong_tenant")
        );
        assert_eq!(rig.calls(), 0);
        assert!(rig.store.begun().is_empty());
        assert_eq!(rig.refusals(), [Refusal::WrongTenant; 2]);
        assert_eq!(rig.store.refused()[0].request.path, "/v1/tenants/bolt/look");
    }
}

#[tokio::test]
async fn nothing_reaches_a_handler_that_can_be_read_in_two_ways_or_leads_out_of_http() {
    let rig = Rig::new(Place::Nested).await;
    let own = "GET /v1/tenants/acme/look";
    for (line, more, code) in [
        (
            "GET /v1/tenants/acme/files/../../bolt",
            "",
            "ambiguous_path",
        ),
        (
            "GET /v1/tenants/acme/files/%2e%2e/bolt",
            "",
            "ambiguous_path",
        ),
        ("GET /v1/tenants/acme/files//look", "", "ambiguous_path"),
        ("GET /v1/tenants/%61cme/look", "", "ambiguous_path"),
        (
            "GET http://other.example/v1/tenants/acme/look",
            "",
            "ambiguous_path",
        ),
        (own, "Authorization: Basic YTpi\r\n", "malformed_request"),
        (own, "Host: other.example\r\n", "malformed_request"),
        (
            own,
            "X-HTTP-Method-Override: DELETE\r\n",
            "malformed_request",
        ),
        (own, "Connection: x-request-id\r\n", "malformed_request"),
        (
            own,
            "Connection: upgrade\r\nUpgrade: websocket\r\n",
            "upgrade_refused",
        ),
        (own, "Upgrade: h2c\r\n", "upgrade_refused"),
        ("CONNECT /v1/tenants/acme/look", "", ""),
        ("TRACE /v1/tenants/acme/look", "", "malformed_request"),
        (
            "POST /v1/tenants/acme/look",
            "Content-Length: 0\r\n",
            "out_of_scope",
        ),
        ("DELETE /v1/tenants/acme/notes", "", "out_of_scope"),
    ] {
        let answer = rig.raw(&format!("{}{more}\r\n", rig.head(line))).await;
        assert!(
            (400..500).contains(&answer.status),
            "{line} {more}: {}",
            answer.status
        );
        if !code.is_empty() {
            assert_eq!(answer.code(), code, "{line} {more}");
        }
    }
    assert_eq!(rig.calls(), 0);
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn another_hosts_name_is_misdirected() {
    let rig = Rig::new(Place::Nested).await;
    let head = rig.head("GET /v1/tenants/acme/look");
    let head = head.replace(&format!("Host: {}", rig.address), "Host: bolt.example");
    assert_eq!(rig.raw(&format!("{head}\r\n")).await.status, 421);
    assert_eq!(rig.calls(), 0);
}

#[tokio::test]
async fn without_a_record_no_handler_is_reached() {
    let rig = Rig::new(Place::Nested).await;
    rig.store.break_down();
    let refused = rig.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "record_unavailable")
    );
    let rig_without_peer = Rig::new(Place::WithoutPeer).await;
    let refused = rig_without_peer.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(
        refused.status, 500,
        "where it comes from could not be recorded"
    );
    assert_eq!((rig.calls(), rig_without_peer.calls()), (0, 0));
}

#[tokio::test]
async fn only_a_known_token_opens_and_others_pass_only_where_they_are_meant_to() {
    let made_up = Token::generate(TokenKind::SupportSession, &SeededEntropy::new(77));
    let key = Token::generate(TokenKind::PlatformKey, &SeededEntropy::new(78));
    for (place, stranger, passed) in [(Place::Nested, 401, 0), (Place::PassingOthers, 200, 2)] {
        let rig = Rig::new(place).await;
        let with = async |path: &str, fields: &str| {
            rig.ask_as(&format!("GET /v1/tenants/acme/{path}"), fields)
                .await
        };
        assert_eq!(with("maybe", "").await.status, stranger);
        let key = format!("Authorization: Bearer {}\r\n", key.expose());
        assert_eq!(with("maybe", &key).await.status, stranger);
        assert_eq!(rig.calls(), passed);
        let token = format!("Authorization: Bearer {}\r\n", made_up.expose());
        assert_eq!(
            with("maybe", &token).await.status,
            401,
            "a token of nobody's"
        );
        let refused = with("look", "").await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (401, "unauthenticated")
        );
        assert_eq!(rig.calls(), passed);
        assert!(rig.store.begun().is_empty());
        let answer = rig.ask("GET /v1/tenants/acme/maybe").await;
        assert_eq!(answer.text(), rig.session.id.to_string());
    }
}

#[tokio::test]
async fn an_ended_session_reaches_no_handler() {
    let rig = Rig::new(Place::Nested).await;
    rig.revoke().await;
    let refused = rig.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "session_revoked")
    );
    let rig_2 = Rig::new(Place::Nested).await;
    rig_2.clock.advance(TimeDelta::minutes(15));
    let refused = rig_2.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "session_expired")
    );
    assert_eq!((rig.calls(), rig_2.calls()), (0, 0));
}

#[tokio::test]
async fn handlers_get_no_credential_and_nothing_that_could_pass_for_ours() {
    let rig = Rig::new(Place::Nested).await;
    let forged = "Cookie: a=b\r\nX-Api-Key: k\r\nSupport-Tenant: bolt\r\nSupport_Tenant: bolt\r\n\
                  X-Request-Id: mine\r\nX-Original-Url: /v1/tenants/bolt\r\nAccept: */*\r\n\
                  Content-Range: bytes 0-2/9\r\nContent-Digest: sha-256=:x:\r\n";
    let head = rig.head("GET /v1/tenants/acme/look");
    let answer = rig.raw(&format!("{head}{forged}\r\n")).await;
    let told = json_of(&answer);
    let mut names: Vec<_> = told["headers"].as_array().unwrap().iter().collect();
    names.sort_by_key(|name| name.as_str());
    assert_eq!(
        names,
        [
            "accept",
            "content-digest",
            "content-range",
            "host",
            "x-request-id"
        ]
    );
    assert_ne!(told["request_header"], "mine");
}

#[tokio::test]
async fn what_says_how_a_body_is_to_be_understood_reaches_the_handler_or_is_refused_by_name() {
    let rig = Rig::new(Place::Nested).await;
    let head = rig.head("POST /v1/tenants/acme/notes");
    let send = async |field: &str| {
        let request = format!("{head}{field}\r\nContent-Length: 3\r\n\r\nxyz");
        rig.raw(&request).await
    };
    assert_eq!(send("Content-Range: bytes 0-2/9").await.status, 200);
    assert_eq!(rig.calls(), 1);
    for name in ["X-Charset", "X-Amz-Trailer", "X-Validate-Only"] {
        let answer = send(&format!("{name}: a")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "malformed_request"),
            "{name}"
        );
        let name = name.to_ascii_lowercase();
        assert!(answer.text().contains(&name), "{}", answer.text());
    }
    assert_eq!(rig.calls(), 1);
    assert_eq!(rig.refusals(), [Refusal::MalformedRequest; 3]);
}

#[tokio::test]
async fn a_token_where_none_belongs_reaches_no_handler_and_no_record() {
    let rig = Rig::new(Place::Outermost).await;
    let token = rig.token.clone();
    let mut requests = vec![rig.head(&format!("{token} {LOOK}"))];
    requests.push(rig.head(&format!("GET {LOOK}?a={token}")));
    for field in ["Accept", "Origin", "Range", "X-Anything", &token] {
        requests.push(format!(
            "{}{field}: {token}\r\n",
            rig.head(&format!("GET {LOOK}"))
        ));
    }
    for request in &requests {
        let answer = rig.raw(&format!("{request}\r\n")).await;
        assert_eq!(answer.status, 400, "{request}");
    }
    assert_eq!(rig.calls(), 0);
    let refused = rig.store.refused();
    assert_eq!(refused.len(), requests.len());
    let recorded = format!("{refused:?}");
    for secret in [&token[5..25], &token.to_lowercase()[5..25]] {
        assert!(!recorded.contains(secret), "{recorded}");
    }
}

#[tokio::test]
async fn a_layer_that_lets_others_pass_lets_no_token_of_support_pass_with_them() {
    let rig = Rig::new(Place::PassingOthers).await;
    let token = &rig.token;
    for (line, fields) in [
        (
            format!("GET /v1/tenants/acme/maybe?access_token={token}"),
            String::new(),
        ),
        (MAYBE.to_owned(), format!("X-Api-Key: {token}\r\n")),
        (MAYBE.to_owned(), format!("Authorization: {token}\r\n")),
        (
            MAYBE.to_owned(),
            format!("Authorization: Bearer  {token}\r\n"),
        ),
        (MAYBE.to_owned(), format!("Cookie: a={token}\r\n")),
    ] {
        assert_eq!(
            rig.ask_as(&line, &fields).await.status,
            401,
            "{line} {fields}"
        );
    }
    assert_eq!(rig.calls(), 0);
    assert_eq!(
        rig.ask_as(MAYBE, "X-Api-Key: another\r\n").await.status,
        200
    );
}

#[tokio::test]
async fn an_answer_brings_no_field_of_ours_and_none_like_them() {
    let rig = Rig::new(Place::Nested).await;
    let answer = rig.ask("GET /v1/tenants/acme/ours").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("supported"), Some("yes"));
    for ours in ["support-tenant", "support_staff", "support.future"] {
        assert_eq!(answer.header(ours), None, "{ours}");
    }
}

#[tokio::test]
async fn an_address_that_is_rewritten_on_the_way_to_the_layer_is_not_served() {
    let rig = Rig::new(Place::BehindRewriting).await;
    assert_eq!(rig.ask("GET /v1/tenants/acme/look").await.status, 200);
    for last in ["moved", "home", "asked"] {
        let refused = rig.ask(&format!("GET /v1/tenants/acme/{last}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (500, "internal"));
    }
    assert_eq!((rig.calls(), rig.store.begun().len()), (1, 1));
}

#[tokio::test]
async fn an_address_that_is_rewritten_behind_the_layer_gives_no_session() {
    let rig = Rig::new(Place::BeforeRewriting).await;
    assert_eq!(rig.ask("GET /v1/tenants/acme/look").await.status, 200);
    for last in ["moved", "home", "asked"] {
        let refused = rig.ask(&format!("GET /v1/tenants/acme/{last}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (500, "internal"));
    }
    assert_eq!(rig.calls(), 1);
}

#[tokio::test]
async fn a_copy_of_the_request_under_another_method_gives_no_session() {
    let rig = Rig::new(Place::BeforeCopying).await;
    let answer = rig.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(
        (answer.status, answer.header("x-copied")),
        (200, Some("500"))
    );
    assert_eq!(rig.calls(), 1, "the copy was served to nobody");
}

#[tokio::test]
async fn what_a_handler_keeps_of_its_request_is_good_for_nothing_later() {
    for revoked in [true, false] {
        let rig = Rig::new(Place::Nested).await;
        let client = rig.reached("keep").await;
        let (parts, session) = rig.seen.kept.lock().unwrap().take().unwrap();
        assert!(LiveSupportSession::of_parts(&parts).is_ok() && session.is_live());
        if revoked {
            rig.revoke().await;
        } else {
            drop(client);
        }
        until(|| !session.is_live()).await;
        let over = LiveSupportSession::of_parts(&parts).err();
        assert_eq!(over, Some(NoSupportSession::Ended));
        assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    }
}

#[tokio::test]
async fn a_session_that_one_handler_gives_away_opens_nothing_for_another() {
    let rig = Rig::new(Place::Nested).await;
    let _open = rig.reached("keep").await;
    let (parts, session) = rig.seen.kept.lock().unwrap().take().unwrap();
    assert!(session.is_live());
    let elsewhere = forging(rig.seen.clone(), session);
    for (path, status) in [
        ("/bolt/look", 401),
        ("/acme/look", 401),
        ("/acme/maybe", 200),
    ] {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        let answer = elsewhere.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status);
        if status == 200 {
            let body = axum::body::to_bytes(answer.into_body(), 64).await.unwrap();
            assert_eq!(body, "nobody");
        }
    }
    // With everything that the layer has put there, on another address.
    let mut request = Request::get("/bolt/look")
        .body(axum::body::Body::empty())
        .unwrap();
    *request.extensions_mut() = parts.extensions;
    assert_eq!(elsewhere.oneshot(request).await.unwrap().status(), 500);
    assert_eq!(rig.calls(), 2, "who keeps, and who was told of nobody");
}

#[tokio::test]
async fn a_handler_that_takes_the_session_unchecked_gets_none() {
    let rig = Rig::new(Place::Nested).await;
    assert_eq!(rig.ask("GET /v1/tenants/acme/extension").await.status, 500);
    assert_eq!(rig.calls(), 0);
}

#[tokio::test]
async fn without_the_layer_no_handler_gets_a_session() {
    let rig = Rig::new(Place::Missing).await;
    let refused = rig.ask("GET /v1/tenants/acme/look").await;
    assert_eq!((refused.status, rig.calls()), (401, 0));
    assert_eq!(rig.ask("GET /v1/tenants/acme/maybe").await.text(), "nobody");
}

#[tokio::test]
async fn a_handler_that_asks_nobody_who_asks_is_guarded_all_the_same() {
    let rig = Rig::new(Place::Nested).await;
    for (line, fields) in [
        ("GET /v1/tenants/acme/careless", ""),
        ("GET /v1/tenants/bolt/careless", "Cookie: a=b\r\n"),
        ("OPTIONS /v1/tenants/acme/careless", ""),
        ("HEAD /v1/tenants/acme/careless", ""),
    ] {
        assert_eq!(rig.ask_as(line, fields).await.status, 401, "{line}");
    }
    for line in [
        "GET /v1/tenants/bolt/careless",
        "POST /v1/tenants/acme/careless",
        "PURGE /v1/tenants/acme/careless",
    ] {
        assert_eq!(rig.ask(line).await.status, 403, "{line}");
    }
    assert_eq!(rig.calls(), 0);
    assert_eq!(rig.ask("GET /v1/tenants/acme/careless").await.status, 200);
    assert_eq!((rig.calls(), rig.store.begun().len()), (1, 1));
}

#[tokio::test]
async fn one_layer_behind_another_serves_nothing() {
    let rig = Rig::new(Place::Twice).await;
    let refused = rig.ask("GET /v1/tenants/acme/careless").await;
    assert_eq!((refused.status, refused.code().as_str()), (500, "internal"));
    assert_eq!(
        rig.ask_as("GET /v1/tenants/acme/careless", "").await.status,
        401
    );
    assert_eq!(rig.calls(), 0);
    assert_eq!(rig.store.completed(1).await[0].status, Some(500));
}

#[tokio::test]
async fn what_a_handler_decodes_is_what_was_judged() {
    let rig = Rig::new(Place::NestedDeeply).await;
    for path in [
        "acme/files/a%2Fb",
        "acme/files/..%2Fbolt",
        "acme/files/%2E%2E/b",
        "acme/files/a%252Fb",
        "acme/files/a%00",
        "acme/files/a%5Cb",
        "acme/files/%C3",
        "acme/files/%c3%a9",
        "acme/files/a;b",
        "acme%2Ffiles%2Fa",
        "%61cme/files/a",
        "acme%20/files/a",
        "Acme/files/a",
        "bolt/files/acme",
        "acme/%66iles/a",
    ] {
        let refused = rig.ask(&format!("GET /v1/tenants/{path}")).await;
        assert!((400..500).contains(&refused.status), "{path}");
    }
    assert_eq!((rig.calls(), rig.store.begun().len()), (0, 0));
    let told = rig.ask("GET /v1/tenants/acme/files/%C3%A9%20a/b").await;
    let told = json_of(&told);
    assert_eq!(
        (&told["tenant"], &told["file"]),
        (&"acme".into(), &"é a/b".into())
    );
    assert_eq!(
        rig.store.begun()[0].path,
        "/v1/tenants/acme/files/%C3%A9%20a/b"
    );
}

#[tokio::test]
async fn no_rule_opens_a_websocket_here_and_no_protocol_leads_out() {
    const ASKED: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let rig = Rig::new(Place::Nested).await;
    let head = rig.head("GET /v1/tenants/acme/chat");
    let refused = rig.raw(&format!("{head}{ASKED}\r\n")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "upgrade_refused")
    );
    assert_eq!(rig.refusals(), [Refusal::UpgradeRefused]);
    let authority = rig.address.to_string();
    for protocol in [None, Some("websocket"), Some("connect-udp")] {
        let mut request = rig.in_http_2("CONNECT", &authority, "/v1/tenants/acme/chat");
        if let Some(protocol) = protocol {
            let protocol = hyper::ext::Protocol::from_static(protocol);
            request.extensions_mut().insert(protocol);
        }
        assert_eq!(rig.handed(request).await.0, 403);
    }
    assert_eq!((rig.calls(), rig.store.begun().len()), (0, 0));
    let answered = rig.ask("GET /v1/tenants/acme/switch").await;
    assert_eq!((answered.status, rig.calls()), (502, 1));
    assert!(answered.header(header::UPGRADE.as_str()).is_none());
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(
        (completed.outcome, completed.status),
        (RequestOutcome::Failed, Some(502))
    );
}

#[tokio::test]
async fn http_2_names_one_host_and_has_no_fields_of_a_connection() {
    let rig = Rig::new(Place::Nested).await;
    let own = rig.address.to_string();
    let path = "/v1/tenants/acme/look";
    for (authority, field, value, status) in [
        (own.as_str(), "host", "other.example", 400),
        (own.as_str(), "connection", "keep-alive", 400),
        (own.as_str(), "transfer-encoding", "chunked", 400),
        (own.as_str(), "content-length", "+1", 400),
        (own.as_str(), "authorization", "Basic YTpi", 400),
        ("other.example", "x", "y", 421),
        ("other.example", "x-forwarded-host", &own, 421),
    ] {
        let mut request = rig.in_http_2("GET", authority, path);
        request
            .headers_mut()
            .append(field, HeaderValue::from_str(value).unwrap());
        assert_eq!(rig.handed(request).await.0, status, "{field}: {value}");
    }
    assert_eq!(rig.calls(), 0);
}

#[tokio::test]
async fn other_methods_are_judged_as_what_they_are() {
    let rig = Rig::new(Place::Nested).await;
    let options = rig.ask("OPTIONS /v1/tenants/acme/look").await;
    assert_eq!((options.status, rig.calls()), (200, 1));
    assert_eq!(rig.store.begun()[0].method, Method::OPTIONS.as_str());
    for line in [
        "OPTIONS /v1/tenants/bolt/look",
        "HEAD /v1/tenants/bolt/look",
    ] {
        let refused = rig.ask(line).await;
        assert_eq!(refused.status, 403, "{line}");
    }
    assert_eq!(rig.calls(), 1);
    assert_eq!(rig.refusals(), [Refusal::WrongTenant; 2]);
}

#[tokio::test]
async fn a_session_of_one_organization_is_kept_to_addresses_that_name_it() {
    let wanted = Wanted {
        organization: Some("eu"),
        ..Wanted::default()
    };
    let rig = Rig::with(Place::NestedDeeply, wanted).await;
    for (path, refusal) in [
        ("look", Refusal::OrganizationNotConfinable),
        ("organizations/us/look", Refusal::WrongOrganization),
    ] {
        let refused = rig.ask(&format!("GET /v1/tenants/acme/{path}")).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, refusal.as_str().to_owned())
        );
    }
    assert_eq!(rig.calls(), 0);
    let own = "GET /v1/tenants/acme/organizations/eu/look";
    assert_eq!((rig.ask(own).await.status, rig.calls()), (200, 1));
}

#[tokio::test]
async fn scopes_that_are_not_granted_let_nothing_through() {
    let wanted = Wanted {
        scopes: &["notes:write"],
        ..Wanted::default()
    };
    let rig = Rig::with(Place::Nested, wanted).await;
    for line in ["GET /v1/tenants/acme/look", "HEAD /v1/tenants/acme/look"] {
        assert_eq!(rig.ask(line).await.status, 403);
    }
    assert_eq!(
        (rig.calls(), rig.refusals()),
        (0, vec![Refusal::OutOfScope; 2])
    );
}

#[tokio::test]
async fn a_node_that_may_not_serve_reaches_no_handler() {
    let rig = Rig::new(Place::Nested).await;
    rig.node.lease.give_up();
    let refused = rig.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "record_unavailable")
    );
    assert_eq!((rig.calls(), rig.store.begun().len()), (0, 0));
}

#[tokio::test]
async fn no_handler_begins_once_a_revocation_is_answered() {
    for round in 0..30 {
        let rig = Rig::new(Place::Nested).await;
        let asking = (0..24).map(|_| rig.ask("GET /v1/tenants/acme/look"));
        let revoking = async {
            until(|| rig.calls() >= round % 6).await;
            rig.revoke().await;
            rig.calls()
        };
        let (answers, reached) = tokio::join!(join_all(asking), revoking);
        let served = answers.iter().filter(|answer| answer.status == 200);
        assert!(served.count() <= reached);
        assert_eq!(rig.calls(), reached, "in round {round}");
        let begun = rig.store.begun().len();
        assert_eq!(rig.store.completed(begun).await.len(), begun);
    }
}
