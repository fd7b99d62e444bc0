//! What is stored for searching, and what it is searched for.
//!
//! A letter without accents stands for every letter with some. Accents that were typed must be there: `ñandú` does not find
//! Nandu, and `nguyên` finds Nguyễn. So a stored text with accents has each line twice: without them, and with a fixed number of
//! places for accents behind each letter. A search with accents is written in the same way, and any accent may stand in a place
//! that it leaves empty. `LIKE` can do this on both engines.

use unicode_normalization::UnicodeNormalization as _;

use crate::folding::{bare, fold, is_accent, taken_apart};

/// Stands in a place without an accent. No folded text has control characters.
const NONE: char = '\u{1}';
/// Stands in a place of a search where there may be any accent or none.
const ANY: char = '\u{2}';

/// The text that is searched.
pub fn searchable(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() {
        return folded;
    }
    let mut searched = bare(&folded);
    for line in folded.lines().filter(|line| has_accents(line)) {
        searched.push('\n');
        searched.push_str(&spelled_out(line, NONE));
    }
    searched
}

/// What a text is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought(String);

impl Sought {
    pub fn new(text: &str) -> Self {
        let folded = fold(text);
        Self(match has_accents(&folded) {
            true => spelled_out(&folded, ANY),
            false => folded,
        })
    }

    /// Whether a name has it. The store finds the same names.
    pub fn is_in(&self, name: &str) -> bool {
        let searched: Vec<_> = searchable(name).chars().collect();
        let sought: Vec<_> = self.0.chars().collect();
        let fits = |part: &[char]| {
            let mut pairs = part.iter().zip(&sought);
            pairs.all(|(has, wanted)| has == wanted || *wanted == ANY)
        };
        sought.is_empty() || searched.windows(sought.len()).any(fits)
    }

    /// The pattern for `LIKE … ESCAPE '\'`.
    pub(crate) fn pattern(&self) -> String {
        format!("%{}%", escape_like(&self.0).replace(ANY, "_"))
    }
}

/// How many rows with the sort key of a name are read at most.
pub(crate) const NAMESAKES: usize = 50;

/// Of rows with the sort key of a name, those with this name, in any case. If there are none, those whose names have more accents.
/// All rows if there may be more than were read, because then it is not known which are meant.
pub(crate) fn of_name<T>(found: Vec<T>, name: &str, name_of: impl Fn(&T) -> &str) -> Vec<T> {
    if found.len() >= NAMESAKES {
        return found;
    }
    let (folded, sought) = (fold(name), Sought::new(name));
    let (same, mut alike): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|row| fold(name_of(row)) == folded);
    alike.retain(|row| sought.is_in(name_of(row)));
    if same.is_empty() { alike } else { same }
}

fn escape_like(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}

fn has_accents(folded: &str) -> bool {
    folded.nfd().flat_map(taken_apart).any(is_accent)
}

