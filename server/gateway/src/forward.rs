//! Sends a recorded request upstream, once, and relays the answer.

mod from_upstream;
pub mod identities;
mod identity;
mod request_body;
mod sending;
mod tunnel;
pub(crate) mod upstream;
pub(crate) mod upstreams;

use std::sync::Arc;

use app::domain::{RequestId, access_log::Refusal};
use http::{HeaderValue, Response, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};

use self::{identities::Identities, sending::Sending, upstream::Upstream, upstreams::Upstreams};
use crate::{
    admission::Admitted,
    answers::{Answer, Trouble},
    arrival::client::Client,
    browser::{
        EntryHosts,
        jar::Jars,
        visit::{To, Visit},
    },
    clock::Clock,
    gate::lease::Lease,
    judge::{CanonicalRequest, Denied, Permitted},
};

/// Sends what was admitted to its upstream.
pub(crate) struct Forwarder {
    pub(crate) upstreams: Upstreams,
    /// Signs the identity of each request for the upstream.
    pub(crate) identities: Arc<Identities>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) jars: Arc<Jars>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The hosts that support sessions open at in browsers, if they do.
    pub(crate) entry_hosts: Option<EntryHosts>,
    /// The host that requests there are forwarded by.
    pub(crate) own_host: String,
    /// Whether pages in browsers get the banner.
    pub(crate) inject_banner: bool,
}

/// The client's end of a request on its way.
pub(crate) struct Asker<'c> {
    pub(crate) client: &'c Client,
    pub(crate) request_id: RequestId,
    /// The client's connection, which is taken over after a protocol upgrade.
    pub(crate) on_upgrade: Option<OnUpgrade>,
}

impl Forwarder {
    /// The one upstream that serves a request.
    pub(crate) fn upstream_for(&self, request: &CanonicalRequest) -> Result<Arc<Upstream>, Denied> {
        let host = request.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        // A request to a session's host is routed as if it came to our own host.
        let host = match &self.entry_hosts {
            Some(entries) if entries.label_of(host).is_some() => self.own_host.as_str(),
            _ => host,
        };
        self.upstreams
            .choose(host, request.target.path())
            .cloned()
            .ok_or_else(|| Denied::plain(Refusal::NoUpstream))
    }

    /// Signs the identity of a request for the upstream.
    pub(crate) fn identity(
        &self,
        permitted: &Permitted,
        upstream: &Upstream,
        request_id: RequestId,
    ) -> Result<HeaderValue, serde_json::Error> {
        let claims = identity::claims(identity::Of {
            issuer: self.identities.issuer(),
            audience: upstream.identity_audience(),
            permitted,
            request_id,
            now: self.clock.now(),
        });
        self.identities.sign(&claims)
    }

    /// Connects, passes the gate, sends, and gives back the answer as it streams.
    pub(crate) async fn forward(
        &self,
        admitted: Admitted<Incoming, Arc<Upstream>>,
        asker: Asker<'_>,
    ) -> Result<Response<Answer>, Trouble> {
        let upstream = admitted.to;
        let visit = admitted.browser.map(|browser| {
            let to = To {
                scheme: upstream.scheme(),
                authority: upstream.authority().as_str(),
                host: upstream.host_for(&admitted.permitted),
            };
            let request = admitted.permitted.request();
            Visit::new(browser, &to, request, self.inject_banner)
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
