//! The one stream of a browser tab.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gloo_timers::callback::Timeout;
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{EventSource, MessageEvent, Storage, VisibilityState};

use super::{
    LiveHandle, LiveSignals, LiveState,
    leave::leave,
    rules::{address, union, wait_ms},
};
use crate::{
    api::note_use,
    domain::{
        StaffId, Timestamp,
        live::{LiveEvent, LiveInterest},
    },
};

/// Interests that change together lead to one new stream, not several.
const SETTLE_MS: u32 = 30;
/// A page that is still there after this long was not left: the link was a download.
const STAYED_MS: u32 = 3_000;
/// How often, and after how long each time, it is asked who is signed in before a page is left:
/// within the two seconds in which a page must go.
const ASKS: u32 = 3;
const ASK_AGAIN_MS: u32 = 400;
/// A stream that is back by this attempt was never reported as lost.
const REPORTED_FROM_ATTEMPT: u32 = 2;
/// After this long without a message the server, or the way to it, is frozen: two signs of life are missing.
const SILENT_MS: u32 = 25_000;
/// How often input is noted at most: the server keeps it to the minute.
const NOTE_EVERY_MS: f64 = 60_000.0;
/// What the tab remembers of a pause.
const PAUSED: &str = "live-paused";
/// The names of the stream's events: the `type` of each.
const EVENTS: [&str; 7] = [
    "hello",
    "tenants",
    "support_sessions",
    "access_log",
    "alive",
    "reset",
    "signed_out",
];

thread_local! {
    static TAB: Tab = Tab::new();
}

struct Tab {
    signals: LiveSignals,
    interests: RefCell<Vec<(u32, LiveInterest)>>,
    next_id: Cell<u32>,
    open: RefCell<Option<Open>>,
    last_event_id: RefCell<Option<String>>,
    attempt: Cell<u32>,
    /// Whose stream it was the last time.
    staff: Cell<Option<StaffId>>,
    timer: RefCell<Option<Timeout>>,
}

/// An open stream with what keeps its callbacks alive.
struct Open {
    source: EventSource,
    interest: LiveInterest,
    watchdog: Timeout,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.source.set_onerror(None);
        self.source.close();
    }
}

pub(super) fn follow(interest: Signal<LiveInterest>) -> LiveHandle {
    let id = TAB.with(|tab| {
        let id = tab.next_id.get();
        tab.next_id.set(id + 1);
        id
    });
    Effect::new(move |_| {
        let interest = interest.get();
        TAB.with(|tab| tab.set_interest(id, interest));
    });
    on_cleanup(move || TAB.with(|tab| tab.forget(id)));
    TAB.with(|tab| tab.signals.handle())
}

/// Stops or resumes updates.
pub(super) fn pause(paused: bool) {
    if let Some(storage) = storage() {
        // A browser that keeps nothing forgets it with the page.
        let _ = match paused {
            true => storage.set_item(PAUSED, ""),
            false => storage.remove_item(PAUSED),
        };
    }
    TAB.with(|tab| tab.pause(paused));
}

impl Tab {
    fn new() -> Self {
        close_while_hidden();
        close_when_leaving();
        follow_the_network();
        note_input();
        Self {
            signals: LiveSignals {
                paused: ArcRwSignal::new(is_kept_paused()),
                ..LiveSignals::default()
            },
            interests: RefCell::default(),
            next_id: Cell::new(0),
            open: RefCell::default(),
            last_event_id: RefCell::default(),
            attempt: Cell::new(0),
            staff: Cell::new(None),
            timer: RefCell::default(),
        }
    }

