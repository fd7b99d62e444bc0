//! The person's browser: its clock, its time zone and whether the page has been hydrated. None of
//! it may show in a first render, which must be the same on server and browser.

use std::time::Duration;

use chrono::TimeDelta;
use js_sys::{Date, Function, Reflect};
use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
};

use crate::domain::Timestamp;

#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    hydrated: RwSignal<bool>,
    now: RwSignal<Option<Timestamp>>,
    heard: StoredValue<Option<Heard>>,
    /// By how much the two clocks differed at the last tick.
    gap: StoredValue<Option<f64>>,
    /// How often they have come apart.
    jumps: RwSignal<u32>,
}

/// The browser's two clocks, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    /// Can be set.
    wall: f64,
    /// Can't be set, but may stand still while the machine sleeps.
    steady: f64,
}

/// What the server's clock said last, and the browser's clocks at that moment.
#[derive(Debug, Clone, Copy)]
struct Heard {
    server: f64,
    at: Clocks,
}

/// By how much a message can be late at most, in milliseconds.
const LATE: f64 = 5_000.0;

impl Heard {
    /// The server's time now: never earlier than by either clock.
    fn now(self, clocks: Clocks) -> f64 {
        let passed = (clocks.wall - self.at.wall).max(clocks.steady - self.at.steady);
        self.server + passed.max(0.0)
    }

    /// Another message has come. One that is late only makes the server seem behind, so the clock that can't be set
    /// decides between it and the earlier ones.
    fn and(earlier: Option<Self>, server: f64, at: Clocks) -> Self {
        let expected = earlier.map(|heard| heard.server + at.steady - heard.at.steady);
        let is_late = |expected: &f64| (0.0..LATE).contains(&(expected - server));
        Self {
            server: expected.filter(is_late).unwrap_or(server),
            at,
        }
    }
}

/// Provides the [`Viewer`], once, at the root. After the first hydration it marks the document
/// with `data-hydrated="true"` and lets the clock tick once a second.
pub fn provide_viewer() {
    let viewer = Viewer {
        hydrated: RwSignal::new(false),
        now: RwSignal::new(None),
        heard: StoredValue::new(None),
        gap: StoredValue::new(None),
        jumps: RwSignal::new(0),
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
        let clocks = clocks();
        let gap = clocks.wall - clocks.steady;
        let before = self
            .gap
            .try_update_value(|before| before.replace(gap))
            .flatten();
        if before.is_some_and(|before| (gap - before).abs() > LATE) {
            self.jumps.update(|jumps| *jumps += 1);
        }
        let heard = self.heard.get_value();
        let now = heard.map_or(clocks.wall, |heard| heard.now(clocks));
        self.now.set(from_milliseconds(now));
    }

    /// Whether the page has been hydrated. `false` in a first render.
    pub fn is_hydrated(self) -> bool {
        self.hydrated.get()
    }

    /// Takes note of the server's clock: when it answered, not when something happened that it tells of.
    pub fn synchronise(self, server_now: Timestamp) {
        if cfg!(feature = "hydrate") {
            let server = milliseconds(server_now);
            self.heard
                .update_value(|heard| *heard = Some(Heard::and(*heard, server, clocks())));
            self.refresh();
        }
    }

    /// How often the browser's clock was set, or the machine has slept. Only the server knows the time then.
    pub fn jumps(self) -> u32 {
        self.jumps.get()
    }

    /// Ticks at once. Without this, a span that just began would look too long until the next tick.
    pub fn refresh(self) {
        if cfg!(feature = "hydrate") && self.hydrated.get_untracked() {
            self.tick();
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

fn clocks() -> Clocks {
    let wall = Date::now();
    let steady = || {
        let performance = Reflect::get(&js_sys::global(), &"performance".into()).ok()?;
        let now = Reflect::get(&performance, &"now".into()).ok()?;
        now.dyn_ref::<Function>()?
            .call0(&performance)
            .ok()?
            .as_f64()
    };
    Clocks {
        wall,
        steady: steady().unwrap_or(wall),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_or_stands_still_gives_nobody_more_time() {
        let at = |wall, steady| Clocks { wall, steady };
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1.0, "{found}");
        let first = Heard::and(None, 1_000_000.0, at(500_000.0, 0.0));
        near(first.now(at(510_000.0, 10_000.0)), 1_010_000.0);
        // Set back, and asleep.
        near(first.now(at(0.0, 10_000.0)), 1_010_000.0);
        near(first.now(at(800_000.0, 10_000.0)), 1_300_000.0);
        // The next message shows what it was: a clock that was set forward is no longer believed.
        let set = Heard::and(Some(first), 1_010_000.0, at(9_000_000.0, 10_000.0));
        near(set.now(at(9_001_000.0, 11_000.0)), 1_011_000.0);
        // A message that is late changes nothing. One after a sleep does, and so does a server whose clock was wrong.
        let late = Heard::and(Some(first), 1_008_000.0, at(510_000.0, 10_000.0));
        near(late.now(at(510_000.0, 10_000.0)), 1_010_000.0);
        let slept = Heard::and(Some(first), 1_300_000.0, at(800_000.0, 10_000.0));
        near(slept.now(at(800_000.0, 10_000.0)), 1_300_000.0);
        let mended = Heard::and(Some(first), 900_000.0, at(510_000.0, 10_000.0));
        near(mended.now(at(510_000.0, 10_000.0)), 900_000.0);
    }
}
