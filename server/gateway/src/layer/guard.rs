//! The checks of the layer before a handler is called.

use std::{net::SocketAddr, sync::Arc};

use app::domain::{RequestId, access_log::Refusal};
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::{HeaderValue, Request, Version, header, request::Parts};
use http_body::Body;
use hyper::upgrade::OnUpgrade;
use ipnet::IpNet;
use tokio::time::Instant;

use super::{
    PeerAddress, address, body::GuardedBody, live_session::LiveSupportSession, serving::Entered,
};
use crate::{
    admission::{Admission, Route},
    answers::Trouble,
    arrival::{
        Arrival,
        client_ip::client_ip,
        raw_head::{RawHead, Schemes},
    },
    body::BodyError,
    gate::kill::KillSwitch,
    headers::{self, RequestHeaders, Sender},
    judge::{CanonicalRequest, Denied, Permitted},
};

/// Decides, records, and takes the session's gate.
pub(super) struct Guard {
    pub(super) admission: Admission,
    pub(super) trusted_proxies: Vec<IpNet>,
    /// Which fields handlers get.
    pub(super) headers: Arc<RequestHeaders>,
}

impl Guard {
    /// Admits a request and passes the gate.
    pub(super) async fn enter<B>(
        &self,
        mut parts: Parts,
        body: B,
        request_id: RequestId,
    ) -> Result<Entered<B>, Trouble>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let arrival = self.arrive(&mut parts, request_id)?;
        let route = |request: &CanonicalRequest| {
            stays_http(request)?;
            let (sender, method, fields) = (Sender::Program, &request.method, &request.headers);
            self.headers.check_meaning(sender, method, fields)?;
            let left_out = self.headers.left_out(sender, fields);
            Ok(Route { to: (), left_out })
        };
        let admitted = self.admission.admit(&arrival, body, route).await?;
        let kill = KillSwitch::new();
        let (pass, flight) = match admitted.gate.enter(Arc::clone(&kill)).await {
            Ok(passed) => passed,
            Err(refusal) => return Err(admitted.completer.refuse(refusal)),
        };
        self.prepare(&mut parts, &admitted.permitted, request_id);
        let live = LiveSupportSession::new(&admitted.permitted, request_id, arrival.ip, &flight);
        live.put_into(&mut parts.extensions);
        let (meter, headers) = (Arc::clone(&admitted.meter), Arc::clone(&self.headers));
        let body = GuardedBody::guarded(admitted.body, meter, headers, &flight);
        Ok(Entered {
            request: Request::from_parts(parts, body),
            request_id,
            pass,
            flight,
            kill,
            completer: admitted.completer,
            meter: admitted.meter,
        })
    }

    fn arrive(&self, parts: &mut Parts, request_id: RequestId) -> Result<Arrival, Trouble> {
        if !address::is_original(&parts.uri, &parts.extensions) {
            let original = address::original(&parts.uri, &parts.extensions);
            tracing::error!(
                served = self.admission.shown_path(parts.uri.path()),
                original = self.admission.shown_path(original.path()),
                "an address was rewritten before the support session layer: put the layer outside"
            );
            return Err(misplaced());
        }
        let Some(peer) = peer(parts) else {
            tracing::error!(
                "the server doesn't provide client addresses, so requests can't be recorded: \
                 serve with into_make_service_with_connect_info, or set PeerAddress"
            );
            return Err(misplaced());
        };
        let head = head(parts);
        Ok(Arrival {
            request_id,
            at: self.admission.clock.now(),
            started: Instant::now(),
            version: parts.version,
            method: parts.method.clone(),
            head,
            ip: client_ip(peer.0, &parts.headers, &self.trusted_proxies),
            headers: parts.headers.clone(),
            profile: None,
            is_carried: false,
            at_entry: false,
        })
    }

    /// Removes from a request what handlers don't get.
    fn prepare(&self, parts: &mut Parts, permitted: &Permitted, request_id: RequestId) {
        self.headers.retain_for_handlers(&mut parts.headers);
        headers::set_request_id(&mut parts.headers, request_id);
        let host = permitted.upstream_host();
        if let Some(host) = host.and_then(|host| HeaderValue::from_str(host).ok()) {
            parts.headers.insert(header::HOST, host);
        }
        address::keep_origin_form(parts);
        // An upgraded connection could be neither recorded nor cut off.
        parts.extensions.remove::<OnUpgrade>();
    }
}

/// The head as the HTTP library shows it, with the client's original address.
fn head(parts: &mut Parts) -> RawHead {
    let original = address::original(&parts.uri, &parts.extensions).clone();
    if parts.version != Version::HTTP_2 {
        let mut head = RawHead::of_parsed(&parts.method, &original, &parts.headers);
        head.take_origin_form(parts.headers.get(header::HOST), Schemes::Either);
        return head;
    }
    let served = std::mem::replace(&mut parts.uri, original);
    // Only the server knows whether the connection was TLS.
    let head = RawHead::of_frames(parts, Schemes::Either);
    parts.uri = served;
    head
}

/// The other end of the connection, if the server says so.
fn peer(parts: &Parts) -> Option<PeerAddress> {
    let axums = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let axums = axums.map(|ConnectInfo(address)| PeerAddress(address.ip()));
    parts.extensions.get().copied().or(axums)
}

/// Refuses upgrades here, even if a rule allows them.
fn stays_http(request: &CanonicalRequest) -> Result<(), Denied> {
    if headers::asks_for_upgrade(&request.headers) {
        return Err(Denied::plain(Refusal::UpgradeRefused));
    }
    Ok(())
}

/// The response if the platform has placed the layer wrongly.
pub(super) fn misplaced() -> Trouble {
    let detail = "This address can't be used in a support session. The server isn't set up for it.";
    Trouble::new(500, "internal", detail)
}
