//! Each component in its states, on one page: `/design` in debug builds of the server. Links lead to every page of the console
//! with samples.

pub mod fields;
pub mod figures;
pub mod marks;
pub mod messages;

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::Router;

use self::{
    fields::{Choices, Fields},
    figures::{Cards, Charts, Pagers},
    marks::{Badges, Buttons, Times},
    messages::{Nothing, Notices, Problems, Verdicts},
};
use crate::{
    components::{provide_announcer, provide_arrivals, provide_viewer},
    domain::Timestamp,
    shell::Assets,
};

/// The address of the page.
pub const PATH: &str = "/design";

/// The samples that every page is shown with.
const KINDS: [&str; 5] = ["usual", "empty", "failing", "long", "stale"];

/// The pages that are linked.
const PAGES: [(&str, &str); 9] = [
    ("Overview", "/support"),
    ("Tenant", "/support/tenants/tnt_01kbz0q4"),
    ("Support sessions", "/support/sessions"),
    (
        "Support session",
        "/support/sessions/01937e2c-7b6a-7cc0-8000-0000000000a1",
    ),
    ("Audit log", "/audit"),
    ("Staff", "/admin/staff"),
    ("Gateway rules", "/support/rules"),
    ("Help", "/support/help"),
    ("Sign-in", "/sign-in"),
];

/// The time of all samples.
fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + chrono::TimeDelta::seconds(1_795_349_071)
}

/// The document. It looks as if it were hydrated, and has no script.
#[component]
pub fn Sheet() -> impl IntoView {
    let css = use_context::<Assets>().and_then(|assets| assets.css);
    provide_meta_context();
    provide_viewer();
    provide_announcer();
    view! {
        <!DOCTYPE html>
        <html lang="en" class="js" data-hydrated="true">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                {css.map(|css| view! { <link rel="stylesheet" href=css/> })}
                <MetaTags/>
            </head>
            <body>
                <Title text="Design"/>
                <Router>
                    <Body/>
                </Router>
            </body>
        </html>
    }
}

#[component]
fn Body() -> impl IntoView {
    provide_arrivals();
    view! {
        <main class="main">
            <div class="page">
                <header class="page-header">
                    <h1>"Design"</h1>
                </header>
                <Part name="pages" title="Pages">
                    <Pages/>
                </Part>
                <Part name="marks" title="Badges, buttons and times">
                    <Badges/>
                    <Buttons/>
                    <Times/>
                </Part>
                <Part name="messages" title="Notices, problems, verdicts and empty screens">
                    <Notices/>
                    <Problems/>
                    <Verdicts/>
                    <Nothing/>
                </Part>
                <Part name="fields" title="Fields and filters">
                    <Fields/>
                    <Choices/>
                </Part>
                <Part name="figures" title="Cards and pagers">
                    <Cards/>
                    <Pagers/>
                </Part>
                <Part name="charts" title="Charts">
                    <Charts/>
                </Part>
            </div>
        </main>
    }
}

/// Components that belong together.
#[component]
fn Part(name: &'static str, title: &'static str, children: Children) -> impl IntoView {
    view! {
        <section id=name class="page" aria-label=title>
            <h2>{title}</h2>
            {children()}
        </section>
    }
    .into_any()
}

#[component]
fn Pages() -> impl IntoView {
    let row = |kind: &'static str| {
        let links = PAGES.map(|(name, path)| {
            view! {
                <a class="link" href=format!("{PATH}/{kind}{path}")>
                    {name}
                </a>
                " "
            }
        });
        view! { <p class="bar">{kind} ": " {links.collect_view()}</p> }
    };
    KINDS.map(row).collect_view()
}
