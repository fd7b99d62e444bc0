//! Paging through a list by cursors: first, previous, next, last. There are no page numbers.

use leptos::{ev, prelude::*};
use leptos_router::hooks::use_location;

use super::{
    asked_now::is_outdated,
    format::{counted, thousands, total},
};
use crate::domain::page::Page;

/// The position of a page in its list, and links to the other pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PagerLinks {
    /// `Rows 1–50 of 1,284`
    pub rows: String,
    /// The first page, if this is not it.
    pub first: Option<String>,
    /// The page before this one.
    pub previous: Option<String>,
    /// The page after this one.
    pub next: Option<String>,
    /// The last page, if this is not it.
    pub last: Option<String>,
}

impl PagerLinks {
    /// Reads a page. `link` makes the address of the page at a cursor, or of the first one.
    pub fn of<T>(page: &Page<T>, link: impl Fn(Option<&str>) -> String) -> Self {
        let to = |cursor: &Option<String>| cursor.as_deref().map(|cursor| link(Some(cursor)));
        Self {
            rows: rows_text(page.first_row, page.items.len() as u64, page.total),
            first: page.previous_cursor.as_ref().map(|_| link(None)),
            previous: to(&page.previous_cursor),
            next: to(&page.next_cursor),
            last: page
                .next_cursor
                .as_ref()
                .and_then(|_| to(&page.last_cursor)),
        }
    }

    /// The address of another page.
    fn another(&self) -> Option<&String> {
        let before = self.first.as_ref().or(self.previous.as_ref());
        before.or(self.next.as_ref()).or(self.last.as_ref())
    }

    /// Whether there is no other page.
    pub fn is_only_page(&self) -> bool {
        self.another().is_none()
    }
}

/// `Rows 1–50 of 1,284`, or `50 rows of 10,000+` where nobody has counted up to them.
pub fn rows_text(first: u64, count: u64, all: u64) -> String {
    match (first, count) {
        (_, 0) => "No rows".into(),
        (0, _) => format!("{} of {}", counted(count, "row", "rows"), total(all)),
        _ => format!(
            "Rows {}–{} of {}",
            thousands(first),
            thousands(first + count - 1),
            total(all)
        ),
    }
}

#[component]
pub fn Pager(
    #[prop(into)] links: Signal<PagerLinks>,
    /// The list's name, which distinguishes this navigation from others.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let link = move |name: &'static str, href: fn(&PagerLinks) -> Option<String>| {
        view! { <PagerLink name href=Signal::derive(move || links.with(href))/> }
    };
    let is_only_page = move || links.with(PagerLinks::is_only_page);
    let asked = use_location().search.get_untracked();
    // The first page of another list is about to take the place of these rows.
    let stay = move |event: ev::MouseEvent| {
        let outdated = |links: &PagerLinks| {
            links
                .another()
                .is_some_and(|page| is_outdated(&asked, page))
        };
        if links.with_untracked(outdated) {
            event.prevent_default();
        }
    };
    view! {
        <nav class="pager" aria-label=format!("Pages of {label}")>
            <span class="pager-rows num">{move || links.with(|l| l.rows.clone())}</span>
            <span class="pager-links" hidden=is_only_page on:click=stay>
                {link("First", |l| l.first.clone())}
                {link("Previous", |l| l.previous.clone())}
                {link("Next", |l| l.next.clone())}
                {link("Last", |l| l.last.clone())}
            </span>
        </nav>
    }
}

/// A link, or a disabled one (a link without `href`) if that page doesn't exist. The element stays
/// the same, so it keeps the focus.
#[component]
fn PagerLink(name: &'static str, href: Signal<Option<String>>) -> impl IntoView {
    view! {
        <a
            class="button small"
            role=move || href.with(Option::is_none).then_some("link")
            aria-disabled=move || href.with(Option::is_none).then_some("true")
            href=href
        >
            {name}
        </a>
    }
}

/// How many rows match, spoken when it changes.
#[component]
pub fn ResultCount(
    /// `1,284 tenants`. May be awaited.
    children: Children,
) -> impl IntoView {
    view! {
        <p class="result-count num" role="status">
            {children()}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(previous: Option<&str>, next: Option<&str>, last: Option<&str>) -> Page<u8> {
        Page {
            items: vec![0; 50],
            previous_cursor: previous.map(Into::into),
            next_cursor: next.map(Into::into),
            last_cursor: last.map(Into::into),
            total: 1_284,
            first_row: 51,
        }
    }

    fn link(cursor: Option<&str>) -> String {
        cursor.unwrap_or("start").into()
    }

    #[test]
    fn a_page_in_the_middle_leads_everywhere() {
        let links = PagerLinks::of(&page(Some("p"), Some("n"), Some("l")), link);
        assert_eq!(links.rows, "Rows 51–100 of 1,284");
        assert_eq!(
            [links.first, links.previous, links.next, links.last].map(Option::unwrap),
            ["start", "p", "n", "l"]
        );
    }

    #[test]
    fn rows_beyond_the_count_have_no_number() {
        assert_eq!(rows_text(1, 50, 10_001), "Rows 1–50 of 10,000+");
        assert_eq!(rows_text(0, 50, 10_001), "50 rows of 10,000+");
    }

    #[test]
    fn the_ends_lead_no_further() {
        let last = PagerLinks::of(&page(Some("p"), None, Some("l")), link);
        assert!(!last.is_only_page());
        assert_eq!((last.next, last.last), (None, None));
        let first = PagerLinks::of(&page(None, Some("n"), Some("l")), link);
        assert!(!first.is_only_page());
        assert_eq!((first.first, first.previous), (None, None));
        let none = PagerLinks::of(&Page::<u8>::empty(), link);
        assert_eq!(none.rows, "No rows");
        assert!(none.is_only_page());
    }
}
