//! Plain forms: POST → service → 303, so that every act works without JavaScript, and before the
//! WASM has loaded.
//!
//! A handler reads the form, calls one service, leaves a flash, and redirects to the page that
//! shows it. It decides nothing. The server functions call the same services.

pub(crate) mod dialog;
pub(crate) mod invite_staff;
pub(crate) mod open_tenant;
mod posted;
mod redirect;
pub(crate) mod revoke_selected;
pub(crate) mod rules;
pub(crate) mod saved_views;
pub(crate) mod staff_sessions;
pub(crate) mod tenants;

#[cfg(test)]
mod tests;

use app::{
    domain::{
        caller::{Caller, Context},
        flash::Flash,
        form::Fields,
        problem::{Problem, ProblemCode},
    },
    paths,
    ports::Console,
};
use axum::response::Response;
use http::header::SET_COOKIE;

use self::{
    posted::Typed,
    redirect::{see_other, sign_in_first, with_flash},
};
use crate::{
    middleware::{cookie, same_origin::SameOrigin},
    services::{
        flash::Flashes, staff_sessions::StaffSessions, support_sessions::SupportSessionsService,
    },
};

/// The services that handlers of plain forms call.
#[derive(Clone)]
pub struct Forms {
    /// The services for the user interface.
    pub console: Console,
    /// Signing in and out.
    pub staff_sessions: StaffSessions,
    /// Opening tenants in browsers.
    pub support_sessions: SupportSessionsService,
    /// The console's own origin.
    pub same_origin: SameOrigin,
    /// Stores flashes. `console.flash` takes them from the same place.
    pub flashes: Flashes,
}

impl Forms {
    /// Back to `page` with what was done, or with why not and what was typed; through the sign-in if that is what lacks.
    async fn answer(
        &self,
        context: &Context,
        page: &str,
        done: Result<Flash, Problem>,
        typed: Typed,
    ) -> Response {
        match done {
            Ok(flash) => self.tell(context, page, flash),
            Err(problem) if problem.code == ProblemCode::Unauthenticated => {
                self.keep_typed(context, page, typed).await
            }
            Err(problem) => self.refuse(context, page, problem, typed.kept),
        }
    }

    /// Back to `page`, which tells what was done.
    fn tell(&self, context: &Context, page: &str, flash: Flash) -> Response {
        let id = self.flashes.leave(context, flash);
        see_other(&with_flash(page, &id))
    }

    /// To the sign-in, and from there back to `page` with what was typed: for the person whose sign-in the form came with. If
    /// the browser has lost its cookie, for the person for whom the page was made.
    async fn keep_typed(
        &self,
        context: &Context,
        page: &str,
        Typed {
            kept: input,
            sign_in,
            person,
        }: Typed,
    ) -> Response {
        // Somebody has signed in meanwhile, in another tab.
        if matches!(context.caller, Caller::Staff(_)) {
            return self.tell(context, page, Flash::Typed { input });
        }
        let holder = match (person, sign_in) {
            (None, Some(token)) => self.staff_sessions.holder_of(&token).await.unwrap_or(None),
            (person, _) => person,
        };
        let mut response = sign_in_first(page);
        if let Some(holder) = holder.filter(|_| !input.is_empty()) {
            let token = self.flashes.keep_typed(holder, page, input);
            let kept = cookie::TYPED.keep(&token);
            kept.map(|kept| response.headers_mut().append(SET_COOKIE, kept));
        }
        response
    }

    /// Back to `page`, which tells why not, with what was typed; or to where the way leads first.
    fn refuse(
        &self,
        context: &Context,
        page: &str,
        mut problem: Problem,
        input: Fields,
    ) -> Response {
        match problem.code {
            ProblemCode::Unauthenticated => sign_in_first(page),
            ProblemCode::PasswordChangeRequired => see_other(paths::PASSWORD),
            _ => {
                problem.request_id.clone_from(&context.origin.request_id);
                self.tell(context, page, Flash::Refused { problem, input })
            }
        }
    }
}
