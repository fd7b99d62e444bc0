//! The gateway's rules, and a dry run of changed ones.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api,
    components::{
        CopyButton, EmptyState, Field, PageHeading, ProblemNotice, Settled, TableBox, Timestamp,
        format::{counted, thousands},
        kept_input, use_flash,
    },
    domain::{
        flash::Flash,
        problem::{Problem, ProblemCode},
        rules::{DRY_RUN_LISTED, DRY_RUN_REQUESTS, DryRun, DryRunChange, RulesInForce},
    },
    routes,
};

/// The gateway's rules.
#[component]
pub fn RulesPage() -> impl IntoView {
    let flash = use_flash();
    let rules = Resource::new(|| (), |()| api::gateway_rules());
    view! {
        <Title text="Gateway rules"/>
        <div class="page">
            <header class="page-header">
                <div>
                    <PageHeading>"Gateway rules"</PageHeading>
                    <p class="muted">
                        "What scopes permit, and how requests are kept to one tenant. Rules are changed \
                         in the configuration file; here you can try a change first."
                    </p>
                </div>
            </header>
            <Settled
                resource=rules
                loading="Loading the rules…"
                show=move |rules| match rules {
                    Err(error) => {
                        view! {
                            <ProblemNotice what="The rules could not be loaded." problem=error.into()/>
                        }
                            .into_any()
                    }
                    Ok(None) => view! { <NoGateway/> }.into_any(),
                    Ok(Some(rules)) => {
                        view! {
                            <Suspense>
                                {
                                    let rules = rules.clone();
                                    move || {
                                        let rules = rules.clone();
                                        Suspend::new(async move {
                                            let flash = flash.await;
                                            view! { <Body rules flash/> }
                                        })
                                    }
                                }
                            </Suspense>
                        }
                            .into_any()
                    }
                }
            />
        </div>
    }
}

#[component]
fn NoGateway() -> impl IntoView {
    view! {
        <section class="card panel">
            <EmptyState title="There is no gateway">
                <p>"The configuration has no [gateway] table, so there are no rules."</p>
            </EmptyState>
        </section>
    }
}

#[component]
fn Body(rules: RulesInForce, flash: Option<Flash>) -> impl IntoView {
    let kept = match &flash {
        Some(Flash::DryRun { input, .. }) => {
            let mut values = input.get("rules").into_iter().flatten();
            values.next().cloned().unwrap_or_default()
        }
        flash => kept_input(flash.as_ref(), "rules"),
    };
    let (result, problem) = match flash {
        Some(Flash::DryRun { result, .. }) => (Some(*result), None),
        Some(Flash::Refused { problem, .. }) => (None, Some(problem)),
        _ => (None, None),
    };
    let file = if kept.is_empty() {
        rules.file.clone()
    } else {
        kept
    };
    view! {
        {result.map(|result| view! { <Outcome result hash=rules.hash.clone()/> })}
        <Warnings warnings=rules.warnings/>
        <TryForm file hash=rules.hash problem/>
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
fn TryForm(file: String, hash: String, problem: Option<Problem>) -> impl IntoView {
    let error = |name: &str| {
        let text = problem.as_ref().and_then(|problem| problem.field(name));
        Signal::stored(text.map(ToOwned::to_owned))
    };
    let (rules_error, requests_error) = (error("rules"), error("requests"));
    let general = problem.filter(|p| p.code != ProblemCode::InvalidInput || p.fields.is_empty());
    let lines = file.lines().count().clamp(12, 32).to_string();
    let choices = DRY_RUN_REQUESTS.map(|requests| {
        let count = thousands(u64::from(requests));
        view! {
            <option value=requests.to_string() selected=requests == DRY_RUN_REQUESTS[1]>
                {format!("the last {count} requests")}
            </option>
        }
    });
    view! {
        <section class="card panel" aria-labelledby="dry-run-title">
            <header class="panel-header">
                <h2 id="dry-run-title">"Dry run"</h2>
                <div class="push muted">
                    "in force: " <code title=hash.clone()>{hash.chars().take(12).collect::<String>()}</code>
                    " " <CopyButton text=hash what="hash of the rules"/>
                </div>
            </header>
            <form class="panel-body" method="post" action="/forms/rules/dry-run">
                {general.map(|problem| view! { <ProblemNotice problem/> })}
                <Field
                    id="rules"
                    label="Changed rule file"
                    hint=|| {
                        "TOML, as in the configuration file: [gateway] and [[scopes]]. A part that is left \
                         out stays as it is. Nothing is changed, nothing is sent."
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
                <Field id="requests" label="Judge again" error=requests_error let:control>
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
                        "Try these rules"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// What a trial has found.
#[component]
fn Outcome(result: DryRun, hash: String) -> impl IntoView {
    let same = result.hash == hash;
    let requests = |count| counted(count, "request", "requests");
    let changed = result.newly_refused + result.newly_permitted;
    let sentence = if result.requests == 0 {
        "There are no requests yet that could be judged again.".to_owned()
    } else {
        format!(
            "Of {}, {} would be refused that were let through, and {} would be let through that were \
             refused; {} would be decided as they were.",
            requests(result.requests),
            thousands(result.newly_refused),
            thousands(result.newly_permitted),
            thousands(result.unchanged),
        )
    };
    let not_judged = (result.not_judged > 0).then(|| {
        let count = requests(result.not_judged);
        format!(
            "{count} can't be judged again, since they were refused for what no record tells: a field of \
             the header, the end of the session, a path that can be read in two ways."
        )
    });
    let more = (changed > DRY_RUN_LISTED as u64).then(|| {
        let listed = thousands(DRY_RUN_LISTED as u64);
        format!("The latest {listed} of {} are listed.", thousands(changed))
    });
    view! {
        <section class="card panel" aria-labelledby="outcome-title" role="status">
            <header class="panel-header">
                <h2 id="outcome-title">"What these rules would have decided"</h2>
            </header>
            <div class="panel-body">
                {same.then(|| view! { <p>"These are the rules in force."</p> })}
                <p><strong>{sentence}</strong></p>
                {not_judged.map(|text| view! { <p class="muted">{text}</p> })}
                {more.map(|text| view! { <p class="muted">{text}</p> })}
            </div>
            <Warnings warnings=result.warnings/>
            {(changed > 0).then(|| view! { <Changes changes=result.changes/> })}
        </section>
    }
    .into_any()
}

#[component]
fn Changes(changes: Vec<DryRunChange>) -> impl IntoView {
    let rows = changes.into_iter().map(|change| {
        let decision = match change.refusal {
            Some(refusal) => {
                let text = format!("refused: {refusal}");
                view! { <span class="badge bad">{text}</span> }
            }
            None => view! { <span class="badge good">"let through"</span> },
        };
        view! {
            <tr>
                <td><Timestamp at=change.at/></td>
                <td><code>{change.method}</code></td>
                <td class="wrap"><code>{change.path}</code></td>
                <td>{decision} " " <span class="muted">{change.because}</span></td>
                <td>
                    <a class="link" href=routes::support_session(change.support_session_id)>
                        {change.tenant_id.to_string()}
                    </a>
                </td>
            </tr>
        }
    });
    view! {
        <TableBox label="Requests that would be decided otherwise">
            <thead>
                <tr>
                    <th scope="col">"Time"</th>
                    <th scope="col">"Method"</th>
                    <th scope="col">"Path"</th>
                    <th scope="col">"Would be"</th>
                    <th scope="col">"Session in"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </TableBox>
    }
    .into_any()
}
