//! The data that a page wants updates for.

use app::domain::{live::LiveInterest, problem::Problem};

/// How many ids of one kind a page may name.
const MAX_IDS: usize = 200;

/// Reads `interest=` from a query string.
pub(super) fn parse(query: Option<&str>) -> Result<LiveInterest, Problem> {
    let json = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "interest")
        .map_or_else(|| "{}".to_owned(), |(_, value)| value.into_owned());
    let interest: LiveInterest = serde_json::from_str(&json).map_err(|_| {
        Problem::invalid_field("interest", "must be the JSON of what the page shows")
    })?;
    if interest.tenants.len() > MAX_IDS || interest.support_sessions.len() > MAX_IDS {
        let message = format!("must name at most {MAX_IDS} ids of a kind");
        return Err(Problem::invalid_field("interest", message));
    }
    Ok(interest)
}

/// Whether the page had a stream before and may have missed something.
pub(super) fn is_resumed(query: Option<&str>) -> bool {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, value)| name == "last_event_id" && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interest_comes_url_encoded() {
        let interest = parse(Some(
            "interest=%7B%22tenants%22%3A%5B%22acme%22%5D%2C%22counts%22%3Atrue%7D",
        ));
        let interest = interest.unwrap();
        assert_eq!(interest.tenants[0].as_str(), "acme");
        assert!(interest.counts);
    }

    #[test]
    fn what_is_not_an_interest_is_refused() {
        for bad in [
            "interest=7",
            "interest=%7B%22tenants%22%3A%5B%22a%2Fb%22%5D%7D",
            "interest=",
        ] {
            assert!(parse(Some(bad)).is_err(), "{bad}");
        }
        let many = vec!["\"x\""; MAX_IDS + 1].join(",");
        assert!(parse(Some(&format!("interest={{\"tenants\":[{many}]}}"))).is_err());
    }
}
