//! Every key of the configuration, with its value and where that comes from.

use leptos::prelude::*;

use crate::{
    components::{Outside, Panel, TableBox, columns},
    domain::settings::{ConfiguredValue, SettingsDetail, ValueSource},
};

#[component]
pub(super) fn Configuration(detail: SettingsDetail) -> impl IntoView {
    let rows = detail
        .values
        .into_iter()
        .map(|value| view! { <Row value/> });
    let rows = rows.collect_view();
    let file = match detail.file {
        Some(file) => view! { "File: " <code><Outside text=file/></code> }.into_any(),
        None => "No configuration file".into_any(),
    };
    view! {
        <Panel id="configuration-title" title="Configuration">
            <div class="panel-body muted">
                <p>
                    {file}
                    ". A variable wins over the file, and a flag over both. Changes apply after a restart."
                </p>
            </div>
            <TableBox label="Configuration" class="stacked">
                {columns(["Key", "Value", "Source", "Set in"])}
                <tbody>{rows}</tbody>
            </TableBox>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(value: ConfiguredValue) -> impl IntoView {
    let is_default = value.source == ValueSource::Default;
    let shown = match value.value {
        Some(text) if !text.is_empty() => view! { <code><Outside text/></code> }.into_any(),
        _ if value.is_hidden => view! { <span class="muted">"Set, hidden"</span> }.into_any(),
        _ => view! { <span class="muted">"Not set"</span> }.into_any(),
    };
    let source = match is_default {
        true => view! { <span class="muted">{value.source.label()}</span> }.into_any(),
        false => view! { <span class="tag">{value.source.label()}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                <code>{value.key}</code>
            </th>
            <td data-label="Value" class="breaks">{shown}</td>
            <td data-label="Source">{source}</td>
            <td data-label="Set in" class="breaks"><Outside text=value.place/></td>
        </tr>
    }
}
