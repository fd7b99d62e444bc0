//! One support session in the list.

use leptos::prelude::*;

use super::{SELECTION, follow::LiveList};
use crate::{
    components::{
        Countdown, Outside, OutsideLines, RowLink, SelectBox, StatusBadge, Timestamp,
        format::{self, Precision},
        use_viewer,
    },
    domain::{
        SupportSessionId,
        shown::{in_sentence, shown_lines},
        support_sessions::{SupportSession, SupportSessionStatus},
    },
    live::rows::LiveRow as _,
    paths,
};

/// One row. It updates in place, and changes to Expired when its time is up.
#[component]
pub(super) fn SessionRow(
    /// The session when it arrived.
    session: SupportSession,
    shown: LiveList,
) -> impl IntoView {
    let (viewer, may_revoke) = (use_viewer(), shown.may_revoke(&session));
    let first = session.clone();
    let now = Memo::new(move |before: Option<&SupportSession>| {
        let found = shown.rows.with(|rows| rows.find(session.key()).cloned());
        found.unwrap_or_else(|| before.unwrap_or(&session).clone())
    });
    let status = Memo::new(move |_| {
        let at = viewer.now_or(shown.at.get());
        now.with(|session| session.status(at))
    });
    let is_active = move || status.get() == SupportSessionStatus::Active;
    let until = Signal::derive(move || now.with(SupportSession::ends_at));
    let path = paths::support_session(first.id);
    let revoke_path = paths::REVOKE.page(first.id);
    let (tenant_name, staff_name) = (first.tenant_name.clone(), first.staff_name.clone());
    let (id, what) = (first.id, first.in_words());
    let scopes = first.scopes.into_iter().map(|scope| {
        view! { <code class="tag">{scope.to_string()}</code> " " }
    });
    let label = format!(
        "Revoke {}’s session in {}",
        in_sentence(&staff_name),
        in_sentence(&tenant_name)
    );
    let (selects, select) = (
        shown.may_revoke_any(),
        label.replacen("Revoke", "Select", 1),
    );
    let duration =
        move || now.with(|session| format::rough_span(session.ended_at() - session.issued_at));
    let requests = move || now.with(|session| format::thousands(session.last_seq()));
    let early = move || {
        let has_expired = status.get() == SupportSessionStatus::Expired;
        now.with(|session| ended_early(session, has_expired))
    };
    view! {
        <RowLink href=path.clone()>
            {selects.then(|| select_cell(id, select, is_active))}
            <td>
                <StatusBadge status/>
                <Show when=is_active>
                    <span class="since">
                        <Countdown until now=shown.at what=what.clone() of=id short=true/>
                    </span>
                </Show>
            </td>
            <th scope="row">
                <a class="name" href=path>
                    <strong><Outside text=tenant_name/></strong>
                    <span class="id">{first.tenant_id.to_string()}</span>
                </a>
            </th>
            <td data-label="Staff"><Outside text=staff_name/></td>
            <td data-label="Scopes">{scopes.collect_view()}</td>
            <td class="reason wide" data-label="Reason" title=shown_lines(&first.reason).into_owned()>
                <span><OutsideLines text=first.reason.clone()/></span>
            </td>
            <td data-label="Issued">
                <Timestamp at=first.issued_at in_row=true/>
            </td>
            <td data-label="Expires">
                <Timestamp at=until in_row=true/>
                {early}
            </td>
            <td class="numeric" data-label="Duration">{duration}</td>
            <td class="numeric" data-label="Requests">{requests}</td>
            <td class="tight">
                <Show when=move || may_revoke && is_active()>
                    <a class="button small danger" href=revoke_path.clone() aria-label=label.clone()>
                        "Revoke"
                    </a>
                </Show>
            </td>
        </RowLink>
    }
    .into_any()
}

/// The box that selects a session while it is active.
fn select_cell(
    id: SupportSessionId,
    label: String,
    is_active: impl Fn() -> bool + Copy + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <td class="tight">
            <Show when=is_active>
                <SelectBox form=SELECTION value=id.to_string() label=label.clone()/>
            </Show>
        </td>
    }
}

/// How a session ended before its time: `revoked 22:38 UTC by Ada`.
fn ended_early(session: &SupportSession, has_expired: bool) -> Option<AnyView> {
    let Some(revocation) = session.revocation.clone() else {
        let is_idle = has_expired && session.ends_idle();
        return is_idle.then(|| view! { <span class="since">"ended when idle"</span> }.into_any());
    };
    let view = view! {
        <span class="since">
            "revoked " <Timestamp at=revocation.at precision=Precision::Minute in_row=true/> " by "
            <Outside text=revocation.by_name/>
        </span>
    };
    Some(view.into_any())
}
