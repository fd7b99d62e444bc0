//! Establishes the caller and its origin: [`Context`] as an extension of the request.

use std::{net::SocketAddr, sync::Arc};

use app::domain::{
    RequestId,
    caller::{Caller, Context, KeyCaller, Origin, SupportCaller},
    policy::unauthenticated,
    problem::Problem,
};
use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gateway::{
    LiveSupportSession, client_ip::client_ip, layer::NoSupportSession, token::without_tokens,
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, USER_AGENT},
};
use store::Lane;

use super::{body_limit::arrived, cookie, same_origin::SameOrigin};
use crate::{
    extract::Refusal,
    problem,
    services::{Core, api_keys::ApiKeys, staff_sessions::StaffSessions},
};

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 512;
/// Names the request in the answer and in the log.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Establishes staff members by their cookie. Keys are ignored.
#[derive(Clone)]
pub struct EstablishStaff(Arc<(Core, StaffSessions)>, Option<SameOrigin>);

impl EstablishStaff {
    /// With the proxies that `core`'s configuration trusts.
    pub fn new(core: Core, staff_sessions: StaffSessions) -> Self {
        Self(Arc::new((core, staff_sessions)), None)
    }

    /// The same, but doesn't look up the caller of a request that is refused because another site
    /// sent it.
    #[must_use]
    pub fn of_own_pages(self, own: SameOrigin) -> Self {
        Self(self.0, Some(own))
    }
}

/// Establishes keys by `Authorization: Bearer` or `X-API-Key`, and support sessions by the layer
/// that has judged and recorded their request. Cookies are ignored.
#[derive(Clone)]
pub struct EstablishKey(Arc<(Core, ApiKeys)>);

impl EstablishKey {
    /// With the proxies that `core`'s configuration trusts.
    pub fn new(core: Core, api_keys: ApiKeys) -> Self {
        Self(Arc::new((core, api_keys)))
    }
}

/// The key that a request came with. It is looked up again once the body has arrived, because it can be revoked meanwhile.
#[derive(Clone)]
pub struct GivenKey {
    api_keys: ApiKeys,
    key: Arc<str>,
    address: Option<String>,
}

impl GivenKey {
    async fn holder(&self) -> Result<Option<KeyCaller>, Problem> {
        let found = self
            .api_keys
            .authenticate(&self.key, self.address.as_deref());
        Lane::Callers.run(found).await
    }

    /// # Errors
    ///
    /// If the key doesn't count any more.
    pub async fn still_counts(&self) -> Result<(), Problem> {
        self.holder().await?.map(drop).ok_or_else(unauthenticated)
    }
}

/// The layer before pages, plain forms, server functions and the live stream.
pub async fn establish_staff(
    State(EstablishStaff(state, own)): State<EstablishStaff>,
    request: Request,
    next: Next,
) -> Response {
    let (core, staff_sessions) = &*state;
    let origin = origin_of(core, &request);
    let is_ours = own.is_none_or(|own| own.allows(request.method(), request.headers()));
    let request = match is_ours {
        true => arrived(request).await,
        false => request,
    };
    let found = match cookie::token_of(request.headers()) {
        Some(token) if is_ours => {
            let is_use = app::api::is_use(request.uri().path());
            let found = async {
                match is_use {
                    true => staff_sessions.authenticate(&token).await,
                    false => staff_sessions.recognise(&token).await,
                }
            };
            Lane::Callers.run(found).await
        }
        _ => Ok(None),
    };
    match found {
        Ok(staff) => {
            let caller = staff.map_or(Caller::Anonymous, Caller::Staff);
            run(Context { caller, origin }, request, next).await
        }
        // Not "signed out", which would send a signed-in person to the sign-in page.
        Err(error) => {
            let mut problem = Problem::from(error);
            problem.request_id.clone_from(&origin.request_id);
            let context = Context {
                caller: Caller::Anonymous,
                origin,
            };
            answered(context, Refusal(problem).into_response())
        }
    }
}

/// The layer before the REST interface.
pub async fn establish_key(
    State(EstablishKey(state)): State<EstablishKey>,
    mut request: Request,
    next: Next,
) -> Response {
    let (core, api_keys) = &*state;
    let origin = match LiveSupportSession::of(&request) {
        Ok(session) => {
            let context = context_of(session, &request);
            return run(context, request, next).await;
        }
        Err(NoSupportSession::Absent) => origin_of(core, &request),
        Err(error) => return error.into_response(),
    };
    let given = key_of(request.headers()).map(|key| GivenKey {
        api_keys: api_keys.clone(),
        key: key.into(),
        address: origin.ip.clone(),
    });
    let found = match &given {
        None => Ok(None),
        Some(given) => given.holder().await,
    };
    match found {
        Ok(key) => {
            if let Some(given) = given.filter(|_| key.is_some()) {
                request.extensions_mut().insert(given);
            }
            let caller = key.map_or(Caller::Anonymous, Caller::Key);
            run(Context { caller, origin }, request, next).await
        }
        Err(refused) => {
            let answer = problem::details(refused, origin.request_id.clone());
            let context = Context {
                caller: Caller::Anonymous,
                origin,
            };
            answered(context, answer)
        }
    }
}

