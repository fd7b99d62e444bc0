//! The fields of the form. Their values stay in the document, so input from before hydration is
//! never overwritten.

use leptos::{html, prelude::*};

use super::super::ends::ends_at;
use crate::{
    components::{
        Field, Icon, IconName, as_sentence,
        format::{self, Precision},
        use_viewer,
    },
    domain::{
        Timestamp,
        scopes::Scope,
        support_sessions::{REASON_MAX, REASON_MIN, TICKET_MAX, TTL_MAX, TTL_MIN},
        tenants::{Organization, OrganizationStatus},
    },
};

type FieldError = Signal<Option<String>>;

/// The reason, with a character counter.
#[component]
pub fn ReasonField(kept: String, error: FieldError) -> impl IntoView {
    let typed = RwSignal::new(kept.clone());
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let Some(area) = area.get() {
            typed.set(area.value());
        }
    });
    let hint = move || {
        view! { <span class="num">{move || typed.with(|typed| counter(typed))}</span> }
    };
    view! {
        <Field id="reason" label="Reason" hint=hint error=error let:control>
            <textarea
                node_ref=area
                id=control.id
                name="reason"
                rows="3"
                required=true
                autofocus=true
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| typed.set(event_target_value(&event))
            >
                {kept}
            </textarea>
        </Field>
    }
    .into_any()
}

/// The length of the reason after trimming, or the required minimum.
fn counter(reason: &str) -> String {
    let length = reason.trim().chars().count();
    match length {
        0..REASON_MIN => format!("At least {REASON_MIN} characters"),
        _ => format!("{length} of {REASON_MAX} characters"),
    }
}

/// The duration with the time at which the session would end.
#[component]
pub fn TtlField(kept: String, now: Timestamp, error: FieldError) -> impl IntoView {
    let viewer = use_viewer();
    let typed = RwSignal::new(kept.clone());
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            typed.set(input.value());
        }
    });
    let end = move || {
        let at = typed.with(|typed| ends_at(viewer.now_or(now), typed))?;
        let at = format::instant(at, viewer.offset_minutes(at), Precision::Time);
        Some(format!(", ends at {at}"))
    };
    let hint = move || {
        view! {
            {format!("{TTL_MIN}–{TTL_MAX} minutes")}
            <span class="num">{end}</span>
        }
    };
    view! {
        <Field id="ttl_minutes" label="Duration (TTL, minutes)" hint=hint error=error let:control>
            <input
                node_ref=input
                id=control.id
                name="ttl_minutes"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                value=kept
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </Field>
    }
    .into_any()
}

#[component]
pub fn TicketField(
    kept: String,
    /// Whether it may not be left empty.
    required: bool,
    error: FieldError,
) -> impl IntoView {
    view! {
        <Field id="ticket" label="Ticket" optional=!required error=error let:control>
            <input
                id=control.id
                name="ticket"
                type="text"
                placeholder="INC-4127"
                autocomplete="off"
                maxlength=TICKET_MAX.to_string()
                required=required
                value=kept
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            />
        </Field>
    }
    .into_any()
}

/// The scopes with what each of them permits.
#[component]
pub fn ScopesField(
    scopes: Vec<Scope>,
    /// The names that are chosen at first.
    kept: Vec<String>,
    error: FieldError,
) -> impl IntoView {
    let choice = move |scope: Scope| {
        let name = scope.name.to_string();
        let chosen = kept.contains(&name);
        view! {
            <label>
                <input type="checkbox" name="scopes" value=name.clone() checked=chosen/>
                <span>
                    <code>{name}</code>
                    <small>{scope.description}</small>
                </span>
            </label>
        }
    };
    view! {
        <fieldset
            class="field"
            aria-describedby="scopes-error"
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            tabindex="-1"
        >
            <legend>"Scopes"</legend>
            <div class="choice">{scopes.into_iter().map(choice).collect_view()}</div>
            <p class="error" id="scopes-error" hidden=move || error.with(Option::is_none)>
                <Icon name=IconName::Bad size=13/>
                <span>{move || error.get().map(|error| as_sentence(&error))}</span>
            </p>
        </fieldset>
    }
    .into_any()
}

/// The organization that access is restricted to.
#[component]
pub fn OrganizationField(
    organizations: Vec<Organization>,
    /// The identifier that is chosen at first; empty for the whole tenant.
    kept: String,
    error: FieldError,
) -> impl IntoView {
    let option = move |organization: Organization| {
        let selected = organization.id.as_str() == kept;
        let suspended = match organization.status {
            OrganizationStatus::Active => "",
            OrganizationStatus::Suspended => " (suspended)",
        };
        view! {
            <option value=organization.id.to_string() selected=selected>
                {organization.name}
                {suspended}
            </option>
        }
    };
    view! {
        <Field
            id="organization_id"
            label="Organization"
            optional=true
            hint=|| "Restricts access to this organization's data."
            error=error
            let:control
        >
            <select
                id=control.id
                name="organization_id"
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                <option value="">"Whole tenant"</option>
                {organizations.into_iter().map(option).collect_view()}
            </select>
        </Field>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_counts_characters_after_trimming() {
        assert_eq!(counter("  API ñ "), "At least 10 characters");
        assert_eq!(counter("ñandúñandú"), "10 of 500 characters");
    }
}
