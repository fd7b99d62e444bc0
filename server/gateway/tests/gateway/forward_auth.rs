//! Checks of a proxy as raw requests, with anything that a client or a stranger can put into them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use app::domain::access_log::{ForwardAuthProfile, Refusal, RequestOutcome};
use chrono::TimeDelta;
use gateway::{
    CheckListener, ForwardAuth, ForwardAuthConfig, GatewayConfig,
    config::{ForwardAuthSettings, PrivateAddress},
    ports::Ended,
    serve_checks,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Rig, Wanted,
    client::{Answer, Client},
    pki::Pki,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OK: &str = "/v1/tenants/acme/things";
const ALL: &[ForwardAuthProfile] = ForwardAuthProfile::ALL;

/// A rig whose gateway answers the checks of one proxy.
pub(crate) struct Checks {
    pub(crate) rig: Rig,
    profile: ForwardAuthProfile,
    address: SocketAddr,
}

fn settings(rig: &Rig, profile: ForwardAuthProfile, trust: &str) -> ForwardAuthSettings {
    let text = format!("profile = \"{profile}\"\nlisten = \"127.0.0.1:3110\"\n{trust}\n");
    let config: ForwardAuthConfig = toml::from_str(&text).unwrap();
    let gateway: GatewayConfig = toml::from_str(&format!(
        "listen = \"127.0.0.1:3100\"\npublic_url = \"http://127.0.0.1:3100\"\n\
         upstream = \"http://{}\"\ntenant_binding = \"identity\"\n",
        rig.upstream.address
    ))
    .unwrap();
    config.validate(Some(&gateway), &[]).unwrap()
}

fn with_secret(rig: &Rig, profile: ForwardAuthProfile) -> ForwardAuthSettings {
    settings(rig, profile, &format!("secret = \"{SECRET}\""))
}

impl Checks {
    async fn of(profile: ForwardAuthProfile) -> Self {
        Self::with(profile, Wanted::default()).await
    }

    pub(crate) async fn with(profile: ForwardAuthProfile, wanted: Wanted) -> Self {
        let rig = Rig::with(wanted).await;
        let settings = with_secret(&rig, profile);
        Self::over(rig, profile, settings).await
    }

    async fn over(rig: Rig, profile: ForwardAuthProfile, settings: ForwardAuthSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let forward_auth = ForwardAuth::new(Arc::clone(&rig.gateway), settings);
        let end = CancellationToken::new();
        tokio::spawn(serve_checks(
            CheckListener::Tcp(listener),
            forward_auth,
            end,
        ));
        Self {
            rig,
            profile,
            address,
        }
    }

    /// What the proxy sends about a request of the rig's session.
    fn check(&self, method: &str, target: &str) -> String {
        format!(
            "{}Support-Check-Secret: {SECRET}\r\nAuthorization: Bearer {}\r\n",
            self.fields(method, target),
            self.rig.token
        )
    }

    /// The request line of a check, and the profile's own fields.
    fn fields(&self, method: &str, target: &str) -> String {
        let host = self.rig.address;
        match self.profile {
            ForwardAuthProfile::Nginx => format!(
                "GET /x HTTP/1.1\r\nHost: check\r\nX-Original-Method: {method}\r\nX-Original-URI: {target}\r\n\
                 X-Original-Host: {host}\r\nX-Original-Address: 203.0.113.9\r\n"
            ),
            ForwardAuthProfile::Caddy | ForwardAuthProfile::Traefik => format!(
                "GET /x HTTP/1.1\r\nHost: check\r\nX-Forwarded-Method: {method}\r\nX-Forwarded-Uri: {target}\r\n\
                 X-Forwarded-Host: {host}\r\nX-Forwarded-For: 203.0.113.9\r\n"
            ),
            ForwardAuthProfile::Envoy => format!(
                "{method} {target} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 203.0.113.9\r\n"
            ),
        }
    }

    async fn send(&self, head: &str) -> Answer {
        let mut client = Client::connect(self.address).await;
        client.send(format!("{head}\r\n").as_bytes()).await;
        client.answer().await
    }

    pub(crate) async fn ask(&self, method: &str, target: &str) -> Answer {
        self.send(&self.check(method, target)).await
    }
}

#[tokio::test]
async fn what_may_pass_is_recorded_and_answered_with_every_identity_field() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let answer = checks.ask("GET", &format!("{OK}?a=%2F")).await;
        assert_eq!(answer.status, 200, "{profile}: {}", answer.text());
        let begun = checks.rig.store.begun();
        let [row] = &begun[..] else {
            panic!("{profile}: {begun:?}")
        };
        assert_eq!((row.method.as_str(), row.path.as_str()), ("GET", OK));
        assert_eq!(row.query.as_deref(), Some("a=%2F"));
        assert_eq!(row.profile, Some(*profile));
        assert_eq!(row.ip.to_string(), "203.0.113.9");
        let session = &checks.rig.session;
        for (name, value) in [
            ("support-session", session.id.to_string()),
            ("support-tenant", "acme".into()),
            ("support-organization", String::new()),
            ("support-staff", session.staff_id.to_string()),
            ("support-scopes", "read_only all:write".into()),
            ("x-request-id", row.request_id.to_string()),
            ("cache-control", "no-store".into()),
        ] {
            assert_eq!(
                answer.header(name).map(str::trim),
                Some(value.as_str()),
                "{name}"
            );
        }
        assert!(
            answer
                .header("support-identity")
                .is_some_and(|jwt| jwt.starts_with("ey"))
        );
        assert_eq!(checks.rig.upstream.requests(), 0, "the proxy carries it");
        assert!(
            checks.rig.store.completed(0).await.is_empty(),
            "its row stays open"
        );
        checks.rig.stop();
    }
}

