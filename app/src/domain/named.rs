//! What to say about a text that names nothing, or several things.

use super::shown::in_sentence;

/// How many things are listed at most.
const LISTED: usize = 4;

/// The message if nothing has this name. `alike` are the names that contain the text, with their IDs.
pub fn none_called(what: &str, text: &str, alike: &[(String, String)]) -> String {
    let alike = alike.iter();
    let alike = alike.map(|(name, id)| format!("{} ({id})", in_sentence(name)));
    let alike: Vec<_> = alike.collect();
    match alike.is_empty() {
        true => format!("no {what} \"{text}\". Enter the whole name or the ID"),
        false => format!("no {what} \"{text}\". Do you mean {}?", listed(&alike)),
    }
}

/// The message if several things have this name.
pub fn several_called(what: &str, text: &str, ids: &[String]) -> String {
    let ids = listed(ids);
    format!("several {what} are called \"{text}\". Enter the ID of one: {ids}")
}

fn listed(all: &[String]) -> String {
    let more = if all.len() > LISTED { ", …" } else { "" };
    let first: Vec<_> = all.iter().take(LISTED).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_the_text_in_them_are_offered_with_their_ids() {
        let none = none_called("organization", "Nord", &[]);
        assert_eq!(
            none,
            "no organization \"Nord\". Enter the whole name or the ID"
        );
        let alike = (1..=5).map(|n: u32| (format!("Nord {n}"), n.to_string()));
        let alike: Vec<_> = alike.collect();
        assert_eq!(
            none_called("organization", "Nord", &alike[..2]),
            "no organization \"Nord\". Do you mean Nord 1 (1), Nord 2 (2)?"
        );
        let many = none_called("organization", "Nord", &alike);
        assert!(many.ends_with("Nord 4 (4), …?"), "{many}");
    }
}
