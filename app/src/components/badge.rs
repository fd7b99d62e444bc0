//! Badges: a word, a shape and a colour, so that none of them has to be seen.

use leptos::prelude::*;

use super::icon::{Icon, IconName};
use crate::domain::{
    audit::AuditOutcome, health::Health, support_sessions::SupportSessionStatus,
    tenants::TenantStatus,
};

/// The style class that stands for a health.
pub const fn health_tone(health: Health) -> &'static str {
    match health {
        Health::Healthy => "good",
        Health::Warning => "warn",
        Health::Critical => "bad",
        Health::Unknown => "mute",
    }
}

/// The icon that stands for a health.
pub const fn health_icon(health: Health) -> IconName {
    match health {
        Health::Healthy => IconName::Good,
        Health::Warning => IconName::Warn,
        Health::Critical => IconName::Bad,
        Health::Unknown => IconName::Unknown,
    }
}

/// A tenant's health (seed: green healthy, yellow warning, red critical, gray unknown).
#[component]
pub fn HealthBadge(
    /// The health.
    #[prop(into)]
    health: Signal<Health>,
    /// As a figure of its own rather than in a row.
    #[prop(optional)]
    large: bool,
    /// Whether it tells nothing about now: then it has no colour, and says so.
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
pub fn StatusBadge(
    /// The status.
    #[prop(into)]
    status: Signal<SupportSessionStatus>,
) -> impl IntoView {
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

/// Where a tenant is in its life with the platform.
#[component]
pub fn TenantStatusTag(
    /// The status.
    #[prop(into)]
    status: Signal<TenantStatus>,
) -> impl IntoView {
    view! {
        <span class="tag" data-status=move || status.get().as_str()>
            {move || status.get().label()}
        </span>
    }
}

/// Whether the act succeeded: a word, a shape and a colour.
#[component]
pub fn OutcomeBadge(
    /// The outcome.
    outcome: AuditOutcome,
) -> impl IntoView {
    let (tone, icon, label) = match outcome {
        AuditOutcome::Success => ("mute", IconName::Good, "Success"),
        AuditOutcome::Failure => ("bad", IconName::Bad, "Failure"),
    };
    view! {
        <span class=format!("badge {tone}")>
            <Icon name=icon size=13/>
            {label}
        </span>
    }
}
