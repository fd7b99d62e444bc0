//! What stands over the list: the figures, and how many sessions are new.

use leptos::prelude::*;

use super::follow::LiveList;
use crate::{
    components::{ButtonLink, StatCard, format::total},
    domain::support_sessions::{SupportSessionCounts, SupportSessionStatus},
    live::rows::LiveRows,
    query::sessions::SessionsQuery,
};

#[component]
pub(super) fn Cards(counts: RwSignal<SupportSessionCounts>, query: SessionsQuery) -> impl IntoView {
    let card = move |status: SupportSessionStatus, count: fn(&SupportSessionCounts) -> u64| {
        let current = query.own.status == status.as_str();
        // A second click shows all again.
        let href = query.address_with_status((!current).then_some(status));
        view! {
            <StatCard
                label=move || status.label()
                value=Signal::derive(move || total(counts.with(count)))
                href
                part="status"
                current
            />
        }
    };
    view! {
        <section class="cards three" aria-label="Counts">
            {card(SupportSessionStatus::Active, |counts| counts.active)}
            {card(SupportSessionStatus::Revoked, |counts| counts.revoked)}
            {card(SupportSessionStatus::Expired, |counts| counts.expired)}
        </section>
    }
}

/// `3 new`: shows them here on the first page, and leads there from others.
#[component]
pub(super) fn NewSessions(shown: LiveList, is_first: bool, first_page: String) -> impl IntoView {
    let waiting = Memo::new(move |_| shown.rows.with(LiveRows::waiting));
    let text = move || format!("{} new", waiting.get());
    let control = if is_first {
        let show = move |_| shown.rows.update(LiveRows::release);
        view! {
            <button type="button" class="button small primary" on:click=show>
                {text}
            </button>
        }
        .into_any()
    } else {
        view! { <ButtonLink href=first_page class="small primary">{text}</ButtonLink> }.into_any()
    };
    view! { <div hidden=move || waiting.get() == 0>{control}</div> }
}