#[tokio::test]
async fn a_stranger_is_told_nothing_and_recorded_nowhere() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let good = checks.check("GET", OK);
        let secret = format!("Support-Check-Secret: {SECRET}\r\n");
        for head in [
            good.replace(&secret, ""),
            good.replace(&secret, "Support-Check-Secret: \r\n"),
            good.replace(SECRET, &SECRET.replace('f', "e")),
            good.replace(SECRET, &SECRET[1..]),
            format!("{good}{secret}"),
            format!("{good}Support-Check-Secret: other\r\n"),
        ] {
            let answer = checks.send(&head).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "not_the_proxy"),
                "{head}"
            );
        }
        let store = &checks.rig.store;
        assert!(store.begun().is_empty() && store.refused().is_empty());
    }
}

#[tokio::test]
async fn what_may_not_pass_is_401_or_403_and_recorded_in_its_session() {
    for profile in ALL {
        let checks = Checks::with(
            *profile,
            Wanted {
                scopes: &["read_only"],
                session_organization: Some("x"),
                ..Wanted::default()
            },
        )
        .await;
        let ok = format!("{OK}/organizations/x");
        let ok = ok.replace("/things", "");
        assert_eq!(checks.ask("GET", &ok).await.status, 200);
        let websocket = "Sec-WebSocket-Version: 13\r\n";
        let cases = [
            (
                "GET",
                "/v1/tenants/bolt/things".to_owned(),
                "",
                Refusal::WrongTenant,
            ),
            (
                "GET",
                "/v1/tenants/acme/organizations/yonder".to_owned(),
                "",
                Refusal::WrongOrganization,
            ),
            ("GET", OK.to_owned(), "", Refusal::OrganizationNotConfinable),
            ("POST", ok.clone(), "", Refusal::OutOfScope),
            ("GET", format!("{ok}/../y"), "", Refusal::AmbiguousPath),
            ("GET", format!("{ok}//y"), "", Refusal::AmbiguousPath),
            ("GET", format!("{ok}#y"), "", Refusal::AmbiguousPath),
            ("GET", format!("{ok}/%7euser"), "", Refusal::AmbiguousPath),
            ("GET", format!("{ok}/a%2fb"), "", Refusal::AmbiguousPath),
            (
                "GET",
                ok.clone(),
                "Connection: upgrade\r\nUpgrade: x\r\n",
                Refusal::UpgradeRefused,
            ),
            ("GET", ok.clone(), websocket, Refusal::UpgradeRefused),
            ("CONNECT", ok.clone(), "", Refusal::UpgradeRefused),
            ("TRACE", ok.clone(), "", Refusal::MalformedRequest),
            (
                "GET",
                ok.clone(),
                "X-Rewrite-URL: /\r\n",
                Refusal::MalformedRequest,
            ),
            (
                "GET",
                ok.clone(),
                "X-Original-URL: /\r\n",
                Refusal::MalformedRequest,
            ),
            (
                "GET",
                ok.clone(),
                "X-Method-Override: PUT\r\n",
                Refusal::MalformedRequest,
            ),
            (
                "GET",
                ok.clone(),
                "Support_Tenant: bolt\r\n",
                Refusal::MalformedRequest,
            ),
            (
                "GET",
                ok.clone(),
                "X_Support.Tenant: bolt\r\n",
                Refusal::MalformedRequest,
            ),
            (
                "GET",
                ok.clone(),
                "X-Request_Id: a\r\n",
                Refusal::MalformedRequest,
            ),
            (
                "GET",
                format!("{ok}?tenant_id=bolt"),
                "",
                Refusal::WrongTenant,
            ),
            (
                "GET",
                ok.clone(),
                "X-Tenant-Id: bolt\r\n",
                Refusal::WrongTenant,
            ),
            (
                "GET",
                ok.clone(),
                "Authorization: Basic a\r\n",
                Refusal::MalformedRequest,
            ),
        ];
        for (number, (method, target, fields, refusal)) in cases.into_iter().enumerate() {
            let head = format!("{}{fields}", checks.check(method, &target));
            let answer = checks.send(&head).await;
            assert_eq!(answer.status, 403, "{profile} {head}");
            let refused = checks.rig.store.refused();
            let last = refused.last().unwrap();
            assert_eq!(
                (refused.len(), last.refusal),
                (number + 1, refusal),
                "{profile} {head}"
            );
            assert_eq!(last.request.profile, Some(*profile));
            assert_eq!(answer.code(), refusal.as_str());
        }
        assert_eq!(checks.rig.store.begun().len(), 1);
    }
}

