//! Settings: what is configured and from where, the servers, the store, and what other thresholds of health would change.

pub mod configuration;
pub mod preview;
pub mod system;

use leptos::prelude::*;

use self::{
    configuration::Configuration,
    preview::Preview,
    system::{Nodes, StoreFacts, Version},
};
use crate::{
    api,
    components::{Loaded, PageHeader, failed_page, use_query},
    domain::settings::{SettingsDetail, ThresholdsForm},
};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let detail = Resource::new(|| (), |()| api::configuration());
    let tried = use_query::<ThresholdsForm>();
    let preview = Resource::new(
        move || tried.get(),
        |form| async move {
            match form.is_empty() {
                true => Ok(None),
                false => api::preview_health(form).await.map(Some),
            }
        },
    );
    view! {
        <div class="page">
            <PageHeader
                title="Settings"
                lead="Read only. They are set in the configuration file, by variables and by flags."
            />
            <Loaded
                resource=detail
                loading="Loading the settings…"
                show=move |detail: SettingsDetail| {
                    let thresholds = detail.thresholds.clone();
                    view! {
                        <Version detail=detail.clone()/>
                        <Preview thresholds tried preview/>
                        <Nodes detail=detail.clone()/>
                        <StoreFacts detail=detail.clone()/>
                        <Configuration detail/>
                    }
                }
                failed=failed_page
            />
        </div>
    }
}
