//! Settings: what is configured and from where, the servers, the store, and what other thresholds of health would change.

pub mod configuration;
pub mod preview;
pub mod system;

use leptos::prelude::*;

use self::{
    configuration::Configuration,
    preview::{Preview, Previewed},
    system::{Nodes, StoreFacts, Version},
};
use crate::{
    api::{self, ApiError},
    components::{Following, PageHeader, failed_page, failed_part, use_query},
    domain::{
        Timestamp,
        live::LiveInterest,
        problem::Problem,
        settings::{SettingsDetail, StoreDetail, ThresholdsForm},
    },
    live::use_live,
};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let detail = Resource::new(|| (), |()| api::configuration());
    let live = use_live(Signal::stored(LiveInterest::default()));
    live.on_reset(move || detail.refetch());
    // A lease that runs out, and a store that grows, are no change that the stream announces.
    live.every_15_seconds(move || detail.refetch());
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
            <Following
                resource=detail
                loading=Some("Loading the settings…".to_owned())
                show=move |detail| view! { <Content detail tried preview/> }
            />
        </div>
    }
}

#[component]
fn Content(
    detail: RwSignal<Result<SettingsDetail, ApiError>>,
    tried: Memo<ThresholdsForm>,
    preview: Resource<Previewed>,
) -> impl IntoView {
    let configured = Memo::new(move |before: Option<&Result<SettingsDetail, Problem>>| {
        detail.with(|now| configured(now, before))
    });
    let state = move || match detail.get() {
        Ok(detail) => view! {
            <Nodes detail=detail.clone()/>
            <StoreFacts detail/>
        }
        .into_any(),
        Err(ApiError(problem)) => {
            let failed = failed_part("The nodes and the data store could not be read.");
            view! { <section class="card" aria-label="Nodes">{failed(problem)}</section> }
                .into_any()
        }
    };
    move || match configured.get() {
        Ok(detail) => {
            let thresholds = detail.thresholds.clone();
            view! {
                <Version detail=detail.clone()/>
                <Preview thresholds tried preview/>
                {state}
                <Configuration detail/>
            }
            .into_any()
        }
        Err(problem) => failed_page(problem),
    }
}

/// What stays the same while a server runs. The page is made anew only if it changes: what is
/// typed stays, also while the settings can't be had.
fn configured(
    now: &Result<SettingsDetail, ApiError>,
    before: Option<&Result<SettingsDetail, Problem>>,
) -> Result<SettingsDetail, Problem> {
    match (now, before) {
        (Ok(now), _) => Ok(SettingsDetail {
            nodes: Vec::new(),
            store: StoreDetail {
                bytes: 0,
                day_ago: None,
                month_ago: None,
                ..now.store.clone()
            },
            at: Timestamp::UNIX_EPOCH,
            ..now.clone()
        }),
        (Err(ApiError(problem)), Some(Ok(before))) if problem.is_passing() => Ok(before.clone()),
        (Err(ApiError(problem)), _) => Err(problem.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{health::Thresholds, problem::ProblemCode};

    fn detail(bytes: u64, minutes: i64) -> SettingsDetail {
        SettingsDetail {
            version: "1.2.3".into(),
            licence: "MIT".into(),
            file: None,
            values: Vec::new(),
            nodes: Vec::new(),
            store: StoreDetail {
                engine: "SQLite".into(),
                schema: 1,
                bytes,
                day_ago: None,
                month_ago: None,
            },
            thresholds: Thresholds::default(),
            at: Timestamp::UNIX_EPOCH + chrono::TimeDelta::minutes(minutes),
        }
    }

    fn failed(code: ProblemCode) -> Result<SettingsDetail, ApiError> {
        Err(ApiError(Problem::new(code, "It failed.")))
    }

    #[test]
    fn the_form_stays_while_only_time_passes_or_the_settings_cannot_be_had() {
        let first = configured(&Ok(detail(10, 0)), None);
        assert_eq!(configured(&Ok(detail(20, 1)), Some(&first)), first);
        let unavailable = failed(ProblemCode::Unavailable);
        assert_eq!(configured(&unavailable, Some(&first)), first);
        assert!(configured(&unavailable, None).is_err());
        let other = SettingsDetail {
            version: "1.2.4".into(),
            ..detail(20, 1)
        };
        assert_ne!(configured(&Ok(other), Some(&first)), first);
    }

    #[test]
    fn who_may_no_longer_read_the_settings_sees_none() {
        let first = configured(&Ok(detail(10, 0)), None);
        for code in [ProblemCode::Unauthenticated, ProblemCode::Forbidden] {
            assert!(configured(&failed(code), Some(&first)).is_err());
        }
    }
}
