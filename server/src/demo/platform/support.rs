//! Verifies the platform's support: anyone with an identity that the console has signed for this
//! very request. No plain header, network or shared secret replaces it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::{
    domain::Timestamp,
    identity::{Claims, HEADER, IdentityError, KeySet, Presented, Replays, Verifier},
};
use axum::http::HeaderMap;
use tokio::time::Instant;

use super::ApiError;

/// How long a key set may be cached.
const KEPT: Duration = Duration::from_mins(5);
/// How often an unknown key may make it fetch the set again.
const AGAIN: Duration = Duration::from_secs(3);

/// Checks identities against the keys that the console publishes.
pub(in crate::demo) struct SupportIdentities {
    verifier: Verifier,
    key_set_url: String,
    http: reqwest::Client,
    kept: tokio::sync::Mutex<Option<Kept>>,
    replays: Mutex<Replays>,
}

/// The last fetched key set.
#[derive(Clone)]
struct Kept {
    keys: Arc<KeySet>,
    fetched: Instant,
}

impl SupportIdentities {
    /// For the console `issuer` and the platform's name in identities.
    pub(in crate::demo) fn new(
        issuer: String,
        audience: String,
        key_set_url: String,
        http: reqwest::Client,
    ) -> Self {
        Self {
            verifier: Verifier::new(issuer, audience),
            key_set_url,
            http,
            kept: tokio::sync::Mutex::default(),
            replays: Mutex::default(),
        }
    }

    /// The content of the request's identity; `None` if it has none.
    pub(super) async fn claims(
        &self,
        headers: &HeaderMap,
        request: Presented<'_>,
        now: Timestamp,
    ) -> Result<Option<Claims>, ApiError> {
        if !headers.contains_key(HEADER) {
            return Ok(None);
        }
        let token = super::identity::single(headers, HEADER).ok_or(ApiError::NotOurSupport)?;
        let now = now.timestamp();
        let kept = self.keys(KEPT).await?;
        let mut verified = self.verifier.verify(token, &kept, request, now);
        if verified == Err(IdentityError::UnknownKey) {
            let fresh = self.keys(AGAIN).await?;
            verified = self.verifier.verify(token, &fresh, request, now);
        }
        let claims = verified.map_err(|_| ApiError::NotOurSupport)?;
        let mut replays = self.replays.lock().unwrap_or_else(PoisonError::into_inner);
        if replays.is_first(&claims, self.verifier.leeway(), now) {
            Ok(Some(claims))
        } else {
            Err(ApiError::NotOurSupport)
        }
    }

    /// A key set that was fetched at most this long ago.
    async fn keys(&self, at_most: Duration) -> Result<Arc<KeySet>, ApiError> {
        // Locked during the fetch, so that others wait for the same set.
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| kept.fetched.elapsed() < at_most)
        {
            return Ok(Arc::clone(&kept.keys));
        }
        let keys = Arc::new(self.fetch().await.ok_or(ApiError::NoKeySet)?);
        *kept = Some(Kept {
            keys: Arc::clone(&keys),
            fetched: Instant::now(),
        });
        Ok(keys)
    }

    async fn fetch(&self) -> Option<KeySet> {
        let answer = self.http.get(&self.key_set_url).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let text = match answer {
            Ok(answer) => answer.text().await,
            Err(error) => Err(error),
        };
        match text {
            Ok(text) => KeySet::parse(&text).ok(),
            Err(error) => {
                tracing::warn!(%error, "the sample platform can't fetch the console's key set");
                None
            }
        }
    }

    /// One that already has the keys.
    #[cfg(test)]
    pub(super) fn knowing(issuer: &str, audience: &str, keys: KeySet) -> Self {
        let http = reqwest::Client::new();
        let nowhere = "http://127.0.0.1:1/".to_owned();
        let mut identities = Self::new(issuer.to_owned(), audience.to_owned(), nowhere, http);
        *identities.kept.get_mut() = Some(Kept {
            keys: Arc::new(keys),
            fetched: Instant::now(),
        });
        identities
    }
}
