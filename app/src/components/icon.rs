//! Icons have different shapes, so that colour isn't needed to distinguish them. They are
//! decorative: the word next to them carries the meaning.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IconName {
    /// A circle with a tick: healthy, active.
    Good,
    /// A triangle with an exclamation mark: warning.
    Warn,
    /// An octagon with an exclamation mark: critical, error.
    Bad,
    /// A dashed circle with a bar: unknown.
    Unknown,
    /// A circle with a slash: revoked.
    Stopped,
    Clock,
    /// A pulse: tenant health.
    Pulse,
    /// A padlock: support sessions.
    Lock,
    /// A key: API keys.
    Key,
    /// A sheet of paper: audit log.
    Document,
    /// A list of ticks: the gateway's rules.
    Rules,
    /// A head and shoulders: staff.
    Person,
    /// A building: tenants.
    Tenants,
    /// A question mark in a circle: help.
    Help,
    Info,
    Search,
    Copy,
    Up,
    Down,
    /// An arrow out of a door: sign out.
    SignOut,
    /// A disc, half dark: theme.
    Theme,
}

impl IconName {
    /// Outlines on a field of 16 × 16.
    const fn path(self) -> &'static str {
        match self {
            Self::Good => "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM5 8.2l2.1 2.1L11.1 6",
            Self::Warn => "M8 1.6 15 14H1ZM8 6.3v3.4M8 11.9v.1",
            Self::Bad => "M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2ZM8 4.5v4.2M8 11.3v.1",
            Self::Unknown => "M5.3 8h5.4",
            Self::Stopped => "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM3.1 12.9l9.8-9.8",
            Self::Clock => "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM8 4.3V8l2.6 1.7",
            Self::Pulse => "M1.5 8h3l2-5 3 10 2-5h3",
            Self::Lock => "M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3 7h10v7H3Z",
            Self::Key => "M5.5 13.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM7.7 8.3 14 2M11 5l2.2 2.2",
            Self::Document => "M4 2h6l3 3v9H4ZM6.5 7.5h4M6.5 10.5h4",
            Self::Rules => "M2 4l1.2 1.2L5.4 3M2 11l1.2 1.2 2.2-2.2M8 4.5h6M8 11.5h6",
            Self::Person => {
                "M8 8A3 3 0 1 0 8 2a3 3 0 0 0 0 6ZM2 14c0-2.8 2.7-4.5 6-4.5s6 1.7 6 4.5"
            }
            Self::Tenants => "M3 14V2h7v12M10 6h3v8M1.5 14h13M5.5 5h2M5.5 8h2M5.5 11h2",
            Self::Help => {
                "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM6 6.2c.1-1.2.9-1.9 2-1.9 1.2 0 2 .7 2 1.8 \
                 0 1.5-2 1.6-2 3.1M8 11.5v.1"
            }
            Self::Info => "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM8 7.3v4.2M8 4.5v.1",
            Self::Search => "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.7 10.7l3.6 3.6",
            Self::Copy => "M6 6h8v8H6ZM3.5 10H2V2h8v1.5",
            Self::Up => "M8 13V3M4 7l4-4 4 4",
            Self::Down => "M8 3v10M4 9l4 4 4-4",
            Self::SignOut => "M6 2H2.5v12H6M6.5 8h8M11.5 5l3 3-3 3",
            Self::Theme => "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM8 1v14M8 5h4.5M8 8h6M8 11h4.5",
        }
    }
}

/// An icon in the colour of the text around it.
#[component]
pub fn Icon(
    name: IconName,
    /// Width and height, in CSS pixels.
    #[prop(default = 14)]
    size: u8,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            width=size.to_string()
            height=size.to_string()
            viewBox="0 0 16 16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.5"
            stroke-linejoin="round"
            stroke-linecap="round"
            aria-hidden="true"
        >
            {(name == IconName::Unknown)
                .then(|| view! { <circle cx="8" cy="8" r="7" stroke-dasharray="2.4 2"/> })}
            <path d=name.path()></path>
        </svg>
    }
}

#[component]
pub fn BrandMark() -> impl IntoView {
    view! {
        <svg class="brand-mark" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
            <rect width="22" height="22" rx="6"></rect>
            <path d="M5 12h3l2-5 3 8 1.6-3H17"></path>
        </svg>
    }
}
