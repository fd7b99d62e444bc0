//! A sentence or two that stand out.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    /// Something to know before going on.
    Warn,
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
            Self::Info => ("notice info", IconName::Info),
        }
    }
}

#[component]
pub fn Notice(
    tone: Tone,
    /// Whether a screen reader says it when it appears.
    #[prop(optional)]
    spoken: bool,
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
