//! Everything around a page: the document, the navigation, who is signed in, and the band of a
//! support session that one is inside of.

pub mod account;
pub mod band;
pub mod document;
pub mod keys;
pub mod live;
pub mod navigation;
pub mod overlays;
pub mod palette;
pub mod stopped;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

pub use document::{Assets, Document};

use crate::{
    components::{Announcements, provide_announcer, provide_arrivals, provide_viewer},
    domain::shown::shown,
    pages::AppRoutes,
    signed_in::provide_signed_in,
};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_viewer();
    provide_announcer();
    view! {
        <Title formatter=|title: String| document_title(&title)/>
        <Router>
            <Frame/>
        </Router>
    }
}

/// The title of the document, in which characters that act are shown as escapes. The server writes it into the page as it is, so a tenant's name must
/// be escaped there. A browser gets text.
fn document_title(title: &str) -> String {
    let title = format!("{} · Support Console", shown(title));
    if cfg!(feature = "ssr") {
        title.replace('&', "&amp;").replace('<', "&lt;")
    } else {
        title
    }
}

#[component]
fn Frame() -> impl IntoView {
    provide_arrivals();
    provide_signed_in();
    overlays::provide_overlays();
    view! {
        // Left to the browser, which moves the focus along.
        <a class="skip-link" href="#content" rel="external">
            "Skip to content"
        </a>
        <Announcements/>
        <palette::PaletteAndKeys/>
        <band::SupportSessionBand/>
        <div class="shell">
            <navigation::Side/>
            <main id="content" class="main" tabindex="-1">
                <stopped::StoppedNotices/>
                <live::LostNotice/>
                <AppRoutes/>
            </main>
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_title_turns_nothing_around() {
        assert_eq!(
            document_title("a\u{202e}b"),
            "a\\u{202E}b · Support Console"
        );
    }

    #[test]
    fn a_name_in_the_title_is_no_markup() {
        let title = document_title("</title><meta http-equiv=refresh content=0> & Söhne");
        assert_eq!(
            title,
            "&lt;/title>&lt;meta http-equiv=refresh content=0> &amp; Söhne · Support Console"
        );
    }
}
