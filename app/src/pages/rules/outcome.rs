//! What changed rules would have decided.

use leptos::prelude::*;

use super::Warnings;
use crate::{
    components::{
        Outside, Panel, TableBox, Timestamp, columns,
        format::{counted, thousands},
    },
    domain::rules::{DRY_RUN_LISTED, DryRun, DryRunChange},
    paths,
};

#[component]
pub(super) fn Outcome(result: DryRun, hash: String) -> impl IntoView {
    let same = result.hash == hash;
    let requests = |count| counted(count, "request", "requests");
    let changed = result.newly_refused + result.newly_permitted;
    let sentence = if result.requests == 0 {
        "No requests to replay yet.".to_owned()
    } else {
        format!(
            "{} of {}: same decision. Newly refused: {}. Newly allowed: {}.",
            thousands(result.unchanged),
            requests(result.requests),
            thousands(result.newly_refused),
            thousands(result.newly_permitted),
        )
    };
    let not_judged = (result.not_judged > 0).then(|| {
        let count = requests(result.not_judged);
        format!(
            "{count} couldn't be replayed. The reason for the refusal isn't recorded, such as a header, \
             an expired session or an ambiguous path."
        )
    });
    let more = (changed > DRY_RUN_LISTED as u64).then(|| {
        let listed = thousands(DRY_RUN_LISTED as u64);
        format!("Showing the latest {listed} of {}.", thousands(changed))
    });
    view! {
        <Panel id="outcome-title" title="Test result" attr:role="status">
            <div class="panel-body">
                {same.then(|| view! { <p>"These are the active rules."</p> })}
                <p><strong>{sentence}</strong></p>
                {not_judged.map(|text| view! { <p class="muted">{text}</p> })}
                {more.map(|text| view! { <p class="muted">{text}</p> })}
            </div>
            <Warnings warnings=result.warnings/>
            {(changed > 0).then(|| view! { <Changes changes=result.changes/> })}
        </Panel>
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
            None => view! { <span class="badge good">"allowed"</span> },
        };
        view! {
            <tr>
                <td><Timestamp at=change.at/></td>
                <td><code><Outside text=change.method/></code></td>
                <td class="wrap"><code><Outside text=change.path/></code></td>
                <td>{decision} " " <span class="muted">{change.because}</span></td>
                <td>
                    <a class="link" href=paths::support_session(change.support_session_id)>
                        {change.tenant_id.to_string()}
                    </a>
                </td>
            </tr>
        }
    });
    view! {
        <TableBox label="Requests with a different decision">
            {columns(["Time", "Method", "Path", "New decision", "Session in tenant"])}
            <tbody>{rows.collect_view()}</tbody>
        </TableBox>
    }
    .into_any()
}
