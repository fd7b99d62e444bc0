//! A pattern as the least exact upstream may read it: in any case, with or without escapes, with
//! anything but a letter or a digit after a word (`exports.json`, `exports(1)`, `exports:download`),
//! behind the names of namespaces (`Default.exports()`), and with everything below.
//!
//! Patterns that deny or hide are read like this. Routes, which refuse a path that names another
//! tenant, are stricter: for them `tenants-summary`, `tenants:search` and `old.tenants` are other
//! words than `tenants`.

use std::borrow::Cow;

use super::{Part, PathPattern, segments};

/// The segments that match the parts of a pattern, in the order of the parts.
type Places = Vec<usize>;

/// The tenant and organization that a reading of a path names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Named<'p> {
    pub(crate) tenant: Option<Cow<'p, str>>,
    pub(crate) organization: Option<Cow<'p, str>>,
}

/// The characters that end a word.
#[derive(Clone, Copy)]
enum Ends {
    /// Anything but an ASCII letter or digit. Patterns have no letters of other scripts.
    AtOther,
    /// The same, except characters that join words.
    AtOtherThanJoints,
}

impl PathPattern {
    /// Whether a careless upstream may read `path`, or a parent of it, as this pattern.
    pub fn resembles(&self, path: &str) -> bool {
        let segments: Vec<_> = segments(path).collect();
        !self.readings(&segments, Ends::AtOther).is_empty()
    }

    /// What `path` names by this pattern, in each reading of a careless upstream.
    pub(crate) fn names<'p>(&self, path: &'p str) -> Vec<Named<'p>> {
        let segments: Vec<_> = segments(path).collect();
        let readings = self.readings(&segments, Ends::AtOtherThanJoints);
        let named = |places: Places, wanted: &Part| {
            let part = self.parts.iter().position(|part| part == wanted)?;
            let at = *places.get(part)?;
            let is_key = part > 0 && places.get(part - 1) == Some(&at);
            let segment = *segments.get(at)?;
            Some(match is_key {
                true => Cow::Owned(key_of(segment)),
                false => Cow::Borrowed(segment),
            })
        };
        let readings = readings.into_iter().map(|places| Named {
            tenant: named(places.clone(), &Part::Tenant),
            organization: named(places, &Part::Organization),
        });
        readings.collect()
    }

    /// Where `{name}` may be among `segments`, in any reading that [`Self::resembles`] knows.
    pub(crate) fn places(&self, name: &str, segments: &[&str]) -> Vec<usize> {
        let named = |part: &Part| matches!(part, Part::Any(given) if given == name);
        let readings = self.readings(segments, Ends::AtOther);
        let pairs = readings
            .iter()
            .flat_map(|places| self.parts.iter().zip(places));
        let found = pairs.filter(|(part, _)| named(part));
        found.map(|(_, at)| *at).collect()
    }

    /// Whether the pattern has a part of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part, Part::Any(given) if given == name))
    }

    /// All ways in which the first of `segments` match.
    fn readings(&self, segments: &[&str], ends: Ends) -> Vec<Places> {
        let mut found = Vec::new();
        read(&self.parts, segments, ends, &mut Vec::new(), &mut found);
        found
    }
}

fn read(
    parts: &[Part],
    segments: &[&str],
    ends: Ends,
    places: &mut Places,
    found: &mut Vec<Places>,
) {
    let [part, parts @ ..] = parts else {
        return found.push(places.clone());
    };
    let at = places.last().map_or(0, |last| last + 1);
    let Some(segment) = segments.get(at) else {
        return;
    };
    let after = match part {
        Part::Literal(literal) => match after_word(segment, literal, ends) {
            Some(after) => after,
            None => return,
        },
        _ => After::Other,
    };
    places.push(at);
    if let (After::Key, [Part::Tenant | Part::Organization | Part::Any(_), parts @ ..]) =
        (after, parts)
    {
        // `users('7')` is `users/7` (OData, Key-as-Segment).
        places.push(at);
        read(parts, segments, ends, places, found);
        places.pop();
    }
    read(parts, segments, ends, places, found);
    places.pop();
}

