//! An act that a form asks for: from what a plain form left, over the answer of the server, to the
//! page that is shown next.

use leptos::{
    prelude::*,
    web_sys::{FormData, HtmlFormElement},
};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::{ApiError, DialogForm},
    domain::{flash::Flash, problem::Problem},
};

/// An act that a form asks for: what was answered, and what was refused.
pub struct FormAct<A: DialogForm> {
    action: ServerAction<A>,
    problem: RwSignal<Option<Problem>>,
    answer: Memo<Option<A::Output>>,
    /// The form stands here again after a sign-in.
    is_resumed: bool,
    /// The fields at which the form says what is wrong with them.
    shown: StoredValue<Vec<&'static str>>,
}

#[expect(
    clippy::expl_impl_clone_on_copy,
    reason = "derived, it would ask the server function to be `Copy`"
)]
impl<A: DialogForm> Clone for FormAct<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: DialogForm> Copy for FormAct<A> {}

impl<A: DialogForm> FormAct<A> {
    /// `flash` is what a plain form left, and `before` the answer in it if there was one.
    pub fn new(flash: Option<Flash>, before: Option<A::Output>) -> Self {
        let action = ServerAction::<A>::new();
        let is_resumed = matches!(flash, Some(Flash::Typed { .. }));
        let problem = RwSignal::new(match flash {
            Some(Flash::Refused { problem, .. }) => Some(problem),
            _ => None,
        });
        Effect::new(move || match action.value().get() {
            Some(Err(ApiError(refused))) => problem.set(Some(refused)),
            // It had been sent before.
            Some(Ok(answer)) => {
                if let Flash::Refused { problem: told, .. } = A::done(answer) {
                    problem.set(Some(told));
                }
            }
            None => {}
        });
        let answer = Memo::new(move |_| {
            let answered = action.value().get().and_then(Result::ok);
            answered.or_else(|| before.clone())
        });
        Self {
            action,
            problem,
            answer,
            is_resumed,
            shown: StoredValue::default(),
        }
    }

    /// What the server answered, once the act is done.
    pub fn answer(self) -> Memo<Option<A::Output>> {
        self.answer
    }

    /// Whether the form has been answered for good.
    pub fn is_done(self) -> bool {
        self.answer
            .with(|answer| answer.as_ref().is_some_and(A::settles))
    }

    /// What is wrong with a field, which the form says there.
    pub fn error(self, field: &'static str) -> Signal<Option<String>> {
        let problem = self.problem;
        self.shown.update_value(|shown| shown.push(field));
        Signal::derive(move || {
            problem.with(|problem| problem.as_ref()?.field(field).map(ToOwned::to_owned))
        })
    }

    /// Does something with the answer as soon as it is there, unless the form stays.
    pub fn when_done(self, then: impl Fn(A::Output) + 'static) {
        Effect::new(move || {
            if let Some(Ok(answer)) = self.action.value().get()
                && A::settles(&answer)
            {
                untrack(|| then(answer));
            }
        });
    }

    /// Does something with each refusal, as it comes.
    pub fn when_refused(self, then: impl Fn(&Problem) + 'static) {
        Effect::new(move || {
            self.problem.with(|problem| {
                if let Some(problem) = problem {
                    untrack(|| then(problem));
                }
            });
        });
    }

    pub(super) fn is_resumed(self) -> bool {
        self.is_resumed
    }

    pub(super) fn problem(self) -> RwSignal<Option<Problem>> {
        self.problem
    }

    /// What is wrong beside the fields. The form must have been made.
    pub(super) fn notice(self) -> Option<Problem> {
        let problem = self.problem.get()?;
        self.shown.with_value(|shown| problem.beside(shown))
    }

    pub(super) fn is_busy(self) -> bool {
        self.action.pending().get()
    }

    /// Like [`Self::when_done`]; then the dialog is left for the page `href`.
    pub fn leave_when_done(self, href: String, then: impl Fn(A::Output) + 'static) {
        let navigate = use_navigate();
        self.when_done(move |answer| {
            then(answer);
            let options = NavigateOptions {
                replace: true,
                scroll: false,
                ..NavigateOptions::default()
            };
            navigate(&href, options);
        });
    }

    /// Asks the server for what the form holds, unless it has been asked already.
    pub(super) fn submit(
        self,
        read: impl Fn(&FormData) -> Result<A, Problem>,
        form: &HtmlFormElement,
    ) {
        let is_asked = self.action.pending().get_untracked();
        if is_asked || untrack(|| self.is_done()) {
            return;
        }
        let Ok(data) = FormData::new_with_form(form) else {
            return;
        };
        match read(&data) {
            Ok(act) => {
                self.problem.set(None);
                self.action.dispatch(act);
            }
            Err(refused) => self.problem.set(Some(refused)),
        }
    }
}
