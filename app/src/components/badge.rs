//! Badges combine a word, a shape and a colour, so that no one depends on a single one of them.

use leptos::prelude::*;

use super::icon::{Icon, IconName};
use crate::domain::{
    api_keys::ApiKeyState, audit::AuditOutcome, health::Health, staff::StaffState,
    support_sessions::SupportSessionStatus, tenants::TenantStatus,
};

pub const fn health_tone(health: Health) -> &'static str {
    match health {
        Health::Healthy => "good",
        Health::Warning => "warn",
        Health::Critical => "bad",
        Health::Unknown => "mute",
    }
}

pub const fn health_icon(health: Health) -> IconName {
    match health {
        Health::Healthy => IconName::Good,
        Health::Warning => IconName::Warn,
        Health::Critical => IconName::Bad,
        Health::Unknown => IconName::Unknown,
    }
}

/// A tenant's health: green is healthy, yellow warning, red critical, gray unknown.
#[component]
pub fn HealthBadge(
    #[prop(into)] health: Signal<Health>,
    /// Large, as a figure instead of in a row.
    #[prop(optional)]
    large: bool,
    /// Whether the health is out of date. It then has no colour and says so.
    #[prop(into, optional)]
    stale: Signal<bool>,
) -> impl IntoView {
    move || {
        let (health, stale) = (health.get(), stale.get());
        let size = if large { " large" } else { "" };
        let tone = if stale { "stale" } else { health_tone(health) };
        view! {
            <span class=format!("badge {tone}{size}")>
                <Icon name=health_icon(health) size=if large { 18 } else { 13 }/>
                {health.label()}
                {stale.then_some(" · stale")}
            </span>
        }
    }
}

/// The status of a support session: Active, Expired or Revoked.
#[component]
pub fn StatusBadge(#[prop(into)] status: Signal<SupportSessionStatus>) -> impl IntoView {
    move || {
        let status = status.get();
        let (tone, icon) = match status {
            SupportSessionStatus::Active => ("good", IconName::Good),
            SupportSessionStatus::Expired => ("mute", IconName::Clock),
            SupportSessionStatus::Revoked => ("bad", IconName::Stopped),
        };
        view! {
            <span class=format!("badge {tone}")>
                <Icon name=icon size=13/>
                {status.label()}
            </span>
        }
    }
}

/// Whether an API key works: Active, Expired or Revoked.
#[component]
pub fn KeyStateBadge(state: ApiKeyState) -> impl IntoView {
    let (tone, icon) = match state {
        ApiKeyState::Active => ("good", IconName::Good),
        ApiKeyState::Expired => ("mute", IconName::Clock),
        ApiKeyState::Revoked => ("bad", IconName::Stopped),
    };
    view! {
        <span class=format!("badge {tone}")>
            <Icon name=icon size=13/>
            {state.label()}
        </span>
    }
}

#[component]
pub fn TenantStatusTag(#[prop(into)] status: Signal<TenantStatus>) -> impl IntoView {
    view! {
        <span class="tag" data-status=move || status.get().as_str()>
            {move || status.get().label()}
        </span>
    }
}

/// Whether a staff member may use the console.
#[component]
pub fn StaffStateBadge(state: StaffState) -> impl IntoView {
    let (tone, icon) = match state {
        StaffState::Active => ("good", IconName::Good),
        StaffState::Invited | StaffState::Reset => ("mute", IconName::Clock),
        StaffState::NoRole => ("mute", IconName::Unknown),
        StaffState::Deactivated => ("mute", IconName::Stopped),
    };
    view! {
        <span class=format!("badge {tone}")>
            <Icon name=icon size=13/>
            {state.label()}
        </span>
    }
}

/// Whether the act succeeded: a word, a shape and a colour.
#[component]
pub fn OutcomeBadge(outcome: AuditOutcome) -> impl IntoView {
    let (tone, icon) = match outcome {
        AuditOutcome::Success => ("mute", IconName::Good),
        AuditOutcome::Failure => ("bad", IconName::Bad),
    };
    view! {
        <span class=format!("badge {tone}")>
            <Icon name=icon size=13/>
            {outcome.label()}
        </span>
    }
}
