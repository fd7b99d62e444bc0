//! The four health signal cards: health status, last seen, API calls, error rate.

use leptos::prelude::*;

use crate::{
    components::{
        HealthBadge, LastSeen, SignalCard, Since, Sparkline, Timestamp,
        format::{Precision, counted, percent_of, thousands},
    },
    domain::{
        TenantId,
        health::HealthSignals,
        tenants::{CallBucket, Hours},
    },
    live::LiveHandle,
};

#[component]
pub(crate) fn Signals(
    id: TenantId,
    first: HealthSignals,
    /// Calls over time, for the line beside their number.
    calls: Vec<CallBucket>,
    /// Whether telemetry has stopped arriving.
    stale: Signal<bool>,
    live: LiveHandle,
) -> impl IntoView {
    let now = first.updated_at;
    let signals = Memo::new(move |_| {
        live.tenants
            .with(|change| {
                let change = change.as_ref().filter(|change| change.now >= now)?;
                let row = change.rows.iter().find(|row| row.tenant.id == id)?;
                Some(row.signals.clone())
            })
            .unwrap_or_else(|| first.clone())
    });
    let last_seen = Signal::derive(move || signals.with(|s| s.last_seen));
    let buckets = crate::components::grouped(&calls, 48).into_iter();
    let (calls, errors) = buckets.map(|bucket| (bucket.calls, bucket.errors)).unzip();
    let hours = Hours { calls, errors };
    let since = move || view! { <Since at=Signal::derive(move || signals.with(|s| s.since)) now/> };
    let seen_at = move || {
        move || match last_seen.get() {
            Some(at) => view! { <Timestamp at/> }.into_any(),
            None => "No API calls have been reported yet".into_any(),
        }
    };
    let updated_at = Signal::derive(move || signals.with(|s| s.updated_at));
    let errors = move || {
        move || {
            signals.with(|s| {
                let calls = counted(s.calls_24h, "call", "calls");
                format!("{} of {calls}", thousands(s.errors_24h))
            })
        }
    };
    view! {
        <section class="cards" aria-label="Health signals">
            <SignalCard label="Health status" note=since>
                <HealthBadge health=Signal::derive(move || signals.with(|s| s.health)) large=true stale/>
            </SignalCard>
            <SignalCard label="Last seen" note=seen_at>
                <LastSeen at=last_seen now/>
            </SignalCard>
            <SignalCard
                label="API calls (24h)"
                note=move || view! { "as of " <Timestamp at=updated_at precision=Precision::Time/> }
            >
                {move || thousands(signals.with(|s| s.calls_24h))}
                <Sparkline hours/>
            </SignalCard>
            <SignalCard label="Error rate" note=errors>
                {move || signals.with(|s| percent_of(s.errors_24h, s.calls_24h))}
            </SignalCard>
        </section>
    }
}
