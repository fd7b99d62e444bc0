//! What a filtered list is asked for now. The rows that are shown may be older, while an answer is on its way or typing has not
//! rested yet. Links beside them lead to the list as it is asked for now.

use leptos::{
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, Event, FormData, HtmlFormElement, UrlSearchParams},
};

use super::filter_form::TYPING;
use crate::query::Query;

/// The parts of a URL that say how a list is sorted.
pub(super) const ORDER: [&str; 3] = ["sort", "dir", "order"];
/// The parts of an export's URL that no field gives: a file is whole, and has an order of its own.
pub(super) const FILE: [&str; 6] = ["format", "bom", "sort", "dir", "order", "limit"];

/// Lets a link to `href` keep the filter that is asked for now. Only the parts `own` of the URL are the link's.
///
/// Runs before the router reads the link's address.
pub(super) fn keep_filter(event: &Event, href: &str, own: &[&str]) {
    let link = event.current_target();
    if let Some(link) = link.and_then(|link| link.dyn_into::<Element>().ok()) {
        let kept = AskedNow::find().and_then(|now| now.kept_by(href, own));
        // Setting this attribute can't fail.
        let _ = link.set_attribute("href", kept.as_deref().unwrap_or(href));
    }
}

/// Whether the rows that are shown belong to another list than the one that is asked for now. A place in the one is none in the
/// other. `asked` is the query string that the rows answer, `page` the address of another page of them. Links leave out what is
/// usual, so that the same list may be written in two ways.
pub(super) fn is_outdated(asked: &str, page: &str) -> bool {
    let (_, page) = page.split_once('?').unwrap_or((page, ""));
    AskedNow::find().is_some_and(|now| now.typed.is_some() || now.differs_from([asked, page]))
}

/// The values of the page's filter form.
struct AskedNow {
    names: Vec<String>,
    /// What is typed, while it is not in the address.
    typed: Option<FormData>,
    address: UrlSearchParams,
}

impl AskedNow {
    /// `None` on a page without a filter.
    fn find() -> Option<Self> {
        let form = document().query_selector("form.filters").ok().flatten()?;
        let form = form.dyn_into::<HtmlFormElement>().ok()?;
        let names = form.get_attribute("data-names").unwrap_or_default();
        let typed = form.has_attribute(TYPING);
        Some(Self {
            names: names.split(' ').map(ToOwned::to_owned).collect(),
            typed: typed.then(|| FormData::new_with_form(&form).ok()).flatten(),
            address: UrlSearchParams::new_with_str(&window().location().search().ok()?).ok()?,
        })
    }

    fn value(&self, name: &str) -> String {
        let value = match &self.typed {
            Some(typed) => typed.get(name).as_string(),
            None => self.address.get(name),
        };
        value.unwrap_or_default().trim().to_owned()
    }

    fn kept_by(&self, href: &str, own: &[&str]) -> Option<String> {
        let (path, query) = href.split_once('?').unwrap_or((href, ""));
        let link = UrlSearchParams::new_with_str(query).ok()?;
        let fields = self.names.iter().map(String::as_str);
        let others = own.iter().copied();
        let others = others.filter(|name| !self.names.iter().any(|field| field == name));
        let query = others.chain(fields).fold(Query::default(), |query, name| {
            let value = match own.contains(&name) {
                true => link.get(name).unwrap_or_default(),
                false => self.value(name),
            };
            query.with(name, &value)
        });
        Some(query.of(path))
    }

    fn differs_from(&self, queries: [&str; 2]) -> bool {
        let queries = queries.into_iter();
        let queries = queries.filter_map(|query| UrlSearchParams::new_with_str(query).ok());
        let queries: Vec<_> = queries.collect();
        self.names.iter().any(|name| {
            let now = self.value(name);
            let mut values = queries.iter().map(|query| query.get(name));
            values.all(|value| value.unwrap_or_default().trim() != now)
        })
    }
}
