//! The gateway's rules, and a dry run of changed ones.

pub mod outcome;

use leptos::prelude::*;

use self::outcome::Outcome;

use crate::{
    api,
    components::{
        CopyButton, EmptyState, Field, Loaded, PageHeader, Panel, ProblemNotice, Resumed,
        WrittenIn, format::thousands, suspend, use_flash,
    },
    domain::{
        flash::Flash,
        problem::Problem,
        rules::{DRY_RUN_REQUESTS, DryRunForm, RulesInForce},
    },
    paths,
};

#[component]
pub fn RulesPage() -> impl IntoView {
    let flash = use_flash();
    let rules = Resource::new(|| (), |()| api::gateway_rules());
    view! {
        <div class="page">
            <PageHeader
                title="Rules"
                lead="What scopes permit at the gateway, and how requests are restricted to one tenant. \
                      You change rules in the configuration file. Test a change here first."
            />
            <Loaded
                resource=rules
                loading="Loading the rules…"
                show=move |rules| match rules {
                    None => view! { <NoGateway/> }.into_any(),
                    Some(rules) => view! { <WithFlash rules flash/> }.into_any(),
                }
                failed=|problem| {
                    view! { <ProblemNotice what="The rules could not be loaded." problem/> }
                        .into_any()
                }
            />
        </div>
    }
}

#[component]
fn WithFlash(rules: RulesInForce, flash: Resource<Option<Flash>>) -> impl IntoView {
    let body = move || {
        let rules = rules.clone();
        suspend(flash, move |flash| view! { <Body rules flash/> })
    };
    view! { <Suspense>{body}</Suspense> }
}

#[component]
fn NoGateway() -> impl IntoView {
    view! {
        <section class="card">
            <EmptyState title="No gateway configured">
                <p>"The configuration has no [gateway] table, so there are no rules."</p>
            </EmptyState>
        </section>
    }
}

#[component]
fn Body(rules: RulesInForce, flash: Option<Flash>) -> impl IntoView {
    let kept: DryRunForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let is_resumed = matches!(flash, Some(Flash::Typed { .. }));
    let (result, problem) = match flash {
        Some(Flash::DryRun { result, .. }) => (Some(*result), None),
        Some(Flash::Refused { problem, .. }) => (None, Some(problem)),
        _ => (None, None),
    };
    let file = if kept.rules.is_empty() {
        rules.file.clone()
    } else {
        kept.rules
    };
    view! {
        {result.map(|result| view! { <Outcome result hash=rules.hash.clone()/> })}
        <Warnings warnings=rules.warnings/>
        <TryForm file hash=rules.hash problem is_resumed/>
    }
}

#[component]
fn Warnings(warnings: Vec<String>) -> impl IntoView {
    (!warnings.is_empty()).then(|| {
        let lines = warnings
            .into_iter()
            .map(|warning| view! { <p>{warning}</p> });
        view! {
            <div class="notice warn">
                <div>{lines.collect_view()}</div>
            </div>
        }
    })
}

#[component]
fn TryForm(
    file: String,
    hash: String,
    problem: Option<Problem>,
    is_resumed: bool,
) -> impl IntoView {
    let error = |name: &str| {
        let text = problem.as_ref().and_then(|problem| problem.field(name));
        Signal::stored(text.map(ToOwned::to_owned))
    };
    let (rules_error, requests_error) = (error("rules"), error("requests"));
    let general = problem.and_then(|problem| problem.beside(&["rules", "requests"]));
    let in_force = move || {
        let start: String = hash.chars().take(12).collect();
        view! {
            <div class="push muted">
                "Active rules: " <code title=hash.clone()>{start}</code>
                " " <CopyButton text=hash.clone() what="hash of the rules"/>
            </div>
        }
    };
    let lines = file.lines().count().clamp(12, 32).to_string();
    let choices = DRY_RUN_REQUESTS.map(|requests| {
        let count = thousands(u64::from(requests));
        view! {
            <option value=requests.to_string() selected=requests == DRY_RUN_REQUESTS[1]>
                {format!("Last {count} requests")}
            </option>
        }
    });
    view! {
        <Panel id="dry-run-title" title="Dry run" beside=in_force>
            <form class="panel-body" method="post" action=paths::forms::DRY_RUN data-keep="">
                <WrittenIn/>
                {is_resumed.then(|| view! { <Resumed/> })}
                {general.map(|problem| view! { <ProblemNotice problem/> })}
                <Field
                    id="rules"
                    label="Rules to test"
                    hint=|| {
                        "TOML, as in the configuration file: [gateway] and [[scopes]]. Anything \
                         you leave out stays as it is. This is a test: nothing is saved or sent."
                    }
                    error=rules_error
                    let:control
                >
                    <textarea
                        id=control.id
                        name="rules"
                        class="mono"
                        rows=lines
                        spellcheck="false"
                        autocapitalize="off"
                        autocomplete="off"
                        aria-describedby=control.described_by
                        aria-invalid=control.invalid
                    >
                        {file}
                    </textarea>
                </Field>
                <Field id="requests" label="Replay against" error=requests_error let:control>
                    <select
                        id=control.id
                        name="requests"
                        class="short"
                        aria-describedby=control.described_by
                        aria-invalid=control.invalid
                    >
                        {choices.collect_view()}
                    </select>
                </Field>
                <div>
                    <button type="submit" class="button primary">
                        "Test rules"
                    </button>
                </div>
            </form>
        </Panel>
    }
    .into_any()
}
