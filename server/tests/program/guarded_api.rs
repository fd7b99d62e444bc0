//! Runs `examples/guarded_api.rs`: a platform in Rust with the gateway as a layer, and the console
//! in the same process. Also the console's own REST interface behind the same layer.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::prelude::*;

struct Asker {
    http: Client,
    api: String,
    console: String,
}

impl Asker {
    fn get(&self, tenant: &str, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{}/v1/tenants/{tenant}/{path}", self.api);
        self.http.get(url).bearer_auth(token)
    }

    fn own(&self, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{}/api/v1{path}", self.console);
        self.http.get(url).bearer_auth(token)
    }
}

async fn told(request: RequestBuilder) -> (u16, Value) {
    let answer: Response = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

async fn start() -> (Program, Asker) {
    let upstream = Upstream::start().await;
    let api = free_address();
    let rules = format!(
        "tenant_binding = \"path\"\nroutes = [\"/v1/tenants/{{tenant_id}}\"]\nhosts = [\"{api}\"]"
    );
    let program = Program::inside("guarded_api", api, upstream.address, &rules).await;
    let asker = Asker {
        http: Client::builder().no_proxy().build().unwrap(),
        api: format!("http://{api}"),
        console: format!("http://{}", program.console),
    };
    until("the API", async || {
        asker.http.get(&asker.api).send().await.ok()
    })
    .await;
    (program, asker)
}

#[tokio::test]
async fn a_platform_in_rust_guards_itself() {
    let (program, asker) = start().await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    platform.register("bolt").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session_with("acme", &["read_only"]).await;
    let token = session.token.as_str();

    let (status, invoices) = told(asker.get("acme", "invoices", token)).await;
    assert_eq!(
        (status, invoices["shown_to"].as_str()),
        (200, Some("jo of support"))
    );
    let (status, refused) = told(asker.get("bolt", "invoices", token)).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (403, Some("wrong_tenant"))
    );
    let add = asker
        .http
        .post(format!("{}/v1/tenants/acme/invoices", asker.api));
    let (status, refused) = told(add.bearer_auth(token)).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (403, Some("out_of_scope"))
    );
    let (status, users) = told(asker.get("bolt", "invoices", "user-of-bolt")).await;
    assert_eq!(
        (status, users["shown_to"].as_str()),
        (200, Some("a user of bolt"))
    );
    assert_eq!(
        told(asker.get("bolt", "invoices", "user-of-acme")).await.0,
        404
    );
    assert_eq!(told(asker.get("acme", "invoices", "nobody")).await.0, 401);

    let log = format!("/support-sessions/{}/access-log", session.id);
    let rows = platform.get(&log).await["items"].clone();
    let rows = rows.as_array().unwrap();
    let outcomes: Vec<_> = rows
        .iter()
        .map(|row| (row["path"].as_str().unwrap(), row["refusal"].as_str()))
        .collect();
    let expected = [
        ("/v1/tenants/acme/invoices", Some("out_of_scope")),
        ("/v1/tenants/bolt/invoices", Some("wrong_tenant")),
        ("/v1/tenants/acme/invoices", None),
    ];
    assert_eq!(outcomes, expected, "support's requests, and no user's");

    let (status, events) = told(asker.own("/audit?category=support_session", token)).await;
    assert_eq!(status, 200);
    let events = events["items"].as_array().unwrap().clone();
    assert!(events.iter().all(|event| event["tenant_id"] == "acme"));
    assert!(
        events
            .iter()
            .any(|event| event["action"] == "support_session.request")
    );
    assert_eq!(told(asker.own("/tenants", token)).await.0, 403);

    let mut feed = asker.get("acme", "feed", token).send().await.unwrap();
    assert_eq!(feed.status(), 200);
    feed.chunk().await.unwrap().expect("the feed has begun");
    let revoke = json!({ "id": session.id, "reason": "" });
    let (status, _) = staff.session().ask("revoke_support_session", &revoke).await;
    assert_eq!(status, 200);
    let cut = until("the feed's end", async || match feed.chunk().await {
        Ok(Some(_)) => None,
        ended => Some(ended),
    })
    .await;
    assert!(cut.is_err(), "a feed that was cut must not look complete");
    assert_eq!(told(asker.get("acme", "invoices", token)).await.0, 401);
    assert_eq!(told(asker.own("/audit", token)).await.0, 401);
}
