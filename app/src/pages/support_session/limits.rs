//! The card of what bounds a support session, and how much of it is used.

use leptos::prelude::*;

use super::follow::LiveSession;
use crate::{
    components::{
        ButtonLink, Fact, Timestamp,
        format::{counted, thousands},
    },
    domain::{
        shown::in_sentence,
        support_sessions::{RequestsToday, SupportSession},
    },
    paths,
};

#[component]
pub(super) fn Limits(session: LiveSession) -> impl IntoView {
    let now = session.session;
    let first = now.get_untracked();
    let raise = paths::RAISE_BUDGET.page(first.id);
    let may_raise = session.may.raise_budget && first.limits.requests_total.is_some();
    let raise_link = move || {
        let raise = raise.clone();
        (may_raise && session.is_active()).then(|| {
            view! {
                <div class="panel-body">
                    <ButtonLink href=raise class="small">
                        "Raise budget"
                    </ButtonLink>
                </div>
            }
        })
    };
    let used = move || now.with(used);
    let (address, today) = (address(&first), today(session.today, &first));
    view! {
        <section class="card folded" aria-labelledby="limits-title">
            <details>
                <summary>
                    <h2 id="limits-title">"Limits"</h2>
                    <span class="muted num">{used}</span>
                </summary>
                <dl class="facts">
                <Fact name="Budget" class="num">{used}</Fact>
                <Fact name="Rate" class="num">{rate(first.limits.requests_per_minute)}</Fact>
                <Fact name="Ends when idle for">{move || idle(&now.get())}</Fact>
                <Fact name="IP address">{address}</Fact>
                <Fact name="Requests today (UTC)" class="num">{today}</Fact>
                </dl>
            </details>
            {raise_link}
        </section>
    }
    .into_any()
}

fn used(session: &SupportSession) -> String {
    let used = thousands(session.requests_forwarded);
    match session.limits.requests_total {
        None => format!("{used} requests used; no limit"),
        Some(total) if session.limits.is_used_up(session.requests_forwarded) => {
            format!("Used up: {used} of {} requests", thousands(total))
        }
        Some(total) => format!("{used} of {} requests", thousands(total)),
    }
}

fn rate(per_minute: Option<u64>) -> String {
    per_minute.map_or_else(
        || "No limit".into(),
        |rate| format!("{} requests a minute", thousands(rate)),
    )
}

fn idle(session: &SupportSession) -> AnyView {
    let (Some(minutes), Some(ends_at)) = (session.limits.idle_minutes, session.limits.idle_ends_at)
    else {
        return view! { <span class="muted">"None"</span> }.into_any();
    };
    view! {
        {counted(minutes, "minute", "minutes")}
        ": at "
        <Timestamp at=ends_at/>
        " unless a request is made"
    }
    .into_any()
}

fn address(session: &SupportSession) -> AnyView {
    if session.limits.creator_ip_only {
        view! { "Only " <code>{session.ip.clone()}</code> }.into_any()
    } else {
        view! { <span class="muted">"Any"</span> }.into_any()
    }
}

/// Of the day in UTC, when the page was made.
fn today(today: RequestsToday, session: &SupportSession) -> String {
    format!(
        "{} by {}, {} in this tenant",
        thousands(today.by_staff),
        in_sentence(&session.staff_name),
        thousands(today.in_tenant)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_says_so_when_there_is_none() {
        assert_eq!(rate(Some(1200)), "1,200 requests a minute");
        assert_eq!(rate(None), "No limit");
    }
}