#[tokio::test]
async fn a_field_that_names_a_second_path_is_refused() {
    for profile in ALL {
        let checks = Checks::with(*profile, Wanted::default()).await;
        for field in [
            "Destination: /v1/tenants/bolt/x",
            "X-Amz-Copy-Source: /bolt/x",
            "X_Copy_From: /bolt/x",
            "X-Ms-Rename-Source: /bolt/x",
        ] {
            let head = format!("{}{field}\r\n", checks.check("GET", OK));
            let answer = checks.send(&head).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "malformed_request")
            );
        }
    }
}

#[tokio::test]
async fn neither_a_secret_nor_a_token_stands_in_the_record_of_what_is_refused() {
    for profile in ALL {
        let wanted = Wanted {
            more: r#"hidden = { paths = ["/v1/tenants/{tenant_id}/resets/{secret}"], query = ["code"] }"#,
            ..Wanted::default()
        };
        let checks = Checks::with(*profile, wanted).await;
        let token = checks.rig.token.clone();
        for target in [
            "/x/../resets/s3cret",
            "/%2e/resets/s3cret",
            "/resets%2Fs3cret",
            "/resets/s3cret#x",
            "/%00?code=s3cret",
        ] {
            let answer = checks.ask("GET", &format!("{OK}{target}")).await;
            assert_eq!(answer.status, 403, "{profile:?} {target}");
        }
        assert_eq!(checks.ask(&token, OK).await.status, 403, "{profile:?}");
        let in_url = format!("{OK}?access_token={token}");
        assert_eq!(checks.ask("GET", &in_url).await.status, 403, "{profile:?}");
        for field in ["User-Agent", "Origin", "X-Anything", "Referer", &token] {
            let check = format!("{}{field}: {token}\r\n", checks.check("GET", OK));
            assert_eq!(checks.send(&check).await.status, 403, "{profile:?} {field}");
        }
        let refused = checks.rig.store.refused();
        assert_eq!(refused.len(), 12, "{profile:?}");
        let recorded = format!("{refused:?}");
        for secret in ["s3cret", &token[5..25], &token.to_lowercase()[5..25]] {
            assert!(!recorded.contains(secret), "{profile:?}: {recorded}");
        }
        assert!(checks.rig.store.begun().is_empty());
    }
}

