//! Events in words.

use serde_json::Value;

use super::{AuditEvent, OF_REQUEST, REFUSED, RESPONSE};
use crate::domain::access_log::RequestOutcome;

/// What became of a request, as the access log tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RequestAnswer {
    /// The status, if there was one.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: RequestOutcome,
}

impl RequestAnswer {
    /// `200`, `200, interrupted`, `open`.
    pub fn in_words(&self) -> String {
        let word = match self.outcome {
            RequestOutcome::Open => "open",
            RequestOutcome::Done | RequestOutcome::Refused => "",
            RequestOutcome::Cut => "interrupted",
            RequestOutcome::Failed => "failed",
            RequestOutcome::Unknown => "unknown",
        };
        match (self.status, word) {
            (Some(status), "") => status.to_string(),
            (Some(status), word) => format!("{status}, {word}"),
            (None, word) => word.to_owned(),
        }
    }

    /// The answer in the metadata of an event that tells it.
    fn of(metadata: &Value) -> Self {
        let outcome = metadata.get("outcome").and_then(Value::as_str);
        let outcome = outcome.and_then(|outcome| outcome.parse().ok());
        Self {
            status: metadata
                .get("status")
                .and_then(Value::as_u64)
                .and_then(|status| u16::try_from(status).ok()),
            outcome: outcome.unwrap_or(RequestOutcome::Refused),
        }
    }
}

impl AuditEvent {
    /// What happened, in a line: `Request refused: DELETE /v1/users/x · 403`. `answer` is what became of a request whose answer
    /// is another event.
    pub fn sentence(&self, answer: Option<&RequestAnswer>) -> String {
        let text = |name: &str| self.metadata.get(name).and_then(Value::as_str);
        let asked = || {
            format!(
                "{} {}",
                text("method").unwrap_or_default(),
                text("path").unwrap_or_default()
            )
        };
        let told = RequestAnswer::of(&self.metadata);
        match self.action.as_str() {
            OF_REQUEST => match answer {
                Some(answer) => format!("{} · {}", asked(), answer.in_words()),
                None => asked(),
            },
            REFUSED => format!("Request refused: {} · {}", asked(), told.in_words()),
            RESPONSE => format!("Response: {}", told.in_words()),
            action => {
                let title = title(action);
                match text("reason").filter(|reason| !reason.is_empty()) {
                    Some(reason) => format!("{title}: {reason}"),
                    None => title,
                }
            }
        }
    }
}

/// The name of an action in words: `Support session created`.
fn title(action: &str) -> String {
    let special = match action {
        "user_session.force_logout" => "All user sessions ended",
        "audit.exported" => "Audit log exported",
        "audit.archived" => "Audit log archived",
        "audit.pruned" => "Old audit events deleted",
        "api_key.created" => "API key created",
        "api_key.rotated" => "API key rotated",
        "api_key.revoked" => "API key revoked",
        "staff.sign_in_failed" => "Sign-in failed",
        "staff.sign_ins_counted" => "Failed sign-ins counted",
        "list.exported" => "List exported",
        _ => "",
    };
    if !special.is_empty() {
        return special.to_owned();
    }
    let words = action.replace(['.', '_'], " ");
    let mut chars = words.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(action: &str, metadata: Value) -> AuditEvent {
        serde_json::from_value(json!({
            "v": 1, "chain": "tenant:a", "seq": 1, "prev": "", "tenant_id": "a",
            "id": "01937e2c-7b6a-7cc0-8000-000000000001", "category": "support_session",
            "action": action, "actor": { "type": "staff", "id": "1", "name": "Ada" },
            "resource_type": "support_session", "resource_id": "1", "outcome": "success",
            "occurred_at": "2026-11-22T10:00:00Z", "recorded_at": "2026-11-22T10:00:00Z",
            "request_id": null, "ip": null, "user_agent": null, "metadata": metadata, "hash": "",
        }))
        .unwrap()
    }

    #[test]
    fn an_event_reads_as_a_line() {
        let asked = json!({ "method": "DELETE", "path": "/v1/users/x", "status": 403 });
        for (action, metadata, line) in [
            (
                REFUSED,
                asked.clone(),
                "Request refused: DELETE /v1/users/x · 403",
            ),
            (OF_REQUEST, asked, "DELETE /v1/users/x"),
            (
                RESPONSE,
                json!({ "status": 200, "outcome": "cut" }),
                "Response: 200, interrupted",
            ),
            (
                RESPONSE,
                json!({ "outcome": "unknown" }),
                "Response: unknown",
            ),
            (
                "support_session.revoked",
                json!({ "reason": "Done" }),
                "Support session revoked: Done",
            ),
            (
                "support_session.revoked",
                json!({ "reason": null }),
                "Support session revoked",
            ),
            ("staff.signed_in", json!({}), "Staff signed in"),
            ("api_key.created", json!({}), "API key created"),
            ("", json!(null), ""),
        ] {
            assert_eq!(event(action, metadata).sentence(None), line);
        }
    }

    #[test]
    fn a_request_is_told_with_its_answer() {
        let asked = event(OF_REQUEST, json!({ "method": "GET", "path": "/v1/feed" }));
        let answer = |status, outcome| asked.sentence(Some(&RequestAnswer { status, outcome }));
        assert_eq!(
            answer(Some(200), RequestOutcome::Cut),
            "GET /v1/feed · 200, interrupted"
        );
        assert_eq!(answer(None, RequestOutcome::Open), "GET /v1/feed · open");
    }
}
