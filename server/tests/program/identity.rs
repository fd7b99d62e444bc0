//! Signed identities: accepted by a verifier in Rust and by one in JavaScript, each with the
//! published keys of the running program, and rejected by both if anything is wrong.

pub(crate) mod forge;

use std::{net::SocketAddr, process::Stdio, time::SystemTime};

use app::identity::{
    Claims, IdentityError, KeySet, MAX_LIFETIME, Presented, Verifier, read_signed,
};
use ed25519_dalek::SigningKey;
use gateway::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use self::forge::{Forge, changed, now};
use crate::support::prelude::*;

const RULES: &str = r#"tenant_binding = "identity""#;
pub(crate) const TARGET: &str = "/v1/invoices?page=2&q=a%20b";
const VERIFIER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/examples/verify-identity.mjs"
);

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A program before an upstream, and a support session of `acme`.
struct Rig {
    program: Program,
    platform: Platform,
    staff: Staff,
    session: Granted,
    upstream: SocketAddr,
}

impl Rig {
    async fn before(upstream: SocketAddr, program: Program) -> Self {
        let (platform, staff) = acme_and_jo(&program).await;
        let session = staff.create_session("acme", None).await;
        Self {
            program,
            platform,
            staff,
            session,
            upstream,
        }
    }

    fn audience(&self) -> String {
        format!("http://{}", self.upstream)
    }

    async fn key_set(&self) -> KeySet {
        let url = format!("http://{}/.well-known/jwks.json", self.program.console);
        let answer = http().get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
        KeySet::parse(&answer.text().await.unwrap()).unwrap()
    }

    /// Sends a request through the gateway. Returns the status and the body.
    async fn ask(&self, method: &str, target: &str) -> (u16, String) {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Support-Identity: mine\r\n\r\n",
            self.program.gateway, self.session.token
        );
        let mut client = Client::connect(self.program.gateway).await;
        client.send(head.as_bytes()).await;
        let answer = client.answer().await;
        (answer.status, answer.text())
    }

    /// Signs with the program's own key.
    fn forge(&self) -> Forge {
        let seed = std::fs::read_to_string(self.program.folder().join("identity.key")).unwrap();
        let mut key = [0; 32];
        hex::decode_to_slice(seed.trim(), &mut key).unwrap();
        Forge {
            key: SigningKey::from_bytes(&key),
            issuer: self.program.public_url(),
            audience: self.audience(),
            session: self.session.id.clone(),
        }
    }
}

/// The identity of the last request that an upstream was sent.
fn last_identity(upstream: &Upstream) -> String {
    let text = upstream.text();
    let lines = text.split("\r\n").filter_map(|line| line.split_once(": "));
    let identity = lines.filter(|(name, _)| name.eq_ignore_ascii_case("support-identity"));
    identity.last().expect("an identity").1.to_owned()
}

/// As the verifier in JavaScript spells it.
fn code(error: IdentityError) -> String {
    let name = format!("{error:?}");
    let mut code = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !code.is_empty() {
            code.push('_');
        }
        code.push(letter.to_ascii_lowercase());
    }
    code
}

#[tokio::test]
async fn an_upstream_in_rust_believes_the_program_and_nobody_else() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let rig = Rig::before(upstream.address, program).await;
    let verifier = Verifier::new(rig.program.public_url(), rig.audience());
    let keys = rig.key_set().await;
    let judge = |token: &str, method, target| {
        let request = Presented { method, target };
        verifier.verify(token, &keys, request, now()).map_err(code)
    };

    assert_eq!(rig.ask("GET", TARGET).await.0, 200);
    let token = last_identity(&upstream);
    let claims: Claims = judge(&token, "GET", TARGET).unwrap();
    assert_eq!(claims.sub.to_string(), rig.session.id);
    assert_eq!(claims.tenant_id.as_str(), "acme");
    let log = format!("/support-sessions/{}/access-log", rig.session.id);
    let log = rig.platform.get(&log).await;
    assert_eq!(log["items"][0]["request_id"], claims.jti.to_string());
    let session = rig
        .platform
        .get(&format!("/support-sessions/{}", rig.session.id))
        .await;
    assert_eq!(session["staff_id"], claims.act.sub.to_string());

    assert_eq!(judge(&token, "DELETE", TARGET), Err("wrong_method".into()));
    assert_eq!(
        judge(&token, "GET", "/v1/invoices?page=3"),
        Err("wrong_path".into())
    );
    let forge = rig.forge();
    judge(&forge.with(json!({})), "GET", TARGET).expect("what is forged differs in one point only");
    for (what, token, expected) in forge.attacks() {
        assert_eq!(judge(&token, "GET", TARGET), Err(expected.into()), "{what}");
    }
}

