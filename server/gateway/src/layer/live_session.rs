//! The proof that a handler runs in a support session.

use std::{fmt, net::IpAddr, sync::Arc};

use app::domain::{
    OrganizationId, RequestId, StaffId, SupportSessionId, TenantId, Timestamp, scopes::ScopeName,
};
use http::{Extensions, Method, Request, Uri, request::Parts};
use tokio_util::sync::CancellationToken;

use super::address;
use crate::{
    gate::Flight,
    judge::{Permitted, canonical::CanonicalTarget},
    ports::KnownSession,
};

/// The support session of a request that is authenticated, permitted and recorded.
///
/// Only [`super::SupportSessionLayer`] makes one, for one request, so its owner need not check
/// again. Handlers of axum extract it. Others call [`Self::of`].
#[derive(Clone)]
pub struct LiveSupportSession(Arc<Proof>);

struct Proof {
    session: Arc<KnownSession>,
    scope: ScopeName,
    method: Method,
    target: CanonicalTarget,
    request_id: RequestId,
    ip: IpAddr,
    cut: CancellationToken,
    done: CancellationToken,
}

/// The value in a request's extensions. The type is private, so no one can move a proof from one
/// request to another.
#[derive(Clone)]
struct Judged(LiveSupportSession);

/// Why a request gives no [`LiveSupportSession`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSupportSession {
    /// The request belongs to no support session, or there is no layer in front of the handler.
    #[error("the request is made in no support session")]
    Absent,
    /// The method or address is not the judged one: the request was rewritten, or is a copy.
    #[error("the request is not the one that was judged for its support session")]
    NotTheJudged,
    /// The session, or the recorded request, has ended.
    #[error("the support session, or the request that was recorded in it, has ended")]
    Ended,
}

impl LiveSupportSession {
    pub(super) fn new(
        permitted: &Permitted,
        request_id: RequestId,
        ip: IpAddr,
        flight: &Flight,
    ) -> Self {
        let request = permitted.request();
        Self(Arc::new(Proof {
            session: Arc::clone(permitted.session()),
            scope: permitted.scope().clone(),
            method: request.method.clone(),
            target: request.target.clone(),
            request_id,
            ip,
            cut: flight.cut().clone(),
            done: flight.done().clone(),
        }))
    }

    pub(super) fn put_into(self, extensions: &mut Extensions) {
        extensions.insert(Judged(self));
    }

    /// Whether a layer has judged the request already.
    pub(super) fn is_in(extensions: &Extensions) -> bool {
        extensions.get::<Judged>().is_some()
    }

    /// The support session of a request.
    ///
    /// # Errors
    ///
    /// If it is made in none, or is not the request that was judged.
    pub fn of<B>(request: &Request<B>) -> Result<&Self, NoSupportSession> {
        Self::find(request.method(), request.uri(), request.extensions())
    }

    /// The support session of a request, by its head.
    ///
    /// # Errors
    ///
    /// If it is made in none, or is not the request that was judged.
    pub fn of_parts(parts: &Parts) -> Result<&Self, NoSupportSession> {
        Self::find(&parts.method, &parts.uri, &parts.extensions)
    }

    fn find<'e>(
        method: &Method,
        uri: &Uri,
        extensions: &'e Extensions,
    ) -> Result<&'e Self, NoSupportSession> {
        let Judged(live) = extensions.get().ok_or(NoSupportSession::Absent)?;
        let original = address::original(uri, extensions).path_and_query();
        let is_judged = *method == live.0.method
            && original.is_some_and(|original| original.as_str() == live.0.target.as_str())
            && address::is_original(uri, extensions);
        if !is_judged {
            return Err(NoSupportSession::NotTheJudged);
        }
        live.is_live()
            .then_some(live)
            .ok_or(NoSupportSession::Ended)
    }

    /// The support session of the request.
    pub fn id(&self) -> SupportSessionId {
        self.0.session.id
    }

    /// The tenant that the session is restricted to. The layer has checked the request's head. The
    /// handler must check a tenant that is named in a body.
    pub fn tenant_id(&self) -> &TenantId {
        &self.0.session.tenant_id
    }

    /// The organization that it is confined to, if any.
    pub fn organization_id(&self) -> Option<&OrganizationId> {
        self.0.session.organization_id.as_ref()
    }

    /// The staff member who acts.
    pub fn staff_id(&self) -> StaffId {
        self.0.session.staff_id
    }

    /// That staff member's name.
    pub fn staff_name(&self) -> &str {
        &self.0.session.staff_name
    }

    /// The scopes granted to the session.
    pub fn scopes(&self) -> &[ScopeName] {
        &self.0.session.scopes
    }

    /// The scope that allowed this request.
    pub fn scope(&self) -> &ScopeName {
        &self.0.scope
    }

    /// The request's identifier: in the access log, in the audit log, and in the answer's
    /// `X-Request-Id`.
    pub fn request_id(&self) -> RequestId {
        self.0.request_id
    }

    /// The client's address, as recorded.
    pub fn client_ip(&self) -> IpAddr {
        self.0.ip
    }

    /// When the session expires.
    pub fn expires_at(&self) -> Timestamp {
        self.0.session.expires_at
    }

    /// Whether the session is active and the request is not complete, as far as this process knows.
    /// For tasks that a handler has spawned, which are not stopped with it. Once the request is
    /// complete, so is its record, and nothing more may be done in its name.
    pub fn is_live(&self) -> bool {
        !self.0.cut.is_cancelled() && !self.0.done.is_cancelled()
    }
}

impl fmt::Debug for LiveSupportSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSupportSession")
            .field("id", &self.id())
            .field("tenant_id", self.tenant_id())
            .field("staff_id", &self.staff_id())
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}
