use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use app::{
    domain::{
        AuditEventId, StaffId, SupportSessionId, TenantId,
        access_log::AccessLogEntry,
        audit::{AuditEvent, AuditFilter},
        caller::Caller,
        page::{Page, PageRequest},
        policy::{Act, authorise},
        rules::{DryRun, DryRunForm, RulesInForce},
        scopes::ScopeName,
        settings::Settings,
        staff::Role,
        support_sessions::{
            RaiseBudgetForm, SessionLimits, SupportSession, SupportSessionDetail,
            SupportSessionDraft, SupportSessionFilter, SupportSessionForm, SupportSessionGranted,
            SupportSessionList,
        },
        tenants::{Overview, TenantDetail, TenantFilter},
        user_sessions::{ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm, ForceLogoutResult},
    },
    ports::{
        AuditPort, CreateSupportSessions, FlashPort, RaiseBudgets, ReadSupportSessions,
        ReplaceTokens, RevokeSupportSessions, RulesPort, TenantsPort, UserSessionsPort,
    },
};
use async_trait::async_trait;
use axum::{Router, body::Body, extract::ConnectInfo};
use chrono::TimeDelta;
use gateway::SessionGates;
use http::{Request, StatusCode, header};
use tower::ServiceExt;
use uuid::Uuid;

use super::*;
use crate::{
    config::LimitConfig,
    limits::Limits,
    middleware::{context::EstablishStaff, same_origin::SameOrigin},
    router,
    services::testing::{PASSWORD, World, cli, from_address, noon, sqlite},
};

const SESSION: &str = "01937e2c-7b6a-7cc0-8000-0000000000aa";
const TOKEN: &str = "scst_secret";

/// Stands in for the services behind the console: decides by the policy, and notes what it was
/// asked.
#[derive(Default)]
struct Stub {
    asked: Mutex<Vec<String>>,
}

impl Stub {
    fn note(&self, context: &Context, act: Act<'_>, what: String) -> Result<(), Problem> {
        authorise(&context.caller, act, noon())?;
        self.asked.lock().unwrap().push(what);
        Ok(())
    }
}

fn session() -> SupportSession {
    SupportSession {
        id: SESSION.parse().unwrap(),
        tenant_id: "acme".parse().unwrap(),
        tenant_name: "Acme".into(),
        organization_id: None,
        staff_id: StaffId::from_uuid(Uuid::from_u128(1)),
        staff_name: "ana".into(),
        scopes: vec![ScopeName::read_only()],
        reason: "Invoices are missing".into(),
        ticket: None,
        ip: String::new(),
        user_agent: String::new(),
        issued_at: noon(),
        expires_at: noon() + TimeDelta::minutes(15),
        revocation: None,
        requests_forwarded: 0,
        requests_refused: 0,
        rule_set: String::new(),
        limits: SessionLimits::default(),
    }
}

fn granted() -> SupportSessionGranted {
    SupportSessionGranted {
        session: session(),
        token: Some(TOKEN.into()),
        gateway_url: "http://127.0.0.1:3100".into(),
        example_path: "/".into(),
        open_url: None,
    }
}

#[async_trait]
impl CreateSupportSessions for Stub {
    async fn draft(&self, _: &Context, _: &TenantId) -> Result<SupportSessionDraft, Problem> {
        Err(Problem::not_found("draft"))
    }
    async fn create(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: SupportSessionForm,
    ) -> Result<SupportSessionGranted, Problem> {
        self.note(
            context,
            Act::CreateSupportSession,
            format!("create {tenant} {form:?}"),
        )?;
        form.validate(false)?;
        // As the service: the token is given to the first submit alone.
        let told = format!("{:?}", form.idempotency_key);
        let mut asked = self.asked.lock().unwrap().clone();
        asked.retain(|asked| asked.starts_with("create") && asked.contains(&told));
        let mut granted = granted();
        if !form.idempotency_key.is_empty() && asked.len() > 1 {
            granted.token = None;
        }
        Ok(granted)
    }
}

