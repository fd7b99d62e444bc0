//! How a browser gets a session's cookie.
//!
//! 1. [`OPEN_PATH`](super::OPEN_PATH) gives it a state, and sends it to the console with the state's
//!    hash.
//! 2. The console checks who is signed in, and sends the browser back with a code that is bound to
//!    that hash.
//! 3. `/.support-console/enter` accepts code and state together, once, and sets the cookie.
//!
//! The code is the only secret that ever appears in a URL. It is valid for 60 seconds, in one
//! browser, and used up before the browser shows anything. No record or log contains it: requests
//! below our own prefix are never forwarded, and its page sends no referrer.

use std::sync::Arc;

use app::domain::{RequestId, access_log::Refusal};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use tokio_util::sync::CancellationToken;

use super::{Browsers, EntryLabel, cookies, fetch_metadata, page};
use crate::{
    Lease,
    answers::{Answer, STORE_SECONDS, Trouble},
    arrival::Arrival,
    headers,
    judge::Denied,
    ports::{NewBrowserSession, NotEntered, Waits},
    token::{Token, TokenKind},
};

/// The console's path for opening a tenant.
const CONSOLE_PATH: &str = "/support/open";

impl Browsers {
    /// Responds to a request below our own prefix at a session's host. `rest` is the path after the
    /// prefix.
    pub(crate) async fn own_answer(
        &self,
        arrival: &Arrival,
        rest: &[u8],
        label: EntryLabel,
        lease: &Arc<Lease>,
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
                self.enter(arrival, query, label, lease).await
            }
            _ => Err(Trouble::new(404, "not_found", "Page not found.")),
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
        lease: &Arc<Lease>,
    ) -> Result<Response<Answer>, Trouble> {
        let code = code(query).ok_or_else(|| not_entered(NotEntered::Code))?;
        let state =
            cookies::state(&arrival.headers).ok_or_else(|| not_entered(NotEntered::Code))?;
        let token = Token::generate(TokenKind::BrowserSession, &*self.entropy);
        let given_up = CancellationToken::new();
        let _gives_up = given_up.clone().drop_guard();
        let new = NewBrowserSession {
            label,
            code_hash: *code.hash().as_bytes(),
            state_hash: *state.hash().as_bytes(),
            token_hash: *token.hash().as_bytes(),
            request_id: arrival.request_id,
            ip: arrival.ip,
            user_agent: arrival.user_agent(),
            at: arrival.at,
            waits: Waits::new(Arc::clone(lease), given_up),
        };
        let entering = tokio::time::timeout(self.patience, self.sessions.enter(new));
        let entered = lease.while_held(entering).await.and_then(Result::ok);
        entered
            .unwrap_or(Err(NotEntered::Unavailable))
            .map_err(not_entered)?;
        let cookies = [cookies::SESSION.keep(&token), cookies::STATE.forget()];
        see_other("/", cookies, arrival.request_id)
    }
}

/// Checks that a person has asked for this, in a request that has only one reading.
fn check_asked(arrival: &Arrival) -> Result<(), Trouble> {
    arrival
        .well_formed()
        .map_err(|denied| Trouble::from(denied).closing())?;
    // A prefetched page may never be shown, and would use up the code.
    let headers = &arrival.headers;
    let is_asked = arrival.method == Method::GET && fetch_metadata::is_navigation(headers);
    if !is_asked || fetch_metadata::is_ahead(headers) {
        let detail = "To enter a tenant, open the link in a browser tab. The browser must be \
                      from 2023 or later.";
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
            let detail = "This link was already used, is older than a minute or was opened in \
                          another browser. Choose Enter tenant on the support session's page \
                          again.";
            Trouble::new(403, "entry_refused", detail)
        }
        NotEntered::Ended(ended) => Denied::plain(ended.refusal()).into(),
        NotEntered::WrongAddress => Denied::plain(Refusal::WrongAddress).into(),
        NotEntered::Unavailable => {
            let detail = "The tenant can't be opened, because this can't be recorded right now. \
                          Choose Enter tenant on the support session's page again.";
            Trouble::new(503, "record_unavailable", detail).retry_after(STORE_SECONDS)
        }
    }
}

fn see_other<const N: usize>(
    location: &str,
    cookies: [Option<HeaderValue>; N],
    request_id: RequestId,
) -> Result<Response<Answer>, Trouble> {
    let unwritable = || Trouble::new(500, "internal", "The redirect can't be written.");
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
