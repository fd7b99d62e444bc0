//! Those who use a program: a platform that registers its tenants, staff members who sign in.

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

use super::program::Program;

const PASSWORD: &str = "three blind mice, all of them";
const COOKIE: &str = "__Host-support-console";

fn http() -> Client {
    let client = Client::builder().no_proxy().redirect(Policy::none());
    client.build().unwrap()
}

/// The holder of a platform key.
pub(crate) struct Platform {
    http: Client,
    base: String,
    key: String,
}

impl Platform {
    pub(crate) async fn of(program: &Program) -> Self {
        let words = [
            "api-key",
            "create",
            "--name",
            "platform",
            "--right",
            "read",
            "--right",
            "tenants:write",
        ];
        let key = program.run(&words, "").await;
        Self {
            http: http(),
            base: format!("http://{}/api/v1", program.console),
            key: key.trim().to_owned(),
        }
    }

    /// Registers a tenant with organizations `x` and `yonder`.
    pub(crate) async fn register(&self, tenant: &str) {
        let tenant_path = format!("/tenants/{tenant}");
        let body = json!({ "slug": tenant, "name": tenant, "status": "active" });
        self.put(&tenant_path, &body).await;
        for organization in ["x", "yonder"] {
            let path = format!("{tenant_path}/organizations/{organization}");
            let body = json!({ "slug": organization, "name": organization, "status": "active" });
            self.put(&path, &body).await;
        }
    }

    async fn put(&self, path: &str, body: &Value) {
        let request = self.http.put(format!("{}{path}", self.base)).json(body);
        answer(request.bearer_auth(&self.key)).await;
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = answer(request.bearer_auth(&self.key)).await;
        answer.json().await.unwrap()
    }
}

/// A staff member who has signed in.
pub(crate) struct Staff {
    http: Client,
    base: String,
    origin: String,
    cookie: String,
    pub(crate) email: String,
}

/// A support session that has just been created.
pub(crate) struct Granted {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Staff {
    /// Adds a staff member by command line, and signs in as a browser does.
    pub(crate) async fn of(program: &Program, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let words = [
            "staff",
            "add",
            "--email",
            &email,
            "--name",
            name,
            "--role",
            "support_admin",
            "--password-stdin",
        ];
        program.run(&words, &format!("{PASSWORD}\n")).await;
        let mut staff = Self {
            http: http(),
            base: format!("http://{}", program.console),
            origin: program.public_url(),
            cookie: String::new(),
            email,
        };
        staff.sign_in().await;
        staff
    }

    async fn sign_in(&mut self) {
        let fields = [("email", self.email.as_str()), ("password", PASSWORD)];
        let request = self
            .post("/forms/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(fields).unwrap());
        let answer = request.send().await.unwrap();
        let cookie = answer
            .headers()
            .get("set-cookie")
            .map(|c| c.to_str().unwrap());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        let location = answer.headers().get("location");
        let Some(cookie) = cookie.filter(|cookie| cookie.starts_with(COOKIE)) else {
            panic!("not signed in: {} {location:?}", answer.status());
        };
        self.cookie = cookie.to_owned();
    }

    /// A support session for an hour that may read and write; in one organization, or everywhere in
    /// the tenant.
    pub(crate) async fn create_session(&self, tenant: &str, organization: Option<&str>) -> Granted {
        let form = json!({
            "reason": "Customer reports missing invoices",
            "ttl_minutes": "60",
            "scopes": ["read_only", "all:write"],
            "organization_id": organization.unwrap_or_default(),
            "ticket": "",
            "idempotency_key": "",
        });
        let request = self.post("/_fn/create_support_session");
        let answer = answer(request.json(&json!({ "tenant": tenant, "form": form }))).await;
        let granted: Value = answer.json().await.unwrap();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Granted {
            id: text(&granted["session"]["id"]),
            token: text(&granted["token"]),
        }
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base))
            .header("origin", &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &self.cookie)
    }
}

/// The answer; panics with what it says unless it is a success.
async fn answer(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    let (status, url) = (answer.status(), answer.url().clone());
    if status.is_success() {
        return answer;
    }
    panic!("{url}: {status} {}", answer.text().await.unwrap());
}