/// `docs/examples/verify-identity.mjs` as a separate upstream.
struct NodeUpstream {
    address: SocketAddr,
    _child: Child,
}

impl NodeUpstream {
    async fn start(address: SocketAddr, program: &Program) -> Self {
        let mut command = Command::new("node");
        command
            .arg(VERIFIER)
            .arg("--listen")
            .arg(address.to_string());
        command.args(["--issuer", &program.public_url()]);
        command.args(["--audience", &format!("http://{address}")]);
        let key_set = format!("http://{}/.well-known/jwks.json", program.console);
        command.args(["--key-set", &key_set]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().expect("Node is needed: run `make setup`");
        let upstream = Self {
            address,
            _child: child,
        };
        until("the upstream in JavaScript", async || {
            let answer = http().get(format!("http://{address}/")).send().await.ok()?;
            (answer.status() == 401).then_some(())
        })
        .await;
        upstream
    }

    /// Sends directly to the upstream, as no one should be able to. Returns the refusal's code.
    async fn ask(&self, method: &str, target: &str, tokens: &[&str]) -> (u16, String) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for token in tokens {
            head = format!("{head}Support-Identity: {token}\r\n");
        }
        let mut client = Client::connect(self.address).await;
        client.send(format!("{head}\r\n").as_bytes()).await;
        let answer = client.answer().await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = body["error"].as_str().unwrap_or_default();
        (answer.status, code.to_owned())
    }
}

