//! A request past the gate, while a handler serves it.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use app::domain::{
    RequestId,
    access_log::{Refusal, RequestOutcome},
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::Either;
use tower::Service;

use super::body::{GuardedAnswer, GuardedBody, OwnWords};
use crate::{
    answers::Trouble,
    gate::{Flight, Pass, kill::KillSwitch},
    headers,
    record::{completer::Completer, meter::RequestMeter, watched::WatchedBody},
};

/// Statuses without a body, whatever a handler returns (RFC 9110 §6.4.1).
const NEVER_A_BODY: [StatusCode; 2] = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];

/// A request that is past the gate.
pub(super) struct Entered<B> {
    pub(super) request: Request<GuardedBody<B>>,
    pub(super) request_id: RequestId,
    pub(super) pass: Pass,
    pub(super) flight: Flight,
    pub(super) kill: Arc<KillSwitch>,
    pub(super) completer: Completer,
    pub(super) meter: Arc<RequestMeter>,
}

/// The result of a handler's request.
enum Served<R, E> {
    Answered(Response<R>),
    Failed(E),
    /// The session ended, or this node may no longer serve.
    Cut,
}

impl<B> Entered<B> {
    /// Serves it, and returns the answer as it streams.
    pub(super) async fn serve<S, R>(
        self,
        service: &mut S,
    ) -> Result<Response<GuardedAnswer<R>>, S::Error>
    where
        S: Service<Request<GuardedBody<B>>, Response = Response<R>>,
        R: Body<Data = Bytes>,
    {
        let Self {
            request,
            request_id,
            pass,
            flight,
            kill,
            mut completer,
            meter,
        } = self;
        let is_head = request.method() == Method::HEAD;
        if !pass.is_good() {
            let trouble = completer.refuse(Refusal::RecordUnavailable);
            return Ok(ours(&trouble, request_id));
        }
        let response = match begin(service.call(request), pass, &kill, &flight).await {
            Served::Answered(response) => response,
            Served::Failed(error) => {
                completer.finish(RequestOutcome::Failed);
                return Err(error);
            }
            Served::Cut => return Ok(ours(&completer.cut(&flight), request_id)),
        };
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            let detail = "The response would switch protocols, which isn't allowed in support \
                          sessions here.";
            let trouble = Trouble::new(502, "upstream_failed", detail);
            let trouble = completer.tell(RequestOutcome::Failed, trouble);
            return Ok(ours(&trouble, request_id));
        }
        completer.answered(status.as_u16());
        let mut response = if is_head || NEVER_A_BODY.contains(&status) {
            completer.finish(RequestOutcome::Done);
            without_body(response)
        } else {
            response.map(|body| {
                let watched = WatchedBody::new(body, completer, flight, meter, |_| {});
                Either::Right(Either::Right(Box::new(watched)))
            })
        };
        headers::answered_here(response.headers_mut(), request_id);
        Ok(response)
    }
}

/// An answer of which the client gets only the head. Its body is dropped here, because not every
/// HTTP library does that, and it would be sent after the request's completion.
fn without_body<R: Body>(response: Response<R>) -> Response<GuardedAnswer<R>> {
    let (mut parts, body) = response.into_parts();
    // An empty body says nothing: the handler may have left the real one out already.
    if let Some(length @ 1..) = body.size_hint().exact()
        && !NEVER_A_BODY.contains(&parts.status)
    {
        let entry = parts.headers.entry(header::CONTENT_LENGTH);
        entry.or_insert_with(|| HeaderValue::from(length));
    }
    Response::from_parts(parts, Either::Left(OwnWords::none()))
}

/// An answer of our own.
pub(super) fn ours<R>(trouble: &Trouble, request_id: RequestId) -> Response<GuardedAnswer<R>> {
    let response = trouble.to_response(Some(request_id));
    response.map(|body| Either::Left(OwnWords::new(body)))
}

/// Runs a handler until it has answered, or its session ends.
async fn begin<F, R, E>(serving: F, pass: Pass, kill: &KillSwitch, flight: &Flight) -> Served<R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    let (cut, lease) = (flight.cut(), flight.lease());
    let mut serving = pin!(serving);
    let mut pass = Some(pass);
    let begun = poll_fn(|cx| match pass.take() {
        Some(pass) => first_poll(serving.as_mut(), cx, pass, kill),
        None => serving.as_mut().poll(cx).map(Some),
    });
    let served = tokio::select! {
        biased;
        () = cut.cancelled() => None,
        () = kill.killed().cancelled() => None,
        served = async {
            let served = begun.await;
            // Without a lease not even the head is returned.
            lease.held().await;
            served
        } => served,
    };
    match served {
        _ if cut.is_cancelled() => Served::Cut,
        Some(Ok(response)) => Served::Answered(response),
        Some(Err(error)) => Served::Failed(error),
        None => Served::Cut,
    }
}

/// Polls a handler for the first time, unless the session has ended. A revocation that no longer
/// waits for requests inside the gate either waits at the switch until this poll is over, or is
/// noticed here. The pass is held until then.
fn first_poll<F: Future>(
    serving: Pin<&mut F>,
    cx: &mut Context<'_>,
    pass: Pass,
    kill: &KillSwitch,
) -> Poll<Option<F::Output>> {
    let begun = kill.unless_dead(|| {
        pass.sent();
        serving.poll(cx)
    });
    begun.map_or(Poll::Ready(None), |polled| polled.map(Some))
}