#[async_trait]
impl ReplaceTokens for Stub {
    async fn replace_token(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem> {
        let act = Act::ReplaceToken(session().staff_id);
        self.note(context, act, format!("replace {id}"))?;
        Ok(granted())
    }
}

#[async_trait]
impl RaiseBudgets for Stub {
    async fn raise_budget(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: RaiseBudgetForm,
    ) -> Result<SupportSession, Problem> {
        let act = Act::RaiseBudget(session().staff_id);
        self.note(context, act, format!("raise {id} {form:?}"))?;
        let raised = form.validate(100)?;
        let mut session = session();
        session.limits.requests_total = Some(raised.requests_total);
        Ok(session)
    }
}

#[async_trait]
impl RevokeSupportSessions for Stub {
    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<SupportSession, Problem> {
        let act = Act::RevokeSupportSession(session().staff_id);
        self.note(context, act, format!("revoke {id} {reason:?}"))?;
        Ok(session())
    }
}

#[async_trait]
impl ReadSupportSessions for Stub {
    async fn list(
        &self,
        _: &Context,
        _: SupportSessionFilter,
        _: PageRequest,
    ) -> Result<SupportSessionList, Problem> {
        Err(Problem::not_found("list"))
    }
    async fn detail(
        &self,
        _: &Context,
        _: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem> {
        Err(Problem::not_found("support session"))
    }
    async fn access_log(
        &self,
        _: &Context,
        _: SupportSessionId,
        _: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem> {
        Err(Problem::not_found("support session"))
    }
}

#[async_trait]
impl UserSessionsPort for Stub {
    async fn draft(&self, _: &Context, _: &TenantId) -> Result<ForceLogoutDraft, Problem> {
        Err(Problem::not_found("draft"))
    }
    async fn force_logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: ForceLogoutForm,
    ) -> Result<ForceLogoutAnswer, Problem> {
        let ForceLogoutForm {
            slug,
            idempotency_key: key,
        } = form;
        self.note(
            context,
            Act::ForceLogout,
            format!("logout {tenant} {slug} {key}"),
        )?;
        if slug != "acme" {
            return Err(Problem::invalid_field(
                "slug",
                "is not the slug of this tenant",
            ));
        }
        let result = ForceLogoutResult {
            tenant_id: tenant.clone(),
            ended: 214,
            at: noon(),
            audit_event_id: AuditEventId::from_uuid(Uuid::from_u128(3)),
        };
        Ok(ForceLogoutAnswer {
            result,
            again: None,
        })
    }
}

#[async_trait]
impl TenantsPort for Stub {
    async fn overview(
        &self,
        _: &Context,
        _: TenantFilter,
        _: PageRequest,
    ) -> Result<Overview, Problem> {
        Err(Problem::not_found("overview"))
    }
    async fn detail(&self, _: &Context, _: &TenantId) -> Result<TenantDetail, Problem> {
        Err(Problem::not_found("tenant"))
    }
}

#[async_trait]
impl AuditPort for Stub {
    async fn list(
        &self,
        _: &Context,
        _: AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEvent>, Problem> {
        Err(Problem::not_found("list"))
    }
    async fn event(&self, _: &Context, _: AuditEventId) -> Result<AuditEvent, Problem> {
        Err(Problem::not_found("event"))
    }
}

#[async_trait]
impl RulesPort for Stub {
    async fn in_force(&self, _: &Context) -> Result<Option<RulesInForce>, Problem> {
        Ok(None)
    }
    async fn dry_run(&self, context: &Context, form: DryRunForm) -> Result<DryRun, Problem> {
        let DryRunForm { rules, requests } = form;
        let what = format!("dry run {rules} {requests}");
        self.note(context, Act::ReadSupportSessions, what)?;
        Ok(DryRun {
            hash: String::new(),
            requests: 0,
            unchanged: 0,
            newly_refused: 0,
            newly_permitted: 0,
            not_judged: 0,
            changes: Vec::new(),
            warnings: Vec::new(),
        })
    }
}

struct Site {
    console: World,
    stub: Arc<Stub>,
    flashes: Flashes,
    router: Router,
}

/// An answer, as far as these tests look at it.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    location: String,
    cookie: Option<String>,
    body: String,
    headers: http::HeaderMap,
}

impl Site {
    async fn new() -> Self {
        Self::limited(LimitConfig::default()).await
    }

