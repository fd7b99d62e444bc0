//! What the pages of filtered lists have in common: the filters, the redirect to the IDs of what was named, and what stands in
//! place of rows.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, components::Redirect};

use super::saved_views::SavedViews;
use crate::{
    answer::set_status,
    api::{Answered, ApiError},
    components::{
        Chips, EmptyList, ExportLink, Field, FilterForm, Icon, IconName, KeptField, SpanInWords,
        TenantField, TimeChoice, TimeSpanFields, choices,
    },
    domain::{
        problem::{FieldProblem, Problem},
        tenants::TENANT_FIELD,
        time_range::TimeSpan,
    },
    query::{
        list::{FieldWords, ListParts, ListQuery},
        time::CUSTOM,
    },
};

pub(super) type Answer<P, L> = Result<Answered<ListQuery<P>, L>, ApiError>;

/// What the filters show: the latest answer, or what was asked for where there is none. Order, time and page size are those that
/// were asked for.
#[derive(Debug, Clone)]
pub struct Shown<P: ListParts> {
    asked: Memo<ListQuery<P>>,
    query: Memo<ListQuery<P>>,
    tenant: Memo<String>,
    problem: Memo<Option<Problem>>,
    span: Memo<TimeSpan>,
}

impl<P: ListParts> Copy for Shown<P> {}

impl<P: ListParts> Shown<P> {
    pub(super) fn of<L: Send + Sync + 'static>(
        answer: RwSignal<Answer<P, L>>,
        asked: Memo<ListQuery<P>>,
    ) -> Self {
        let answered = move || answer.with(|answer| Some(answer.as_ref().ok()?.query.clone()));
        let tenant = move || answer.with(|answer| Some(answer.as_ref().ok()?.tenant.clone()));
        let span = move || answer.with(|answer| Some(answer.as_ref().ok()?.span));
        Self {
            asked,
            query: Memo::new(move |_| answered().unwrap_or_else(|| asked.get())),
            tenant: Memo::new(move |_| tenant().unwrap_or_default()),
            problem: Memo::new(move |_| {
                answer.with(|answer| answer.as_ref().ok()?.problem.clone())
            }),
            span: Memo::new(move |_| span().unwrap_or_default()),
        }
    }

    pub(super) fn text(self, name: &'static str) -> Signal<String> {
        Signal::derive(move || self.query.with(|query| query.text(name)))
    }

    pub(super) fn error(self, name: &'static str) -> Signal<Option<String>> {
        let error =
            move |problem: &Option<Problem>| Some(problem.as_ref()?.field(name)?.to_owned());
        Signal::derive(move || self.problem.with(error))
    }
}

/// The address keeps IDs, whatever was typed. An answer to another address says nothing about this one.
pub(super) fn to_ids<P: ListParts, L: Send + Sync + 'static>(
    answer: RwSignal<Answer<P, L>>,
    asked: Memo<ListQuery<P>>,
) -> impl IntoView {
    move || {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        let path = answer.with(|answer| answer.as_ref().ok()?.address_by_id(&asked.get()));
        path.map(|path| view! { <Redirect path options/> })
    }
}

/// The named times, the form and what is filtered by.
#[component]
pub(super) fn Filters<P: ListParts>(
    shown: Shown<P>,
    /// What the time is of, for screen readers: `Issued`.
    time: &'static str,
    /// The form's label for screen readers.
    label: &'static str,
    /// What its fields call their values, where that differs.
    #[prop(into, optional)]
    words: Signal<Vec<FieldWords>>,
    /// The fields that only this list has.
    children: Children,
) -> impl IntoView {
    let Shown {
        asked,
        query,
        tenant,
        ..
    } = shown;
    // If a field is changed before the answer has come, what a link has just changed stays.
    let chosen = Signal::derive(move || {
        asked.with(|query| match query.times().is_custom() {
            true => CUSTOM.to_owned(),
            false => query.time.clone(),
        })
    });
    let chips = Signal::derive(move || {
        query.with(|query| tenant.with(|t| words.with(|words| query.chips(t, words))))
    });
    let address = Signal::derive(move || query.with(|query| query.address(None)));
    let is_filtered = Signal::derive(move || query.with(ListQuery::is_filtered));
    let at_time = move |time: String| asked.with(|query| query.at_time(&time));
    let kept = [P::ORDER, &["limit"]].concat();
    let names = [P::FILTER, kept.as_slice()].concat();
    let kept = kept.into_iter().map(move |name| {
        let value = Signal::derive(move || asked.with(|query| query.text(name)));
        view! { <KeptField name value/> }
    });
    view! {
        <div class="panel-body filter-bar">
            <div class="bar">
                <TimeChoice label=time chosen href=at_time/>
                {move || view! { <SpanInWords span=shown.span.get()/> }}
            </div>
            <FilterForm action=P::PATH label names>
                <TenantField
                    value=shown.text(TENANT_FIELD)
                    text=tenant
                    error=shown.error(TENANT_FIELD)
                />
                {children()}
                <TimeSpanFields
                    chosen
                    from=shown.text("from")
                    to=shown.text("to")
                    from_error=shown.error("from")
                    to_error=shown.error("to")
                />
                {kept.collect_view()}
            </FilterForm>
            <Chips chips all=P::PATH/>
            <SavedViews list=P::LIST address is_filtered/>
        </div>
    }
}

