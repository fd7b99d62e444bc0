//! Rewrites a deserialiser's message so that it says what to change.

use strsim::levenshtein;

/// The largest edit distance between a misspelt key and the intended one.
const SIMILAR: usize = 3;

/// A deserialiser's message for the author of the value. It never contains a value that could be a
/// secret.
pub(super) fn in_words(message: &str) -> String {
    let message = message.trim().replace('\n', "; ");
    if let Some(rest) = message.strip_prefix("unknown field ")
        && let Some((name, known)) = name_and_known(rest)
    {
        return unknown_key(name, &known);
    }
    if let Some(rest) = message.strip_prefix("unknown variant ")
        && let Some((_, known)) = name_and_known(rest)
    {
        let known: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        return format!("must be one of {}", known.join(", "));
    }
    if message.starts_with("invalid socket address") {
        return "must be an IP address and a port, such as \"127.0.0.1:3000\"".to_owned();
    }
    if message.starts_with("relative URL without a base") {
        return "must begin with https:// or http://".to_owned();
    }
    message
}

/// `` `a`, expected one of `b`, `c` ``: the written name, and the known ones.
fn name_and_known(rest: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    (!known.is_empty()).then_some((name, known))
}

fn unknown_key(name: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|known| (levenshtein(known, name), known));
    match nearest.min().filter(|(distance, _)| *distance <= SIMILAR) {
        Some((_, meant)) => format!("unknown key {name}: did you mean {meant}?"),
        None => format!("unknown key {name}; known keys are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_reported_with_the_intended_one() {
        assert_eq!(
            in_words("unknown field `upstrem`, expected one of `listen`, `upstream`"),
            "unknown key upstrem: did you mean upstream?"
        );
        assert_eq!(
            in_words("unknown field `colour`, expected `listen` or `upstream`"),
            "unknown key colour; known keys are listen, upstream"
        );
        assert_eq!(
            in_words("unknown variant `paths`, expected one of `path`, `host`\n"),
            "must be one of \"path\", \"host\""
        );
    }

    #[test]
    fn other_messages_are_made_plain_or_left_as_they_are() {
        assert!(in_words("invalid socket address syntax").contains("127.0.0.1:3000"));
        assert!(in_words("relative URL without a base: \"x\"").contains("https://"));
        assert_eq!(in_words("a scope is\n1 to 64"), "a scope is; 1 to 64");
    }
}
