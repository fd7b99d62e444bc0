//! Sources of events: a store, or an export.

use std::io::{self, BufRead};

use app::domain::{TenantId, audit::AuditEvent};
use serde_json::Value;

use super::{
    Extent, KeptHead, Report, Seen, Verifier, Wrong,
    text::{Line, Lines},
};
use crate::{chain, json};

/// Verifies an export in JSON Lines, without checking that it is one.
pub fn verify_lines(
    lines: impl BufRead,
    extent: Extent,
    kept: impl IntoIterator<Item = KeptHead>,
) -> io::Result<Report> {
    let mut verifier = Verifier::new(extent, kept);
    verifier.lines(&mut Lines::of(lines)?)?;
    Ok(verifier.finish())
}

impl Verifier {
    /// Verifies every line of an export.
    pub(super) fn lines(&mut self, lines: &mut Lines<impl BufRead>) -> io::Result<()> {
        let mut line = Vec::new();
        for number in 1.. {
            match lines.next(&mut line)? {
                Line::End => break,
                Line::Read { .. } if line.iter().all(u8::is_ascii_whitespace) => {}
                Line::Read { ended } => match json::from_slice(line.trim_ascii_end()) {
                    Ok(event) => self.json_of(event, number, &line),
                    Err(error) => self.damaged(&line, ended, &error, number),
                },
                Line::Garbled => self.lost(1, "its characters are not UTF-16", number),
                Line::TooLong => {
                    self.lost(u64::MAX, "the line is too long", number);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Verifies a stored event.
    pub fn event(&mut self, event: AuditEvent) {
        self.take(Seen::from_event(event));
    }

    /// Verifies a stored event whose predecessor is missing. Without its hash this one proves
    /// nothing.
    pub fn event_without_predecessor(&mut self, event: AuditEvent) {
        let mut seen = Seen::from_event(event);
        seen.computed = Err(Wrong::Prev);
        self.take(seen);
    }

    /// Notes a stored event that can't be read.
    pub fn unreadable_event(&mut self, chain: String, seq: u64, id: String, problem: String) {
        self.take(Seen {
            chain,
            seq,
            prev: String::new(),
            hash: String::new(),
            id,
            computed: Err(Wrong::Unreadable(problem)),
            line: None,
        });
    }
}

impl Seen {
    fn from_event(event: AuditEvent) -> Self {
        let computed = if event.v != chain::VERSION {
            Err(Wrong::UnknownVersion(event.v.to_string()))
        } else if event.chain != chain::name(event.tenant_id.as_ref()) {
            Err(Wrong::Chain)
        } else {
            chain::hash(&event).map_err(|e| Wrong::Unreadable(e.to_string()))
        };
        Self {
            chain: event.chain,
            seq: event.seq,
            prev: event.prev,
            hash: event.hash,
            id: event.id.to_string(),
            computed,
            line: None,
        }
    }

    /// Reads the links of version 1 from the JSON itself, so that the hash covers the JSON and not
    /// what this program understood of it.
    pub(super) fn from_json(event: Value, line: u64) -> Result<Self, Wrong> {
        let missing =
            |name: &str| Wrong::Unreadable(format!("`{name}` is missing or of another type"));
        let text = |name: &str| {
            let text = event.get(name).and_then(Value::as_str);
            text.map(str::to_owned).ok_or_else(|| missing(name))
        };
        let version = event.get("v").ok_or_else(|| missing("v"))?;
        let is_known = version.as_u64() == Some(chain::VERSION.into());
        let unknown = (!is_known).then(|| Wrong::UnknownVersion(version.to_string()));
        let mut seen = Self {
            chain: text("chain")?,
            seq: event
                .get("seq")
                .and_then(Value::as_u64)
                .ok_or_else(|| missing("seq"))?,
            prev: text("prev")?,
            hash: text("hash")?,
            id: text("id")?,
            computed: Err(Wrong::Chain),
            line: Some(line),
        };
        let tenant = match event.get("tenant_id") {
            None => return Err(missing("tenant_id")),
            Some(Value::Null) => None,
            Some(_) => {
                let id: Result<TenantId, _> = text("tenant_id")?.parse();
                Some(id.map_err(|e| Wrong::Unreadable(format!("`tenant_id` {e}")))?)
            }
        };
        seen.computed = match unknown {
            Some(unknown) => Err(unknown),
            None if seen.chain != chain::name(tenant.as_ref()) => Err(Wrong::Chain),
            None => chain::hash_json(event).map_err(|e| Wrong::Unreadable(e.to_string())),
        };
        Ok(seen)
    }

    pub(super) fn fault(&self, wrong: Wrong) -> super::Fault {
        super::Fault {
            chain: Some(self.chain.clone()),
            seq: Some(self.seq),
            id: Some(self.id.clone()),
            line: self.line,
            wrong,
        }
    }
}