#[tokio::test]
async fn nobody_is_401_and_so_is_a_session_that_has_ended() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let good = checks.check("GET", OK);
        let token = &checks.rig.token;
        let other = format!("scst_{}", "A".repeat(43));
        for head in [
            good.replace(&format!("Authorization: Bearer {token}\r\n"), ""),
            good.replace(token, &other),
        ] {
            assert_eq!(checks.send(&head).await.status, 401, "{head}");
        }
        checks.rig.clock.advance(TimeDelta::minutes(15));
        let expired = checks.send(&good).await;
        assert_eq!(
            (expired.status, expired.code().as_str()),
            (401, "session_expired")
        );

        let checks = Checks::of(*profile).await;
        checks.rig.store.revoke(checks.rig.session.id);
        let revoked = checks.ask("GET", OK).await;
        assert_eq!(
            (revoked.status, revoked.code().as_str()),
            (401, "session_revoked")
        );
        assert!(checks.rig.store.begun().is_empty());
    }
}

#[tokio::test]
async fn fields_of_another_profile_decide_nothing() {
    let original = "X-Original-Method: GET\r\nX-Original-URI: /v1/tenants/acme\r\n\
                    X-Original-Host: elsewhere\r\nX-Original-Address: 192.0.2.1\r\n";
    let forwarded = "X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /v1/tenants/acme\r\n\
                     X-Forwarded-Host: elsewhere\r\n";
    for profile in ALL {
        let forged = match profile {
            ForwardAuthProfile::Nginx => &[forwarded, "X-Forwarded-For: 192.0.2.1\r\n"].concat(),
            ForwardAuthProfile::Caddy | ForwardAuthProfile::Traefik => original,
            ForwardAuthProfile::Envoy => &[original, forwarded].concat(),
        };
        let checks = Checks::of(*profile).await;
        let wrong = checks.check("GET", "/v1/tenants/bolt/things");
        let answer = checks.send(&format!("{wrong}{forged}")).await;
        assert_eq!(answer.code(), "wrong_tenant", "{profile}");
        let good = checks.check("GET", OK);
        let answer = checks.send(&format!("{good}{forged}")).await;
        assert_eq!(answer.status, 200, "{profile}: {}", answer.text());
        let row = &checks.rig.store.begun()[0];
        assert_eq!((row.path.as_str(), row.method.as_str()), (OK, "GET"));
        assert_eq!(row.ip.to_string(), "203.0.113.9", "{profile}");
    }
}

const HANDSHAKE: &str = "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                         Sec-WebSocket-Version: 13\r\n";