/// A word to filter by.
#[component]
pub(super) fn Choice<P: ListParts>(
    shown: Shown<P>,
    name: &'static str,
    label: &'static str,
    /// The option for no choice.
    any: &'static str,
    options: Vec<(String, String)>,
) -> impl IntoView {
    let value = shown.text(name);
    view! {
        <Field id=format!("filter-{name}") label error=shown.error(name) let:control>
            <select
                id=control.id
                name=name
                prop:value=move || value.get()
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                <option value="">{any}</option>
                {choices(options, value)}
            </select>
        </Field>
    }
}

/// What a link is called, and its address.
type Export<P> = (&'static str, fn(&ListQuery<P>) -> String);

/// Links that export the filtered list as a file.
pub(super) fn exports<P: ListParts, const N: usize>(
    query: Memo<ListQuery<P>>,
    links: [Export<P>; N],
) -> impl IntoView {
    let links = links.map(|(label, address)| {
        view! { <ExportLink href=Signal::derive(move || query.with(address)) label/> }
    });
    view! {
        <div class="bar push" hidden=move || query.with(|query| query.parse().is_err())>
            {links.collect_view()}
        </div>
    }
}

/// The list or why there is none, below a notice of fields that can't be read.
pub(super) fn rows<P: ListParts, L>(
    answer: Answer<P, L>,
    asked: ListQuery<P>,
    list: impl FnOnce(L, ListQuery<P>, TimeSpan) -> AnyView,
    failed: impl FnOnce(Problem, ListQuery<P>) -> AnyView,
) -> AnyView {
    let answer = match answer {
        Ok(answer) => answer,
        Err(ApiError(problem)) => return failed(problem, asked),
    };
    let notice = answer.problem.map(|problem| {
        set_status(problem.code.status());
        let is_highlighted = highlights::<P>(&problem);
        let others = problem.fields.into_iter();
        let others = others.filter(|problem| !has_field::<P>(&problem.field));
        let left_out = others.map(|FieldProblem { field, message }| {
            let text = format!("\"{field}\" in the address {message}. It was left out.");
            view! { <p>{text}</p> }
        });
        view! {
            <div class="notice warn" role="alert">
                <Icon name=IconName::Warn size=18/>
                <div>
                    {is_highlighted
                        .then(|| view! { <p>"Check the highlighted filters. The others apply."</p> })}
                    {left_out.collect_view()}
                </div>
            </div>
        }
    });
    let list = match answer.list {
        Ok(rows) => list(rows, answer.query, answer.span),
        Err(problem) => failed(problem, answer.query),
    };
    view! {
        {notice}
        {list}
    }
    .into_any()
}

/// Whether a problem is shown at a field of the filter.
pub(super) fn highlights<P: ListParts>(problem: &Problem) -> bool {
    problem.fields.iter().any(|one| has_field::<P>(&one.field))
}

fn has_field<P: ListParts>(name: &str) -> bool {
    P::FILTER.contains(&name) && !P::WITHOUT_FIELD.contains(&name)
}

/// There are no rows.
pub(super) fn nothing<P: ListParts>(
    query: &ListQuery<P>,
    no_match: &'static str,
    none: &'static str,
    advice: &'static str,
) -> impl IntoView {
    let (title, advice) = match query.is_filtered() {
        true => (no_match, "Try a longer time range or remove a filter."),
        false => (none, advice),
    };
    view! { <EmptyList title advice clear=query.is_filtered().then_some(P::PATH)/> }
}
