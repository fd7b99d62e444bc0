//! The query string of a list that can be filtered. What all lists have is here; what only one has are its [`ListParts`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Query, optional, page_of,
    time::{CUSTOM, TimeFields},
};
use crate::domain::{
    TenantId,
    page::PageRequest,
    problem::{FieldProblems, Problem},
    saved_views::FilteredList,
    tenants::{TENANT_FIELD, tenant_in_filter},
    time_range::TimePreset,
};

/// The parts that only one list has, as texts from the URL.
pub trait ListParts:
    Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    type Filter;
    const LIST: FilteredList;
    const PATH: &'static str;
    /// The names of the filter's parts, in the order of the URL.
    const FILTER: &'static [&'static str];
    /// The names of the parts that say how the list is sorted.
    const ORDER: &'static [&'static str];
    /// Parts of the filter that no field shows.
    const WITHOUT_FIELD: &'static [&'static str] = &[];
    /// What people call the filter's parts, in the order in which they are shown.
    const LABELS: &'static [(&'static str, &'static str)];

    /// The filter of the fields that can be read; what can't be read is added to `problems`.
    fn filter(query: &ListQuery<Self>, problems: &mut FieldProblems) -> Self::Filter;
}

/// The filter, the order and the page as texts from the URL, valid or not, so that a form can show them again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery<P> {
    #[serde(flatten)]
    pub own: P,
    /// The tenant's ID. In what a form without JavaScript sends, its name or slug too.
    pub tenant: String,
    /// A [`TimePreset`], or `custom`.
    pub time: String,
    /// From this instant on.
    pub from: String,
    /// Before this instant.
    pub to: String,
    pub cursor: String,
    pub limit: String,
}

/// What a field calls its values: its name, then each value with its word.
pub type FieldWords = (&'static str, Vec<(String, String)>);

/// A part of a filter that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// Its name in the URL: `tenant`.
    pub part: &'static str,
    /// What it is called: `Tenant`.
    pub name: &'static str,
    /// What is chosen.
    pub text: String,
    /// The list without it.
    pub without: String,
}

impl<P: ListParts> ListQuery<P> {
    /// The filter of the fields that can be read, the page, and what is wrong with the other fields.
    /// With anything wrong it is the first page.
    pub fn read(&self) -> (P::Filter, PageRequest, Option<Problem>) {
        let mut problems = FieldProblems::default();
        let filter = P::filter(self, &mut problems);
        let (page, problem) = page_of(problems, &self.limit, &self.cursor);
        (filter, page, problem)
    }

    /// The parsed filter, or all invalid fields.
    pub fn parse(&self) -> Result<(P::Filter, PageRequest), Problem> {
        match self.read() {
            (filter, page, None) => Ok((filter, page)),
            (_, _, Some(problem)) => Err(problem),
        }
    }

    pub(super) fn tenant_id(&self, problems: &mut FieldProblems) -> Option<TenantId> {
        optional(problems, TENANT_FIELD, &self.tenant, tenant_in_filter)
    }

