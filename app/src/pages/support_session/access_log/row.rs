//! One request: a row that opens to everything known of it.

use leptos::prelude::*;

use crate::{
    components::{
        CopyCode, Fact, Outside, Timestamp,
        format::{Precision, counted},
    },
    domain::access_log::{AccessLogEntry, DirectionTally, RequestOutcome, UpgradeTally},
    live::rows::LiveRows,
    paths,
};

/// One request. Its row stays when the request completes, so that it stays open and focused.
#[component]
pub(super) fn EntryRow(
    /// The entry when it arrived.
    entry: AccessLogEntry,
    /// All rows, as they are now.
    rows: RwSignal<LiveRows<AccessLogEntry>>,
) -> impl IntoView {
    let (seq, at, request_id) = (entry.seq, entry.at, entry.request_id.to_string());
    let request = paths::request(entry.request_id);
    let (method, path) = (entry.method.clone(), full_path(&entry));
    let now = Memo::new(move |before: Option<&AccessLogEntry>| {
        let found = rows.with(|rows| rows.find(seq).cloned());
        found.unwrap_or_else(|| before.unwrap_or(&entry).clone())
    });
    let status = move || now.with(status_of);
    view! {
        <tr>
            <td class="method"><Outside text=method/></td>
            <td class="path">
                <details>
                    <summary><code><Outside text=path/></code></summary>
                    <div class="log-facts">{move || now.with(facts)}</div>
                </details>
            </td>
            <td class="outcome">{status}</td>
            <td class="request-id">
                <a class="link" href=request title=request_id.clone()>
                    <code>{request_id.clone()}</code>
                </a>
            </td>
            <td class="numeric"><Timestamp at precision=Precision::Millisecond in_row=true/></td>
        </tr>
    }
    .into_any()
}

/// The status code and the rest of the outcome.
pub(in crate::pages) fn status_of(entry: &AccessLogEntry) -> AnyView {
    let Told { tone, code, note } = told(entry);
    view! {
        <span class=format!("code {tone}")>{code}</span>
        {note.map(|note| view! { ", " <span class="muted">{note}</span> })}
    }
    .into_any()
}

/// Path and query as they were asked for.
fn full_path(entry: &AccessLogEntry) -> String {
    match &entry.query {
        Some(query) => format!("{}?{query}", entry.path),
        None => entry.path.clone(),
    }
}

/// The cell Status: a style, the status code and the rest of the outcome.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    tone: &'static str,
    code: String,
    note: Option<&'static str>,
}

fn told(entry: &AccessLogEntry) -> Told {
    let tone = match entry.status {
        Some(500..) => "bad",
        Some(400..) => "warn",
        Some(_) => "good",
        None => "",
    };
    let note = match entry.outcome {
        RequestOutcome::Open => Some("open"),
        RequestOutcome::Done => None,
        RequestOutcome::Cut => Some("interrupted"),
        RequestOutcome::Refused => Some("refused"),
        RequestOutcome::Failed => Some("failed"),
        RequestOutcome::Unknown => Some("unknown"),
    };
    Told {
        tone,
        code: entry
            .status
            .map_or_else(|| "—".into(), |status| status.to_string()),
        note,
    }
}

pub(in crate::pages) fn facts(entry: &AccessLogEntry) -> AnyView {
    let id = entry.request_id.to_string();
    let row = |name: &'static str, value: Option<String>| {
        view! {
            <dt>{name}</dt>
            <dd><Outside text=value.unwrap_or_else(|| "—".into())/></dd>
        }
    };
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| counted(bytes, "byte", "bytes"));
    let duration = entry.duration_ms.map(|ms| format!("{ms} ms"));
    let why = entry.refusal.map(|refusal| {
        view! {
            <Fact name="Reason for refusal">
                {refusal.sentence()} " " <code class="muted">{refusal.as_str()}</code>
            </Fact>
        }
    });
    view! {
        <dl class="facts">
            {why}
            <Fact name="Request ID"><CopyCode text=id what="request ID"/></Fact>
            {row("Request number", Some(entry.seq.to_string()))}
            {row("Outcome", Some(outcome_sentence(entry).into()))}
            {carried(entry).map(|by| row("Forwarded by", Some(by)))}
            {row("Query", entry.query.clone())}
            {row("IP address", Some(entry.ip.clone()))}
            {row("User-Agent", Some(entry.user_agent.clone()))}
            {row("Duration", duration)}
            {row("Request body", bytes(entry.request_bytes))}
            {row("Response body", bytes(entry.response_bytes))}
            {entry.upgrade.as_ref().map(upgraded)}
        </dl>
    }
    .into_any()
}