#[tokio::test]
async fn a_websocket_passes_where_a_rule_opens_it_and_nothing_else_that_looks_like_an_upgrade() {
    for profile in ALL {
        let wanted = Wanted {
            scopes: &["live"],
            more_scopes: r#"
                [[scopes]]
                name = "live"
                description = "Look live."
                allow = [
                    { methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/live"], upgrade = "websocket" },
                    { methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/things"] },
                ]
            "#,
            ..Wanted::default()
        };
        let checks = Checks::with(*profile, wanted).await;
        let live = checks.check("GET", "/v1/tenants/acme/live");
        let opened = checks.send(&format!("{live}{HANDSHAKE}")).await;
        assert_eq!(opened.status, 200, "{profile}: {}", opened.text());
        let elsewhere = checks.check("GET", OK);
        for (head, fields) in [
            (&elsewhere, HANDSHAKE.to_owned()),
            (&live, HANDSHAKE.replace("websocket", "h2c")),
            (&live, HANDSHAKE.replace("Upgrade: websocket\r\n", "")),
            (&live, "Upgrade: websocket\r\n".to_owned()),
            (&live, "Sec-WebSocket-Extensions: x\r\n".to_owned()),
            (&live, format!("{HANDSHAKE}Upgrade: x\r\n")),
        ] {
            let answer = checks.send(&format!("{head}{fields}")).await;
            assert_eq!(answer.status, 403, "{profile} {fields}");
            assert_eq!(answer.code(), "upgrade_refused", "{profile} {fields}");
        }
        assert_eq!(checks.rig.store.begun().len(), 1, "{profile}");
    }
}

#[tokio::test]
async fn checks_follow_each_other_on_one_connection() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let mut client = Client::connect(checks.address).await;
        for (target, status) in [(OK, 200), ("/v1/tenants/bolt/things", 403), (OK, 200)] {
            let head = checks.check("GET", target);
            let framed = format!("{head}Content-Length: 0\r\n\r\n");
            client.send(framed.as_bytes()).await;
            assert_eq!(client.answer().await.status, status, "{profile}");
        }
        assert_eq!(checks.rig.store.begun().len(), 2);
    }
}

#[tokio::test]
async fn a_check_that_says_something_twice_or_not_at_all_passes_nothing() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let good = checks.check("GET", OK);
        let own = good.lines();
        let own = own.filter(|line| line.starts_with("X-") || line.starts_with("Host"));
        for line in own {
            let doubled = format!("{good}{line}\r\n");
            assert_eq!(checks.send(&doubled).await.status, 403, "{doubled}");
            let missing = good.replace(&format!("{line}\r\n"), "");
            assert_eq!(checks.send(&missing).await.status, 403, "{missing}");
        }
        let store = &checks.rig.store;
        assert!(store.begun().is_empty() && store.refused().is_empty());
    }
}

#[tokio::test]
async fn a_head_that_can_not_be_read_passes_nothing() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let many = "X-More: a\r\n".repeat(300);
        let answer = checks.send(&(checks.check("GET", OK) + &many)).await;
        assert_eq!(answer.status / 100, 4, "{profile}");
        assert!(checks.rig.store.begun().is_empty());
    }
}

#[tokio::test]
async fn another_host_than_the_gateways_own_passes_nothing() {
    for profile in ALL {
        let checks = Checks::of(*profile).await;
        let own = checks.rig.address.to_string();
        let head = checks.check("GET", OK).replace(&own, "bolt.example");
        assert_eq!(checks.send(&head).await.status, 403, "{profile}");
        assert!(checks.rig.store.begun().is_empty());
    }
}

#[tokio::test]
async fn without_a_record_nothing_passes() {
    let checks = Checks::of(ForwardAuthProfile::Nginx).await;
    checks.rig.store.break_down();
    let answer = checks.ask("GET", OK).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "record_unavailable")
    );
}

#[tokio::test]
async fn without_a_lease_nothing_passes() {
    let checks = Checks::of(ForwardAuthProfile::Nginx).await;
    checks.rig.node.lease.give_up();
    let answer = checks.ask("GET", OK).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "record_unavailable")
    );
    assert!(checks.rig.store.begun().is_empty());
}

#[tokio::test]
async fn a_rule_that_must_look_into_the_form_passes_nothing() {
    let wanted = Wanted {
        scopes: &["search"],
        more_scopes: r#"
            [[scopes]]
            name = "search"
            description = "Search."
            allow = [{ methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/search"], body = "form" }]
        "#,
        ..Wanted::default()
    };
    let checks = Checks::with(ForwardAuthProfile::Nginx, wanted).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let head = checks.check("POST", "/v1/tenants/acme/search");
    assert_eq!(checks.send(&format!("{head}{form}")).await.status, 403);
    assert_eq!(checks.rig.store.refused()[0].refusal, Refusal::OutOfScope);
}

#[tokio::test]
async fn a_revocation_that_comes_after_the_record_still_refuses() {
    let checks = Checks::of(ForwardAuthProfile::Nginx).await;
    let closed = checks.rig.gates.close(checks.rig.session.id).await;
    let mut client = Client::connect(checks.address).await;
    let head = checks.check("GET", OK);
    client.send(format!("{head}\r\n").as_bytes()).await;
    let recorded = async {
        while checks.rig.store.begun().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recorded)
        .await
        .expect("a record");
    closed.commit(Ended::Revoked);
    let answer = client.answer().await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "session_revoked")
    );
    let completed = checks.rig.store.completed(1).await;
    assert_eq!(completed[0].outcome, RequestOutcome::Refused);
}