/// A folded text with places for accents behind each letter. What has no accent has `none` there.
fn spelled_out(folded: &str, none: char) -> String {
    let mut spelled = String::new();
    let mut places = None;
    for c in folded.nfd().flat_map(taken_apart) {
        if !is_accent(c) {
            spelled.extend(places.take().into_iter().flatten());
            spelled.push(c);
            places = c.is_alphabetic().then_some([none; 3]);
        } else if let Some([tone, below, shape]) = &mut places {
            let place = match c {
                '\u{300}' | '\u{301}' | '\u{303}' | '\u{304}' | '\u{309}' | '\u{30C}'
                | '\u{342}' => tone,
                '\u{316}'..='\u{319}' | '\u{31C}'..='\u{333}' => below,
                _ => shape,
            };
            // A second accent of one kind is not searched by.
            if *place == none {
                *place = c;
            }
        }
    }
    spelled.extend(places.into_iter().flatten());
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folding::sort_key;
    use proptest::prelude::*;

    /// A letter as people in a hurry type it.
    fn in_ascii(c: char) -> String {
        let bare: String = bare(&fold(&c.to_string()));
        match bare.is_ascii() {
            true => bare,
            false => c.to_string(),
        }
    }

    /// Text with what folding changes more often than chance has it.
    fn names() -> impl Strategy<Value = String> {
        let odd = proptest::sample::select(
            "’`´′-–—−\u{ad}\u{200d} \u{a0}\u{3000}½ﬁ٣ＡßςΣİıiÑễøæþł\u{301}\u{302}\u{307}\u{327}\u{5b8}\u{64b}ـيیةكガ한%_\\"
                .chars()
                .collect::<Vec<_>>(),
        );
        let any = prop_oneof![3 => odd, 1 => any::<char>(), 2 => proptest::char::range('a', 'z')];
        let line = any.prop_filter("one line", |c| !c.is_control());
        proptest::collection::vec(line, 0..12).prop_map(|name| name.into_iter().collect())
    }

    proptest! {
        #[test]
        fn folding_is_done_once(name in names()) {
            let once = fold(&name);
            prop_assert_eq!(fold(&once), once.clone());
            prop_assert_eq!(fold(&bare(&once)), bare(&once));
            prop_assert_eq!(sort_key(&once), sort_key(&name));
        }

        #[test]
        fn a_name_is_found_by_itself_and_by_what_other_keyboards_write(name in names()) {
            prop_assert!(Sought::new(&name).is_in(&name));
            let ascii: String = name.chars().map(in_ascii).collect();
            prop_assert!(Sought::new(&ascii).is_in(&name), "{:?}", ascii);
        }

        #[test]
        fn a_part_of_a_name_finds_it(name in names(), from in 0..12_usize, some in 0..12_usize) {
            // Accents belong to the letter before them, so a part begins with a letter.
            let folded = fold(&name);
            let parts: Vec<_> = folded.chars().collect();
            let part: String = parts.iter().skip(from).take(some).collect();
            let is_letter = |c: &char| !is_accent(*c) && unicode_normalization::char::canonical_combining_class(*c) == 0;
            prop_assume!(part.chars().next().as_ref().is_none_or(is_letter));
            prop_assert!(Sought::new(&part).is_in(&name), "{:?}", part);
        }
    }

    const FOUND: &[(&str, &str)] = &[
        ("İstanbul Lojistik", "istanbul"),
        ("İstanbul Lojistik", "İSTANBUL"),
        ("istanbul", "İstanbul"),
        ("ISPARTA", "ıspar"),
        ("Straße AG", "strasse"),
        ("STRASSE", "straße"),
        ("GROẞE", "große"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("Σίσυφος", "σισυφοσ"),
        ("Ñandú", "N\u{303}ANDU\u{301}"),
        ("Ñandú", "nandu"),
        ("ﬁrst", "FIRST"),
        ("Øresund Łódź", "oresund lodz"),
        ("Ångström", "A\u{30A}ngstro\u{308}m"),
        ("ＡＣＭＥ", "acme"),
        ("Ёлка", "елка"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("می\u{200c}خواهم", "میخواهم"),
        ("ｶﾞｽ", "ガス"),
        ("한국", "\u{1112}\u{1161}\u{11ab}국"),
        ("ad\u{200b}min", "admin"),
        ("O’Brien & Söhne", "o'brien"),
        ("O'Brien", "o’BRIEN"),
        ("O`Brien", "o´brien"),
        ("Oʻahu Tours", "o'ahu"),
        ("O′Neil", "oʼneil"),
        ("d’Électricité", "d'electricite"),
        ("„Zur Post“", "\"zur post\""),
        ("בע״מ", "בע\"מ"),
        ("Müller–Lüdenscheidt", "müller-lüdenscheidt"),
        ("Müller-Lüdenscheidt", "muller\u{2011}ludenscheidt"),
        ("A — B", "a - b"),
        ("5−3", "5-3"),
        ("Crème  Brûlée", "creme brulee"),
        ("Crème\u{a0}\u{2009}Brûlée", "crème brûlée"),
        ("株式会社　山田", "株式会社 山田"),
        ("株式会社 山田", "株式会社　　山田"),
        ("Donau\u{ad}dampf", "donaudampf"),
        ("Łódź", "łodz"),
        ("Łódź", "lódz"),
        ("Nguyễn Thị", "nguyên"),
        ("Nguyễn Thị", "nguyen thị"),
        ("Nguyễn Thị", "NGUYỄN"),
        ("Nguyễn Thị", "nguyẽn thi"),
        ("Phượng", "phương"),
        ("Phượng", "phuọng"),
        ("Crème Brûlée", "creme brûlee"),
        ("Ǿrsted", "ørsted"),
        ("Ærø", "aero"),
        ("Ærø", "Æro"),
        ("Þór", "thor"),
        ("Əliyev", "eliyev"),
        ("علی", "علي"),
        ("علي", "على"),
        ("كريم", "کریم"),
        ("شركة", "شركه"),
        ("مـــحمد", "محمد"),
        ("محمد", "مُحَمَّد"),
        ("أحمد", "احمد"),
        ("شركة ٣٤", "شركه 34"),
        ("Filiale 34", "۳۴"),
        ("दुकान ७", "7"),
        ("½ Liter", "1/2 l"),
        ("1⁄2 Liter", "1/2"),
        ("2∕3", "2/3"),
        ("ＡＣＭＥ－１", "acme-1"),
        ("Oﬃce", "office"),
    ];

    const NOT_FOUND: &[(&str, &str)] = &[
        ("nandu", "ñandú"),
        ("ガス", "カス"),
        ("कि", "का"),
        ("a\nb", "ab"),
        ("й", "ы"),
        ("Nguyen", "nguyên"),
        ("Nguyên", "nguyễn"),
        ("Nguyễn", "nguyèn"),
        ("nguyêx ễn", "nguyễn"),
        ("Oslo", "øslo"),
        ("Aero", "æro"),
        ("Ñandú", "n.andu"),
        ("O'Brien", "obrien"),
        ("A - B", "a-b"),
    ];

    #[test]
    fn a_name_means_those_with_its_accents_or_with_more() {
        let all = ["Nandu", "ÑANDU", "Ñandú"];
        let meant = |name| of_name(all.to_vec(), name, |row| *row);
        assert_eq!(meant("nandu"), ["Nandu"]);
        assert_eq!(meant("ñandu"), ["ÑANDU"]);
        assert_eq!(meant("nandú"), ["Ñandú"]);
        assert!(meant("nänduu").is_empty());
        let many = vec!["Ñandú"; NAMESAKES];
        assert_eq!(of_name(many, "Nandu", |row| *row).len(), NAMESAKES);
    }

    #[test]
    fn a_text_is_found_however_it_was_typed() {
        for (name, typed) in FOUND {
            assert!(Sought::new(typed).is_in(name), "{name} {typed}");
        }
        for (name, typed) in NOT_FOUND {
            assert!(!Sought::new(typed).is_in(name), "{name} {typed}");
        }
    }
}
