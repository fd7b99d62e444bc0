//! What tells how things stand: notices, problems, verdicts and empty screens.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::now;
use crate::{
    components::{
        CopyBlock, DoneNotice, EmptyList, EmptyState, Loading, Notice, ProblemNotice, Tone,
        VerdictBox, failed_part,
    },
    domain::{
        AuditEventId,
        flash::Done,
        health::{Cause, Health, Verdict, WindowName},
        problem::{Problem, ProblemCode},
    },
};

#[component]
pub(super) fn Notices() -> impl IntoView {
    let tones = [
        (Tone::Good, "Budget raised to 2,000 requests."),
        (
            Tone::Warn,
            "No telemetry since 11:33 UTC. Health figures are out of date and marked as stale.",
        ),
        (
            Tone::Bad,
            "Requests can't be recorded, so none is forwarded.",
        ),
        (
            Tone::Info,
            "You can't raise the budget of your own session. Ask another super admin.",
        ),
    ];
    let notices = tones.map(|(tone, text)| view! { <Notice tone>{text}</Notice> });
    let done = Done {
        message: "Session in Alder Health revoked.".to_owned(),
        audit_event: Some(AuditEventId::from_uuid(uuid::Uuid::nil())),
    };
    view! {
        {notices.collect_view()}
        <DoneNotice done/>
    }
    .into_any()
}

#[component]
pub(super) fn Problems() -> impl IntoView {
    let problem = |code, detail: &str, id: Option<&str>| Problem {
        request_id: id.map(str::to_owned),
        ..Problem::new(code, detail)
    };
    let id = "01937e2c-7b6a-7cc0-8000-0000000000ff";
    let unavailable = || {
        let detail = "The data store doesn't respond.";
        problem(ProblemCode::Unavailable, detail, Some(id))
    };
    let too_old = "You must have signed in within the last 10 minutes.";
    let long = format!(
        "No tenant “{}”. Enter a tenant's name or ID.",
        "kilometer".repeat(20)
    );
    view! {
        <ProblemNotice problem=unavailable() what="The tenants could not be loaded."/>
        <ProblemNotice problem=problem(ProblemCode::SignInTooOld, too_old, None)/>
        <ProblemNotice problem=problem(ProblemCode::InvalidInput, &long, None)/>
        <div class="card">
            {failed_part("The health of the last days could not be read.")(unavailable())}
        </div>
    }
    .into_any()
}

#[component]
pub(super) fn Verdicts() -> impl IntoView {
    let causes = [
        (
            Health::Critical,
            Cause::ErrorRate {
                window: WindowName::QuarterHour,
                calls: 88,
                errors: 51,
                threshold_percent: 20.0,
            },
        ),
        (
            Health::Warning,
            Cause::ReducedActivity {
                calls: 290,
                daily_mean: 1_000.0,
            },
        ),
        (Health::Unknown, Cause::NeverCalled),
        (
            Health::Healthy,
            Cause::NoIssues {
                calls: 124_031,
                errors: 61,
            },
        ),
    ];
    let since = now() - TimeDelta::minutes(17);
    let verdict = |(health, cause)| {
        let verdict = Verdict { health, cause };
        let stale = health == Health::Healthy;
        view! { <VerdictBox verdict since now=now() stale/> }
    };
    causes.map(verdict).collect_view()
}

#[component]
pub(super) fn Nothing() -> impl IntoView {
    let line = "curl -H 'Authorization: Bearer scst_7Zk2mQ9vX4tB8nL1cR6yH3pW5sD0fJ2gK7aE9uI4oT' \
                https://gateway.example.com/v1/whoami";
    view! {
        <div class="card">
            <EmptyList
                title="No matching support sessions"
                advice="Try a longer time range or remove a filter."
                clear=Some("#nothing")
            />
        </div>
        <div class="card">
            <EmptyState title="No requests yet">
                <p>"Requests appear here as they are made."</p>
            </EmptyState>
        </div>
        <div class="card">
            <Loading label="Loading tenants…"/>
        </div>
        <CopyBlock text=line what="curl command"/>
    }
    .into_any()
}
