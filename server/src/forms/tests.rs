//! Forms as a browser sends them. The services behind them are a [`Stub`], except for signing in.

mod acts;
mod keys;
mod refused;
mod sign_ins;
mod stub;
mod twice;
mod typed;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use app::{
    domain::{
        AuditEventId, RequestId, StaffId, SupportSessionId, TenantId,
        access_log::AccessLogEntry,
        audit::{AuditEvent, AuditFilter, RequestAnswer},
        caller::Caller,
        find::{Found, RecordedRequest},
        matches::Matches,
        page::{Page, PageRequest},
        policy::{Act, authorise},
        rules::{DryRun, DryRunForm, RulesInForce},
        saved_views::{FilteredList, SavedView, SavedViewForm},
        scopes::ScopeName,
        settings::Settings,
        staff::Role,
        support_sessions::{
            BudgetAnswer, RaiseBudgetForm, RevokeAnswer, RevokeSelectedForm, RevokedSelected,
            SelectedSessions, SessionLimits, SupportSession, SupportSessionDetail,
            SupportSessionDraft, SupportSessionFilter, SupportSessionForm, SupportSessionGranted,
            SupportSessionList,
        },
        tenants::{ChosenTenant, Overview, TenantDetail, TenantFilter, TenantRef, no_tenant},
        time_range::{TimePreset, TimeSpan},
        user_sessions::{ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm, ForceLogoutResult},
    },
    ports::{
        AuditPort, CreateSupportSessions, FindPort, FlashPort, RaiseBudgets, ReadSupportSessions,
        ReplaceTokens, RevokeSelected, RevokeSupportSessions, RulesPort, SavedViewsPort,
        TenantsPort, UserSessionsPort,
    },
};
use async_trait::async_trait;
use axum::{Router, body::Body, extract::ConnectInfo};
use chrono::TimeDelta;
use gateway::SessionGates;
use http::{Request, StatusCode, header};
use tower::ServiceExt;
use uuid::Uuid;

use self::stub::{SESSION, Stub, TOKEN, granted};
use super::*;
use crate::{
    config::LimitConfig,
    limits::Limits,
    middleware::{context::EstablishStaff, same_origin::SameOrigin},
    router,
    services::testing::{PASSWORD, World, cli, from_address, noon, sqlite},
    services::{api_keys::ApiKeys, settings::SettingsService},
};

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
                manage_tenants: Arc::new(console.tenants.clone()),
                support_sessions: Arc::clone(&stub) as _,
                user_sessions: Arc::clone(&stub) as _,
                audit: Arc::clone(&stub) as _,
                find: Arc::clone(&stub) as _,
                api_keys: Arc::new(ApiKeys::new(console.core.clone())),
                configuration: Arc::new(SettingsService::new(console.core.clone())),
                saved_views: Arc::clone(&stub) as _,
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

    /// What the pages of a sign-in write into their forms.
    async fn written_in(&self, cookie: &str) -> String {
        match self.context(Some(cookie)).await.caller {
            Caller::Staff(staff) => staff.staff_session_id.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// The flash that an answer's location names, as its page would take it.
    async fn flash(&self, answer: &Answer, cookie: Option<&str>) -> Flash {
        self.try_flash(answer, cookie).await.expect("it waits")
    }

    async fn try_flash(&self, answer: &Answer, cookie: Option<&str>) -> Option<Flash> {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        let (_, id) = answer.location.split_once("flash=").expect("a flash");
        let context = self.context(cookie).await;
        self.flashes.take(&context, id).await
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

/// The forms whose services are a [`Stub`], and that for one's own password, with fields that they accept and the page
/// that each belongs to.
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