    async fn limited(limits: LimitConfig) -> Self {
        let console = sqlite().await;
        let limits = Limits::new(limits, Arc::clone(&console.core.clock));
        let core = console.core.clone();
        let stub = Arc::new(Stub::default());
        let flashes = Flashes::new(Arc::clone(&core.clock), Arc::clone(&core.entropy));
        let settings = Arc::new(Settings {
            thresholds: app::domain::health::Thresholds::default(),
            scopes: Vec::new(),
            gateway_url: String::new(),
            console_url: String::new(),
            require_ticket: false,
            rule_set: String::new(),
        });
        let forms = Forms {
            console: Console {
                staff: Arc::new(console.staff.clone()),
                tenants: Arc::clone(&stub) as _,
                support_sessions: Arc::clone(&stub) as _,
                user_sessions: Arc::clone(&stub) as _,
                audit: Arc::clone(&stub) as _,
                rules: Arc::clone(&stub) as _,
                flash: Arc::new(flashes.clone()),
                settings: Arc::clone(&settings),
            },
            same_origin: SameOrigin::of(&core.config.console.public_url),
            staff_sessions: console.sessions.clone(),
            support_sessions: SupportSessionsService::new(
                core.clone(),
                Arc::clone(&settings),
                SessionGates::new(),
            ),
            flashes: flashes.clone(),
        };
        let same_origin = SameOrigin::of(&core.config.console.public_url);
        let establish = EstablishStaff::new(core, console.sessions.clone());
        let router = router::for_browsers(
            router::limited_forms(forms, &limits),
            establish,
            same_origin,
        );
        Self {
            console,
            stub,
            flashes,
            router,
        }
    }

    fn post(path: &str, cookie: Option<&str>, body: &str) -> Request<Body> {
        let mut request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request.body(Body::from(body.to_owned())).unwrap()
    }

    async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer = SocketAddr::from(([203, 0, 113, 7], 4711));
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let text = |name| {
            let value = response.headers().get(name);
            value.map(|value: &http::HeaderValue| value.to_str().unwrap().to_owned())
        };
        let (location, cookie) = (text(header::LOCATION), text(SET_COOKIE));
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        Answer {
            status,
            location: location.unwrap_or_default(),
            cookie,
            body: String::from_utf8(body.to_vec()).unwrap(),
            headers,
        }
    }

    async fn submit(&self, path: &str, cookie: Option<&str>, body: &str) -> Answer {
        self.send(Self::post(path, cookie, body)).await
    }

    /// Signs `<name>@example.com` in through the form; the cookie that the browser keeps.
    async fn sign_in(&self, name: &str) -> String {
        let body = format!(
            "email={name}%40example.com&password={}",
            PASSWORD.replace(' ', "+")
        );
        let answer = self.submit("/forms/sign-in", None, &body).await;
        cookie_of(&answer)
    }

    /// Signs in as a browser with these cookies that was on its way to a page.
    async fn sign_in_for(&self, name: &str, page: &str, cookies: &str) -> Answer {
        let password = PASSWORD.replace(' ', "+");
        let next: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
        let body = format!("email={name}%40example.com&password={password}&next={next}");
        self.submit("/forms/sign-in", Some(cookies), &body).await
    }

    async fn context(&self, cookie: Option<&str>) -> Context {
        let caller = match cookie {
            None => Caller::Anonymous,
            Some(cookie) => {
                let token = cookie.split_once('=').unwrap().1;
                let found = self.console.sessions.authenticate(token).await.unwrap();
                found.map_or(Caller::Anonymous, Caller::Staff)
            }
        };
        from_address(caller, "203.0.113.7")
    }

    /// The flash that an answer's location names, as its page would take it.
    async fn flash(&self, answer: &Answer, cookie: Option<&str>) -> Flash {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        let (_, id) = answer.location.split_once("flash=").expect("a flash");
        let context = self.context(cookie).await;
        self.flashes.take(&context, id).await.expect("it waits")
    }

