//! The four figures above the table: Total tenants, Healthy, Warning, Critical.

use leptos::prelude::*;

use super::{Shared, stale};
use crate::{
    components::{
        HealthBadge, StatCard,
        format::{percent_of, thousands},
    },
    domain::{
        Timestamp,
        health::Health,
        tenants::{HealthCounts, TelemetryState},
    },
    paths,
};

#[component]
pub(super) fn Cards(
    counts: HealthCounts,
    /// When `counts` were computed. Earlier values of the stream are older.
    sorted_at: Timestamp,
    telemetry: TelemetryState,
    shared: Shared,
) -> impl IntoView {
    let counts = Signal::derive(move || {
        shared
            .live
            .tenants
            .with(|change| {
                let change = change.as_ref().filter(|change| change.now >= sorted_at)?;
                change.counts
            })
            .unwrap_or(counts)
    });
    let stale = stale(shared, telemetry);
    let card = move |health: Health, figure: fn(&HealthCounts) -> u64| {
        view! {
            <StatCard
                label=move || view! { <HealthBadge health stale/> }
                value=Signal::derive(move || thousands(figure(&counts.get())))
                note=Signal::derive(move || {
                    let counts = counts.get();
                    format!("{} of tenants", percent_of(figure(&counts), counts.total))
                })
                href=Signal::derive(move || shared.request().with_health(health))
                part="health"
                current=Signal::derive(move || shared.request().filter.health == Some(health))
            />
        }
    };
    view! {
        <section class="cards" aria-label="Health overview">
            <StatCard
                label=|| "Total tenants"
                value=Signal::derive(move || thousands(counts.get().total))
                note=Signal::derive(move || {
                    format!("of which {} unknown", thousands(counts.get().unknown))
                })
                href=paths::OVERVIEW
                current=Signal::derive(move || !shared.request().is_filtered())
            />
            {card(Health::Healthy, |counts| counts.healthy)}
            {card(Health::Warning, |counts| counts.warning)}
            {card(Health::Critical, |counts| counts.critical)}
        </section>
    }
}
