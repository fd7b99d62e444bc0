//! Signing in, signing out, changing one's own password.

use app::{
    domain::{
        caller::{Caller, Context},
        flash::Flash,
        form::Fields,
        policy::unauthenticated,
        problem::{Problem, ProblemCode},
    },
    paths,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header::SET_COOKIE};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    Forms,
    dialog::to_its_end,
    posted::Posted,
    redirect::{START, local_path, see_other, sign_in_page, with_flash},
};
use crate::{
    extract::{Asking, Refusal},
    middleware::cookie,
    services::{
        flash::{Flashes, Sent},
        staff_sessions::{Elsewhere, NewSignIn, PasswordChange, SetPassword, SignInMethod},
    },
};

/// The most characters of an e-mail address that are kept for someone who has not signed in.
const KEPT_MAX: usize = 254;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    email: String,
    #[serde(skip_serializing)]
    password: SecretString,
    next: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SignOutForm {
    everywhere: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SignOutElsewhereForm {
    /// The staff session that ends. Without one all others end.
    id: String,
}

pub(crate) async fn sign_in(
    State(forms): State<Forms>,
    Asking(context): Asking,
    headers: HeaderMap,
    Posted { form, typed }: Posted<SignInForm>,
) -> Response {
    // The address of the page has it, also when the sign-in is refused.
    let mut kept = typed.kept;
    let next = kept
        .remove("next")
        .and_then(|values| values.into_iter().next());
    let next = next.as_deref().and_then(local_path).unwrap_or(START);
    let signed_in = async {
        let SignInForm {
            email, password, ..
        } = form?;
        let method = SignInMethod::Password { email, password };
        let signed_in = forms.staff_sessions.sign_in(&context, method).await;
        signed_in.map_err(Problem::from)
    };
    match signed_in.await {
        Ok(new) if new.must_change_password => begin(&new, paths::PASSWORD),
        Ok(new) => {
            let typed = resumed(&forms, &headers, &new, Some(next));
            without_typed(begin(&new, typed.as_deref().unwrap_or(next)), &headers)
        }
        Err(mut problem) => {
            problem.request_id.clone_from(&context.origin.request_id);
            let input = shortened(kept);
            let page = sign_in_page(next);
            forms.tell(&context, &page, Flash::Refused { problem, input })
        }
    }
}

pub(crate) async fn sign_out(
    State(forms): State<Forms>,
    Asking(context): Asking,
    headers: HeaderMap,
    Posted { form, typed }: Posted<SignOutForm>,
) -> Response {
    let ended = async {
        let SignOutForm { everywhere } = form?;
        let ended = forms.staff_sessions.sign_out(&context, everywhere).await;
        ended.map(|_| everywhere).map_err(Problem::from)
    };
    let own = typed.sign_in.as_deref();
    let own = own.and_then(|token| Flashes::of_token(token, paths::forms::SIGN_OUT));
    let is_signed_in = matches!(context.caller, Caller::Staff(_));
    match ended.await {
        Ok(everywhere) => {
            if everywhere
                && is_signed_in
                && let Some(own) = &own
            {
                forms.flashes.note_sent(own.clone(), 0);
            }
            let is_everywhere = || own.is_some_and(|own| forms.flashes.sent(&own).is_some());
            let message = if !everywhere {
                "You've been signed out."
            } else if is_everywhere() {
                "You've been signed out everywhere."
            } else {
                "You were signed out already. If you haven't signed out everywhere, sign in and choose it again."
            };
            let flash = Flash::done(message);
            let id = forms.flashes.leave_signed_out(&context, flash);
            let mut response = see_other(&with_flash(paths::SIGN_IN, &id));
            if let Some(forgotten) = cookie::forget() {
                response.headers_mut().insert(SET_COOKIE, forgotten);
            }
            if let Some(forgotten) = cookie::BEGUN.forget() {
                response.headers_mut().append(SET_COOKIE, forgotten);
            }
            // After a sign-out the next person at this browser finds nothing.
            for typed in cookie::TYPED.all(&headers) {
                forms.flashes.forget_typed(&typed);
            }
            without_typed(response, &headers)
        }
        // The cookie stays: "signed out" must only be said if it is true.
        Err(mut problem) => {
            problem.request_id = context.origin.request_id;
            Refusal(problem).into_response()
        }
    }
}

/// Ends another sign-in of the caller, or all others.
pub(crate) async fn sign_out_elsewhere(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<SignOutElsewhereForm>,
) -> Response {
    let ended = async {
        let SignOutElsewhereForm { id } = form?;
        let which = match id.as_str() {
            "" => Elsewhere::All,
            id => Elsewhere::One(id.parse().map_err(|_| Problem::not_found("sign-in"))?),
        };
        let ended = forms.staff_sessions.sign_out_elsewhere(&context, which);
        Ok::<_, Problem>(Flash::done(match (ended.await?, which) {
            (0, _) => "You aren't signed in anywhere else.".to_owned(),
            (_, Elsewhere::One(_)) => "Signed out there.".to_owned(),
            (1, Elsewhere::All) => "Signed out in 1 other browser.".to_owned(),
            (count, Elsewhere::All) => format!("Signed out in {count} other browsers."),
        }))
    };
    let ended = ended.await;
    forms
        .answer(&context, paths::OWN_SIGN_INS, ended, typed)
        .await
}

/// Takes the password that someone has chosen with a one-time link, and goes on to the sign-in.
pub(crate) async fn set_password(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, .. }: Posted<SetPassword>,
) -> Result<Response, Refusal> {
    let answer = async move {
        let own = form.as_ref().ok();
        let own = own.and_then(|form| with_code(&context, &form.code));
        let _turn = match &own {
            Some(own) => Some(forms.flashes.take_turn(&context, own).await),
            None => None,
        };
        if let Some(before) = own.as_deref().and_then(|own| forms.flashes.sent(own)) {
            let detail = format!("{} Sign in with it.", done_before(before, "set"));
            let problem = Problem::new(ProblemCode::Conflict, detail);
            let input = Fields::new();
            let told = Flash::Refused { problem, input };
            return forms.tell(&context, paths::SIGN_IN, told);
        }
        let set = async {
            let sessions = &forms.staff_sessions;
            let set = sessions.set_password_by_link(&context, form?).await;
            set.map_err(Problem::from)
        };
        match set.await {
            Ok(staff) => {
                if let Some(own) = own {
                    forms.flashes.note_sent(own, 1);
                }
                let message = format!("Password set. Sign in as {}.", staff.email);
                forms.tell(&context, paths::SIGN_IN, Flash::done(message))
            }
            Err(mut problem) => {
                problem.request_id.clone_from(&context.origin.request_id);
                let input = Fields::new();
                let refused = Flash::Refused { problem, input };
                forms.tell(&context, paths::SET_PASSWORD, refused)
            }
        }
    };
    to_its_end(answer).await
}

