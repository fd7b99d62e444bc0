//! Who asks: the holder of a key.

use app::domain::{
    caller::{Caller, Context, KeyCaller, Origin},
    policy::unauthenticated,
    problem::{Problem, ProblemCode},
};
use async_trait::async_trait;
use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, header, request::Parts};
use secrecy::SecretString;

use super::{RestState, error::RestProblem};

/// Tells who holds a key.
#[async_trait]
pub trait KeyAuthenticator: Send + Sync {
    /// The holder of this key; `None` for one that is unknown or revoked.
    async fn authenticate(&self, secret: &SecretString) -> Result<Option<KeyCaller>, Problem>;
}

/// Proof that the request carries a living key.
pub(super) struct KeyHolder(pub(super) Context);

impl FromRequestParts<RestState> for KeyHolder {
    type Rejection = RestProblem;

    async fn from_request_parts(parts: &mut Parts, state: &RestState) -> Result<Self, RestProblem> {
        let secret = key_of(&parts.headers)?;
        let key = state.keys.authenticate(&secret).await?;
        let key = key.ok_or_else(unauthenticated)?;
        let origin = parts.extensions.get::<Origin>().cloned();
        Ok(Self(Context {
            caller: Caller::Key(key),
            origin: origin.unwrap_or_default(),
        }))
    }
}

/// The one key of a request.
fn key_of(headers: &HeaderMap) -> Result<SecretString, Problem> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let mut x_api_key = headers.get_all("x-api-key").iter();
    let given = [authorization.next(), x_api_key.next()];
    let more = authorization.next().or(x_api_key.next()).is_some();
    if more {
        return Err(two_keys());
    }
    match given {
        [Some(_), Some(_)] => Err(two_keys()),
        [Some(value), None] => bearer(value).ok_or_else(unauthenticated),
        [None, Some(value)] => visible(value).map(secret).ok_or_else(unauthenticated),
        [None, None] => Err(unauthenticated()),
    }
}

fn two_keys() -> Problem {
    Problem::new(
        ProblemCode::MalformedRequest,
        "Send one key: either in Authorization or in X-API-Key.",
    )
}

/// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
fn bearer(value: &HeaderValue) -> Option<SecretString> {
    let (scheme, token) = visible(value)?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| secret(token.trim()))
}

fn visible(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().filter(|text| !text.is_empty())
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}
