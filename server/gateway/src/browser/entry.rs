//! How a browser comes by a session's cookie.
//!
//! 1. [`OPEN_PATH`](super::OPEN_PATH) gives it a state, and sends it to the console with the state's
//!    hash.
//! 2. The console finds out who it is, and sends it back with a code that is bound to that hash.
//! 3. `/.support-console/enter` takes code and state, once, and gives it the cookie.
//!
//! The code is the one secret that is ever in a URL: it holds for 60 seconds, works in one browser
//! only, and is dead before the browser shows anything. It is in no record and no log, since what is
//! below our own prefix is never forwarded, and no page with it has a referrer.

use std::time::Duration;

use app::domain::{RequestId, access_log::Refusal};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

use super::{Browsers, EntryLabel, cookies, fetch_metadata, page};
use crate::{
    answers::{Answer, Trouble},
    arrival::Arrival,
    headers,
    judge::Denied,
    ports::{NewBrowserSession, NotEntered},
    token::{Token, TokenKind},
};

/// Where the console goes on.
const CONSOLE_PATH: &str = "/support/open";

impl Browsers {
    /// Answers what is below our own prefix at a session's host; `rest` is what follows the prefix.
    pub(crate) async fn own_answer(
        &self,
        arrival: &Arrival,
        rest: &[u8],
        label: EntryLabel,
        patience: Duration,
    ) -> Result<Response<Answer>, Trouble> {
        let (path, query) = match rest.iter().position(|b| *b == b'?') {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &[][..]),
        };
        match path {
            b"/open" => {
                check_asked(arrival)?;
                self.open(arrival, &label)
            }
            b"/enter" => {
                check_asked(arrival)?;
                self.enter(arrival, query, label, patience).await
            }
            _ => Err(Trouble::new(404, "not_found", "There is nothing here.")),
        }
    }

    fn open(&self, arrival: &Arrival, label: &EntryLabel) -> Result<Response<Answer>, Trouble> {
        let state = Token::generate(TokenKind::EntryState, &*self.entropy);
        let hash = URL_SAFE_NO_PAD.encode(state.hash().as_bytes());
        let location = format!("{}{CONSOLE_PATH}/{label}?state={hash}", self.console);
        let cookies = [cookies::STATE.keep(&state)];
        see_other(&location, cookies, arrival.request_id)
    }

    async fn enter(
        &self,
        arrival: &Arrival,
        query: &[u8],
        label: EntryLabel,
        patience: Duration,
    ) -> Result<Response<Answer>, Trouble> {
        let code = code(query).ok_or_else(|| not_entered(NotEntered::Code))?;
        let state =
            cookies::state(&arrival.headers).ok_or_else(|| not_entered(NotEntered::Code))?;
        let token = Token::generate(TokenKind::BrowserSession, &*self.entropy);
        let new = NewBrowserSession {
            label,
            code_hash: *code.hash().as_bytes(),
            state_hash: *state.hash().as_bytes(),
            token_hash: *token.hash().as_bytes(),
            request_id: arrival.request_id,
            ip: arrival.ip,
            user_agent: arrival.user_agent(),
            at: arrival.at,
        };
        let entered = tokio::time::timeout(patience, self.sessions.enter(new)).await;
        entered
            .unwrap_or(Err(NotEntered::Unavailable))
            .map_err(not_entered)?;
        let cookies = [cookies::SESSION.keep(&token), cookies::STATE.forget()];
        see_other("/", cookies, arrival.request_id)
    }
}

/// Whether a person has asked for this, in a request that can be read in one way only.
fn check_asked(arrival: &Arrival) -> Result<(), Trouble> {
    arrival
        .request()
        .map_err(|denied| Trouble::from(denied).closing())?;
    // What is fetched ahead may never be shown, and would have used the code up.
    let headers = &arrival.headers;
    let is_asked = arrival.method == Method::GET && fetch_metadata::is_navigation(headers);
    if !is_asked || fetch_metadata::is_ahead(headers) {
        let detail = "A tenant is opened by following the link in a tab of a browser of 2023 or \
                      later.";
        return Err(Trouble::new(403, "not_a_navigation", detail));
    }
    Ok(())
}

/// The code, if the query is exactly that.
fn code(query: &[u8]) -> Option<Token> {
    let code = std::str::from_utf8(query).ok()?.strip_prefix("code=")?;
    let code = Token::parse(code).ok()?;
    (code.kind() == TokenKind::EntryCode).then_some(code)
}

fn not_entered(why: NotEntered) -> Trouble {
    match why {
        NotEntered::Code => {
            let detail = "This way into the tenant has been used, is older than a minute, or was \
                          begun in another browser. Choose Open tenant on the support session's \
                          page once more.";
            Trouble::new(403, "entry_refused", detail)
        }
        NotEntered::Ended(ended) => Denied::plain(ended.refusal()).into(),
        NotEntered::WrongAddress => Denied::plain(Refusal::WrongAddress).into(),
        NotEntered::Unavailable => {
            let detail = "The tenant can't be opened at the moment, since that can't be recorded.";
            Trouble::new(503, "record_unavailable", detail)
        }
    }
}

fn see_other<const N: usize>(
    location: &str,
    cookies: [Option<HeaderValue>; N],
    request_id: RequestId,
) -> Result<Response<Answer>, Trouble> {
    let unwritable = || Trouble::new(500, "internal", "The way on can't be written.");
    let mut response = Response::new(Answer::Ours(Full::default()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    let fields = response.headers_mut();
    let location = HeaderValue::from_str(location).map_err(|_| unwritable())?;
    fields.insert(header::LOCATION, location);
    for cookie in cookies {
        fields.append(header::SET_COOKIE, cookie.ok_or_else(unwritable)?);
    }
    for (name, value) in page::FIELDS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    headers::set_request_id(fields, request_id);
    Ok(response)
}
