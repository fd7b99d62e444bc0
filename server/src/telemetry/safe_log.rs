//! The log's output, in which no value from outside acts on a terminal or reorders a line.

use std::io::{self, Stderr, Write};

use app::domain::shown::{shown_json, shown_lines};

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Json,
    Plain,
    /// With escape sequences of our own. The formatter escapes those in values.
    Coloured,
}

/// Standard error. The formatter writes each event at once.
pub(super) struct SafeLog(pub(super) Style, pub(super) Stderr);

impl Write for SafeLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.1.write_all(safe(&text, self.0).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

fn safe(text: &str, style: Style) -> String {
    match style {
        Style::Json => shown_json(text).into_owned(),
        Style::Plain => shown_lines(text).into_owned(),
        Style::Coloured => {
            let parts: Vec<_> = text.split('\u{1b}').map(shown_lines).collect();
            parts.join("\u{1b}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_the_log_neither_acts_nor_changes() {
        let line = "{\"path\":\"/a\u{202e}b\u{9b}\"}\n";
        let json = safe(line, Style::Json);
        assert_eq!(json, "{\"path\":\"/a\\u202eb\\u009b\"}\n");
        assert_eq!(
            safe("a\u{202e}\u{1b}[2J\n", Style::Plain),
            "a\\u{202E}\\u{1B}[2J\n"
        );
        let coloured = safe("\u{1b}[2mINFO\u{1b}[0m a\u{202e}\n", Style::Coloured);
        assert_eq!(coloured, "\u{1b}[2mINFO\u{1b}[0m a\\u{202E}\n");
    }
}