    async fn refusal(&self, answer: &Answer, cookie: Option<&str>) -> (Problem, Fields) {
        match self.flash(answer, cookie).await {
            Flash::Refused { problem, input } => (problem, input),
            other => panic!("{other:?}"),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.stub.asked.lock().unwrap().clone()
    }
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.cookie.as_deref().expect("a cookie");
    cookie.split(';').next().unwrap().to_owned()
}

/// Every form but the sign-in, with fields that it accepts and the page it belongs to.
fn acts() -> [(String, &'static str, String); 7] {
    [
        (
            "/forms/tenants/acme/create-session".into(),
            "reason=Invoices+are+missing&scopes=read_only&scopes=invoices&ttl_minutes=5&creator_ip_only=yes",
            "/support/tenants/acme/create-session".into(),
        ),
        (
            "/forms/tenants/acme/force-logout".into(),
            "slug=acme&idempotency_key=k",
            "/support/tenants/acme/force-logout".into(),
        ),
        (
            format!("/forms/support-sessions/{SESSION}/revoke"),
            "reason=&next=%2Fsupport%3Fq%3Da",
            format!("/support/sessions/{SESSION}/revoke"),
        ),
        (
            format!("/forms/support-sessions/{SESSION}/replace-token"),
            "",
            format!("/support/sessions/{SESSION}/replace-token"),
        ),
        (
            format!("/forms/support-sessions/{SESSION}/raise-budget"),
            "requests_total=250&reason=The+export+takes+many+pages",
            format!("/support/sessions/{SESSION}/raise-budget"),
        ),
        (
            "/forms/rules/dry-run".into(),
            "rules=scopes+%3D+%5B%5D&requests=100",
            "/support/rules".into(),
        ),
        (
            "/forms/change-password".into(),
            "current=a&new=b&repeat=c",
            "/account/password".into(),
        ),
    ]
}

#[tokio::test]
async fn forms_that_are_sent_too_often_come_back_with_what_was_typed() {
    let limits = LimitConfig {
        staff_requests_per_minute: 1,
        ..LimitConfig::default()
    };
    let site = Site::limited(limits).await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let cookie = site.sign_in("ana").await;
    let (path, _, page) = &acts()[2];
    let send = async |body| site.submit(path, Some(&cookie), body).await;
    let first = send("reason=First").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"acts\";q=1;w=60");
    assert_eq!(first.headers["ratelimit"], "\"acts\";r=0;t=60");
    let second = send("reason=Second").await;
    assert!(second.location.starts_with(page), "{second:?}");
    let (problem, kept) = site.refusal(&second, Some(&cookie)).await;
    assert_eq!(problem.code, ProblemCode::RateLimited);
    assert_eq!(problem.retry_after_seconds, Some(60));
    assert_eq!(kept["reason"], ["Second"]);
    assert_eq!(site.asked().len(), 1, "{:?}", site.asked());

    let link = Request::get("/support/open/s-x").header(header::COOKIE, &cookie);
    let link = site.send(link.body(Body::empty()).unwrap()).await;
    assert_eq!(link.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(link.headers["retry-after"], "60");
    let out = site.submit("/forms/sign-out", Some(&cookie), "").await;
    assert!(
        out.location.starts_with("/sign-in"),
        "never refused: {out:?}"
    );
}

#[tokio::test]
async fn signing_in_keeps_a_guarded_cookie_and_goes_on_to_a_path_of_ours_only() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let password = PASSWORD.replace(' ', "+");
    for (next, expected) in [
        ("", "/support"),
        (
            "%2Fsupport%2Fsessions%3Fstatus%3DACTIVE",
            "/support/sessions?status=ACTIVE",
        ),
        ("%2F%2Fevil.example", "/support"),
        ("%2F%5Cevil.example", "/support"),
        ("https%3A%2F%2Fevil.example", "/support"),
        ("%2Fa%0D%0ASet-Cookie%3Aa%3Db", "/support"),
    ] {
        let body = format!("email=ana%40example.com&password={password}&next={next}");
        let answer = site.submit("/forms/sign-in", None, &body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.location, expected);
        let cookie = answer.cookie.unwrap();
        assert!(cookie.starts_with("__Host-support-console=scss_"));
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let id: Uuid = answer.headers["x-request-id"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(id.get_version_num(), 7);
    }
}

#[tokio::test]
async fn a_refused_sign_in_keeps_the_address_and_never_the_password() {
    let site = Site::new().await;
    let body = "email=ana%40example.com&password=wrong-one&next=%2Faudit%3Fq%3Da";
    let answer = site.submit("/forms/sign-in", None, body).await;
    assert!(
        answer
            .location
            .starts_with("/sign-in?next=%2Faudit%3Fq%3Da&flash=")
    );
    assert_eq!(answer.cookie, None);
    let (problem, input) = site.refusal(&answer, None).await;
    assert_eq!(problem.code, ProblemCode::Unauthenticated);
    assert_eq!(
        problem.request_id.as_deref(),
        answer.headers["x-request-id"].to_str().ok()
    );
    assert_eq!(input.keys().collect::<Vec<_>>(), ["email"]);
    assert_eq!(input["email"], ["ana@example.com"]);
}

#[tokio::test]
async fn who_must_change_the_password_is_led_there_first() {
    let site = Site::new().await;
    let ana = site.console.add("ana", &[Role::SupportAdmin]).await;
    let given = crate::services::staff::GivenPassword::Chosen {
        password: PASSWORD.into(),
        must_change: true,
    };
    let context = cli();
    site.console
        .staff
        .reset_password(&context, ana.id, given)
        .await
        .unwrap();
    let body = format!(
        "email=ana%40example.com&password={}",
        PASSWORD.replace(' ', "+")
    );
    let answer = site.submit("/forms/sign-in", None, &body).await;
    assert_eq!(answer.location, "/account/password");
    let cookie = cookie_of(&answer);
    for (path, body, _) in &acts()[..6] {
        let answer = site.submit(path, Some(&cookie), body).await;
        assert_eq!(answer.location, "/account/password", "{path}");
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn nobody_and_no_expired_or_ended_sign_in_gets_past_a_form() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let idle = site.sign_in("ana").await;
    site.console.clock.advance(TimeDelta::minutes(31));
    let ended = site.sign_in("ana").await;
    site.submit("/forms/sign-out", Some(&ended), "").await;
    let token = ended.split_once('=').unwrap().1;
    let twice = format!("{ended}; {ended}");
    let other_name = format!("support-console={token}");
    for cookie in [
        None,
        Some(&idle),
        Some(&ended),
        Some(&twice),
        Some(&other_name),
    ] {
        for (path, body, page) in acts() {
            let answer = site.submit(&path, cookie.map(String::as_str), body).await;
            let page: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            assert_eq!(
                answer.location,
                format!("/sign-in?next={page}"),
                "{path} {cookie:?}"
            );
        }
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn what_was_typed_is_there_again_after_the_sign_in_of_the_same_person_and_browser() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    site.console.add("ben", &[Role::SuperAdmin]).await;
    for (path, body, page) in &acts()[..6] {
        if body.is_empty() {
            continue;
        }
        let ana = site.sign_in("ana").await;
        site.console.clock.advance(TimeDelta::minutes(31));
        for path in [path.clone(), format!("{path}?keep")] {
            let nobody = site.submit(&path, None, body).await;
            assert_eq!(nobody.cookie, None, "nobody's form is kept");
            let lost = site.submit(&path, Some(&ana), body).await;
            assert!(lost.location.starts_with("/sign-in?next="), "{lost:?}");
            let set = lost.cookie.as_deref().unwrap();
            assert!(set.starts_with("__Host-support-typed=sctf_"), "{set}");
            assert!(set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900"));
            let cookies = format!("{ana}; {}", cookie_of(&lost));

            let back = site.sign_in_for("ana", page, &cookies).await;

            assert!(
                back.location.starts_with(&format!("{page}?flash=")),
                "{back:?}"
            );
            let new = cookie_of(&back);
            assert!(back.headers.get_all(SET_COOKIE).iter().any(|value| {
                value
                    .to_str()
                    .unwrap()
                    .starts_with("__Host-support-typed=;")
            }));
            let Flash::Typed { input } = site.flash(&back, Some(&new)).await else {
                panic!("{path}");
            };
            let field = body.split('=').next().unwrap();
            assert!(input.contains_key(field), "{path} {input:?}");
            let again = site.sign_in_for("ana", page, &cookies).await;
            assert_eq!(&again.location, page, "once");
        }
        // Another person at the same browser, with and without the old cookie, another browser, another page.
        for (name, with_typed, next) in [
            ("ben", true, page.as_str()),
            ("ana", false, page),
            ("ana", true, "/audit"),
        ] {
            for own in [ana.as_str(), "a=b"] {
                let typed = cookie_of(&site.submit(path, Some(&ana), body).await);
                let typed = if with_typed { typed.as_str() } else { "c=d" };
                let cookies = format!("{own}; {typed}");
                assert_eq!(site.sign_in_for(name, next, &cookies).await.location, next);
            }
        }
    }
    assert!(site.asked().is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_sign_out_and_a_given_password_lead_nobody_to_what_another_typed() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ben = site.console.add("ben", &[Role::SuperAdmin]).await;
    let (path, body, page) = &acts()[0];
    let expired = async || {
        let ana = site.sign_in("ana").await;
        site.console.clock.advance(TimeDelta::minutes(31));
        cookie_of(&site.submit(path, Some(&ana), body).await)
    };
    // Somebody else's password, given by a colleague, must be changed first.
    let given = crate::services::staff::GivenPassword::Chosen {
        password: PASSWORD.into(),
        must_change: true,
    };
    let context = cli();
    let reset = site.console.staff.reset_password(&context, ben.id, given);
    reset.await.unwrap();
    let typed = expired().await;
    let new = site.sign_in_for("ben", page, &typed).await;
    assert_eq!(new.location, "/account/password");
    let cookies = format!("{}; {typed}", cookie_of(&new));
    let current = PASSWORD.replace(' ', "+");
    let change =
        format!("current={current}&new=an+entirely+other+one&repeat=an+entirely+other+one");
    let changed = site
        .submit("/forms/change-password", Some(&cookies), &change)
        .await;
    assert!(
        changed.location.starts_with("/support?flash="),
        "{changed:?}"
    );
    let flash = site.flash(&changed, Some(&cookie_of(&changed))).await;
    assert!(matches!(flash, Flash::Done { .. }), "{flash:?}");
    // Who signs out leaves nothing.
    let typed = expired().await;
    let again = site.sign_in("ana").await;
    let out = site
        .submit("/forms/sign-out", Some(&format!("{again}; {typed}")), "")
        .await;
    let mut set = out.headers.get_all(SET_COOKIE).iter();
    assert!(set.any(|value| {
        value
            .to_str()
            .unwrap()
            .starts_with("__Host-support-typed=;")
    }));
    assert_eq!(&site.sign_in_for("ana", page, &typed).await.location, page);
    // The page of another tab leaves with its form once the cookie is gone.
    let kept = site.submit(&format!("{path}?keep"), None, body).await;
    assert_eq!(kept.cookie, None);
}

#[tokio::test]
async fn a_form_that_is_only_kept_does_nothing_for_whom_is_signed_in_either() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    for (path, body, page) in &acts()[..6] {
        let answer = site.submit(&format!("{path}?keep"), Some(&ana), body).await;
        assert!(
            answer.location.starts_with(&format!("{page}?flash=")),
            "{answer:?}"
        );
        let flash = site.flash(&answer, Some(&ana)).await;
        assert!(matches!(flash, Flash::Typed { .. }), "{flash:?}");
    }
    let passwords = "current=a&new=b&repeat=c";
    let answer = site.submit("/forms/change-password", None, passwords).await;
    assert_eq!(answer.cookie, None, "no password is kept");
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn a_key_opens_no_form() {
    let site = Site::new().await;
    let keys = crate::services::api_keys::ApiKeys::new(site.console.core.clone());
    let new = crate::services::api_keys::NewApiKey {
        name: "all".into(),
        tenant_id: None,
        rights: app::domain::api_keys::ApiRight::ALL.to_vec(),
    };
    let made = keys.create(&cli(), new).await.unwrap();
    let (path, body, _) = &acts()[1];
    let mut request = Site::post(path, None, body);
    let value = format!("Bearer {}", made.token.expose()).parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    let answer = site.send(request).await;
    assert!(answer.location.starts_with("/sign-in?next="), "{answer:?}");
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn who_has_no_role_or_not_this_right_is_told_on_the_page() {
    let site = Site::new().await;
    site.console.add("cem", &[]).await;
    site.console.add("ben", &[Role::SupportAdmin]).await;
    let cem = site.sign_in("cem").await;
    for (path, body, page) in &acts()[..5] {
        let answer = site.submit(path, Some(&cem), body).await;
        assert!(answer.location.starts_with(&format!("{page}?flash=")));
        let (problem, _) = site.refusal(&answer, Some(&cem)).await;
        assert_eq!(problem.code, ProblemCode::Forbidden);
    }
    // Another's support session.
    let ben = site.sign_in("ben").await;
    for (path, body, _) in &acts()[2..5] {
        let answer = site.submit(path, Some(&ben), body).await;
        let (problem, _) = site.refusal(&answer, Some(&ben)).await;
        assert_eq!(problem.code, ProblemCode::Forbidden);
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn the_fields_reach_the_service_and_its_answer_the_page() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let [create, logout, revoke, _, raise, dry_run, _] = acts();
    let answer = site.submit(&create.0, Some(&ana), create.1).await;
    assert!(answer.location.starts_with(&format!("{}?flash=", create.2)));
    assert!(!answer.location.contains(TOKEN));
    let flash = site.flash(&answer, Some(&ana)).await;
    assert_eq!(flash, Flash::Granted(Box::new(granted())));
    let answer = site.submit(&logout.0, Some(&ana), logout.1).await;
    assert!(
        matches!(site.flash(&answer, Some(&ana)).await, Flash::LoggedOut(answer) if answer.result.ended == 214)
    );
    let answer = site.submit(&revoke.0, Some(&ana), revoke.1).await;
    assert!(answer.location.starts_with("/support?q=a&flash="));
    assert!(matches!(
        site.flash(&answer, Some(&ana)).await,
        Flash::Done { .. }
    ));
    let answer = site.submit(&raise.0, Some(&ana), raise.1).await;
    assert!(
        answer
            .location
            .starts_with(&format!("/support/sessions/{SESSION}?flash="))
    );
    let flash = site.flash(&answer, Some(&ana)).await;
    assert!(matches!(flash, Flash::Done { message } if message.contains("250")));
    let answer = site.submit(&dry_run.0, Some(&ana), dry_run.1).await;
    assert!(matches!(
        site.flash(&answer, Some(&ana)).await,
        Flash::DryRun { .. }
    ));
    let asked = site.asked();
    assert!(asked[0].contains("creator_ip_only: true"), "{}", asked[0]);
    assert!(
        asked[3].contains(r#"requests_total: "250""#),
        "{}",
        asked[3]
    );
    assert!(
        asked[0].contains(r#"scopes: ["read_only", "invoices"]"#),
        "{}",
        asked[0]
    );
    assert_eq!(asked[1], "logout acme acme k");
    assert_eq!(asked[2], format!("revoke {SESSION} \"\""));
    assert_eq!(asked[4], "dry run scopes = [] 100");
}

#[tokio::test]
async fn two_clicks_lead_to_the_page_with_the_token_until_it_was_shown() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let (ana, elsewhere) = (site.sign_in("ana").await, site.sign_in("ana").await);
    let body = "reason=Invoices+are+missing&idempotency_key=k";
    let path = "/forms/tenants/acme/create-session";
    let send = async |cookie| site.submit(path, Some(cookie), body).await;
    let token =
        async |answer: &Answer, cookie: &String| match site.flash(answer, Some(cookie)).await {
            Flash::Granted(granted) => granted.token,
            other => panic!("{other:?}"),
        };
    let (first, second) = futures::join!(send(&ana), send(&ana));
    assert_eq!(first.location, second.location);
    let other = send(&elsewhere).await;
    assert_eq!(token(&other, &elsewhere).await, None, "another sign-in");
    assert_eq!(token(&second, &ana).await.as_deref(), Some(TOKEN));
    let late = send(&ana).await;
    assert_eq!(token(&late, &ana).await, None, "it is shown once");
}

#[tokio::test]
async fn what_was_typed_is_kept_when_it_is_refused() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let body = "reason=short&scopes=a&scopes=b&ticket=T-1";
    let answer = site
        .submit("/forms/tenants/acme/create-session", Some(&ana), body)
        .await;
    let (problem, input) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("reason").is_some());
    assert_eq!(input["reason"], ["short"]);
    assert_eq!(input["scopes"], ["a", "b"]);
    assert_eq!(input["ticket"], ["T-1"]);
}

#[tokio::test]
async fn unknown_and_repeated_fields_are_refused_by_name_before_anything_is_done() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    for (path, body, _) in acts() {
        let body = format!("{body}&role=super_admin");
        let answer = site.submit(&path, Some(&ana), &body).await;
        let (problem, _) = site.refusal(&answer, Some(&ana)).await;
        assert!(problem.field("role").is_some(), "{path}");
    }
    let answer = site
        .submit(
            "/forms/tenants/acme/force-logout",
            Some(&ana),
            "slug=acme&slug=blue",
        )
        .await;
    let (problem, _) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("slug").is_some());
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn what_is_no_form_is_a_clear_4xx() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let large = format!("slug={}", "a".repeat(70_000));
    for (path, body, status, says) in [
        ("/forms/tenants/acme/force-logout", "slug=%FF", 422, "slug"),
        ("/forms/tenants/acme/force-logout", "slug=%2", 422, "slug"),
        (
            "/forms/tenants/acme/force-logout",
            large.as_str(),
            413,
            "64 KiB",
        ),
        (
            "/forms/tenants/a%20b/force-logout",
            "slug=a",
            404,
            "Tenant not found",
        ),
        (
            "/forms/support-sessions/1/revoke",
            "",
            404,
            "Support session not found",
        ),
        ("/forms/sign-out", "everywhere=maybe", 422, "everywhere"),
    ] {
        let answer = site.submit(path, Some(&ana), body).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
        assert!(answer.body.contains(says), "{path}: {answer:?}");
    }
    let mut request = Site::post("/forms/sign-out", Some(&ana), "{}");
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    assert_eq!(
        site.send(request).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    // A body that does not say how long it is.
    let chunks = futures::stream::iter([b'a'; 2].map(|b| Ok::<_, std::io::Error>(vec![b; 40_000])));
    let mut request = Site::post("/forms/tenants/acme/force-logout", Some(&ana), "");
    *request.body_mut() = Body::from_stream(chunks);
    assert_eq!(
        site.send(request).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let request = Request::get("/forms/sign-out").body(Body::empty()).unwrap();
    assert_eq!(
        site.send(request).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn no_other_site_can_submit_a_form() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let mut forms: Vec<_> = acts()
        .into_iter()
        .map(|(path, body, _)| (path, body))
        .collect();
    forms.push(("/forms/sign-in".into(), "email=a&password=b"));
    forms.push(("/forms/sign-out".into(), ""));
    for (path, body) in &forms {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "null"),
            ("origin", "http://localhost:3100"),
            ("origin", "https://localhost:3000"),
            ("x-nothing", "at all"),
        ] {
            let mut request = Site::post(path, Some(&ana), body);
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(name, value.parse().unwrap());
            let answer = site.send(request).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {name}: {value}"
            );
        }
    }
    assert!(site.asked().is_empty());
    assert!(matches!(
        site.context(Some(&ana)).await.caller,
        Caller::Staff(_)
    ));
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_and_forgets_the_cookie() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let (one, two, three) = (
        site.sign_in("ana").await,
        site.sign_in("ana").await,
        site.sign_in("ana").await,
    );
    let answer = site.submit("/forms/sign-out", Some(&one), "").await;
    assert!(answer.location.starts_with("/sign-in?flash="));
    assert!(answer.cookie.as_deref().unwrap().ends_with("Max-Age=0"));
    assert!(matches!(
        site.flash(&answer, None).await,
        Flash::Done { .. }
    ));
    assert_eq!(site.context(Some(&one)).await.caller, Caller::Anonymous);
    assert!(matches!(
        site.context(Some(&two)).await.caller,
        Caller::Staff(_)
    ));
    site.submit("/forms/sign-out", Some(&two), "everywhere=on")
        .await;
    assert_eq!(site.context(Some(&three)).await.caller, Caller::Anonymous);
    let answer = site.submit("/forms/sign-out", None, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_changed_password_goes_on_with_a_new_cookie_that_reads_the_flash() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let ana = site.sign_in("ana").await;
    let wrong = "current=wrong&new=an+entirely+other+one&repeat=an+entirely+other+one";
    let answer = site
        .submit("/forms/change-password", Some(&ana), wrong)
        .await;
    let (problem, input) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("current").is_some());
    assert!(input.is_empty(), "no password is kept");
    let right = wrong.replace(
        "current=wrong",
        &format!("current={}", PASSWORD.replace(' ', "+")),
    );
    let answer = site
        .submit("/forms/change-password", Some(&ana), &right)
        .await;
    assert!(answer.location.starts_with("/support?flash="));
    let new = cookie_of(&answer);
    assert_ne!(new, ana);
    assert_eq!(site.context(Some(&ana)).await.caller, Caller::Anonymous);
    assert!(matches!(
        site.flash(&answer, Some(&new)).await,
        Flash::Done { .. }
    ));
}
