//! What stands in a line: badges, tags, buttons and times.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::now;
use crate::{
    components::{
        Ago, ButtonLink, CopyButton, Countdown, HealthBadge, Icon, IconName, LastSeen,
        OutcomeBadge, Since, StatusBadge, TenantStatusTag, Timestamp, format::Precision,
    },
    domain::{
        self, SupportSessionId, audit::AuditOutcome, health::Health,
        support_sessions::SupportSessionStatus, tenants::TenantStatus,
    },
};

#[component]
pub(super) fn Badges() -> impl IntoView {
    let health = |health: Health| {
        view! {
            <HealthBadge health/>
            <HealthBadge health stale=true/>
            <HealthBadge health large=true/>
        }
    };
    let status = |status: SupportSessionStatus| view! { <StatusBadge status/> };
    let tenant = |status: TenantStatus| view! { <TenantStatusTag status/> };
    let outcome = |outcome: AuditOutcome| view! { <OutcomeBadge outcome/> };
    view! {
        <p class="bar">{Health::ALL.iter().copied().map(health).collect_view()}</p>
        <p class="bar">
            {SupportSessionStatus::ALL.iter().copied().map(status).collect_view()}
            {TenantStatus::ALL.iter().copied().map(tenant).collect_view()}
            {AuditOutcome::ALL.iter().copied().map(outcome).collect_view()} <span class="tag">"SUP-4821"</span>
            <span class="code good">"200"</span> <span class="code warn">"403"</span> <span class="code bad">"502"</span>
            <span class="method">"DELETE"</span>
        </p>
    }
    .into_any()
}

#[component]
pub(super) fn Buttons() -> impl IntoView {
    let kinds = ["", "primary", "danger", "danger solid", "quiet"];
    let sizes = ["", " small"].map(|size| {
        let buttons = kinds.map(|kind| {
            let class = format!("{kind}{size}");
            view! { <ButtonLink href="#buttons" class>"Revoke Session"</ButtonLink> }
        });
        view! { <p class="bar">{buttons.collect_view()}</p> }
    });
    view! {
        {sizes.collect_view()}
        <p class="bar">
            <button class="button" disabled=true>
                "Disabled"
            </button>
            <a class="button small" role="link" aria-disabled="true">
                "Next"
            </a>
            <button class="button primary" aria-busy="true">
                "Create Session"
            </button>
            <button class="button">
                <Icon name=IconName::Search/>
                "With an icon"
            </button>
            <CopyButton text="sample" what="sample"/>
            <a class="link" href="#buttons">
                "A link"
            </a>
        </p>
    }
    .into_any()
}

#[component]
pub(super) fn Times() -> impl IntoView {
    let never = None::<domain::Timestamp>;
    let countdown = |seconds: i64| {
        let of = SupportSessionId::from_uuid(uuid::Uuid::nil());
        let until = now() + TimeDelta::seconds(seconds);
        view! { <Countdown until now=now() what="sample" of/> " " }
    };
    let ago =
        |seconds: i64| view! { <Ago at=now() - TimeDelta::seconds(seconds) now=now()/> " · " };
    view! {
        <p class="bar">{[3_000, 240, 42, 0].map(countdown).collect_view()}</p>
        <p class="bar">
            {[2, 90, 4_000, 90_000, 9_000_000].map(ago).collect_view()}
            <LastSeen at=never now=now()/> " · " <Since at=now() - TimeDelta::hours(2) now=now()/> " · "
            <Timestamp at=now()/> " · " <Timestamp at=now() precision=Precision::Millisecond/>
        </p>
    }
    .into_any()
}
