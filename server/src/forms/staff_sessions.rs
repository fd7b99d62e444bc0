//! Signing in, signing out, changing one's own password.

use app::domain::{
    caller::Caller,
    flash::Flash,
    policy::unauthenticated,
    problem::{Problem, ProblemCode},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::SET_COOKIE;

use super::{
    Forms,
    fields::{Fields, Kept},
    redirect::{START, local_path, see_other, sign_in_page, with_flash},
};
use crate::{
    extract::{Asking, Refusal},
    middleware::cookie,
    services::staff_sessions::{NewSignIn, PasswordChange, SignInMethod},
};

const PASSWORD_PAGE: &str = "/account/password";
/// More of an e-mail address is not kept for someone who has not signed in.
const KEPT_MAX: usize = 254;

/// `POST /forms/sign-in`: email, password, next.
pub(super) async fn sign_in(
    State(forms): State<Forms>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let next = local_path(fields.text("next")).unwrap_or(START);
    let signed_in = match fields.only(&["email", "password", "next"], &[]) {
        Err(problem) => Err(problem),
        Ok(()) => {
            let method = SignInMethod::Password {
                email: fields.text("email").to_owned(),
                password: fields.text("password").into(),
            };
            let signed_in = forms.staff_sessions.sign_in(&context, method).await;
            signed_in.map_err(Problem::from)
        }
    };
    match signed_in {
        Ok(new) if new.must_change_password => begin(&new, PASSWORD_PAGE),
        Ok(new) => begin(&new, next),
        Err(mut problem) => {
            problem.request_id.clone_from(&context.origin.request_id);
            let input = shortened(fields.keep(&["email"]));
            let page = sign_in_page(next);
            forms.tell(&context, &page, Flash::Refused { problem, input })
        }
    }
}

/// `POST /forms/sign-out`: everywhere (`on`).
pub(super) async fn sign_out(
    State(forms): State<Forms>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let ended = match read_everywhere(&fields) {
        Err(problem) => Err(problem),
        Ok(everywhere) => {
            let ended = forms.staff_sessions.sign_out(&context, everywhere).await;
            ended.map(|_| everywhere).map_err(Problem::from)
        }
    };
    match ended {
        Ok(everywhere) => {
            let message = if everywhere {
                "You've been signed out everywhere."
            } else {
                "You've been signed out."
            };
            let flash = Flash::Done {
                message: message.into(),
            };
            let id = forms.flashes.leave_signed_out(&context, flash);
            let mut response = see_other(&with_flash("/sign-in", &id));
            if let Some(forgotten) = cookie::forget() {
                response.headers_mut().insert(SET_COOKIE, forgotten);
            }
            response
        }
        // The cookie stays: "signed out" must only be said if it is true.
        Err(mut problem) => {
            problem.request_id = context.origin.request_id;
            Refusal(problem).into_response()
        }
    }
}

/// `POST /forms/change-password`: current, new, repeat.
pub(super) async fn change_password(
    State(forms): State<Forms>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let changed = if matches!(context.caller, Caller::Staff(_)) {
        match fields.only(&["current", "new", "repeat"], &[]) {
            Err(problem) => Err(problem),
            Ok(()) => {
                let change = PasswordChange {
                    current: fields.text("current").into(),
                    new: fields.text("new").into(),
                    repeat: fields.text("repeat").into(),
                };
                let changed = forms.staff_sessions.change_password(&context, change).await;
                changed.map_err(Problem::from)
            }
        }
    } else {
        Err(unauthenticated())
    };
    match changed {
        Ok(new) => {
            let flash = Flash::Done {
                message: "Password changed. You've been signed out everywhere else.".into(),
            };
            let id = forms
                .flashes
                .leave_for_staff_session(new.staff_session_id, flash);
            begin(&new, &with_flash(START, &id))
        }
        Err(problem) => forms.refuse(&context, PASSWORD_PAGE, problem, Kept::new()),
    }
}

/// Goes on to `page` with the new sign-in's cookie.
fn begin(new: &NewSignIn, page: &str) -> Response {
    let Some(value) = cookie::keep(&new.token) else {
        let detail = "Something went wrong.";
        return Refusal(Problem::new(ProblemCode::Internal, detail)).into_response();
    };
    let mut response = see_other(page);
    response.headers_mut().insert(SET_COOKIE, value);
    response
}

fn read_everywhere(fields: &Fields) -> Result<bool, Problem> {
    fields.only(&["everywhere"], &[])?;
    match fields.text("everywhere") {
        "" => Ok(false),
        "on" => Ok(true),
        _ => Err(Problem::invalid_field(
            "everywhere",
            "must be `on` or left out",
        )),
    }
}

fn shortened(mut input: Kept) -> Kept {
    for value in input.values_mut().flatten() {
        *value = value.chars().take(KEPT_MAX).collect();
    }
    input
}
