//! Sends a recorded request upstream, once, and relays the answer.

pub(crate) mod body;
pub mod identities;
pub(crate) mod identity;
mod tunnel;
pub(crate) mod upstream;
pub(crate) mod upstreams;

use std::sync::Arc;

use app::domain::{RequestId, access_log::RequestOutcome};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    upgrade::OnUpgrade,
};

use self::{
    body::{Answer, BodyFault, BodySource, Relay, RelayBody, RequestBody, RequestMeter},
    tunnel::Tunnel,
    upstream::{Connection, Upstream, UpstreamError},
};
use crate::{
    answers::Trouble,
    arrival::{client::Client, websocket::Handshake},
    browser::Visit,
    gate::{Flight, Pass, RequestHandle},
    headers,
    judge::{Denied, Permitted},
    ports::Ended,
    proxy::Gateway,
    record::completer::Completer,
};

/// Why a permitted request can't be put into HTTP.
#[derive(Debug, thiserror::Error)]
enum Unbuildable {
    #[error("its host or target can't be written")]
    Http(#[from] http::Error),
    #[error("its identity can't be signed")]
    Identity(#[from] serde_json::Error),
}

/// Where a permitted request goes, and what for.
pub(super) struct Way {
    pub(super) upstream: Arc<Upstream>,
    pub(super) websocket: Option<Handshake>,
    /// What of it is a browser's.
    pub(super) visit: Option<Visit>,
}

/// A recorded request on its way.
pub(super) struct Forward<'g> {
    pub(super) gateway: &'g Gateway,
    pub(super) way: Way,
    pub(super) permitted: Permitted,
    pub(super) request_id: RequestId,
    pub(super) meter: Arc<RequestMeter>,
    pub(super) client: &'g Client,
    /// Gives the client's connection away once it is told of another protocol.
    pub(super) on_upgrade: Option<OnUpgrade>,
}

impl Forward<'_> {
    /// Connects, passes the gate, sends, and gives back the answer as it streams.
    pub(super) async fn run(
        self,
        body: BodySource,
        gate: RequestHandle,
        completer: Completer,
    ) -> Result<Response<Answer>, Trouble> {
        let connection = match self.way.upstream.acquire().await {
            Ok(connection) => connection,
            Err(error) => return Err(self.failed(&error, completer)),
        };
        let kill = Arc::clone(connection.kill_switch());
        let session = self.permitted.session();
        let (pass, flight) = match self.gateway.admission.enter(session, gate, kill).await {
            Ok(passed) => passed,
            Err(refusal) => {
                completer.refuse(refusal);
                return Err(Trouble::after_record(refusal));
            }
        };
        self.send(body, connection, pass, flight, completer).await
    }

