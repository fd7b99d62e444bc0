//! The gateway's own responses.

use std::{borrow::Cow, pin::Pin, task::Context};

use app::domain::{RequestId, problem::ProblemDocument};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, SizeHint};
use http_body_util::{Full, combinators::UnsyncBoxBody};

use crate::{
    body::{BodyError, NextFrame},
    browser::page::{self, WayOut},
    gate::lease::{Lease, Standstill},
    headers,
    judge::Denied,
    problem,
};

/// Deletes what pages of the platform stored in this browser. Not the cookies, because browsers
/// would also delete those of sibling hosts (Clear Site Data §3.1).
pub(crate) const CLEARED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"storage\""),
);

/// `Retry-After` when the data store doesn't answer. One that fails over is commonly back by then.
pub(crate) const STORE_SECONDS: u64 = 5;

/// The body of a response to the client.
pub(crate) enum Answer {
    /// Written by us.
    Ours(Full<Bytes>),
    /// From the upstream.
    Relayed(UnsyncBoxBody<Bytes, BodyError>),
}

impl Answer {
    pub(crate) fn relayed(
        body: impl Body<Data = Bytes, Error = BodyError> + Send + 'static,
    ) -> Self {
        Self::Relayed(UnsyncBoxBody::new(body))
    }

    /// Whether it is the gateway's own.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(_))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> NextFrame {
        match self.get_mut() {
            Self::Ours(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Relayed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ours(body) => body.is_end_stream(),
            Self::Relayed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(body) => body.size_hint(),
            Self::Relayed(body) => body.size_hint(),
        }
    }
}

/// A refusal or failure, as sent to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) detail: Cow<'static, str>,
    /// Nothing more on this connection can be trusted.
    pub(crate) close: bool,
    /// After how many seconds trying again makes sense.
    pub(crate) retry_after: Option<u64>,
    /// The links of the page, if a person gets one. Programs get JSON instead.
    pub(crate) page: Option<Box<WayOut>>,
    /// Where the client is redirected.
    pub(crate) location: Option<Box<str>>,
    /// Whether the browser must delete what it has stored for this host.
    pub(crate) forgets: bool,
}

impl Trouble {
    pub(crate) fn new(
        status: u16,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            close: false,
            retry_after: None,
            page: None,
            location: None,
            forgets: false,
        }
    }

    pub(crate) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Shows it on a page, for a person.
    pub(crate) fn on_page(mut self, way_out: WayOut) -> Self {
        self.page = Some(Box::new(way_out));
        self
    }

    pub(crate) fn unauthenticated() -> Self {
        let detail = "Send the access token of a support session: Authorization: Bearer scst_…";
        Self::new(401, "unauthenticated", detail)
    }

    pub(crate) fn unavailable() -> Self {
        let detail = "The request couldn't be recorded, so it was not forwarded.";
        Self::new(503, "record_unavailable", detail).retry_after(STORE_SECONDS)
    }

    /// The node lost its lease while the upstream had the request. Nobody is invited to send that again.
    pub(crate) fn cut_without_lease() -> Self {
        let detail = "This node has lost contact with the data store, so the request was cut off. It may \
                      have reached the upstream.";
        Self::new(503, "record_unavailable", detail)
    }

    /// The answer of a node that may not serve.
    pub(crate) fn without_lease(lease: &Lease) -> Self {
        if lease.standstill() != Some(Standstill::RulesDiffer) {
            return Self::unavailable();
        }
        let detail = "The gateway's nodes have different rules. Requests are refused until all \
                      nodes have the same rules.";
        Self::new(503, "rules_differ", detail)
    }

    pub(crate) fn into_response(self, request_id: RequestId) -> Response<Answer> {
        self.to_response(Some(request_id)).map(Answer::Ours)
    }

    pub(crate) fn to_response(&self, request_id: Option<RequestId>) -> Response<Full<Bytes>> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = match (&self.page, request_id) {
            (Some(way_out), Some(request_id)) => {
                page::refusal(status, (self.code, &self.detail), way_out, request_id)
            }
            _ => self.problem(status, request_id),
        };
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(Ok(location)) = self.location.as_deref().map(HeaderValue::from_str) {
            headers.insert(header::LOCATION, location);
        }
        if self.forgets {
            headers.insert(CLEARED.0, CLEARED.1);
        }
        if self.close {
            let close = HeaderValue::from_static("close");
            headers.insert(header::CONNECTION, close);
        }
        response
    }

    fn problem(&self, status: StatusCode, request_id: Option<RequestId>) -> Response<Full<Bytes>> {
        let mut response = problem::response(&ProblemDocument {
            request_id: request_id.map(|id| id.to_string()),
            retry_after_seconds: self.retry_after,
            ..problem::document(status, self.code, self.detail.clone())
        });
        if let Some(request_id) = request_id {
            headers::set_request_id(response.headers_mut(), request_id);
        }
        response
    }
}

impl From<Denied> for Trouble {
    fn from(denied: Denied) -> Self {
        Self {
            location: denied.location.map(String::into_boxed_str),
            ..Self::new(denied.status, denied.refusal.as_str(), denied.detail)
        }
    }
}

/// A JSON response of the gateway itself.
pub(crate) fn ours(
    status: StatusCode,
    body: &serde_json::Value,
    request_id: RequestId,
) -> Response<Answer> {
    let mut response = problem::json(status, "application/json", body);
    headers::set_request_id(response.headers_mut(), request_id);
    response.map(Answer::Ours)
}
