//! Help: roles, scopes, and how health is decided, with the numbers that are configured here.

use leptos::prelude::*;

use crate::{
    api,
    components::{
        HealthBadge, Loaded, PageHeader, Panel, ProblemNotice, TableBox, columns,
        format::{configured_percent, counted},
    },
    domain::{
        health::{Health, Thresholds},
        policy::RECENT_SIGN_IN,
        scopes::Scope,
        settings::Settings,
        staff::Role,
        support_sessions::{
            MAX_ACTIVE_PER_STAFF_MEMBER, REASON_MIN, TTL_DEFAULT, TTL_MAX, TTL_MIN,
        },
    },
    paths,
};

#[component]
pub fn HelpPage() -> impl IntoView {
    let settings = Resource::new(|| (), |()| api::settings());
    view! {
        <div class="page">
            <PageHeader title="Help" lead="Roles, limits and how health is worked out"/>
            <HealthHelp/>
            <Loaded
                resource=settings
                loading="Loading the configuration…"
                show=|Settings { thresholds, scopes, .. }| {
                    view! {
                        <Decision thresholds/>
                        <Sessions/>
                        <Scopes scopes/>
                    }
                }
                failed=|problem| {
                    view! { <ProblemNotice what="The configuration could not be loaded." problem/> }
                        .into_any()
                }
            />
            <Roles/>
        </div>
    }
}

#[component]
fn HealthHelp() -> impl IntoView {
    let row = |health: Health, meaning: &'static str| {
        view! {
            <tr>
                <th scope="row">
                    <HealthBadge health/>
                </th>
                <td>{meaning}</td>
            </tr>
        }
    };
    view! {
        <Panel id="help-health" title="Health">
            <TableBox label="What health means">
                {columns(["Badge", "Meaning"])}
                <tbody>
                    {row(Health::Healthy, "No issues detected.")}
                    {row(Health::Warning, "Elevated error rate or reduced activity.")}
                    {row(Health::Critical, "High error rate or no recent activity.")}
                    {row(Health::Unknown, "Insufficient data to determine health.")}
                </tbody>
            </TableBox>
        </Panel>
    }
}

/// The rules of `domain::health::decide` in words, in their order.
#[component]
fn Decision(thresholds: Thresholds) -> impl IntoView {
    let Thresholds {
        silent_after_hours,
        min_calls,
        min_errors,
        warning_percent,
        critical_percent,
        reduced_percent,
        min_full_days,
        min_daily_mean,
        error_status,
        stale_after_minutes,
    } = thresholds;
    let hours = counted(u64::from(silent_after_hours), "hour", "hours");
    let days = counted(u64::from(min_full_days), "full day", "full days");
    let calls = counted(min_calls, "call", "calls");
    let errors = counted(min_errors, "error", "errors");
    let (warning, critical) = (
        configured_percent(warning_percent),
        configured_percent(critical_percent),
    );
    let reduced = configured_percent(reduced_percent);
    view! {
        <Panel id="help-decision" title="How health is worked out">
            <div class="panel-body">
                <div class="prose">
                    <p>
                        "Rules are checked in this order and the first match wins. The numbers are \
                         this console's settings. A tenant's own settings can replace those for \
                         silence, calls and error rates."
                    </p>
                    <ol class="prose">
                        <li>"No API calls reported yet: unknown."</li>
                        <li>
                            {format!(
                                "No API calls for {hours}: critical. Suspended, pending, \
                                 onboarding and closed tenants don't raise an alert when they are \
                                 silent.",
                            )}
                        </li>
                        <li>
                            {format!(
                                "The last 15 minutes and the last 24 hours, each with at least \
                                 {calls} and {errors}: critical if the error rate is \
                                 clearly above {critical}, warning if it is clearly above \
                                 {warning}. The worse of the two counts.",
                            )}
                        </li>
                        <li>
                            {format!(
                                "Calls in the last 24 hours below {reduced} of the daily mean of \
                                 the 7 days before: warning. This needs data for at least {days} \
                                 and a mean of at least {min_daily_mean}.",
                            )}
                        </li>
                        <li>{format!("Fewer than {calls} in the last 24 hours: unknown.")}</li>
                        <li>"Otherwise: healthy."</li>
                    </ol>
                    <p>
                        {format!(
                            "An error is a response with an HTTP status of {error_status} or \
                             higher. \"Clearly above\" means the lower end of the 95% Wilson \
                             interval of the error rate, so that a few errors among a few calls \
                             don't raise an alert. Requests made in support sessions never count. \
                             When no telemetry arrives for {}, health is marked as stale.",
                            counted(u64::from(stale_after_minutes), "minute", "minutes"),
                        )}
                    </p>
                </div>
            </div>
        </Panel>
    }
}

#[component]
fn Sessions() -> impl IntoView {
    view! {
        <Panel id="help-sessions" title="Support sessions">
            <div class="panel-body">
                <ul class="prose">
                    <li>
                        "Review the tenant's health signals first. Many issues, such as elevated error \
                         rates, can be diagnosed from them without access to the tenant's data."
                    </li>
                    <li>
                        {format!(
                            "A support session needs a reason of at least {REASON_MIN} characters, which \
                             the tenant can read, and lasts {TTL_MIN} to {TTL_MAX} minutes \
                             ({TTL_DEFAULT} by default). It expires automatically.",
                        )}
                    </li>
                    <li>
                        {format!(
                            "You can have at most {MAX_ACTIVE_PER_STAFF_MEMBER} active support \
                             sessions. To create one, you must have signed in within the last {} \
                             minutes.",
                            RECENT_SIGN_IN.num_minutes(),
                        )}
                    </li>
                    <li>
                        "Every HTTP request is recorded before it is forwarded, in the session's \
                         access log and in the tenant's audit log."
                    </li>
                    <li>
                        "The access token is shown once. If you lose it, replace it. The old \
                         token stops working immediately."
                    </li>
                    <li>
                        "Enter tenant, where offered, opens the tenant in a new tab at the \
                         session's own address. It needs no token, works in one browser at a time \
                         and ends with the session."
                    </li>
                </ul>
            </div>
        </Panel>
    }
}

#[component]
fn Scopes(scopes: Vec<Scope>) -> impl IntoView {
    let rules = || {
        view! {
            <a class="link push" href=paths::RULES>
                "Rules and dry run"
            </a>
        }
    };
    view! {
        <Panel id="help-scopes" title="Scopes" beside=rules>
            <TableBox label="Scopes">
                {columns(["Scope", "What it permits"])}
                <tbody>
                    {scopes
                        .into_iter()
                        .map(|scope| {
                            view! {
                                <tr>
                                    <th scope="row">
                                        <code>{scope.name.to_string()}</code>
                                    </th>
                                    <td>{scope.description}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </TableBox>
        </Panel>
    }
}

#[component]
fn Roles() -> impl IntoView {
    view! {
        <Panel id="help-roles" title="Roles">
            <div class="panel-body">
                <p>
                    <a class="link" href=paths::PERMISSIONS>
                        "Permissions"
                    </a>
                    " shows what a " {Role::SupportAdmin.label()} ", a " {Role::SuperAdmin.label()}
                    " and each kind of API key may do, and which of them you are."
                </p>
            </div>
        </Panel>
    }
}