    pub fn times(&self) -> TimeFields<'_> {
        TimeFields {
            time: &self.time,
            from: &self.from,
            to: &self.to,
        }
    }

    /// What stands in the URL under a name.
    pub fn text(&self, name: &str) -> String {
        self.texts().remove(name).unwrap_or_default()
    }

    pub fn is_filtered(&self) -> bool {
        let texts = self.texts();
        let is_set = |name: &&str| texts.get(*name).is_some_and(|text| !text.is_empty());
        P::FILTER.iter().any(is_set)
    }

    /// The names of all parts, in the order of the URL.
    fn names() -> Vec<&'static str> {
        [P::FILTER, P::ORDER, &["cursor", "limit"]].concat()
    }

    /// The page of this filter at `cursor`; the first without.
    pub fn address(&self, cursor: Option<&str>) -> String {
        self.with(&[("cursor", cursor.unwrap_or_default())])
    }

    /// The first page of the same filter for another time: a preset, `custom` or, if empty, any.
    pub fn at_time(&self, time: &str) -> String {
        self.with(&[("time", time), ("from", ""), ("to", "")])
    }

    /// The address of the list with other texts under some names, without the cursor unless it is one of them.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut texts = self.texts();
        texts.remove("cursor");
        let changes = changes.iter();
        texts.extend(changes.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        written(&texts, &Self::names(), Query::default()).of(P::PATH)
    }

    /// `query` with the parts under some names.
    pub(super) fn add_to(&self, query: Query, names: &[&str]) -> Query {
        written(&self.texts(), names, query)
    }

    /// The parts of the filter that are set. `tenant` is what the field for it shows, `words` are what fields call their
    /// values.
    pub fn chips(&self, tenant: &str, words: &[FieldWords]) -> Vec<Chip> {
        let texts = self.texts();
        let chip = |(name, label): &(&'static str, &'static str)| {
            let text = texts.get(*name).filter(|text| !text.is_empty())?.as_str();
            let text = match *name {
                TENANT_FIELD => tenant,
                "time" if text == CUSTOM => return None,
                "time" => text
                    .parse()
                    .map_or(text, |preset: TimePreset| preset.label()),
                _ => {
                    let of_field = words.iter().filter(|(field, _)| field == name);
                    let mut values = of_field.flat_map(|(_, values)| values);
                    let word = values.find(|(value, _)| value == text);
                    word.map_or(text, |(_, word)| word.as_str())
                }
            };
            Some(Chip {
                part: name,
                name: label,
                text: text.to_owned(),
                without: self.with(&[(name, "")]),
            })
        };
        P::LABELS.iter().filter_map(chip).collect()
    }

    /// All parts by their names.
    fn texts(&self) -> BTreeMap<String, String> {
        let texts = serde_json::to_value(self).and_then(serde_json::from_value);
        texts.unwrap_or_default()
    }
}

fn written(texts: &BTreeMap<String, String>, names: &[&str], query: Query) -> Query {
    names.iter().fold(query, |query, name| {
        query.with(name, texts.get(*name).map_or("", String::as_str))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{audit::AuditParts, sessions::SessionParts};

    #[test]
    fn what_is_chosen_reads_as_people_call_it() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000003";
        let query: ListQuery<SessionParts> = crate::query::read([
            ("tenant", "tnt-1"),
            ("staff", id),
            ("status", "REVOKED"),
            ("time", "last-7-days"),
        ]);
        let words = [
            ("staff", id, "Mina Okafor"),
            ("status", "REVOKED", "Revoked"),
        ]
        .map(|(field, value, word)| (field, vec![(value.to_owned(), word.to_owned())]));
        let texts = |words: &[FieldWords]| {
            let chips = query.chips("Lumen Health", words).into_iter();
            let mut texts: Vec<_> = chips.map(|chip| chip.text).collect();
            texts.sort();
            texts
        };
        assert_eq!(
            texts(&words),
            ["7 days", "Lumen Health", "Mina Okafor", "Revoked"]
        );
        assert_eq!(texts(&[])[0], id, "somebody who can't be chosen");
    }

    fn names_every_part<P: ListParts>() {
        let texts = ListQuery::<P>::default().texts();
        let mut names = ListQuery::<P>::names();
        names.sort_unstable();
        assert_eq!(names, texts.keys().collect::<Vec<_>>());
        let mut labelled: Vec<_> = P::LABELS.iter().map(|(name, _)| *name).collect();
        labelled.sort_unstable();
        let mut filter = P::FILTER.to_vec();
        filter.sort_unstable();
        assert_eq!(labelled, filter);
    }

    #[test]
    fn every_part_has_its_place_in_the_url_and_each_of_the_filter_a_label() {
        names_every_part::<AuditParts>();
        names_every_part::<SessionParts>();
    }

    #[test]
    fn what_is_typed_stays_as_it_is_typed() {
        let pairs = [("actor", "staff"), ("action", "today"), ("time", "today")];
        let query: ListQuery<AuditParts> = crate::query::read(pairs);
        let words = [("category", vec![("staff".to_owned(), "Staff".to_owned())])];
        let chips = query.chips("", &words);
        let texts: Vec<_> = chips.iter().map(|chip| chip.text.as_str()).collect();
        assert_eq!(texts, ["today", "staff", "Today"]);
        assert_eq!(chips[1].without, "/audit?action=today&time=today");
    }
}
