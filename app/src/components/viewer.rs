//! The person's browser: its clock, its time zone and whether the page has been hydrated. None of
//! it may show in a first render, which must be the same on server and browser.

use std::time::Duration;

use chrono::TimeDelta;
use js_sys::Date;
use leptos::{prelude::*, wasm_bindgen::JsValue};

use crate::domain::Timestamp;

#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    hydrated: RwSignal<bool>,
    now: RwSignal<Option<Timestamp>>,
    /// How far the server's clock is ahead of the browser's, in milliseconds.
    lead: StoredValue<Option<f64>>,
}

/// Provides the [`Viewer`], once, at the root. After the first hydration it marks the document
/// with `data-hydrated="true"` and lets the clock tick once a second.
pub fn provide_viewer() {
    let viewer = Viewer {
        hydrated: RwSignal::new(false),
        now: RwSignal::new(None),
        lead: StoredValue::new(None),
    };
    provide_context(viewer);
    Effect::new(move || {
        // The effects of a first hydration run after all of it. One turn later its own effects have
        // run too.
        set_timeout(move || viewer.start(), Duration::ZERO);
    });
}

pub fn use_viewer() -> Viewer {
    expect_context()
}

impl Viewer {
    fn start(self) {
        self.tick();
        self.hydrated.set(true);
        if let Some(root) = document().document_element() {
            // A document element takes any attribute.
            let _ = root.set_attribute("data-hydrated", "true");
        }
        // The interval lives as long as the page.
        let _ = set_interval_with_handle(move || self.tick(), Duration::from_secs(1));
    }

    fn tick(self) {
        let lead = self.lead.get_value().unwrap_or_default();
        self.now.set(from_milliseconds(Date::now() + lead));
    }

    /// Whether the page has been hydrated. `false` in a first render.
    pub fn is_hydrated(self) -> bool {
        self.hydrated.get()
    }

    /// Takes note of the server's clock. What arrives late only makes the server seem behind, so
    /// the largest lead is the truest.
    pub fn synchronise(self, server_now: Timestamp) {
        if cfg!(feature = "hydrate") {
            let lead = milliseconds(server_now) - Date::now();
            let known = self.lead.get_value();
            self.lead
                .set_value(Some(known.map_or(lead, |known| known.max(lead))));
            // Without this, a span that just began would look too long until the next tick.
            if self.hydrated.get_untracked() {
                self.tick();
            }
        }
    }

    /// The server's time, ticking; `first` until the page has been hydrated.
    pub fn now_or(self, first: Timestamp) -> Timestamp {
        self.now.get().unwrap_or(first)
    }

    /// How far the viewer's zone is ahead of UTC now, in minutes; `None` in a first render.
    pub fn zone_now(self) -> Option<i32> {
        self.is_hydrated().then(|| {
            let now = self.now.get_untracked();
            now.map_or(0, |now| self.offset_minutes(now))
        })
    }

    /// How far the viewer's zone is ahead of UTC at `at`, in minutes; 0 in a first render.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "offsets of zones are whole numbers of minutes within a day"
    )]
    pub fn offset_minutes(self, at: Timestamp) -> i32 {
        if !self.hydrated.get() {
            return 0;
        }
        let date = Date::new(&JsValue::from_f64(milliseconds(at)));
        -date.get_timezone_offset() as i32
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of the next 200,000 years fit 53 bits"
)]
fn milliseconds(at: Timestamp) -> f64 {
    at.timestamp_millis() as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn from_milliseconds(ms: f64) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add_signed(TimeDelta::milliseconds(ms as i64))
}
