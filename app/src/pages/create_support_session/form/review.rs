//! The tenant's health signals, for review before creating a support session: many issues can be
//! diagnosed without access to the tenant's data.

use leptos::prelude::*;

use crate::{
    components::{
        HealthBadge, Icon, IconName, LastSeen, VerdictBox,
        format::{percent_of, thousands},
    },
    domain::{support_sessions::SupportSessionDraft, tenants::TenantStatus},
};

/// The four health signals and the verdict, below a notice if no session can be created or the
/// tenant is not in normal use.
#[component]
pub fn Review(draft: SupportSessionDraft) -> impl IntoView {
    let (signals, now) = (draft.tenant.signals, draft.now);
    let stale = Signal::stored(draft.stale);
    let is_suspended = draft.tenant.tenant.status == TenantStatus::Suspended;
    let can_be_entered = draft.barred.is_none();
    view! {
        {draft
            .barred
            .map(|why| {
                view! {
                    <div class="notice bad" role="alert">
                        <Icon name=IconName::Bad size=18/>
                        <p>{why}</p>
                    </div>
                }
            })}
        {(is_suspended && can_be_entered)
            .then(|| {
                view! {
                    <div class="notice warn">
                        <Icon name=IconName::Warn size=18/>
                        <p>
                            "This tenant is suspended. You can still enter it; what its API "
                            "answers depends on the platform."
                        </p>
                    </div>
                }
            })}
        <section class="review" aria-label="Health signals">
            <dl class="signals">
                <div>
                    <dt>"Health status"</dt>
                    <dd><HealthBadge health=signals.health stale/></dd>
                </div>
                <div>
                    <dt>"Last seen"</dt>
                    <dd><LastSeen at=signals.last_seen now/></dd>
                </div>
                <div>
                    <dt>"API calls (24h)"</dt>
                    <dd class="num">{thousands(signals.calls_24h)}</dd>
                </div>
                <div>
                    <dt>"Error rate"</dt>
                    <dd class="num">{percent_of(signals.errors_24h, signals.calls_24h)}</dd>
                </div>
            </dl>
            <VerdictBox verdict=draft.verdict since=signals.since now stale/>
        </section>
    }
    .into_any()
}