    fn set_interest(&self, id: u32, interest: LiveInterest) {
        {
            let mut interests = self.interests.borrow_mut();
            match interests.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) => *known = interest,
                None => interests.push((id, interest)),
            }
        }
        self.settle_after(SETTLE_MS);
    }

    fn forget(&self, id: u32) {
        self.interests
            .borrow_mut()
            .retain(|(known, _)| *known != id);
        self.settle_after(SETTLE_MS);
    }

    fn settle_after(&self, wait: u32) {
        // A dropped timer is cancelled: the last call wins.
        *self.timer.borrow_mut() = Some(Timeout::new(wait, || TAB.with(Tab::settle)));
    }

    /// Opens, reopens or closes the stream, depending on the page's interest and the tab's
    /// visibility.
    fn settle(&self) {
        if is_hidden() || self.interests.borrow().is_empty() {
            *self.open.borrow_mut() = None;
            self.signals.state.set(LiveState::Idle);
            return;
        }
        let interest = if self.signals.paused.get_untracked() {
            // The end of the sign-in and of one's own support sessions are still heard of.
            LiveInterest::default()
        } else {
            union(self.interests.borrow().iter().map(|(_, interest)| interest))
        };
        let is_open = self
            .open
            .borrow()
            .as_ref()
            .is_some_and(|open| open.interest == interest);
        if !is_open {
            let opened = open(interest, self.last_event_id.borrow().as_deref());
            *self.open.borrow_mut() = opened;
        }
    }

    fn pause(&self, paused: bool) {
        self.signals.paused.set(paused);
        if !paused {
            self.signals.resets.update(|resets| *resets += 1);
        }
        self.settle_after(0);
    }

    /// The stream is open, and nothing comes: says so at once, and tries another.
    fn silent(&self) {
        let attempt = self.attempt.get().max(REPORTED_FROM_ATTEMPT);
        self.attempt.set(attempt);
        self.lost();
    }

    fn lost(&self) {
        *self.open.borrow_mut() = None;
        let attempt = self.attempt.get();
        self.attempt.set(attempt.saturating_add(1));
        if attempt >= REPORTED_FROM_ATTEMPT
            && let Some(since) = self.signals.heard_at.get_untracked().or_else(browser_now)
        {
            self.signals.state.set(LiveState::Lost { since });
        }
        // A refused stream looks like a lost one: ask whether anybody is still signed in.
        leave_if_nobody_is_signed_in(ASKS, |_| {});
        self.settle_after(wait_ms(attempt, js_sys::Math::random()));
    }

    fn hear(&self, event: LiveEvent) {
        self.attempt.set(0);
        if let Some(open) = self.open.borrow_mut().as_mut() {
            open.watchdog = watchdog();
        }
        if self.signals.state.get_untracked() != LiveState::Connected {
            self.signals.state.set(LiveState::Connected);
        }
        if self.signals.paused.get_untracked() && event.changes_the_page() {
            return;
        }
        match event {
            LiveEvent::Alive { now } => self.signals.heard_at.set(Some(now)),
            LiveEvent::Hello { staff_id, now } => {
                self.signals.heard_at.set(Some(now));
                // Somebody else has signed in in another tab: nothing on this page is theirs.
                if self
                    .staff
                    .replace(Some(staff_id))
                    .is_some_and(|staff| staff != staff_id)
                {
                    let _ = window().location().reload();
                }
            }
            LiveEvent::Tenants(change) => {
                self.signals.heard_at.set(Some(change.now));
                self.signals.tenants.set(Some(change));
            }
            LiveEvent::SupportSessions(change) => {
                self.signals.heard_at.set(Some(change.now));
                self.signals.support_sessions.set(Some(change));
            }
            LiveEvent::AccessLog(change) => {
                self.signals.heard_at.set(Some(change.now));
                self.signals.access_log.set(Some(change));
            }
            LiveEvent::Reset => self.signals.resets.update(|resets| *resets += 1),
            LiveEvent::SignedOut => self.signed_out(),
        }
    }

    /// The staff session of this stream has ended. If another tab has signed in again, this page
    /// and its input stay.
    fn signed_out(&self) {
        *self.open.borrow_mut() = None;
        leave_if_nobody_is_signed_in(ASKS, |tab| tab.settle_after(SETTLE_MS));
    }
}