fn upgraded(tally: &UpgradeTally) -> impl IntoView + use<> {
    let direction = |name: &'static str, tally: &DirectionTally| {
        let passed = passed(tally);
        let hash = tally.sha256.clone();
        view! {
            <dt>{name}</dt>
            <dd>{passed} ", SHA-256 " <code class="muted">{hash}</code></dd>
        }
    };
    view! {
        <Fact name="Upgrade">
            "WebSocket. It counts as one request. Messages are counted, not recorded individually."
        </Fact>
        {direction("To the upstream", &tally.to_upstream)}
        {direction("To the client", &tally.to_client)}
    }
}

fn passed(tally: &DirectionTally) -> String {
    format!(
        "{}, {}",
        counted(tally.frames, "frame", "frames"),
        counted(tally.bytes, "byte", "bytes")
    )
}

/// The proxy that forwarded the request, if any, and whether it reported the end.
fn carried(entry: &AccessLogEntry) -> Option<String> {
    let profile = entry.profile?;
    let told = match (entry.reported_at, entry.outcome) {
        (Some(_), _) => "status, bytes and duration are reported by the proxy",
        (None, RequestOutcome::Open | RequestOutcome::Unknown) => {
            "the proxy hasn't reported the end"
        }
        (None, _) => "nothing was forwarded",
    };
    Some(format!("{profile}; {told}"))
}

const fn outcome_sentence(entry: &AccessLogEntry) -> &'static str {
    match entry.outcome {
        RequestOutcome::Open if entry.profile.is_some() => {
            "Open: recorded and allowed; the proxy hasn't reported the end yet"
        }
        RequestOutcome::Unknown if entry.profile.is_some() => {
            "Unknown: recorded and allowed; the proxy never reported the end"
        }

        RequestOutcome::Open => "Open: recorded and forwarded; the response isn't complete yet",
        RequestOutcome::Done => "Completed",
        RequestOutcome::Cut => "Interrupted: the session ended or the connection closed",
        RequestOutcome::Refused => "Refused: nothing was forwarded",
        RequestOutcome::Failed => "Failed: the upstream didn't respond properly",
        RequestOutcome::Unknown => "Unknown: the gateway stopped while the request was open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_log::ForwardAuthProfile;

    fn entry(status: Option<u16>, outcome: RequestOutcome) -> AccessLogEntry {
        serde_json::from_value(serde_json::json!({
            "request_id": "01937e2c-7b6a-7cc0-8000-000000000001",
            "support_session_id": "01937e2c-7b6a-7cc0-8000-000000000002",
            "seq": 1, "method": "GET", "path": "/v1/issuers", "query": "status=open",
            "status": status, "outcome": outcome, "refusal": null, "ip": "::1",
            "user_agent": "curl/8", "at": "2026-11-22T10:00:00Z", "duration_ms": null,
            "request_bytes": null, "response_bytes": null,
        }))
        .unwrap()
    }

    #[test]
    fn the_query_is_part_of_what_was_asked_for() {
        let entry = entry(None, RequestOutcome::Open);
        assert_eq!(full_path(&entry), "/v1/issuers?status=open");
    }

    #[test]
    fn what_passed_is_told_in_frames_and_bytes() {
        let tally = DirectionTally {
            frames: 1,
            bytes: 2048,
            sha256: String::new(),
        };
        assert_eq!(passed(&tally), "1 frame, 2,048 bytes");
    }

    #[test]
    fn whose_word_the_end_of_a_carried_request_is_is_told() {
        let mut entry = entry(Some(200), RequestOutcome::Done);
        assert_eq!(carried(&entry), None);
        entry.profile = Some(ForwardAuthProfile::Nginx);
        entry.reported_at = Some(entry.at);
        assert!(carried(&entry).unwrap().contains("reported by the proxy"));
        entry.reported_at = None;
        entry.outcome = RequestOutcome::Unknown;
        assert!(carried(&entry).unwrap().contains("hasn't reported"));
        assert!(outcome_sentence(&entry).contains("never reported"));
    }

    #[test]
    fn what_the_code_does_not_tell_is_told_in_words() {
        let read = |status, outcome| {
            let told = told(&entry(status, outcome));
            (told.tone, told.code, told.note)
        };
        assert_eq!(
            read(Some(200), RequestOutcome::Done),
            ("good", "200".into(), None)
        );
        assert_eq!(
            read(Some(403), RequestOutcome::Refused),
            ("warn", "403".into(), Some("refused"))
        );
        assert_eq!(
            read(Some(502), RequestOutcome::Failed),
            ("bad", "502".into(), Some("failed"))
        );
        assert_eq!(
            read(None, RequestOutcome::Open),
            ("", "—".into(), Some("open"))
        );
    }
}