/// What follows a word in its segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// A key in parentheses.
    Key,
    Other,
}

/// What follows `word` in `segment`, if the segment may be read as the word, alone or in a namespace.
fn after_word(segment: &str, word: &str, ends: Ends) -> Option<After> {
    let segment = undone(segment);
    let alone = after_name(&segment, word, ends);
    let in_namespace = unqualified(&segment).filter_map(|name| after_name(name, word, ends));
    let mut readings = alone
        .into_iter()
        .chain(in_namespace.filter(|after| match ends {
            // Without parentheses only an action has such a name, but files do too.
            Ends::AtOtherThanJoints => *after == After::Key,
            Ends::AtOther => true,
        }));
    let first = readings.next()?;
    match readings.any(|after| after == After::Key) {
        true => Some(After::Key),
        false => Some(first),
    }
}

/// The name in `segment`, without one or more of its namespaces, each of which ends in a dot
/// (`OData`, qualified names of functions and actions). Dots in parentheses belong to arguments.
fn unqualified(segment: &str) -> impl Iterator<Item = &str> {
    let name = segment.find('(').unwrap_or(segment.len());
    let dots = segment[..name].char_indices();
    let dots = dots.filter(|(_, c)| narrow(*c) == '.');
    dots.map(|(at, dot)| &segment[at + dot.len_utf8()..])
}

/// What follows `word` at the beginning of `segment`.
fn after_name(segment: &str, word: &str, ends: Ends) -> Option<After> {
    let mut word = word.chars().map(|c| c.to_ascii_uppercase()).peekable();
    let blank = |c: char| c.is_whitespace() || c == '+' || is_unseen(c);
    let mut rest = segment.trim_start_matches(blank).chars();
    while word.peek().is_some() {
        let next = rest.next()?;
        if is_unseen(next) {
            continue;
        }
        // By upper case: `ſ` and `K` are then the letters for which they may be taken. Of one that
        // becomes several, as `ß` does, the first may end the word.
        let letters = narrow(next).to_lowercase().flat_map(char::to_uppercase);
        for letter in letters.filter(|letter| !is_unseen(*letter)) {
            match word.next() {
                Some(wanted) if wanted == letter => {}
                Some(_) => return None,
                None => break,
            }
        }
    }
    let after = rest.as_str().trim_start_matches(blank);
    let goes_on = |c: char| match ends {
        Ends::AtOther => c.is_ascii_alphanumeric(),
        Ends::AtOtherThanJoints => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'),
    };
    if rest.as_str().starts_with(goes_on) {
        return None;
    }
    match after.starts_with('(') {
        true => Some(After::Key),
        false => Some(After::Other),
    }
}

/// A segment, decoded as often as some upstream may. Double escapes never pass, but refused
/// requests are read too.
fn undone(segment: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(segment);
    for _ in 0..3 {
        if !text.contains('%') {
            break;
        }
        let undone = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
        text = Cow::Owned(undone.into_owned());
    }
    text
}

/// The ASCII letter of a full-width form (Unicode, Halfwidth and Fullwidth Forms).
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Whether a character is invisible, only a mark, or stands for bytes that are not UTF-8, so that some
/// readers drop it.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFFD}'
    )
}

/// The key in the parentheses of a segment, without its quotes.
fn key_of(segment: &str) -> String {
    let segment = undone(segment);
    let key = segment.split_once('(').map_or("", |(_, key)| key);
    let key = key.strip_suffix(')').unwrap_or(key);
    let quoted = ['\'', '"'].into_iter().find_map(|quote| {
        let key = key.strip_prefix(quote)?;
        key.strip_suffix(quote)
    });
    quoted.unwrap_or(key).to_owned()
}
