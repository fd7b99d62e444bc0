//! Scopes: the permissions of the session, and how often each was used.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::follow::LiveSession;
use crate::{
    components::format::counted,
    domain::{scopes::ScopeName, support_sessions::ScopeUse},
    live::LiveHandle,
};

/// How many requests each scope allowed, kept current by the live stream.
#[derive(Debug, Clone, Copy)]
pub struct ScopesUsed {
    used: RwSignal<BTreeMap<ScopeName, u64>>,
}

impl ScopesUsed {
    /// Counts on from `uses`, which includes the entries up to number `counted`.
    pub(super) fn follow(uses: Vec<ScopeUse>, counted: u64, live: LiveHandle) -> Self {
        let uses = uses.into_iter().map(|used| (used.scope, used.requests));
        let used = RwSignal::new(uses.collect::<BTreeMap<_, _>>());
        let last = StoredValue::new(counted);
        Effect::new(move || {
            let Some(change) = live.access_log.get() else {
                return;
            };
            for entry in change.entries.iter().filter(|e| e.seq > last.get_value()) {
                if let Some(scope) = entry.scope.clone() {
                    used.update(|used| *used.entry(scope).or_default() += 1);
                }
            }
            let newest = change.entries.iter().map(|entry| entry.seq).max();
            last.update_value(|last| *last = newest.unwrap_or_default().max(*last));
        });
        Self { used }
    }
}

/// The scopes granted, each with how often it was used.
#[component]
pub(super) fn GrantedAndUsed(session: LiveSession, used: ScopesUsed) -> impl IntoView {
    let granted = session.session.with_untracked(|s| s.scopes.clone());
    let rows = granted.into_iter().map(|scope| {
        let name = scope.to_string();
        let requests = move || {
            let requests = used.used.with(|used| used.get(&scope).copied());
            match requests.unwrap_or_default() {
                0 => "not used".to_owned(),
                requests => counted(requests, "request", "requests"),
            }
        };
        view! {
            <li>
                <code class="tag">{name}</code>
                " "
                <span class="muted num">{requests}</span>
            </li>
        }
    });
    view! { <ul class="bare">{rows.collect_view()}</ul> }
}
