//! What the gateway says in its own words: problem details (RFC 9457), never cached.

use std::borrow::Cow;

use app::domain::RequestId;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::{
    browser,
    forward::body::Answer,
    gate::lease::{Lease, Standstill},
    headers,
    judge::Denied,
};

/// A refusal or failure as the client is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) detail: Cow<'static, str>,
    /// Nothing more on this connection can be trusted.
    pub(super) close: bool,
    /// After how many seconds trying again makes sense.
    pub(super) retry_after: Option<u64>,
    /// Where the page leads back to that a person is told by; programs are told in JSON.
    pub(super) page: Option<String>,
}

impl Trouble {
    pub(super) fn new(
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
        }
    }

    pub(super) fn closing(self) -> Self {
        Self {
            close: true,
            ..self
        }
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// Told by a page that leads back to `console`.
    pub(super) fn on_page(self, console: String) -> Self {
        Self {
            page: Some(console),
            ..self
        }
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            401,
            "unauthenticated",
            "Send the access token of a support session: Authorization: Bearer scst_…",
        )
    }

    pub(super) fn unavailable() -> Self {
        Self::new(
            503,
            "record_unavailable",
            "The request can't be recorded at the moment, so it was not forwarded.",
        )
    }

    /// Of a node that may not serve.
    pub(super) fn without_lease(lease: &Lease) -> Self {
        match lease.standstill() {
            Some(Standstill::RulesDiffer) => Self::new(
                503,
                "rules_differ",
                "The gateway's nodes have different rules, so nothing is let through until they \
                 have the same.",
            ),
            Some(Standstill::OutOfTouch) | None => Self::unavailable(),
        }
    }

    pub(super) fn into_response(self, request_id: RequestId) -> Response<Answer> {
        self.to_response(request_id).map(Answer::Ours)
    }

    pub(super) fn to_response(&self, request_id: RequestId) -> Response<Full<Bytes>> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = match &self.page {
            Some(console) => browser::page(status, &self.detail, console, request_id),
            None => self.problem(status, request_id),
        };
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn problem(&self, status: StatusCode, request_id: RequestId) -> Response<Full<Bytes>> {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        });
        let mut response = full(status, &body, request_id);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Denied> for Trouble {
    fn from(denied: Denied) -> Self {
        Self::new(denied.status, denied.refusal.as_str(), denied.detail)
    }
}

/// An answer of ours in JSON.
pub(super) fn ours(
    status: StatusCode,
    body: &serde_json::Value,
    request_id: RequestId,
) -> Response<Answer> {
    full(status, body, request_id).map(Answer::Ours)
}

fn full(
    status: StatusCode,
    body: &serde_json::Value,
    request_id: RequestId,
) -> Response<Full<Bytes>> {
    let body = Bytes::from(body.to_string());
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers::set_request_id(headers, request_id);
    response
}
