//! The result of a probe, for people and for programs.

use std::fmt::Write as _;

use app::domain::{RequestId, TenantId, access_log::Refusal, support_sessions::SupportSession};
use serde_json::{Value, json};

/// The result of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub tenant: TenantId,
    pub what: String,
    /// Whether it is as it must be.
    pub passed: bool,
    /// The result, or what is wrong and what to change.
    pub said: String,
    pub status: Option<u16>,
    /// The gateway's refusal, if it refused.
    pub refusal: Option<Refusal>,
    /// The request, as in the access log.
    pub request_id: Option<RequestId>,
}

#[derive(Debug, Clone)]
pub struct Report {
    pub gateway: String,
    /// The hash of its rules.
    pub rules: String,
    /// The support sessions, which have ended.
    pub sessions: [SupportSession; 2],
    pub findings: Vec<Finding>,
    /// What was not tested.
    pub remark: Option<&'static str>,
}

impl Report {
    /// Whether everything is as it must be.
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.passed)
    }

    /// For people: a line for each check.
    pub fn text(&self) -> String {
        let rules = self.rules.get(..12).unwrap_or(&self.rules);
        let [one, other] = &self.sessions;
        let mut text = format!(
            "Gateway {} (rules {rules}), as {}\n",
            self.gateway, one.staff_name
        );
        for session in [one, other] {
            let _ = writeln!(
                text,
                "  {}: support session {}",
                session.tenant_id, session.id
            );
        }
        for finding in &self.findings {
            let mark = if finding.passed { "ok   " } else { "FAIL " };
            let _ = writeln!(text, "{mark} {}: {}", finding.what, finding.said);
            if let Some(id) = finding.request_id.filter(|_| !finding.passed) {
                let _ = writeln!(text, "      request {id}");
            }
        }
        if let Some(remark) = self.remark {
            let _ = writeln!(text, "note  {remark}");
        }
        let _ = writeln!(text, "Both support sessions were revoked.");
        text
    }

    pub fn json(&self) -> Value {
        let sessions = self.sessions.iter();
        let sessions = sessions.map(
            |session| json!({ "tenant_id": session.tenant_id, "support_session_id": session.id }),
        );
        let findings = self.findings.iter();
        let findings = findings.map(|finding| {
            json!({
                "tenant_id": finding.tenant,
                "check": finding.what,
                "passed": finding.passed,
                "result": finding.said,
                "status": finding.status,
                "refusal": finding.refusal,
                "request_id": finding.request_id,
            })
        });
        json!({
            "passed": self.passed(),
            "gateway": self.gateway,
            "rules": self.rules,
            "support_sessions": sessions.collect::<Vec<_>>(),
            "checks": findings.collect::<Vec<_>>(),
            "note": self.remark,
        })
    }
}
