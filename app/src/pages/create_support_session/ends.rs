//! The end of a support session that is created now, and a curl command that uses it.

use crate::domain::{Timestamp, support_sessions::parse_ttl};

/// When a session created at `now` ends; `None` if the minutes aren't valid.
pub fn ends_at(now: Timestamp, minutes: &str) -> Option<Timestamp> {
    now.checked_add_signed(parse_ttl(minutes).ok()?)
}

/// A command that makes one request through the gateway, quoted for a POSIX shell.
pub fn curl_line(gateway_url: &str, path: &str, token: &str) -> String {
    let url = format!("{}{path}", gateway_url.trim_end_matches('/'));
    format!(
        "curl -i -H {} {}",
        quoted(&format!("Authorization: Bearer {token}")),
        quoted(&url)
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_as_far_away_as_typed_and_fifteen_minutes_by_default() {
        let now: Timestamp = "2026-11-22T12:04:31Z".parse().unwrap();
        assert_eq!(ends_at(now, "60"), "2026-11-22T13:04:31Z".parse().ok());
        assert_eq!(ends_at(now, ""), "2026-11-22T12:19:31Z".parse().ok());
        for unreadable in ["0", "61", "-5", "1.5", "ten", "99999999999999999999"] {
            assert_eq!(ends_at(now, unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn the_curl_line_survives_quotes_and_a_trailing_slash() {
        assert_eq!(
            curl_line("http://127.0.0.1:3100/", "/v1/it's", "sct_x"),
            r"curl -i -H 'Authorization: Bearer sct_x' 'http://127.0.0.1:3100/v1/it'\''s'"
        );
    }
}
