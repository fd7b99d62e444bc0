//! The users of a program: a platform that registers its tenants, and staff members who sign in.

mod forms;

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

use super::program::Program;

/// The password of everyone who has chosen one.
pub(crate) const PASSWORD: &str = "three blind mice, all of them";
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
    /// Where the tenant opens in a browser, if it does.
    pub(crate) open_url: Option<String>,
}

impl Granted {
    async fn from(request: RequestBuilder) -> Self {
        let granted: Value = answer(request).await.json().await.unwrap();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            id: text(&granted["session"]["id"]),
            token: text(&granted["token"]),
            open_url: granted["open_url"].as_str().map(str::to_owned),
        }
    }
}

/// A staff member's browser that is on its way into a tenant.
pub(crate) struct Returning<'s> {
    staff: &'s Staff,
    cookie: String,
}

impl Returning<'_> {
    pub(crate) async fn navigate(&self, path: &str) -> Response {
        self.staff.go(path, "cross-site", &self.cookie).await
    }
}

impl Staff {
    /// Adds a support admin by command line, and signs in as a browser does.
    pub(crate) async fn of(program: &Program, name: &str) -> Self {
        Self::with_role(program, name, "support_admin").await
    }

    /// Adds a staff member with a role by command line, and signs in as a browser does.
    pub(crate) async fn with_role(program: &Program, name: &str, role: &str) -> Self {
        let mut staff = Self::stranger(program, name);
        let add = ["staff", "add", "--email", &staff.email, "--name", name];
        let words = [&add[..], &["--role", role, "--password-stdin"]].concat();
        program.run(&words, &format!("{PASSWORD}\n")).await;
        staff.sign_in(PASSWORD).await;
        staff
    }

    /// Adds a super admin who has signed in with the password that the command line made, and has
    /// not changed it yet.
    pub(crate) async fn with_one_time_password(program: &Program, name: &str) -> Self {
        let mut staff = Self::stranger(program, name);
        let add = ["staff", "add", "--email", &staff.email, "--name", name];
        let words = [&add[..], &["--role", "super_admin", "--one-time-password"]].concat();
        let printed = program.run(&words, "").await;
        let (_, password) = printed.split_once("shown once: ").expect("a password");
        let password = password.lines().next().unwrap_or_default();
        staff.sign_in(password).await;
        staff
    }

    fn stranger(program: &Program, name: &str) -> Self {
        Self {
            http: http(),
            base: format!("http://{}", program.console),
            origin: program.public_url(),
            cookie: String::new(),
            email: format!("{name}@example.com"),
        }
    }

    /// The cookie that this person's browser keeps.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A page as this person is shown it.
    pub(crate) async fn page(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = answer(request.header("cookie", &self.cookie)).await;
        answer.text().await.unwrap()
    }

    /// What this person's browser is answered that goes to a path of the console in a tab.
    pub(crate) async fn navigate(&self, path: &str) -> Response {
        self.go(path, "cross-site", &self.cookie).await
    }

    /// Follows **Enter tenant** on a page of the console: where it leads, and how this browser comes back.
    pub(crate) async fn enter(&self, session: &str) -> (String, Returning<'_>) {
        let path = format!("/support/enter/{session}");
        let answer = self.go(&path, "same-origin", &self.cookie).await;
        let header = |name| answer.headers()[name].to_str().unwrap();
        let kept = header("set-cookie").split(';').next().unwrap();
        let cookie = format!("{}; {kept}", self.cookie);
        let location = header("location").to_owned();
        let staff = self;
        (location, Returning { staff, cookie })
    }

