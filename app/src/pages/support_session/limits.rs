//! The card of what bounds a support session, and how much of it is used.

use leptos::{prelude::*, task::spawn_local};

use super::follow::LiveSession;
use crate::{
    api,
    components::{
        ButtonLink, Fact, Folded, Timestamp,
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
    let today = RwSignal::new(session.today);
    let is_open = RwSignal::new(false);
    follow_today(session, today, is_open);
    let staff = in_sentence(&first.staff_name);
    let today = move || today_in_words(today.get(), &staff);
    let address = address(&first);
    view! {
        <Folded id="limits-title" title="Limits" beside=used is_open below=raise_link>
            <dl class="facts">
                <Fact name="Budget" class="num">{used}</Fact>
                <Fact name="Rate" class="num">{rate(first.limits.requests_per_minute)}</Fact>
                <Fact name="Ends when idle for">{move || idle(&now.get())}</Fact>
                <Fact name="IP address">{address}</Fact>
                <Fact name="Requests today (UTC)" class="num">{today}</Fact>
            </dl>
        </Folded>
    }
    .into_any()
}

fn used(session: &SupportSession) -> String {
    let forwarded = session.requests_forwarded;
    let used = thousands(forwarded);
    let requests = |number| counted(number, "request", "requests");
    match session.limits.requests_total {
        None => format!("{} used; no limit", requests(forwarded)),
        Some(total) if session.limits.is_used_up(forwarded) => {
            format!("Used up: {used} of {}", requests(total))
        }
        Some(total) => format!("{used} of {}", requests(total)),
    }
}

fn rate(per_minute: Option<u64>) -> String {
    per_minute.map_or_else(
        || "No limit".into(),
        |rate| format!("{} a minute", counted(rate, "request", "requests")),
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

/// Of the day in UTC.
fn today_in_words(today: RequestsToday, staff: &str) -> String {
    format!(
        "{} by {staff}, {} in this tenant",
        thousands(today.by_staff),
        thousands(today.in_tenant)
    )
}

/// Asks again with each request that the session makes, while the figures are on view.
fn follow_today(session: LiveSession, today: RwSignal<RequestsToday>, is_open: RwSignal<bool>) {
    let id = session.session.with_untracked(|session| session.id);
    let made = Memo::new(move |_| {
        session
            .session
            .with(|session| session.requests_forwarded + session.requests_refused)
    });
    Effect::new(move || {
        // Read, because a memo that is only tracked is never worked out and so never changes.
        made.get();
        if is_open.get() {
            spawn_local(async move {
                if let Ok(fresh) = api::support_session(id).await {
                    // The page may be gone by then.
                    let _ = today.try_set(fresh.today);
                }
            });
        }
    });
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