/// The context that the gateway's layer has established and recorded, with the same address and
/// request id.
fn context_of(session: &LiveSupportSession, request: &Request) -> Context {
    let caller = SupportCaller {
        support_session_id: session.id(),
        tenant_id: session.tenant_id().clone(),
        organization_id: session.organization_id().cloned(),
        staff_id: session.staff_id(),
        staff_name: session.staff_name().to_owned(),
        expires_at: session.expires_at(),
    };
    Context {
        caller: Caller::Support(caller),
        origin: Origin {
            ip: Some(session.client_ip().to_string()),
            user_agent: user_agent(request.headers()),
            request_id: Some(session.request_id().to_string()),
            zone: None,
        },
    }
}

async fn run(context: Context, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(context.clone());
    let response = next.run(request).await;
    answered(context, response)
}

/// Names the request in the response, and the caller in the log.
fn answered(context: Context, mut response: Response) -> Response {
    let id = context.origin.request_id.as_deref();
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response.extensions_mut().insert(context);
    response
}

fn origin_of(core: &Core, request: &Request) -> Origin {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let ip = peer.map(|ConnectInfo(peer)| {
        client_ip(peer.ip(), request.headers(), &core.config.trusted_proxies).to_string()
    });
    Origin {
        ip,
        user_agent: user_agent(request.headers()),
        request_id: Some(RequestId::from_uuid(core.new_uuid()).to_string()),
        zone: cookie::ZONE.only(request.headers()),
    }
}

/// The client's own name for itself, made safe to store and show.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let field = headers.get(USER_AGENT)?;
    let text = String::from_utf8_lossy(field.as_bytes());
    let fit: String = text.chars().filter(|c| !is_unfit(*c)).collect();
    let kept: String = without_tokens(&fit).chars().take(USER_AGENT_MAX).collect();
    Some(kept.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Control characters, and those that reorder the text around them.
fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// The key in a request; `None` without one, or with two that differ.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|field| {
        let (scheme, key) = field.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    });
    let own = headers
        .get_all(X_API_KEY)
        .iter()
        .map(|field| field.to_str().ok());
    let mut keys = bearer.chain(own);
    let first = keys.next()??;
    keys.all(|key| key == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use app::domain::staff::Role;
    use axum::{Extension, Router, body::Body, middleware::from_fn_with_state};
    use std::sync::Mutex;
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;
    use tower::ServiceExt as _;

    use super::*;
    use crate::services::testing::{cli, sqlite};

    #[test]
    fn one_key_is_taken_however_it_is_sent() {
        for (fields, expected) in [
            (&[][..], None),
            (&[("authorization", "Bearer k")], Some("k")),
            (&[("authorization", "bearer k")], Some("k")),
            (&[("x-api-key", "k")], Some("k")),
            (
                &[("authorization", "Bearer k"), ("x-api-key", "k")],
                Some("k"),
            ),
            (&[("authorization", "Bearer k"), ("x-api-key", "l")], None),
            (&[("x-api-key", "k"), ("x-api-key", "l")], None),
            (&[("authorization", "Basic k")], None),
            (&[("authorization", "Basic k"), ("x-api-key", "k")], None),
            (&[("authorization", "k")], None),
            (&[("cookie", "__Host-support-console=k")], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(key_of(&headers), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_user_agent_is_kept_short_and_without_tricks() {
        let of = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_bytes(value).unwrap());
            user_agent(&headers)
        };
        assert_eq!(of(b"curl/8"), Some("curl/8".into()));
        assert_eq!(of("a\u{202E}b\tc".as_bytes()), Some("abc".into()));
        assert_eq!(of(b" \t "), None);
        assert_eq!(of(&[b'x'; 2_000]).unwrap().len(), USER_AGENT_MAX);
        assert_eq!(of(b"\xFF"), Some("\u{FFFD}".into()));
        assert_eq!(user_agent(&HeaderMap::new()), None);
        let token = format!("a scst_{}", "x".repeat(43));
        assert_eq!(of(token.as_bytes()), Some("a scst_(hidden)".into()));
    }

    #[tokio::test]
    async fn a_person_who_is_signed_out_while_a_body_arrives_does_no_more() {
        for path in ["/_fn/create_api_key", "/forms/invite-staff"] {
            let world = sqlite().await;
            let ana = world.add("ana", &[Role::SuperAdmin]).await;
            world.add("bo", &[Role::SuperAdmin]).await;
            let token = world.sign_in("ana").await.token;
            let seen = Arc::new(Mutex::new(None));
            let see = {
                let seen = Arc::clone(&seen);
                move |Extension(context): Extension<Context>| async move {
                    *seen.lock().unwrap() = Some(context.caller);
                }
            };
            let establish = EstablishStaff::new(world.core.clone(), world.sessions.clone());
            let router = Router::new()
                .fallback(see)
                .layer(from_fn_with_state(establish, establish_staff));
            let (sender, receiver) = mpsc::channel::<Result<&str, std::io::Error>>(1);
            let request = Request::builder()
                .method("POST")
                .uri(path)
                .header(
                    "cookie",
                    format!("__Host-support-console={}", token.expose()),
                )
                .body(Body::from_stream(ReceiverStream::new(receiver)));
            let answer = tokio::spawn(router.oneshot(request.unwrap()));
            sender.send(Ok("a")).await.unwrap();
            sender.reserve().await.unwrap();
            world.staff.deactivate(&cli(), ana.id).await.unwrap();
            sender.send(Ok("b")).await.unwrap();
            drop(sender);
            answer.await.unwrap().unwrap();
            let seen = seen.lock().unwrap().take();
            assert!(matches!(seen, Some(Caller::Anonymous)), "{path}: {seen:?}");
        }
    }
}