/// The form with this code, sent by the caller. Somebody else who has the code is not told that it was used.
fn with_code(context: &Context, code: &SecretString) -> Option<String> {
    let code = code.expose_secret().trim();
    let form = Flashes::of_token(code, paths::forms::SET_PASSWORD)?;
    Some(Flashes::of_caller(context, &form))
}

pub(crate) async fn change_password(
    State(forms): State<Forms>,
    Asking(context): Asking,
    headers: HeaderMap,
    Posted { form, typed }: Posted<PasswordChange>,
) -> Response {
    let _turn = forms.flashes.take_turn(&context, paths::PASSWORD).await;
    let of_sign_in = |token: &str| Flashes::of_token(token, paths::forms::CHANGE_PASSWORD);
    let sign_in = typed.sign_in.as_deref();
    let own = sign_in.and_then(of_sign_in);
    let before = own.as_deref().and_then(|own| forms.flashes.sent(own));
    let is_second = before.is_some() && !matches!(context.caller, Caller::Staff(_));
    if is_second || has_just_ended(&forms, &context.caller, sign_in).await {
        return already_changed(&forms, &context, before, sign_in).await;
    }
    let changed = async {
        if !matches!(context.caller, Caller::Staff(_)) {
            return Err(unauthenticated());
        }
        let changed = forms.staff_sessions.change_password(&context, form?).await;
        changed.map_err(Problem::from)
    };
    match changed.await {
        Ok(new) => {
            // The second click comes with the old sign-in, or with the new one.
            let sent = own.into_iter().chain(of_sign_in(new.token.expose()));
            sent.for_each(|form| forms.flashes.note_sent(form, 1));
            // The form was sent before somebody else set the password.
            if let Some(page) = resumed(&forms, &headers, &new, None) {
                return without_typed(begin(&new, &page), &headers);
            }
            let flash = Flash::done("Password changed. You've been signed out everywhere else.");
            let id = forms
                .flashes
                .leave_for_staff_session(new.staff_session_id, flash);
            begin(&new, &with_flash(START, &id))
        }
        Err(problem) => match before.filter(|_| problem.field("current").is_some()) {
            Some(sent) => {
                let detail = format!(
                    "{} To change it again, type the one you chose as your current password.",
                    done_before(sent, "changed")
                );
                let problem = Problem::new(ProblemCode::Conflict, detail);
                forms.refuse(&context, paths::PASSWORD, problem, typed.kept)
            }
            None => forms.refuse(&context, paths::PASSWORD, problem, typed.kept),
        },
    }
}

