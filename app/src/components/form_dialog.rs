//! The dialog of an act: a form, and what is shown once the act is done.

use leptos::{
    ev::SubmitEvent,
    html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{FormData, HtmlElement, HtmlFormElement},
};

use super::{
    dialog::Dialog,
    form_act::FormAct,
    form_data::read_form,
    notice::{Notice, Tone},
    problem::ProblemNotice,
    stat_card::ButtonLink,
    viewer::use_viewer,
    written_in::WrittenIn,
};
use crate::{
    api::DialogForm,
    domain::problem::{Problem, ProblemCode},
    paths,
};

/// A dialog with a form. The form is sent as it is until the page has come alive, and as the
/// server function `A` after that. A second submit while the first is under way does nothing; the
/// focus goes to the first field that is refused.
#[component]
pub fn FormDialog<A: DialogForm, C>(
    act: FormAct<A>,
    id: A::Id,
    /// Names the act and the object.
    #[prop(into)]
    title: Signal<String>,
    /// The title once the act is done, where the dialog stays.
    #[prop(into, optional)]
    done_title: String,
    #[prop(into)] description: ViewFn,
    /// Whether the act can't be undone.
    #[prop(optional)]
    alert: bool,
    /// Says what is wrong with the form before the server does.
    check: C,
    /// What the button says; without one, the dialog only says why.
    #[prop(into)]
    submit: Signal<Option<String>>,
    /// What stands in the place of the form once the act is done, where the dialog stays. Is given
    /// the answer and the page to go on to.
    #[prop(optional)]
    done: Option<fn(A::Output, String) -> AnyView>,
    children: Children,
) -> impl IntoView
where
    C: Fn(&A::Form) -> Result<(), Problem> + Send + Sync + 'static,
{
    let form = NodeRef::<html::Form>::new();
    focus_first_invalid(form, act.problem());
    keep_over_sign_in(form, act.problem());
    let (close_href, action) = (A::DIALOG.below(&id), A::DIALOG.form(&id));
    let read = move |data: &FormData| {
        let form = read_form(data)?;
        check(&form)?;
        Ok(A::of(id.clone(), form))
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = form.get_untracked() {
            act.submit(&read, &form);
        }
    };
    let title = Signal::derive(move || match act.is_done() {
        true if done.is_some() => done_title.clone(),
        _ => title.get(),
    });
    let done_href = close_href.clone();
    let done = move || {
        let answer = act.answer().get().filter(A::settles)?;
        Some(done?(answer, done_href.clone()))
    };
    let state = FormState {
        form,
        notice: Signal::derive(move || act.notice()),
        is_resumed: act.is_resumed(),
        is_busy: Signal::derive(move || act.is_busy()),
    };
    view! {
        <Dialog title description close_href=close_href.clone() alert>
            {done}
            <div hidden=move || act.is_done()>
                <Form
                    state
                    action
                    on_submit=Box::new(on_submit)
                    submit
                    alert
                    close_href
                    children
                />
            </div>
        </Dialog>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct FormState {
    form: NodeRef<html::Form>,
    notice: Signal<Option<Problem>>,
    is_resumed: bool,
    is_busy: Signal<bool>,
}

#[component]
fn Form(
    state: FormState,
    action: String,
    on_submit: Box<dyn Fn(SubmitEvent) + Send + Sync>,
    submit: Signal<Option<String>>,
    alert: bool,
    close_href: String,
    children: Children,
) -> impl IntoView {
    let viewer = use_viewer();
    let is_busy = state.is_busy;
    let has_button = move || submit.with(Option::is_some);
    let label = move || submit.get();
    let button = move || {
        has_button().then(|| {
            view! {
                <button
                    type="submit"
                    class=if alert { "button danger solid" } else { "button primary" }
                    aria-busy=move || is_busy.get().to_string()
                    aria-disabled=move || is_busy.get().then_some("true")
                >
                    {label}
                </button>
            }
        })
    };
    view! {
        <form
            node_ref=state.form
            method="post"
            action=action
            data-keep=""
            novalidate=move || viewer.is_hydrated()
            aria-busy=move || is_busy.get().to_string()
            on:submit=on_submit
        >
            <WrittenIn/>
            <div class="dialog-body">
                {move || state.notice.get().map(|problem| view! { <ProblemNotice problem/> })}
                {state.is_resumed.then(|| view! { <Resumed/> })}
                {children()}
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=close_href>"Cancel"</ButtonLink>
                {button}
            </footer>
        </form>
    }
    .into_any()
}

/// That the form stands here again, after a sign-in or a reload.
#[component]
pub fn Resumed() -> impl IntoView {
    view! {
        <Notice tone=Tone::Info spoken=true>
            "What you typed is still here. Nothing has been sent yet."
        </Notice>
    }
}

/// Where nobody is signed in any more, the form is sent as it is to be kept until somebody has signed in.
fn keep_over_sign_in(form: NodeRef<html::Form>, problem: RwSignal<Option<Problem>>) {
    Effect::new(move || {
        let is_signed_out = problem.with(|p| {
            p.as_ref()
                .is_some_and(|p| p.code == ProblemCode::Unauthenticated)
        });
        if is_signed_out && let Some(form) = form.get() {
            send_to_be_kept(&form);
        }
    });
}

/// Sends a form as the browser would, to be kept and not acted on.
pub(crate) fn send_to_be_kept(form: &HtmlFormElement) {
    let action = form.get_attribute("action").unwrap_or_default();
    // However often it is sent.
    let path = action.split('?').next().unwrap_or_default();
    let _ = form.set_attribute("action", &format!("{path}?{}", paths::KEEP));
    let _ = form.submit();
}

/// Moves the focus to the first invalid control of a form whenever it is refused, or to the notice
/// of what belongs to no control: UX and WCAG 3.3.1 want the first error in view.
fn focus_first_invalid(form: NodeRef<html::Form>, problem: RwSignal<Option<Problem>>) {
    Effect::new(move || {
        if problem.with(Option::is_none) {
            return;
        }
        let Some(form) = form.get() else { return };
        // Once the attributes are written.
        request_animation_frame(move || {
            let find = |selector| form.query_selector(selector).ok().flatten();
            let first = find("[aria-invalid=true]").or_else(|| find("[role=alert]"));
            if let Some(first) = first.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
                let _ = first.focus();
            }
        });
    });
}

/// The body of a dialog once its act is done. It takes the focus: what had it is gone, and here
/// reading goes on.
#[component]
pub fn DoneBody(children: Children) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let Some(body) = body.get() {
            request_animation_frame(move || drop(body.focus()));
        }
    });
    view! {
        <div class="dialog-body" node_ref=body tabindex="-1">
            {children()}
        </div>
    }
}