    async fn send(
        mut self,
        body: BodySource,
        mut connection: Connection,
        pass: Pass,
        flight: Flight,
        mut completer: Completer,
    ) -> Result<Response<Answer>, Trouble> {
        let request = match self.request(body) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(request.id = %self.request_id, error = %error, "a permitted request can't be built");
                completer.answered(500);
                completer.finish(RequestOutcome::Failed);
                return Err(Trouble::new(
                    500,
                    "internal",
                    "The request can't be forwarded.",
                ));
            }
        };
        let first_byte = self.way.upstream.timeouts().first_byte;
        let cut = flight.cut().clone();
        let lease = Arc::clone(flight.lease());
        let sent = tokio::select! {
            biased;
            () = cut.cancelled() => None,
            sent = async {
                let sent = connection.send(request, pass, first_byte, &self.meter).await;
                // Without a lease not even the head is relayed.
                if sent.is_ok() {
                    lease.held().await;
                }
                sent
            } => Some(sent),
        };
        match sent {
            Some(Ok(response)) if !cut.is_cancelled() => {
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    return self.tunnel(response, connection, flight, completer);
                }
                Ok(self.relay(response, connection, flight, completer))
            }
            Some(Err(error)) if !cut.is_cancelled() && lease.is_held() => {
                Err(match self.meter.fault() {
                    Some(fault) => broken_off(fault, completer),
                    None => self.failed(&error, completer),
                })
            }
            _ if flight.ended().is_none() && !lease.is_held() => {
                let trouble = Trouble::unavailable().closing();
                completer.answered(trouble.status);
                completer.finish(RequestOutcome::Cut);
                Err(trouble)
            }
            _ => {
                // The connection is dropped, and with it what the upstream still wants to say.
                let refusal = flight.ended().unwrap_or(Ended::Revoked).refusal();
                completer.answered(refusal.status());
                completer.finish(RequestOutcome::Cut);
                Err(Trouble::from(Denied::plain(refusal)).closing())
            }
        }
    }

    /// The request as the upstream gets it. Its identity is signed here, as late as can be.
    fn request(&self, body: BodySource) -> Result<Request<RequestBody>, Unbuildable> {
        let headers = self.way.upstream.headers();
        let permitted = self.permitted.request();
        let host = self.way.upstream.host_for(&self.permitted);
        let host = HeaderValue::from_str(host).map_err(http::Error::from)?;
        let has_body = !body.is_end_stream();
        let idle = self.way.upstream.timeouts().request_idle;
        let lease = Arc::clone(self.gateway.admission.gates.lease());
        let (meter, headers_) = (Arc::clone(&self.meter), Arc::clone(headers));
        let body = RequestBody::new(body, meter, headers_, idle, lease);
        let mut request = Request::new(body);
        *request.method_mut() = permitted.method.clone();
        *request.uri_mut() = permitted
            .target
            .as_str()
            .parse::<Uri>()
            .map_err(http::Error::from)?;
        *request.headers_mut() = headers.forwarded(
            &permitted.headers,
            self.permitted.session(),
            self.request_id,
            &host,
        );
        if let Some(visit) = &self.way.visit {
            let jars = self.gateway.admission.gates.jars();
            let now = self.gateway.admission.clock.now();
            visit.ask(request.headers_mut(), permitted, jars, now);
        }
        let identity =
            self.gateway
                .identity(&self.permitted, &self.way.upstream, self.request_id)?;
        request.headers_mut().insert(headers::IDENTITY, identity);
        if let Some(websocket) = &self.way.websocket {
            websocket.ask(request.headers_mut());
        }
        if has_body && !request.headers().contains_key(header::CONTENT_LENGTH) {
            // HTTP/2 frames need no length; the library would leave out a body of unknown length.
            let chunked = HeaderValue::from_static("chunked");
            request
                .headers_mut()
                .insert(header::TRANSFER_ENCODING, chunked);
        }
        Ok(request)
    }

    fn relay(
        &self,
        response: Response<Incoming>,
        connection: Connection,
        flight: Flight,
        mut completer: Completer,
    ) -> Response<Answer> {
        let (parts, body) = response.into_parts();
        completer.answered(parts.status.as_u16());
        flight.attach_client(self.client.kill.clone());
        let relay = Relay {
            completer,
            flight,
            connection,
            upstream: Arc::clone(&self.way.upstream),
            request: Arc::clone(&self.meter),
        };
        let body = RelayBody::new(body, relay);
        let headers = headers::answered(&parts.headers, self.request_id);
        if let Some(visit) = &self.way.visit {
            self.keep_cookies(visit, &parts.headers);
            return visit.answer(parts.status, headers, body);
        }
        let mut answer = Response::new(Answer::Relayed(Box::new(body)));
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = headers;
        answer
    }

    fn keep_cookies(&self, visit: &Visit, headers: &HeaderMap) {
        let jars = self.gateway.admission.gates.jars();
        let now = self.gateway.admission.clock.now();
        visit.keep(headers, self.permitted.request(), jars, now);
    }

    /// The upstream has changed the protocol: to the one that was asked for, or not at all.
    fn tunnel(
        &mut self,
        mut response: Response<Incoming>,
        connection: Connection,
        flight: Flight,
        mut completer: Completer,
    ) -> Result<Response<Answer>, Trouble> {
        let asked = self.way.websocket.take().zip(self.on_upgrade.take());
        let opened = match asked {
            Some((websocket, client)) => websocket
                .answered(response.headers())
                .map(|told| (told, client))
                .map_err(UpstreamError::NotOpened),
            None => Err(UpstreamError::Switched),
        };
        let (mut told, client) = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(self.failed(&error, completer)),
        };
        if let Some(visit) = &self.way.visit {
            self.keep_cookies(visit, response.headers());
        }
        headers::set_request_id(&mut told, self.request_id);
        completer.answered(StatusCode::SWITCHING_PROTOCOLS.as_u16());
        flight.attach_client(self.client.kill.clone());
        let tunnel = Tunnel {
            client,
            upstream: hyper::upgrade::on(&mut response),
            connection,
            flight,
            completer,
            request: Arc::clone(&self.meter),
            kill: self.client.kill.clone(),
            idle: self.way.upstream.timeouts().idle,
            clock: Arc::clone(&self.gateway.admission.clock),
        };
        self.client.tunnels.spawn(tunnel.run());
        let mut answer = Response::new(Answer::Ours(Full::default()));
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *answer.headers_mut() = told;
        Ok(answer)
    }

    fn failed(&self, error: &UpstreamError, mut completer: Completer) -> Trouble {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(
            request.id = %self.request_id,
            upstream = self.way.upstream.name(),
            error = %error,
            cause = cause.unwrap_or_default(),
            advice = error.advice(),
            "the upstream failed"
        );
        completer.answered(error.status());
        completer.finish(RequestOutcome::Failed);
        let detail = match error.status() {
            504 => "The upstream did not answer in time.",
            _ => "The upstream can't be reached or broke off.",
        };
        Trouble::new(error.status(), "upstream_failed", detail)
    }
}

/// The client's fault: what the upstream has got of the request was never whole.
fn broken_off(fault: BodyFault, mut completer: Completer) -> Trouble {
    completer.answered(fault.status());
    completer.finish(RequestOutcome::Cut);
    Trouble::new(fault.status(), "malformed_request", fault.to_string()).closing()
}