#[tokio::test]
async fn an_upstream_in_javascript_believes_the_program_and_nobody_else() {
    let address = free_address();
    let program = Program::start(address, RULES).await;
    let node = NodeUpstream::start(address, &program).await;
    let rig = Rig::before(address, program).await;

    for target in [TARGET, "/", "/caf%C3%A9/a+b?", "/a?x[]={}|^"] {
        let (status, body) = rig.ask("GET", target).await;
        assert_eq!(status, 200, "{target}: {body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["claims"]["sub"], rig.session.id.as_str());
        assert_eq!(answer["claims"]["tenant_id"], "acme");
    }
    assert_eq!(rig.ask("DELETE", "/v1/invoices/7").await.0, 200);

    let refused = |code: &str| (401, code.to_owned());
    assert_eq!(node.ask("GET", TARGET, &[]).await, refused("missing"));
    let forge = rig.forge();
    let good = forge.with(json!({}));
    assert_eq!(
        node.ask("POST", TARGET, &[&good]).await,
        refused("wrong_method")
    );
    assert_eq!(
        node.ask("GET", "/v1/other", &[&good]).await,
        refused("wrong_path")
    );
    assert_eq!(
        node.ask("GET", TARGET, &[&good, &good]).await,
        refused("malformed")
    );
    for (what, token, code) in forge.attacks() {
        assert_eq!(
            node.ask("GET", TARGET, &[&token]).await,
            refused(code),
            "{what}"
        );
    }
    assert_eq!(
        node.ask("GET", TARGET, &[&good]).await.0,
        200,
        "it was good all the time"
    );
    assert_eq!(node.ask("GET", TARGET, &[&good]).await, refused("replayed"));
}

#[tokio::test]
async fn keys_are_rotated_under_traffic_without_an_outage() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let rig = Rig::before(upstream.address, program).await;
    let sign = async || {
        assert_eq!(rig.ask("GET", TARGET).await.0, 200);
        last_identity(&upstream)
    };
    let holds = |token: &str, keys: &KeySet| read_signed(token, keys).is_ok();
    let published = async |count: usize| {
        until("the key set", async || {
            let keys = rig.key_set().await;
            (keys.keys().len() == count).then_some(keys)
        })
        .await
    };
    let command = async |step: &str| rig.program.run(&["gateway", "keys", step], "").await;
    let too_early = async |step: &str| {
        let (code, said) = rig.program.try_run(&["gateway", "keys", step]).await;
        assert!(code == 1 && said.contains("--at-once"), "{said}");
    };
    // The operator's wait, without waiting.
    let later = |file: &str, minutes: u64| {
        let path = rig.program.folder().join(file);
        let file = std::fs::File::options().append(true).open(path).unwrap();
        let ago = std::time::Duration::from_secs(minutes * 60);
        file.set_modified(SystemTime::from(SystemClock.now()) - ago)
            .unwrap();
    };

    let at_first = published(1).await;
    assert!(holds(&sign().await, &at_first));
    command("add").await;
    // The key set that an upstream has cached before the promotion.
    let kept = published(2).await;
    assert!(
        holds(&sign().await, &at_first),
        "the new key signs nothing yet"
    );
    too_early("promote").await;
    later("identity-next.key", 10);
    let before = sign().await;
    command("promote").await;
    let after = until("the new key's signature", async || {
        let token = sign().await;
        assert!(
            holds(&token, &kept),
            "never unknown to who fetched the set in time"
        );
        (!holds(&token, &at_first)).then_some(token)
    })
    .await;
    assert!(holds(&before, &rig.key_set().await), "still on its way");
    too_early("retire").await;
    later("identity-retired.key", 1);
    command("retire").await;
    let at_last = published(1).await;
    assert!(holds(&after, &at_last) && !holds(&before, &at_last));

    let listed = command("list").await;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains(at_last.keys()[0].kid()), "{listed}");
    let audit = rig.platform.get("/audit?action=identity_key.*").await;
    let told: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["action"])
        .collect();
    assert_eq!(
        told,
        [
            "identity_key.removed",
            "identity_key.promoted",
            "identity_key.added"
        ]
    );
}

#[tokio::test]
async fn introspection_tells_upstreams_when_a_support_session_has_ended() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let rig = Rig::before(upstream.address, program).await;
    let words = [
        "api-key",
        "create",
        "--name",
        "upstream",
        "--right",
        "identities:introspect",
    ];
    let key = rig.program.run(&words, "").await.trim().to_owned();
    let ask = async |token: &str, key: Option<&str>| {
        let url = format!("http://{}/introspect", rig.program.console);
        let form = serde_urlencoded::to_string([("token", token)]).unwrap();
        let request = http().post(url).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = key
            .into_iter()
            .fold(request, reqwest::RequestBuilder::bearer_auth);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let inactive = (200, json!({"active": false}));

    assert_eq!(rig.ask("GET", TARGET).await.0, 200);
    let said = read_signed(&last_identity(&upstream), &rig.key_set().await).unwrap();
    // Signed anew each time, so that only the support session decides.
    let fresh = || {
        let said = serde_json::to_value(&said).unwrap();
        let now = json!({"iat": now(), "exp": now() + MAX_LIFETIME});
        rig.forge()
            .signed(&rig.forge().header(), &changed(said, now))
    };
    assert_eq!(ask(&fresh(), None).await.0, 401);
    let (status, answer) = ask(&fresh(), Some(&key)).await;
    assert_eq!((status, &answer["active"]), (200, &json!(true)), "{answer}");
    assert_eq!(answer["jti"], said.jti.to_string());
    assert_eq!(answer["act"]["sub"], said.act.sub.to_string());
    assert_eq!(ask(&rig.session.token, Some(&key)).await, inactive);

    let end = ["staff", "deactivate", &rig.staff.email];
    rig.program.run(&end, "").await;
    assert_eq!(ask(&fresh(), Some(&key)).await, inactive);
}
