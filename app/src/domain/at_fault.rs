//! The part of a deserialiser's error that names a field, in words for the caller.

/// How much of an error's own words is passed on, in characters: they may quote the request.
const MESSAGE_MAX: usize = 300;

/// The invalid field and what is wrong with it.
pub fn field_and_message(path: &str, message: &str) -> (String, String) {
    let at_fault = ["unknown field `", "missing field `", "duplicate field `"];
    let quoted = at_fault.iter().find_map(|start| {
        let name = message.strip_prefix(start)?.split('`').next()?;
        Some(name.chars().take(100).collect::<String>())
    });
    let path = Some(path).filter(|path| !matches!(*path, "." | "?" | ""));
    let field = match (path, quoted) {
        (Some(path), Some(name)) if path == name || path.ends_with(&format!(".{name}")) => {
            path.to_owned()
        }
        (Some(path), Some(name)) => format!("{path}.{name}"),
        (Some(path), None) => path.to_owned(),
        (None, Some(name)) => name,
        (None, None) => "body".to_owned(),
    };
    (field, shortened(message))
}

/// What people who don't know the terms of JSON's parser can act on.
fn in_words(message: &str) -> &str {
    match message {
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "half of a character: escapes from \\ud800 to \\udfff come in pairs"
        }
        control if control.starts_with("control character (") => {
            "a control character, which must be an escape in JSON, such as \\n"
        }
        other if NO_INSTANT.contains(&other) => {
            "must be a date and time such as 2026-11-22T10:30:00Z or 2026-11-22T10:30:00+02:00 \
             (in a query, + is written %2B)"
        }
        other => other,
    }
}

/// What the parser of instants says. None of it names the expected form.
const NO_INSTANT: [&str; 6] = [
    "input contains invalid characters",
    "input is not enough for unique date and time",
    "input is out of range",
    "no possible date and time matching input",
    "premature end of input",
    "trailing input",
];

/// An error's text without the position, which doesn't help in a body of one line.
pub fn shortened(message: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message);
    let message = in_words(message);
    let mut short: String = message.chars().take(MESSAGE_MAX).collect();
    if short.len() < message.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn an_instant_that_cannot_be_read_is_refused_with_an_example() {
        for text in [
            "2026-11-28",
            "2026-11-28T22:00",
            "2026-11-28T22:00Z",
            "2026-11-28T22:00:00 02:00",
            "2026-11-28T24:00:00Z",
            "2026-11-28T22:00:00Zx",
            "1764367200",
        ] {
            let error = text.parse::<Timestamp>().unwrap_err().to_string();
            let said = field_and_message("from", &error).1;
            assert!(said.contains("2026-11-22T10:30:00Z"), "{text}: {said}");
        }
    }
}