fn open(interest: LiveInterest, last_event_id: Option<&str>) -> Option<Open> {
    let source = EventSource::new(&address(&interest, last_event_id)).ok()?;
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|message: MessageEvent| {
        let Some(data) = message.data().as_string() else {
            return;
        };
        TAB.with(|tab| {
            let id = message.last_event_id();
            if !id.is_empty() {
                *tab.last_event_id.borrow_mut() = Some(id);
            }
            // An event of a newer server that this page can't read is not its business.
            if let Ok(event) = serde_json::from_str(&data) {
                tab.hear(event);
            }
        });
    });
    for name in EVENTS {
        let listener = on_message.as_ref().unchecked_ref();
        source
            .add_event_listener_with_callback(name, listener)
            .ok()?;
    }
    // Not from within the callback: losing the stream drops the callback that is running.
    let on_error = Closure::<dyn Fn()>::new(|| {
        spawn_local(async { TAB.with(Tab::lost) });
    });
    source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Some(Open {
        source,
        interest,
        watchdog: watchdog(),
        _on_message: on_message,
        _on_error: on_error,
    })
}

/// Ends a stream of which nothing is heard.
fn watchdog() -> Timeout {
    // Not from within the callback: losing the stream drops the callback that is running.
    Timeout::new(SILENT_MS, || {
        spawn_local(async { TAB.with(Tab::silent) });
    })
}

/// Notes that someone is at the page. What the page reads by itself keeps no sign-in alive.
fn note_input() {
    let noted_at = Rc::new(Cell::new(f64::NEG_INFINITY));
    let note = move || {
        let now = js_sys::Date::now();
        if now - noted_at.get() >= NOTE_EVERY_MS {
            noted_at.set(now);
            // The next input notes it if this fails.
            spawn_local(async { drop(note_use().await) });
        }
    };
    let (on_key, on_wheel) = (note.clone(), note.clone());
    window_event_listener(ev::pointerdown, move |_| note());
    window_event_listener(ev::keydown, move |_| on_key());
    window_event_listener(ev::wheel, move |_| on_wheel());
}

fn close_while_hidden() {
    let on_change = Closure::<dyn Fn()>::new(|| TAB.with(|tab| tab.settle_after(0)));
    let listener = on_change.as_ref().unchecked_ref();
    if document()
        .add_event_listener_with_callback("visibilitychange", listener)
        .is_ok()
    {
        // Listened to for as long as the tab lives.
        on_change.forget();
    }
}

/// Stops listening when the page is left. The form that leads away may end the sign-in, and its
/// response must stay visible.
fn close_when_leaving() {
    let on_leave = Closure::<dyn Fn()>::new(|| {
        TAB.with(|tab| {
            *tab.open.borrow_mut() = None;
            tab.settle_after(STAYED_MS);
        });
    });
    let listener = on_leave.as_ref().unchecked_ref();
    if window()
        .add_event_listener_with_callback("beforeunload", listener)
        .is_ok()
    {
        // Listened to for as long as the tab lives.
        on_leave.forget();
    }
}

/// A browser that knows that it is offline says so before any message is missing.
fn follow_the_network() {
    let offline = Closure::<dyn Fn()>::new(|| TAB.with(Tab::silent));
    let online = Closure::<dyn Fn()>::new(|| TAB.with(|tab| tab.settle_after(0)));
    for (name, listener) in [("offline", offline), ("online", online)] {
        let callback = listener.as_ref().unchecked_ref();
        if window()
            .add_event_listener_with_callback(name, callback)
            .is_ok()
        {
            // Listened to for as long as the tab lives.
            listener.forget();
        }
    }
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn is_kept_paused() -> bool {
    let kept = storage().and_then(|storage| storage.get_item(PAUSED).ok());
    kept.flatten().is_some()
}

fn is_hidden() -> bool {
    document().visibility_state() == VisibilityState::Hidden
}

/// Goes to the sign-in page if no one is signed in. A sign-in in another tab ends the old one
/// before the browser has the new cookie, so "no one" is checked again.
fn leave_if_nobody_is_signed_in(asks: u32, stay: fn(&Tab)) {
    spawn_local(async move {
        match crate::api::signed_in().await {
            // A server that can't be asked is tried again until it can.
            Ok(Some(_)) | Err(_) => TAB.with(stay),
            Ok(None) if asks > 1 => {
                let again = move || leave_if_nobody_is_signed_in(asks - 1, stay);
                Timeout::new(ASK_AGAIN_MS, again).forget();
            }
            Ok(None) => leave(),
        }
    });
}

/// The browser's clock.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
fn browser_now() -> Option<Timestamp> {
    Timestamp::from_timestamp_millis(js_sys::Date::now() as i64)
}
