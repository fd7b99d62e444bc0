//! A pattern as the least exact upstream may read it: in any case, with or without escapes, with
//! anything but a letter or a digit after a word (`exports.json`, `exports(1)`, `exports:download`),
//! and with everything below.

use std::borrow::Cow;

use super::{Captured, Part, PathPattern, segments};

/// The segments at which the parts of a pattern stand, in the order of the parts.
type Places = Vec<usize>;

impl PathPattern {
    /// The names in a `path` that a careless upstream may take, itself or a parent, for this
    /// pattern.
    pub fn resembles<'p>(&self, path: &'p str) -> Option<Captured<'p>> {
        let segments: Vec<_> = segments(path).collect();
        let places = self.readings(&segments).into_iter().next()?;
        let at = |wanted: &Part| {
            let part = self.parts.iter().position(|part| part == wanted)?;
            segments.get(*places.get(part)?).copied()
        };
        Some(Captured {
            tenant: at(&Part::Tenant),
            organization: at(&Part::Organization),
        })
    }

    /// Where `{name}` may stand among `segments`, by any reading that [`Self::resembles`] knows.
    pub(crate) fn places(&self, name: &str, segments: &[&str]) -> Vec<usize> {
        let named = |part: &Part| matches!(part, Part::Any(given) if given == name);
        let readings = self.readings(segments);
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

    /// Every way in which the first of `segments` fit. Those in which a key in parentheses is a
    /// segment come first.
    fn readings(&self, segments: &[&str]) -> Vec<Places> {
        let mut found = Vec::new();
        read(&self.parts, segments, &mut Vec::new(), &mut found);
        found
    }
}

fn read(parts: &[Part], segments: &[&str], places: &mut Places, found: &mut Vec<Places>) {
    let [part, parts @ ..] = parts else {
        return found.push(places.clone());
    };
    let at = places.last().map_or(0, |last| last + 1);
    let Some(segment) = segments.get(at) else {
        return;
    };
    let after = match part {
        Part::Literal(literal) => match after_word(segment, literal) {
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
        read(parts, segments, places, found);
        places.pop();
    }
    read(parts, segments, places, found);
    places.pop();
}

/// What follows a word in its segment.
#[derive(Clone, Copy)]
enum After {
    /// A key in parentheses.
    Key,
    Other,
}

/// What follows `word` in `segment`, if the segment may be read as the word.
fn after_word(segment: &str, word: &str) -> Option<After> {
    let segment = folded(segment);
    let (begin, after) = segment.split_at_checked(word.len())?;
    // Letters of other scripts end a word too: patterns have none.
    let goes_on = after.starts_with(|c: char| c.is_ascii_alphanumeric());
    if goes_on || !begin.eq_ignore_ascii_case(word) {
        return None;
    }
    match after.trim_start().starts_with('(') {
        true => Some(After::Key),
        false => Some(After::Other),
    }
}

/// A segment as the least exact upstream may read it: unescaped, without blanks, in one case.
fn folded(segment: &str) -> Cow<'_, str> {
    if segment.bytes().all(|b| b.is_ascii_graphic() && b != b'%') {
        return Cow::Borrowed(segment);
    }
    let mut text = segment.to_owned();
    // Double escapes never pass, but refused requests are read too.
    for _ in 0..3 {
        let undone = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
        text = undone.into_owned();
    }
    // By upper case: `ſ` and `K` are then the letters for which they may be taken.
    Cow::Owned(text.trim().to_lowercase().to_uppercase())
}