/// To the sign-in, which tells the person who has changed the password that it is changed.
async fn already_changed(
    forms: &Forms,
    context: &Context,
    before: Option<Sent>,
    sign_in: Option<&str>,
) -> Response {
    let detail = match before {
        Some(sent) => format!("{} Sign in with the new password.", done_before(sent, "changed")),
        None => "Nothing was done now: your sign-in has just ended, as it does when the password is changed. If you \
                 have sent the form twice, sign in with the new password."
            .into(),
    };
    let problem = Problem::new(ProblemCode::Unauthenticated, detail);
    let input = Fields::new();
    let told = Flash::Refused { problem, input };
    let holder = match sign_in {
        Some(token) => forms.staff_sessions.holder_of(token).await.unwrap_or(None),
        None => None,
    };
    let id = match holder {
        Some(person) => forms.flashes.leave_for_former(person, context, told),
        None => forms.flashes.leave_signed_out(context, told),
    };
    see_other(&with_flash(&sign_in_page(START), &id))
}

fn done_before(sent: Sent, done: &str) -> String {
    let at = sent.at.format("%H:%M:%S UTC");
    format!("Nothing was done now: this form was sent at {at}, and your password was {done} then.")
}

/// Whether a sign-in has ended since its request came in, as with the second of two clicks that
/// change a password.
async fn has_just_ended(forms: &Forms, caller: &Caller, sign_in: Option<&str>) -> bool {
    let (Caller::Staff(_), Some(token)) = (caller, sign_in) else {
        return false;
    };
    matches!(forms.staff_sessions.authenticate(token).await, Ok(None))
}

/// The page of the form that this person had filled in, in this browser, when their sign-in had ended, with what was typed;
/// only that of `next` if one is named.
fn resumed(
    forms: &Forms,
    headers: &HeaderMap,
    new: &NewSignIn,
    next: Option<&str>,
) -> Option<String> {
    let token = cookie::TYPED.only(headers)?;
    let (page, input) = forms.flashes.take_typed(&token, new.staff.id, next)?;
    let typed = Flash::Typed { input };
    let id = forms
        .flashes
        .leave_for_staff_session(new.staff_session_id, typed);
    Some(with_flash(&page, &id))
}

/// Makes the browser delete its cookie for typed input, if it has one.
fn without_typed(mut response: Response, headers: &HeaderMap) -> Response {
    if cookie::TYPED.all(headers).next().is_some()
        && let Some(forgotten) = cookie::TYPED.forget()
    {
        response.headers_mut().append(SET_COOKIE, forgotten);
    }
    response
}

/// Redirects to `page` with the new sign-in's cookie.
fn begin(new: &NewSignIn, page: &str) -> Response {
    let Some(value) = cookie::keep(&new.token) else {
        let detail = "Something went wrong.";
        return Refusal(Problem::new(ProblemCode::Internal, detail)).into_response();
    };
    let mut response = see_other(page);
    let headers = response.headers_mut();
    headers.insert(SET_COOKIE, value);
    let begun = cookie::BEGUN.keep_id(new.staff_session_id.as_uuid());
    begun.map(|begun| headers.append(SET_COOKIE, begun));
    response
}

fn shortened(mut input: Fields) -> Fields {
    for value in input.values_mut().flatten() {
        *value = value.chars().take(KEPT_MAX).collect();
    }
    input
}
