//! The platform's client of the public REST API, which is the demo's only way to tell the console
//! anything.

use std::{net::SocketAddr, time::Duration};

use app::{
    domain::telemetry::{IngestReport, RequestRecord},
    identity::KEY_SET_PATH,
};
use futures::{StreamExt, TryStreamExt};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::DemoError;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// How many registrations run at once.
const AT_ONCE: usize = 24;
/// How many records go into one batch.
pub(super) const BATCH: usize = 8_000;

/// The public REST API, with the platform's key.
#[derive(Clone)]
pub(super) struct Api {
    http: reqwest::Client,
    base: String,
    key: SecretString,
}

/// An item for a path of the API.
pub(super) struct Put<T> {
    /// Below `/api/v1/`.
    pub(super) path: String,
    pub(super) body: T,
}

impl Api {
    /// The API of the console at `address`, whose public address is `http://localhost:…`.
    pub(super) fn new(address: SocketAddr, key: SecretString) -> Result<Self, DemoError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .resolve("localhost", address)
            .timeout(REQUEST_TIMEOUT)
            .build()?;
        Ok(Self {
            http,
            base: format!("http://localhost:{}/api/v1", address.port()),
            key,
        })
    }

    pub(super) fn key_set_url(&self) -> String {
        let console = self.base.trim_end_matches("/api/v1");
        format!("{console}{KEY_SET_PATH}")
    }

    pub(super) fn http(&self) -> reqwest::Client {
        self.http.clone()
    }

    /// Puts all items, several at once.
    pub(super) async fn put_all<T: Serialize>(
        &self,
        all: impl IntoIterator<Item = Put<T>>,
    ) -> Result<(), DemoError> {
        futures::stream::iter(all)
            .map(|put| self.put(put))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    pub(super) async fn put<T: Serialize>(&self, put: Put<T>) -> Result<(), DemoError> {
        let request = self.request(Method::PUT, &put.path).json(&put.body);
        answered(request, &put.path).await.map(drop)
    }

    /// Sends a batch of telemetry. The same key counts once, however often it is sent.
    pub(super) async fn send(
        &self,
        records: &[RequestRecord],
        idempotency_key: &str,
    ) -> Result<(), DemoError> {
        let request = self
            .request(Method::POST, "requests")
            .header("idempotency-key", idempotency_key)
            .json(records);
        let report: IngestReport = answered(request, "requests").await?.json().await?;
        if let Some(rejected) = report.rejected.first() {
            tracing::warn!(
                rejected = report.rejected.len(),
                field = rejected.field.as_deref().unwrap_or_default(),
                problem = %rejected.message,
                "the console rejected telemetry of the demo's platform"
            );
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/{path}", self.base);
        self.http
            .request(method, url)
            .bearer_auth(self.key.expose_secret())
    }
}

async fn answered(request: RequestBuilder, path: &str) -> Result<reqwest::Response, DemoError> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let answer = response.text().await.unwrap_or_default();
    Err(DemoError::Refusal {
        path: path.to_owned(),
        status: StatusCode::as_u16(&status),
        answer: answer.chars().take(300).collect(),
    })
}
