//! One request on its way upstream, and the answer on its way back.

use std::sync::Arc;

use app::domain::access_log::RequestOutcome;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Body;

use super::{
    Asker, Forwarder,
    from_upstream::{FromUpstream, from_upstream},
    on_request::{self, Wait},
    request_body::RequestBody,
    tunnel::Tunnel,
    upstream::{Connection, Upstream, UpstreamError},
};
use crate::{
    answers::{Answer, Trouble},
    arrival::websocket::Handshake,
    body::BodySource,
    browser::{stored, visit::Visit},
    gate::{Flight, Pass},
    headers::{self, Came, Face, Sender},
    judge::Permitted,
    record::{
        completer::Completer,
        meter::{BodyFault, RequestMeter},
        watched::WatchedBody,
    },
};

/// Why a permitted request can't be sent.
#[derive(Debug, thiserror::Error)]
enum Unbuildable {
    #[error("its host or target can't be written")]
    Http(#[from] http::Error),
    #[error("its identity can't be signed")]
    Identity(#[from] serde_json::Error),
}

/// A recorded request on its way.
pub(super) struct Sending<'f> {
    pub(super) forwarder: &'f Forwarder,
    pub(super) upstream: Arc<Upstream>,
    pub(super) websocket: Option<Handshake>,
    /// The browser's part, if it came from one.
    pub(super) visit: Option<Visit>,
    pub(super) permitted: Permitted,
    pub(super) meter: Arc<RequestMeter>,
    pub(super) asker: Asker<'f>,
}

impl Sending<'_> {
    /// Sends the request and returns the answer as it streams.
    pub(super) async fn send(
        mut self,
        body: BodySource,
        mut connection: Connection,
        pass: Pass,
        flight: Flight,
        completer: Completer,
    ) -> Result<Response<Answer>, Trouble> {
        let request = match self.request(body) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(request.id = %self.asker.request_id, %error, "can't build a \
                                                                              permitted request");
                let detail = "The request can't be forwarded.";
                let trouble = Trouble::new(500, "internal", detail);
                return Err(completer.tell(RequestOutcome::Failed, trouble));
            }
        };
        let timeouts = &self.upstream.settings.timeouts;
        let (first_byte, idle) = (timeouts.first_byte, timeouts.idle);
        let cut = flight.cut().clone();
        let lease = Arc::clone(flight.lease());
        let sent = tokio::select! {
            biased;
            () = cut.cancelled() => None,
            sent = async {
                let response = connection.send(request, pass, first_byte, &self.meter).await?;
                let is_early = !self.meter.has_ended();
                let response = from_upstream(response, idle, is_early).await;
                // Without a lease not even the head is relayed.
                lease.held().await;
                Ok::<_, UpstreamError>(response)
            } => Some(sent),
        };
        match sent {
            Some(Ok(response)) if !cut.is_cancelled() => match response.status() {
                StatusCode::SWITCHING_PROTOCOLS => {
                    self.tunnel(response, connection, flight, completer)
                }
                _ => Ok(self.relay(response, connection, flight, completer)),
            },
            Some(Err(error)) if !cut.is_cancelled() && lease.is_held() => {
                Err(match self.meter.fault() {
                    Some(fault) => broken_off(fault, completer),
                    None => self.failed(&error, completer),
                })
            }
            // The connection is dropped, with everything the upstream still sends.
            _ => Err(completer.cut(&flight)),
        }
    }

    /// The request for the upstream. Its identity is signed here, as late as possible.
    fn request(&self, body: BodySource) -> Result<Request<RequestBody>, Unbuildable> {
        let headers = &self.upstream.settings.headers;
        let permitted = self.permitted.request();
        let face = self.face();
        let host = HeaderValue::from_str(face.host).map_err(http::Error::from)?;
        let has_body = !body.is_end_stream();
        let idle = self.upstream.settings.timeouts.request_idle;
        let lease = Arc::clone(&self.forwarder.lease);
        let sender = match self.visit {
            Some(_) => Sender::Page,
            None => Sender::Program,
        };
        let rules = (sender, Arc::clone(headers));
        let mut body = RequestBody::new(body, Arc::clone(&self.meter), rules, idle, lease);
        let asking = (has_body && on_request::waits(&permitted.headers)).then(|| {
            let (wait, asking) = Wait::new();
            body.wait_for(wait);
            asking
        });
        let mut request = Request::new(body);
        *request.method_mut() = permitted.method.clone();
        let target = permitted.target.as_str().parse::<Uri>();
        *request.uri_mut() = target.map_err(http::Error::from)?;
        let (session, request_id) = (self.permitted.session(), self.asker.request_id);
        let client = (sender, &permitted.headers);
        let mut fields = headers.forwarded(client, session, request_id, &host);
        let ip = self.asker.ip;
        Came { ip, face }.tell(&mut fields);
        if let Some(visit) = &self.visit {
            let jars = &self.forwarder.jars;
            visit.ask(&mut fields, permitted, jars, self.forwarder.clock.now());
            if headers.asks_people() {
                visit.authorize(&mut fields, permitted, jars);
            }
        }
        let forwarder = self.forwarder;
        let identity = forwarder.identity(&self.permitted, &self.upstream, request_id)?;
        fields.insert(headers::IDENTITY, identity);
        if let Some(websocket) = &self.websocket {
            websocket.ask(&mut fields);
        }
        if has_body && !fields.contains_key(header::CONTENT_LENGTH) {
            // HTTP/2 frames need no length. The library would leave out a body of unknown length.
            let chunked = HeaderValue::from_static("chunked");
            fields.insert(header::TRANSFER_ENCODING, chunked);
        }
        *request.headers_mut() = fields;
        if let Some(asking) = asking {
            asking.ask(&mut request);
        }
        Ok(request)
    }

    fn face(&self) -> Face<'_> {
        let session = self.visit.as_ref().map(Visit::origin);
        let scheme = self.forwarder.scheme;
        self.upstream.face(&self.permitted, scheme, session)
    }

    fn relay(
        mut self,
        response: Response<FromUpstream>,
        connection: Connection,
        flight: Flight,
        mut completer: Completer,
    ) -> Response<Answer> {
        let (parts, body) = response.into_parts();
        completer.answered(parts.status.as_u16());
        flight.attach_client(self.asker.client.kill.clone());
        let (upstream, request) = (Arc::clone(&self.upstream), Arc::clone(&self.meter));
        let at_end = move |outcome| {
            // A client that is still sending does so after its request's record is complete, so cut
            // it.
            if outcome == RequestOutcome::Done && request.has_ended() {
                upstream.put_back(connection);
            }
        };
        let body = WatchedBody::new(body, completer, flight, Arc::clone(&self.meter), at_end);
        let headers = headers::answered(&parts.headers, self.asker.request_id);
        self.keep_in_jar(parts.status, &parts.headers);
        if let Some(visit) = &self.visit {
            let kept = self.kept_by_browser(parts.status, &parts.headers);
            let (pages, now) = (&self.forwarder.pages, self.forwarder.clock.now());
            let page = (self.permitted.request(), &**pages, now);
            let mut answer = visit.answer((parts.status, headers), body, page);
            if let Some(seconds) = kept {
                stored::allow(answer.headers_mut(), seconds);
            }
            return answer;
        }
        let mut answer = Response::new(Answer::relayed(body));
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = headers;
        answer
    }

    /// For how many seconds the browser may cache an answer. A cached file counts in no limit.
    fn kept_by_browser(&self, status: StatusCode, headers: &HeaderMap) -> Option<i64> {
        if !self.upstream.settings.keep_static_files {
            return None;
        }
        let (session, request) = (self.permitted.session(), self.permitted.request());
        let now = self.forwarder.clock.now();
        if stored::is_unchanged(request, (status, headers)) {
            // It counts: the answer doesn't say that it is the same for everybody.
            return Some(0);
        }
        let kept = stored::lifetime(request, session, now, (status, headers))?;
        self.forwarder.allowance.give_back(session, now);
        Some(kept)
    }

    fn keep_in_jar(&mut self, status: StatusCode, headers: &HeaderMap) {
        let asks_people = self.upstream.settings.headers.asks_people();
        let jars = &self.forwarder.jars;
        let now = self.forwarder.clock.now();
        if let Some(visit) = &mut self.visit {
            let request = self.permitted.request();
            visit.keep(headers, request, jars, now);
            if asks_people {
                visit.authenticated((status, headers), request, jars, now);
            }
        }
    }

    /// The upstream switched protocols: to the requested one, or without being asked.
    fn tunnel(
        &mut self,
        mut response: Response<FromUpstream>,
        connection: Connection,
        flight: Flight,
        mut completer: Completer,
    ) -> Result<Response<Answer>, Trouble> {
        let asked = self.websocket.take().zip(self.asker.on_upgrade.take());
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
        self.keep_in_jar(response.status(), response.headers());
        headers::set_request_id(&mut told, self.asker.request_id);
        completer.answered(StatusCode::SWITCHING_PROTOCOLS.as_u16());
        connection.becomes_tunnel();
        flight.attach_client(self.asker.client.kill.clone());
        let tunnel = Tunnel {
            client,
            upstream: hyper::upgrade::on(&mut response),
            connection,
            flight,
            completer,
            request: Arc::clone(&self.meter),
            kill: self.asker.client.kill.clone(),
            idle: self.upstream.settings.timeouts.idle,
            clock: Arc::clone(&self.forwarder.clock),
        };
        self.asker.client.tunnels.spawn(tunnel.run());
        let mut answer = Response::new(Answer::Ours(Full::default()));
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *answer.headers_mut() = told;
        Ok(answer)
    }

    /// The upstream did not answer. Returns the answer for the client.
    pub(super) fn failed(&self, error: &UpstreamError, completer: Completer) -> Trouble {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(
            request.id = %self.asker.request_id,
            upstream = self.upstream.settings.name,
            %error,
            cause = cause.unwrap_or_default(),
            advice = error.advice(),
            "the upstream failed"
        );
        let detail = match error.status() {
            504 => "The upstream didn't respond in time.",
            _ => "The upstream can't be reached or closed the connection.",
        };
        let trouble = Trouble::new(error.status(), "upstream_failed", detail);
        completer.tell(RequestOutcome::Failed, trouble)
    }
}

/// The client's fault: the upstream never got the whole request.
fn broken_off(fault: BodyFault, completer: Completer) -> Trouble {
    let trouble = Trouble::new(fault.status(), "malformed_request", fault.to_string());
    completer.tell(RequestOutcome::Cut, trouble.closing())
}
