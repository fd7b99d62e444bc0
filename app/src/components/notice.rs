//! A sentence or two that stand out.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// What kind of news it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Good,
    /// Something to know before going on.
    Warn,
    /// Something is wrong.
    Bad,
    /// Something can't be done here.
    Info,
}

impl Tone {
    const fn look(self) -> (&'static str, IconName) {
        match self {
            Self::Good => ("notice good", IconName::Good),
            Self::Warn => ("notice warn", IconName::Warn),
            Self::Bad => ("notice bad", IconName::Bad),
            Self::Info => ("notice info", IconName::Stopped),
        }
    }
}

/// A paragraph with its icon.
#[component]
pub fn Notice(
    /// What kind of news it is.
    tone: Tone,
    /// Whether a screen reader says it when it appears.
    #[prop(optional)]
    spoken: bool,
    /// The text.
    children: Children,
) -> impl IntoView {
    let (class, icon) = tone.look();
    view! {
        <div class=class role=spoken.then_some("status")>
            <Icon name=icon size=18/>
            <p>{children()}</p>
        </div>
    }
}
