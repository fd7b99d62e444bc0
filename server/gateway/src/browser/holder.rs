//! Responds to the banner's requests in the name of a session's holder.

use std::{sync::Arc, time::Duration};

use app::domain::RequestId;
use http::{Response, StatusCode, header};

use super::{
    Browsers,
    banner::{self, Shown, Wanted},
    cookies, fetch_metadata, page,
};
use crate::{
    answers::{self, Answer, Trouble},
    arrival::Arrival,
    authenticate::{Authenticator, Browser},
    gate::lease::Lease,
    ports::{EndAsked, StoreUnavailable},
};

const OVER: &str = "The support session has ended in every browser.";

impl Browsers {
    /// Answers a page of a session's host. Not recorded, because nothing is sent upstream.
    pub(crate) async fn holder_answer(
        &self,
        authenticator: &Authenticator,
        lease: &Arc<Lease>,
        arrival: &Arrival,
        (wanted, page): (Wanted, Option<RequestId>),
    ) -> Result<Response<Answer>, Trouble> {
        let browser = authenticator.browser(arrival, lease).await?;
        let request_id = arrival.request_id;
        if let Some(refused) = wanted.refused(&arrival.method, request_id) {
            return Ok(
                match (wanted, fetch_metadata::is_navigation(&arrival.headers)) {
                    (Wanted::End, true) => page::end(&self.console, request_id).map(Answer::Ours),
                    _ => refused,
                },
            );
        }
        match wanted {
            Wanted::Script => Ok(banner::script(request_id)),
            Wanted::Session => self.describe(&browser, arrival, page).await,
            Wanted::End => self.end(&browser, arrival).await,
        }
    }

    async fn describe(
        &self,
        browser: &Browser,
        arrival: &Arrival,
        page: Option<RequestId>,
    ) -> Result<Response<Answer>, Trouble> {
        let session = &browser.session;
        let origins = page.map(|page| self.pages.stands(session.id, page));
        let card = within(self.patience, self.held.card(session.id)).await?;
        let card = card.ok_or_else(Trouble::unauthenticated)?;
        let shown = Shown {
            session,
            card: &card,
            refusals: self.refusals.of(session.id),
            upstream_origins: origins.unwrap_or_default(),
            without: self.pages.unbannered(session.id, arrival.at),
            now: arrival.at,
            console: &self.console,
        };
        Ok(banner::session(shown, arrival.request_id))
    }

    async fn end(&self, browser: &Browser, arrival: &Arrival) -> Result<Response<Answer>, Trouble> {
        let asked = EndAsked {
            support_session_id: browser.session.id,
            request_id: arrival.request_id,
            ip: arrival.ip,
            user_agent: arrival.user_agent(),
        };
        within(self.patience, self.held.end(asked)).await?;
        let mut response = if fetch_metadata::is_navigation(&arrival.headers) {
            let (title, console) = ("Support session ended", &self.console);
            page::titled(StatusCode::OK, title, OVER, console, arrival.request_id).map(Answer::Ours)
        } else {
            let body = serde_json::json!({ "status": "ended" });
            answers::ours(StatusCode::OK, &body, arrival.request_id)
        };
        let fields = response.headers_mut();
        if let Some(forgotten) = cookies::SESSION.forget() {
            fields.append(header::SET_COOKIE, forgotten);
        }
        fields.insert(answers::CLEARED.0, answers::CLEARED.1);
        Ok(response)
    }
}

async fn within<T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, StoreUnavailable>>,
) -> Result<T, Trouble> {
    let answered = tokio::time::timeout(patience, asked).await;
    let answered = answered.unwrap_or(Err(StoreUnavailable));
    answered.map_err(|_| {
        let detail = "The data store doesn't respond. The support session may still be active. \
                      Try again.";
        Trouble::new(503, "unavailable", detail)
    })
}
