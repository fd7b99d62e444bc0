//! A filter by time: named spans as links, which work without JavaScript, and two fields for a span of one's own.

use js_sys::Date;
use leptos::{html, prelude::*, wasm_bindgen::JsValue};

use super::{
    Field, KeptField, Timestamp,
    filter_form::{follow_url, is_edited},
    format, use_viewer,
};
use crate::{
    domain::time_range::{TimePreset, TimeSpan},
    query::time::{CUSTOM, LOCAL, field_text, parse_instant},
};

/// The named spans. One click chooses one.
#[component]
pub fn TimeChoice(
    /// What the time is of, for screen readers: `Issued`.
    label: &'static str,
    /// The part `time` of the URL, empty for any time.
    #[prop(into)]
    chosen: Signal<String>,
    /// The address of this list at a value of `time`.
    #[prop(into)]
    href: Callback<String, String>,
) -> impl IntoView {
    let choice = move |value: &'static str, words: &'static str| {
        view! {
            <a
                href=move || href.run(value.to_owned())
                aria-current=move || chosen.with(|chosen| chosen == value).then_some("true")
                data-noscroll=""
            >
                {words}
            </a>
        }
    };
    let presets = TimePreset::ALL
        .iter()
        .map(|preset| choice(preset.as_str(), preset.label()))
        .collect_view();
    view! {
        <div class="segments" role="group" aria-label=label>
            {choice("", "Any time")}
            {presets}
            {choice(CUSTOM, "Custom")}
        </div>
    }
}

/// Start and end of a span, and the time zone that this page's times are in.
#[component]
pub fn TimeSpanFields(
    /// The part `time` of the URL.
    #[prop(into)]
    chosen: Signal<String>,
    #[prop(into)] from: Signal<String>,
    #[prop(into)] to: Signal<String>,
    #[prop(into)] from_error: Signal<Option<String>>,
    #[prop(into)] to_error: Signal<Option<String>>,
) -> impl IntoView {
    let is_custom = move || chosen.with(|chosen| chosen == CUSTOM);
    view! {
        <Show
            when=is_custom
            fallback=move || view! { <KeptField name="time" value=chosen/> }
        >
            <KeptField name="time" value=Signal::stored(CUSTOM.to_owned())/>
            <InstantField name="from" label="From" value=from error=from_error/>
            <InstantField name="to" label="To" value=to error=to_error/>
        </Show>
    }
}

/// An instant in the reader's zone. What is sent is RFC 3339 with the offset, so that the address means the same for everyone.
/// Without JavaScript it is UTC.
#[component]
pub fn InstantField(
    name: &'static str,
    label: &'static str,
    /// The instant in the URL.
    #[prop(into)]
    value: Signal<String>,
    #[prop(into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let (input, sent) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let viewer = use_viewer();
    let is_live = move || viewer.is_hydrated();
    let shown = Signal::derive(move || {
        let text = value.get();
        match (is_live(), parse_instant(&text)) {
            (true, Ok(at)) => (local_text(at, viewer.offset_minutes(at)), LOCAL),
            _ => field_text(&text),
        }
    });
    let kind = Signal::derive(move || shown.with(|shown| shown.1));
    follow_url(
        input,
        Signal::derive(move || shown.with(|shown| shown.0.clone())),
        Some(kind),
    );
    Effect::new(move || {
        let value = value.get();
        let is_edited = input.get().is_some_and(|input| is_edited(&input));
        if let Some(sent) = sent.get().filter(|_| !is_edited) {
            sent.set_value(&value);
        }
    });
    // Before the form reads it.
    let take = move |typed: String| {
        if let Some(sent) = sent.get_untracked() {
            sent.set_value(&with_offset(&typed).unwrap_or(typed));
        }
    };
    view! {
        <Field id=format!("filter-{name}") label error let:control>
            <input
                node_ref=input
                id=control.id
                name=move || (!is_live()).then_some(name)
                type=move || kind.get()
                step=move || (kind.get() == LOCAL).then_some("1")
                value=shown.get_untracked().0
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| take(event_target_value(&event))
            />
            <input node_ref=sent type="hidden" name=move || is_live().then_some(name)/>
        </Field>
    }
}

/// An instant for a `datetime-local` field.
fn local_text(at: crate::domain::Timestamp, offset_minutes: i32) -> String {
    let local = at + chrono::TimeDelta::minutes(offset_minutes.into());
    local.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A time of the browser's zone with its offset from UTC. One that a clock skips is the time that the clock shows instead.
/// A text that names its zone stays as it is.
fn with_offset(local: &str) -> Option<String> {
    parse_instant(local).ok()?;
    if chrono::DateTime::parse_from_rfc3339(local).is_ok() {
        return None;
    }
    let date = Date::new(&JsValue::from_str(local));
    if date.get_time().is_nan() {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds of a date, and whole minutes within a day"
    )]
    let (at, east) = (date.get_time() as i64, -date.get_timezone_offset() as i32);
    let at = chrono::DateTime::from_timestamp_millis(at)?;
    Some(rfc_3339(at + chrono::TimeDelta::minutes(east.into()), east))
}

/// A local time, written as if it were UTC, with the offset that it has.
fn rfc_3339(local: crate::domain::Timestamp, east_minutes: i32) -> String {
    let sign = if east_minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (east_minutes.abs() / 60, east_minutes.abs() % 60);
    format!(
        "{}{sign}{hours:02}:{minutes:02}",
        local.format("%Y-%m-%dT%H:%M:%S")
    )
}

/// Which time a preset names now: `2026-10-01 00:00:00 UTC – 2026-11-01 00:00:00 UTC`. Without one, the zone that the times of
/// this page are in.
#[component]
pub fn SpanInWords(span: TimeSpan) -> impl IntoView {
    let viewer = use_viewer();
    let zone = move || {
        let zone = viewer
            .zone_now()
            .map_or_else(|| "UTC".to_owned(), format::zone);
        format!("Times in {zone}")
    };
    let words = span.from.map(|from| {
        let end = span.to.map_or_else(
            || view! { <span>"now"</span> }.into_any(),
            |to| view! { <Timestamp at=to/> }.into_any(),
        );
        view! {
            <Timestamp at=from/>
            " – "
            {end}
        }
    });
    let is_named = words.is_some();
    view! {
        <p class="muted push">
            {words} {(!is_named).then(|| view! { <span>{zone}</span> })}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_sent_with_its_offset() {
        let local = parse_instant("2026-11-22T10:30").unwrap();
        assert_eq!(rfc_3339(local, 60), "2026-11-22T10:30:00+01:00");
        assert_eq!(rfc_3339(local, -210), "2026-11-22T10:30:00-03:30");
        assert_eq!(rfc_3339(local, 0), "2026-11-22T10:30:00+00:00");
        let sent = parse_instant(&rfc_3339(local, 60)).unwrap();
        assert_eq!(local_text(sent, 60), "2026-11-22T10:30:00");
    }
}