    async fn go(&self, path: &str, site: &str, cookie: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.base));
        let request = request
            .header("cookie", cookie)
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        request.send().await.unwrap()
    }

    /// The same person in a new staff session: a change of roles ends those before it.
    pub(crate) async fn signed_in_again(mut self) -> Self {
        self.sign_in(PASSWORD).await;
        self
    }

    /// Someone who is already known, in a new staff session; `None` if signing in fails now.
    pub(crate) async fn signing_in(program: &Program, email: &str) -> Option<Self> {
        let mut staff = Self::stranger(program, "");
        email.clone_into(&mut staff.email);
        staff.try_sign_in(PASSWORD).await.ok()?;
        Some(staff)
    }

    /// Ends the staff session as a browser does.
    pub(crate) async fn sign_out(&self) {
        let request = self
            .post("/forms/sign-out")
            .header("content-type", "application/x-www-form-urlencoded");
        let status = request.send().await.unwrap().status();
        assert!(status.is_redirection(), "{status}");
    }

    /// The header fields of all requests by this staff member's browser.
    pub(crate) fn session(&self) -> StaffSession {
        StaffSession {
            http: self.http.clone(),
            base: self.base.clone(),
            headers: vec![
                ("origin", self.origin.clone()),
                ("sec-fetch-site", "same-origin".into()),
                ("cookie", self.cookie.clone()),
            ],
        }
    }

    async fn sign_in(&mut self, password: &str) {
        let signed_in = self.try_sign_in(password).await;
        signed_in.unwrap_or_else(|told| panic!("not signed in: {told}"));
    }

    async fn try_sign_in(&mut self, password: &str) -> Result<(), String> {
        let fields = [("email", self.email.as_str()), ("password", password)];
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
            return Err(format!("{} {location:?}", answer.status()));
        };
        cookie.clone_into(&mut self.cookie);
        Ok(())
    }

    /// A support session for an hour that may read and write; in one organization, or everywhere in
    /// the tenant.
    pub(crate) async fn create_session(&self, tenant: &str, organization: Option<&str>) -> Granted {
        self.create(tenant, organization, &["read_only", "all:write"])
            .await
    }

    /// A support session of an hour for the whole tenant.
    pub(crate) async fn create_session_with(&self, tenant: &str, scopes: &[&str]) -> Granted {
        self.create(tenant, None, scopes).await
    }

    async fn create(&self, tenant: &str, organization: Option<&str>, scopes: &[&str]) -> Granted {
        let form = json!({
            "reason": "Customer reports missing invoices",
            "ttl_minutes": "60",
            "scopes": scopes,
            "organization_id": organization.unwrap_or_default(),
            "ticket": "",
            "idempotency_key": "",
        });
        let request = self.post("/_fn/create_support_session");
        Granted::from(request.json(&json!({ "tenant": tenant, "form": form }))).await
    }

    /// Replaces the token of one's own support session.
    pub(crate) async fn replace_token(&self, id: &str) -> Granted {
        Granted::from(self.post("/_fn/replace_token").json(&json!({ "id": id }))).await
    }

    /// Ends one's own support session.
    pub(crate) async fn revoke(&self, id: &str) {
        let body = json!({ "id": id, "reason": "done" });
        answer(self.post("/_fn/revoke_support_session").json(&body)).await;
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base))
            .header("origin", &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &self.cookie)
    }
}

/// What somebody sends with every question to a server function, whether it is good or not.
pub(crate) struct StaffSession {
    http: Client,
    base: String,
    headers: Vec<(&'static str, String)>,
}

impl StaffSession {
    /// A browser on the console's page without a cookie.
    pub(crate) fn none(program: &Program) -> Self {
        Self {
            http: http(),
            base: format!("http://{}", program.console),
            headers: vec![
                ("origin", program.public_url()),
                ("sec-fetch-site", "same-origin".into()),
            ],
        }
    }

    /// With a made-up cookie.
    pub(crate) fn made_up(program: &Program) -> Self {
        let mut session = Self::none(program);
        let token = "A".repeat(43);
        session
            .headers
            .push(("cookie", format!("{COOKIE}={token}")));
        session
    }

    /// With a key of the REST interface, which is not for people.
    pub(crate) fn key(program: &Program, platform: &Platform) -> Self {
        let mut session = Self::none(program);
        let bearer = format!("Bearer {}", platform.key);
        session.headers.push(("authorization", bearer));
        session
    }

    /// With the token of a support session, which is for the gateway.
    pub(crate) fn support_token(program: &Program, granted: &Granted) -> Self {
        let mut session = Self::none(program);
        let bearer = format!("Bearer {}", granted.token);
        session.headers.push(("authorization", bearer));
        session
    }

    /// The same token where the console keeps its cookie.
    pub(crate) fn support_token_as_cookie(program: &Program, granted: &Granted) -> Self {
        let mut session = Self::none(program);
        let cookie = format!("{COOKIE}={}", granted.token);
        session.headers.push(("cookie", cookie));
        session
    }

    /// The same cookie, sent by a page of another site.
    pub(crate) fn sent_by_another_site(mut self) -> Self {
        for (name, value) in &mut self.headers {
            match *name {
                "origin" => "https://elsewhere.example".clone_into(value),
                "sec-fetch-site" => "cross-site".clone_into(value),
                _ => {}
            }
        }
        self
    }

    /// The same with one more field.
    pub(crate) fn saying(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Calls a server function. Returns the status, and the code of a problem.
    pub(crate) async fn ask(&self, name: &str, arguments: &Value) -> (u16, String) {
        let path = format!("/_fn/{name}");
        let answer = self
            .request("POST", &path)
            .json(arguments)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap_or_default();
        let code = problem["code"].as_str().filter(|_| status >= 400);
        (status, code.unwrap_or_default().to_owned())
    }

    /// Sends any request. Returns the status.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &str, media_type: &str) -> u16 {
        let request = self
            .request(method, path)
            .header("content-type", media_type);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        answer.status().as_u16()
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        self.headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        })
    }
}

/// The answer. Panics with its text unless it is a success.
async fn answer(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    let (status, url) = (answer.status(), answer.url().clone());
    if status.is_success() {
        return answer;
    }
    panic!("{url}: {status} {}", answer.text().await.unwrap());
}
