//! Sends a recorded request upstream, once, and relays the answer.

mod from_upstream;
pub mod identities;
mod on_request;
mod request_body;
mod sending;
mod tunnel;
pub(crate) mod upstream;

use std::{net::IpAddr, sync::Arc};

use app::{
    domain::{RequestId, access_log::Refusal, scopes::ScopeName},
    identity::{Actor, Claims, MAX_LIFETIME, path_hash},
};
use chrono::TimeDelta;
use http::{HeaderValue, Response, header};
use hyper::upgrade::OnUpgrade;

use self::{
    identities::Identities,
    sending::Sending,
    upstream::{Upstream, serves::without_default_port},
};
use crate::{
    admission::{Admitted, Route, allowance::Allowance},
    answers::{Answer, Trouble},
    arrival::client::Client,
    body::ClientBody,
    browser::{
        EntryHosts,
        jar::{Jars, Place},
        pages::Pages,
        visit::Visit,
    },
    clock::Clock,
    gate::lease::Lease,
    headers::Sender,
    judge::{CanonicalRequest, Denied, Permitted},
};

/// Sends admitted requests to their upstreams.
pub(crate) struct Forwarder {
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    /// Signs the identity of each request for the upstream.
    pub(crate) identities: Arc<Identities>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) jars: Arc<Jars>,
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The hosts at which support sessions open in browsers, if configured.
    pub(crate) entry_hosts: Option<EntryHosts>,
    /// The host by which the upstream for requests at these hosts is chosen.
    pub(crate) own_host: String,
    /// The scheme by which clients reach the gateway: `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Whether pages in browsers get the banner.
    pub(crate) inject_banner: bool,
    /// The pages that have it.
    pub(crate) pages: Arc<Pages>,
}

/// The client's side of a request on its way.
pub(crate) struct Asker<'c> {
    pub(crate) client: &'c Client,
    pub(crate) request_id: RequestId,
    pub(crate) ip: IpAddr,
    /// The client's connection, which is taken over after a protocol upgrade.
    pub(crate) on_upgrade: Option<OnUpgrade>,
}

impl Forwarder {
    /// The upstream of a request, and the fields that are left out.
    ///
    /// # Errors
    ///
    /// If no upstream serves it, or if it would mean something else without these fields.
    pub(crate) fn route_of(
        &self,
        request: &CanonicalRequest,
    ) -> Result<Route<Arc<Upstream>>, Denied> {
        let to = self.upstream_for(request)?;
        let host = request.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let entries = self.entry_hosts.as_ref();
        let sender = match entries.and_then(|entries| entries.label_of(host)) {
            Some(_) => Sender::Page,
            None => Sender::Program,
        };
        let headers = Arc::clone(&to.settings.headers);
        headers.check_meaning(sender, &request.method, &request.headers)?;
        let left_out = headers.left_out(sender, &request.headers);
        Ok(Route { to, left_out })
    }

    /// The upstream that serves a request: one with its host takes precedence over one for any
    /// host, then the longest path prefix wins.
    pub(crate) fn upstream_for(&self, request: &CanonicalRequest) -> Result<Arc<Upstream>, Denied> {
        let host = request.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        // A request to a session's host is routed as if it came to our own host.
        let host = match &self.entry_hosts {
            Some(entries) if entries.label_of(host).is_some() => self.own_host.as_str(),
            _ => host,
        };
        let host = host.to_ascii_lowercase();
        let host = without_default_port(&host);
        let serving = |path: &str| {
            let upstreams = self.upstreams.iter();
            // The check at start excludes ties.
            upstreams
                .filter(|upstream| upstream.settings.serves.includes(host, path))
                .max_by_key(|upstream| upstream.settings.serves.precision())
        };
        let chosen = serving(request.target.path());
        let chosen = chosen.ok_or_else(|| Denied::plain(Refusal::NoUpstream))?;
        let is_same = |path: &String| serving(path).is_some_and(|other| Arc::ptr_eq(other, chosen));
        match request.target.readings().iter().all(is_same) {
            true => Ok(Arc::clone(chosen)),
            false => {
                let detail = "The path can be read in several ways, and two of them belong to different \
                              upstreams: write it without ';' and without escapes of '/' and '%'.";
                Err(Denied::new(Refusal::AmbiguousPath, detail))
            }
        }
    }

    /// Signs the identity of a request for the upstream. It is valid no longer than its support
    /// session.
    pub(crate) fn identity(
        &self,
        permitted: &Permitted,
        upstream: &Upstream,
        request_id: RequestId,
    ) -> Result<HeaderValue, serde_json::Error> {
        let (session, request) = (permitted.session(), permitted.request());
        let scopes: Vec<_> = session.scopes.iter().map(ScopeName::as_str).collect();
        let iat = self.clock.now().timestamp();
        // The claim is in whole seconds, so it covers the second in which the session expires.
        let session_ends = (session.expires_at + TimeDelta::microseconds(999_999)).timestamp();
        self.identities.sign(&Claims {
            iss: self.identities.issuer().to_owned(),
            aud: upstream.settings.identity_audience.clone(),
            sub: session.id,
            act: Actor {
                sub: session.staff_id,
            },
            tenant_id: session.tenant_id.clone(),
            organization_id: session.organization_id.clone(),
            scope: scopes.join(" "),
            method: request.method.to_string(),
            path_hash: path_hash(request.target.as_str()),
            jti: request_id,
            iat,
            exp: session_ends.min(iat + MAX_LIFETIME),
        })
    }

    /// Connects, passes the gate, sends, and returns the answer as it streams.
    pub(crate) async fn forward(
        &self,
        admitted: Admitted<ClientBody, Arc<Upstream>>,
        asker: Asker<'_>,
    ) -> Result<Response<Answer>, Trouble> {
        let upstream = admitted.to;
        let visit = admitted.browser.map(|browser| {
            let face = upstream.face(&admitted.permitted, self.scheme, Some(&browser.origin));
            let scheme = face.scheme.to_owned();
            let place = Place {
                origin: format!("{}://{}", upstream.scheme(), upstream.settings.authority),
                host: face.host.to_owned(),
            };
            let names = Arc::clone(&upstream.settings.names);
            let request = admitted.permitted.request();
            let browser = (browser, asker.request_id);
            Visit::new(browser, &scheme, place, names, request, self.inject_banner)
        });
        let sending = Sending {
            forwarder: self,
            upstream,
            websocket: admitted.websocket,
            visit,
            permitted: admitted.permitted,
            meter: admitted.meter,
            asker,
        };
        let connection = match sending.upstream.acquire().await {
            Ok(connection) => connection,
            Err(error) => return Err(sending.failed(&error, admitted.completer)),
        };
        let kill = Arc::clone(connection.kill_switch());
        let (pass, flight) = match admitted.gate.enter(kill).await {
            Ok(passed) => passed,
            Err(refusal) => return Err(admitted.completer.refuse(refusal)),
        };
        sending
            .send(admitted.body, connection, pass, flight, admitted.completer)
            .await
    }
}