#[tokio::test]
async fn a_unix_socket_is_for_owner_and_group_and_replaces_only_what_is_dead() {
    use std::os::unix::fs::PermissionsExt;

    let rig = Rig::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("check.sock");
    let address = PrivateAddress::Unix(path.clone());
    drop(CheckListener::bind(&address).await.unwrap());
    assert!(path.exists(), "left behind");
    let listener = CheckListener::bind(&address).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let taken = CheckListener::bind(&address).await;
    assert!(taken.is_err(), "somebody answers there");
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let taken = CheckListener::bind(&PrivateAddress::Unix(file.clone())).await;
    assert!(taken.is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");

    let settings = with_secret(&rig, ForwardAuthProfile::Nginx);
    let forward_auth = ForwardAuth::new(Arc::clone(&rig.gateway), settings);
    tokio::spawn(serve_checks(
        listener,
        forward_auth,
        CancellationToken::new(),
    ));
    let mut unix = UnixStream::connect(&path).await.unwrap();
    let check = "GET / HTTP/1.1\r\nHost: check\r\nConnection: close\r\n\r\n";
    unix.write_all(check.as_bytes()).await.unwrap();
    let mut answer = String::new();
    unix.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

/// A connection with TLS by someone who has this certificate, if any.
async fn with_certificate(checks: &Checks, ours: &Pki, own: Option<&Pki>) -> Client {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(ours.path("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        Some(own) => {
            let chain = CertificateDer::from_pem_file(own.path("cert.pem")).unwrap();
            let key = PrivateKeyDer::from_pem_file(own.path("key.pem")).unwrap();
            config.with_client_auth_cert(vec![chain], key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let tcp = TcpStream::connect(checks.address).await.unwrap();
    let name = ServerName::from(checks.address.ip());
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    Client::over(tls.await.unwrap())
}

#[tokio::test]
async fn with_certificates_on_both_sides_their_holder_alone_may_ask() {
    let (ours, proxys, strangers) = (Pki::new(), Pki::new(), Pki::new());
    for pki in [&ours, &proxys, &strangers] {
        pki.sign("127.0.0.1");
    }
    let ca = proxys.path("ca.pem");
    let tls = format!("{}\nclient_ca = \"{}\"", ours.table(), ca.display());
    let secret = format!("secret = \"{SECRET}\"\n{tls}");
    for (trust, needs_secret) in [(tls, false), (secret, true)] {
        let rig = Rig::new().await;
        let settings = settings(&rig, ForwardAuthProfile::Envoy, &trust);
        let checks = Checks::over(rig, ForwardAuthProfile::Envoy, settings).await;
        let check = format!("{}\r\n", checks.check("GET", OK));
        for own in [None, Some(&strangers)] {
            let mut client = with_certificate(&checks, &ours, own).await;
            client.send(check.as_bytes()).await;
            assert_eq!(client.answer().await.status, 0, "no answer at all");
        }
        let mut clear = Client::connect(checks.address).await;
        clear.send(check.as_bytes()).await;
        assert!(!clear.rest().await.contains("HTTP/1.1"));
        assert!(checks.rig.store.begun().is_empty());

        let secret = format!("Support-Check-Secret: {SECRET}\r\n");
        let without = check.replace(&secret, "");
        let expected = if needs_secret { 403 } else { 200 };
        for (check, status) in [(&without, expected), (&check, 200)] {
            let mut client = with_certificate(&checks, &ours, Some(&proxys)).await;
            client.send(check.as_bytes()).await;
            assert_eq!(client.answer().await.status, status, "{trust}");
        }
    }
}
