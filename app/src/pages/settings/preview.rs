//! Thresholds of health, and how many tenants would change if they were others. Nothing is saved.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    components::{
        ButtonLink, HealthBadge, Outside, Panel, ProblemNotice, TableBox, TextField, Timestamp,
        columns, format::counted, suspend,
    },
    domain::{
        health::Thresholds,
        problem::Problem,
        settings::{HealthMove, HealthPreview, ThresholdsForm},
    },
    paths,
};

/// What other thresholds would change, if any are tried.
pub(super) type Previewed = Result<Option<HealthPreview>, ApiError>;

#[component]
pub(super) fn Preview(
    thresholds: Thresholds,
    tried: Memo<ThresholdsForm>,
    preview: Resource<Previewed>,
) -> impl IntoView {
    view! {
        <Panel id="thresholds-title" title="Health thresholds">
            <Suspense>
                {move || {
                    let thresholds = thresholds.clone();
                    suspend(preview, move |answer| {
                        let tried = tried.get_untracked();
                        view! { <Tried thresholds tried answer/> }
                    })
                }}
            </Suspense>
        </Panel>
    }
}

#[component]
fn Tried(thresholds: Thresholds, tried: ThresholdsForm, answer: Previewed) -> impl IntoView {
    let problem = answer
        .as_ref()
        .err()
        .map(|ApiError(problem)| problem.clone());
    let result = match answer {
        Ok(Some(preview)) => Some(view! { <Moves preview/> }.into_any()),
        Ok(None) => None,
        Err(ApiError(problem)) => {
            crate::answer::set_status(problem.code.status());
            problem
                .beside(&FIELDS)
                .map(|problem| view! { <ProblemNotice problem/> }.into_any())
        }
    };
    view! {
        <form class="panel-body" method="get" action=paths::SETTINGS>
            <p class="muted">
                "Try other values to see how many tenants would change colour now. Nothing is saved. Set the values \
                 in the configuration file to apply them."
            </p>
            <Fields thresholds tried problem/>
            <div class="bar">
                <button type="submit" class="button primary">
                    "Preview"
                </button>
                <ButtonLink href=paths::SETTINGS>"Reset"</ButtonLink>
            </div>
        </form>
        <div class="panel-body" role="status">
            {result}
        </div>
    }
    .into_any()
}

const FIELDS: [&str; 6] = [
    "silent_after_hours",
    "min_calls",
    "min_errors",
    "warning_percent",
    "critical_percent",
    "reduced_percent",
];

#[component]
fn Fields(
    thresholds: Thresholds,
    tried: ThresholdsForm,
    problem: Option<Problem>,
) -> impl IntoView {
    let present = ThresholdsForm::of(&thresholds);
    let field = |name: &'static str, label: &'static str, present: String, tried: String| {
        let error = problem.as_ref().and_then(|problem| problem.field(name));
        let error = error.map(ToOwned::to_owned);
        let hint = format!("Configured: {present}");
        let value = if tried.is_empty() { present } else { tried };
        view! {
            <TextField
                name
                label
                hint=move || hint.clone()
                inputmode="decimal"
                value
                error=Signal::stored(error)
            />
        }
    };
    let [silent, calls, errors, warning, critical, reduced] = FIELDS;
    view! {
        <div class="thresholds">
            {field(warning, "Warning from (% errors)", present.warning_percent, tried.warning_percent)}
            {field(critical, "Critical from (% errors)", present.critical_percent, tried.critical_percent)}
            {field(reduced, "Reduced activity below (%)", present.reduced_percent, tried.reduced_percent)}
            {field(silent, "Silent after (hours)", present.silent_after_hours, tried.silent_after_hours)}
            {field(calls, "Fewest calls", present.min_calls, tried.min_calls)}
            {field(errors, "Fewest errors", present.min_errors, tried.min_errors)}
        </div>
    }
    .into_any()
}

#[component]
fn Moves(preview: HealthPreview) -> impl IntoView {
    let changed = preview.changed();
    let all = counted(preview.tenants, "tenant", "tenants");
    let summary = match changed {
        0 => format!("None of {all} would change."),
        some => format!(
            "{} of {all} would change.",
            counted(some, "tenant", "tenants")
        ),
    };
    let partial = preview
        .is_partial
        .then_some(" There are more tenants, which were not counted.");
    let rows = preview.moves.into_iter().map(|of| view! { <MoveRow of/> });
    let rows = rows.collect_view();
    view! {
        <p>
            <strong>{summary}</strong>
            {partial}
            <span class="muted">" Worked out at " <Timestamp at=preview.at/> "."</span>
        </p>
        {(changed > 0)
            .then(|| {
                view! {
                    <TableBox label="Tenants that would change" class="stacked">
                        {columns(["Now", "Then", "Tenants", "For example"])}
                        <tbody>{rows}</tbody>
                    </TableBox>
                }
            })}
    }
    .into_any()
}

#[component]
fn MoveRow(of: HealthMove) -> impl IntoView {
    let examples = of.examples.into_iter().map(|tenant| {
        view! {
            <a class="link" href=paths::tenant(&tenant.id)>
                <Outside text=tenant.name/>
            </a>
            " "
        }
    });
    view! {
        <tr>
            <th scope="row">
                <HealthBadge health=of.from/>
            </th>
            <td data-label="Then"><HealthBadge health=of.to/></td>
            <td data-label="Tenants" class="num">{of.tenants}</td>
            <td data-label="For example" class="breaks examples">{examples.collect_view()}</td>
        </tr>
    }
}
