//! The bars of a chart, which can be read one by one.

use leptos::{
    ev,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, EventTarget, SvgElement},
};

/// How high a bar can be.
pub const HEIGHT: f64 = 100.0;
const WIDTH: usize = 10;
/// The bar's place, in its element.
const PLACE: &str = "data-bar";

/// The colour of a piece. Where colours are forced, a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    Plain,
    Good,
    Warn,
    Bad,
}

impl Shade {
    /// The class of a piece, and of its entry in the legend.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "shade-plain",
            Self::Good => "shade-good",
            Self::Warn => "shade-warn",
            Self::Bad => "shade-bad",
        }
    }
}

/// A rectangle of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    shade: Shade,
    /// How far its top lies below that of the chart.
    y: f64,
    height: f64,
}

impl Piece {
    /// One that begins `floor` above the ground.
    pub const fn standing(shade: Shade, floor: f64, height: f64) -> Self {
        let y = HEIGHT - floor - height;
        Self { shade, y, height }
    }

    fn view(self, place: usize) -> Option<impl IntoView + use<>> {
        (self.height > 0.0).then(|| {
            view! {
                <rect
                    class=self.shade.class()
                    x=(place * WIDTH + 1).to_string()
                    y=format!("{:.2}", self.y)
                    width=(WIDTH - 2).to_string()
                    height=format!("{:.2}", self.height)
                ></rect>
            }
        })
    }
}

/// The bars are one stop of Tab; arrow keys move among them. What a bar says is shown above while it is pointed at or focused.
#[component]
pub fn Bars<F>(
    bars: Vec<Vec<Piece>>,
    /// What a bar says, by its place.
    says: F,
    /// What all of them say together.
    summary: String,
    /// How many at the end lie in front of a shaded window.
    #[prop(default = None)]
    shaded: Option<usize>,
) -> impl IntoView
where
    F: Fn(usize) -> String + Copy + Send + Sync + 'static,
{
    let last = bars.len().saturating_sub(1);
    let reading = Reading::new(last);
    let view_of = |(place, pieces): (usize, Vec<Piece>)| {
        let pieces = pieces.into_iter().map(|piece| piece.view(place));
        view! {
            <g
                class="bar"
                role="img"
                data-bar=place.to_string()
                tabindex=move || if reading.focused.try_get() == Some(place) { "0" } else { "-1" }
                aria-label=move || says(place)
            >
                <rect class="bar-room" x=(place * WIDTH).to_string() y="0" width=WIDTH.to_string() height="100"></rect>
                {pieces.collect_view()}
            </g>
        }
    };
    let shade = shaded.map(|shaded| window(shaded, last + 1));
    let drawn: Vec<_> = bars.into_iter().enumerate().map(view_of).collect();
    view! {
        <svg
            class="chart-bars"
            role="group"
            aria-label=format!("{summary} Arrow keys read one bar after another.")
            viewBox=format!("0 0 {} {HEIGHT}", (last + 1) * WIDTH)
            preserveAspectRatio="none"
            on:keydown=move |event| reading.press(&event)
            on:focusin=move |event| reading.focus_in(&event)
            on:focusout=move |_| reading.read.set(None)
            on:mousemove=move |event| reading.point(&event)
            on:mouseleave=move |_| reading.read.set(None)
        >
            // Tells a warning where there are no colours.
            <pattern id="stripes" width=WIDTH.to_string() height="4" patternUnits="userSpaceOnUse">
                <rect width=WIDTH.to_string() height="2"></rect>
            </pattern>
            // Tells what is good where there are no colours.
            <pattern id="lines" width="4" height="4" patternUnits="userSpaceOnUse">
                <rect width="2" height="4"></rect>
            </pattern>
            {shade}
            {drawn}
        </svg>
        <p class="chart-read num" aria-hidden="true">
            {move || reading.read.try_get().flatten().map(says)}
        </p>
    }
}

/// Behind the last `shaded` of so many bars.
fn window(shaded: usize, number: usize) -> impl IntoView {
    let x = ((number - shaded.min(number)) * WIDTH).to_string();
    view! { <rect class="chart-window" x=x y="0" width=(shaded * WIDTH).to_string() height="100"></rect> }
}

/// Which bar takes the focus, and which one is being read. A chart with the focus that leaves the page changes both while they go
/// away, so they are read only if they are still there.
#[derive(Clone, Copy)]
struct Reading {
    last: usize,
    focused: RwSignal<usize>,
    read: RwSignal<Option<usize>>,
}

impl Reading {
    fn new(last: usize) -> Self {
        Self {
            last,
            focused: RwSignal::new(last),
            read: RwSignal::new(None),
        }
    }

    fn focus_in(self, event: &ev::FocusEvent) {
        if let Some(place) = place_of(event.target()) {
            self.focused.set(place);
            self.read.set(Some(place));
        }
    }

    fn point(self, event: &ev::MouseEvent) {
        let place = place_of(event.target());
        if self.read.try_get_untracked() != Some(place) {
            self.read.set(place);
        }
    }

    fn press(self, event: &ev::KeyboardEvent) {
        let Some(now) = self.focused.try_get_untracked() else {
            return;
        };
        let next = match event.key().as_str() {
            "ArrowRight" => (now + 1).min(self.last),
            "ArrowLeft" => now.saturating_sub(1),
            "Home" => 0,
            "End" => self.last,
            _ => return,
        };
        event.prevent_default();
        focus_bar(event, next);
    }
}

fn place_of(target: Option<EventTarget>) -> Option<usize> {
    let element = target?.dyn_into::<Element>().ok()?;
    let bar = element.closest("[data-bar]").ok()??;
    bar.get_attribute(PLACE)?.parse().ok()
}

fn focus_bar(event: &ev::KeyboardEvent, place: usize) {
    let chart = event
        .current_target()
        .and_then(|chart| chart.dyn_into::<Element>().ok());
    let bar = chart.and_then(|chart| {
        chart
            .query_selector(&format!("[{PLACE}='{place}']"))
            .ok()
            .flatten()
    });
    if let Some(bar) = bar.and_then(|bar| bar.dyn_into::<SvgElement>().ok()) {
        // An element with a tab index takes the focus.
        let _ = bar.focus();
    }
}
