//! Finds the support session of a request: by its bearer token or, at a session's host, by its
//! cookie.

mod caller;

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

pub(crate) use self::caller::{Browser, Caller};
use crate::{
    answers::Trouble,
    arrival::Arrival,
    browser::{Browsers, cookies},
    gate::lease::Lease,
    ports::{Sessions, StoreUnavailable},
    telemetry::{self, LogLimit},
    token::{Token, TokenKind},
};

/// Takes the support token from a request's header.
///
/// An `Authorization` field with the scheme `Bearer` (RFC 6750 §2.1), the scheme in any case (RFC
/// 9110 §11.1). Tokens in queries and bodies are not looked for. Of several fields the first with a
/// support token counts: the request is refused, but recorded in that token's session.
pub(crate) fn support_token(headers: &HeaderMap) -> Option<Token> {
    headers.get_all(AUTHORIZATION).iter().find_map(token_of)
}

fn token_of(value: &HeaderValue) -> Option<Token> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = Token::parse(token).ok()?;
    (scheme.eq_ignore_ascii_case("bearer") && token.kind() == TokenKind::SupportSession)
        .then_some(token)
}

/// Finds support sessions by the credentials of requests.
pub(crate) struct Authenticator {
    pub(crate) sessions: Arc<dyn Sessions>,
    /// How tenants are opened in browsers, if configured.
    pub(crate) browsers: Option<Arc<Browsers>>,
    /// How long to wait for the store's answer.
    pub(crate) patience: Duration,
    /// Limits the log lines about requests without a known session.
    pub(crate) unknown: LogLimit,
}

impl Authenticator {
    /// Finds the support session of a request.
    ///
    /// # Errors
    ///
    /// The answer for the client if there is none, or if the store does not answer.
    pub(crate) async fn authenticate(
        &self,
        arrival: &Arrival,
        lease: &Lease,
    ) -> Result<Caller, Trouble> {
        let browsers = self.browsers_of(arrival);
        let found = tokio::time::timeout(self.patience, self.find(arrival, browsers));
        let found = lease.while_held(found).await;
        let found = found.and_then(Result::ok).and_then(Result::ok);
        if let Some(caller) = found.ok_or_else(Trouble::unavailable)? {
            return Ok(caller);
        }
        telemetry::unknown_token();
        if let Some(held_back) = self.unknown.pass(arrival.at) {
            tracing::warn!(
                request.id = %arrival.request_id,
                client.ip = %arrival.ip,
                held_back,
                "gateway request without a valid support token"
            );
        }
        let at_entry = browsers.is_some_and(|browsers| browsers.label(&arrival.headers).is_some());
        Err(match at_entry {
            true => not_open(arrival),
            false => Trouble::unauthenticated(),
        })
    }

    /// Finds the session of a browser's request to the gateway itself, with the same checks. Such a
    /// request counts in no limit, and does not postpone the end for idleness.
    pub(crate) async fn browser(
        &self,
        arrival: &Arrival,
        lease: &Arc<Lease>,
    ) -> Result<Browser, Trouble> {
        if !lease.held_soon().await {
            return Err(Trouble::unavailable());
        }
        let caller = self.authenticate(arrival, lease).await?;
        if let Err(denied) = arrival.request() {
            return Err(Trouble::from(denied).closing());
        }
        caller.check_use(arrival)?;
        caller.browser.ok_or_else(|| not_open(arrival))
    }

    /// Browsers only use the listener. A proxy's check has no session host.
    fn browsers_of(&self, arrival: &Arrival) -> Option<&Browsers> {
        let browsers = self.browsers.as_deref();
        browsers.filter(|_| arrival.profile.is_none())
    }

    /// Finds the session by the credential for this address. Only if there is none, by a credential
    /// for another address.
    async fn find(
        &self,
        arrival: &Arrival,
        browsers: Option<&Browsers>,
    ) -> Result<Option<Caller>, StoreUnavailable> {
        let headers = &arrival.headers;
        let label = browsers.and_then(|browsers| browsers.label(headers));
        let by_cookie = match browsers.zip(cookies::session(headers)) {
            Some((browsers, token)) => {
                let found = browsers.sessions.lookup(*token.hash().as_bytes()).await?;
                found.map(|found| Caller::by_cookie(found, label.as_ref(), &browsers.hosts))
            }
            None => None,
        };
        if label.is_some() && by_cookie.is_some() {
            return Ok(by_cookie);
        }
        let Some(token) = support_token(headers) else {
            return Ok(by_cookie);
        };
        let by_token = self.sessions.lookup(*token.hash().as_bytes()).await?;
        let by_token = by_token.map(|session| Caller::by_token(session, label.is_some()));
        Ok(by_token.or(by_cookie))
    }
}

/// The response to a browser without a session's cookie.
fn not_open(arrival: &Arrival) -> Trouble {
    if arrival.has_two_credentials() {
        let detail = "Send only one Authorization header or session cookie.";
        return Trouble::new(400, "malformed_request", detail).closing();
    }
    let detail = "This tenant isn't open in this browser. Choose Enter tenant on the support \
                  session's page in Support Console.";
    Trouble::new(401, "not_open", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    fn token(kind: TokenKind) -> String {
        Token::generate(kind, &SeededEntropy::new(3))
            .expose()
            .into()
    }

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_in_any_case_of_the_scheme_is_taken() {
        let token = token(TokenKind::SupportSession);
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let found = support_token(&headers(&[&format!("{scheme} {token}")]));
            assert_eq!(found.unwrap().expose(), token);
        }
    }

    #[test]
    fn of_several_fields_the_first_support_token_tells_whose_request_is_refused() {
        let token = token(TokenKind::SupportSession);
        let bearer = format!("Bearer {token}");
        let bearer = bearer.as_str();
        for values in [
            [bearer, bearer],
            [bearer, "Basic YTpi"],
            ["Basic YTpi", bearer],
        ] {
            assert_eq!(support_token(&headers(&values)).unwrap().expose(), token);
        }
    }

    #[test]
    fn everything_else_is_nobody() {
        let token = token(TokenKind::SupportSession);
        let key = format!("Bearer {}", self::token(TokenKind::PlatformKey));
        for values in [
            vec![],
            vec![token.clone()],
            vec!["Bearer".into()],
            vec!["Bearer ".into()],
            vec![key],
            vec![format!("Bearer  {token}")],
            vec![format!("Bearer {token} ")],
            vec![format!("Bearer {token},Bearer {token}")],
            vec![format!("Basic {token}")],
            vec![format!("Bearer\t{token}")],
        ] {
            let refs: Vec<_> = values.iter().map(String::as_str).collect();
            assert!(support_token(&headers(&refs)).is_none(), "{values:?}");
        }
    }
}
