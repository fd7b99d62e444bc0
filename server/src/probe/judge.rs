//! Judges the gateway and the upstream by a response and its record. Pure.

use app::domain::access_log::{AccessLogEntry, Refusal, RequestOutcome};
use gateway::{config::TenantBinding, rules::RuleSet};

use super::{
    ask::{Ask, Between},
    client::Answer,
    error::Unanswered,
    report::Finding,
};

#[derive(Debug)]
pub(super) enum Seen {
    Nothing(Unanswered),
    /// A response, and the gateway's record of the request, if there is one.
    Answered {
        answer: Answer,
        record: Option<Box<AccessLogEntry>>,
    },
}

/// The fault, or the confirmed fact.
type Judgement = Result<String, String>;

pub(super) fn judge(ask: &Ask, between: &Between<'_>, rules: &RuleSet, seen: &Seen) -> Finding {
    let judgement = match seen {
        Seen::Nothing(unanswered) => Err(format!("{unanswered}: {}", unanswered.advice())),
        Seen::Answered { answer, record } => match record {
            None => Err(unrecorded(answer)),
            Some(record) => Evidence {
                between,
                binding: rules.tenant_binding(),
                answer,
                record,
            }
            .judge(ask),
        },
    };
    let (answer, record) = match seen {
        Seen::Nothing(_) => (None, None),
        Seen::Answered { answer, record } => (Some(answer), record.as_deref()),
    };
    let passed = judgement.is_ok();
    Finding {
        tenant: between.own.tenant.clone(),
        what: ask.sentence(between),
        passed,
        said: judgement.unwrap_or_else(|fault| fault),
        status: answer.map(|answer| answer.status),
        refusal: record.and_then(|record| record.refusal),
        request_id: answer.and_then(|answer| answer.request_id),
    }
}

fn unrecorded(answer: &Answer) -> String {
    match answer.status {
        401 => "the gateway doesn't know the support session: is it the one that serves this \
                store (database_url)?"
            .to_owned(),
        503 => "the gateway refuses all requests at the moment: see its log and `support-console \
                doctor`"
            .to_owned(),
        status => format!(
            "answered with {status}, but nothing was recorded: the server that answered is not \
             the gateway of this data store"
        ),
    }
}

struct Evidence<'e> {
    between: &'e Between<'e>,
    binding: TenantBinding,
    answer: &'e Answer,
    record: &'e AccessLogEntry,
}

impl Evidence<'_> {
    fn judge(&self, ask: &Ask) -> Judgement {
        self.no_leak()?;
        match ask {
            Ask::Own | Ask::OurFields => self.own(),
            Ask::OthersPath => match self.binding {
                TenantBinding::Path => self.refused(),
                TenantBinding::Host | TenantBinding::Identity => self.refused_or_kept(),
            },
            Ask::OthersHost(_) | Ask::Parameter(_) | Ask::Header(_) => self.refused(),
        }
    }

    /// The other tenant's canary must never appear, whatever was requested.
    fn no_leak(&self) -> Result<(), String> {
        if !holds(&self.answer.body, &self.between.other.canary) {
            return Ok(());
        }
        let alone = match self.binding {
            TenantBinding::Path => "its path",
            TenantBinding::Host => "the host name that the gateway sets",
            TenantBinding::Identity => "Support-Identity (or Support-Tenant)",
        };
        Err(format!(
            "LEAK: the response ({}) contains the canary of {}. The upstream must take the \
             tenant of a support request from {alone} and from nothing else. Don't use support \
             sessions until it does",
            self.answer.status, self.between.other.tenant
        ))
    }

    /// The session's own tenant, as usual.
    fn own(&self) -> Judgement {
        let own = self.between.own;
        self.forwarded()?;
        let status = self.answer.status;
        if !(200..300).contains(&status) {
            return Err(format!(
                "the upstream answers {status}: choose a path where {} gets its \
                 canary",
                own.tenant
            ));
        }
        self.searchable()?;
        if !holds(&self.answer.body, &own.canary) {
            return Err(format!(
                "the response ({status}) doesn't contain {}'s canary: correct the path or the \
                 canary; if both are right, the upstream serves another tenant",
                own.tenant
            ));
        }
        Ok(format!("{status} with its own canary"))
    }

    fn searchable(&self) -> Result<(), String> {
        let Some(coding) = &self.answer.coding else {
            return Ok(());
        };
        Err(format!(
            "the response is compressed ({coding}) although the request asked for none, so it \
             can't be searched: choose another path"
        ))
    }

    /// It went to the upstream, which answered.
    fn forwarded(&self) -> Result<(), String> {
        if let Some(refusal) = self.record.refusal {
            return Err(format!(
                "the gateway refuses it: {refusal} ({}). {}",
                self.answer.status,
                refusal.sentence()
            ));
        }
        if self.record.outcome == RequestOutcome::Failed || matches!(self.answer.status, 502 | 504)
        {
            return Err(format!(
                "the gateway got no response from the upstream ({}): `support-console doctor` says \
                 why",
                self.answer.status
            ));
        }
        Ok(())
    }

    fn refused(&self) -> Judgement {
        match self.record.refusal {
            Some(refusal @ (Refusal::WrongTenant | Refusal::WrongHost)) => Ok(format!(
                "refused by the gateway: {refusal} ({})",
                self.answer.status
            )),
            Some(other) => Err(format!(
                "refused for another reason, which proves nothing: {other} ({})",
                self.answer.status
            )),
            None => Err(format!(
                "the gateway allowed it ({}): the rules don't see that it names {}; see \
                 `support-console gateway explain`",
                self.answer.status, self.between.other.tenant
            )),
        }
    }

    /// If the gateway can't know the owner of a path, the upstream must.
    fn refused_or_kept(&self) -> Judgement {
        if self.record.refusal.is_some() {
            return self.refused();
        }
        self.forwarded()?;
        let status = self.answer.status;
        if status >= 500 {
            return Err(format!(
                "the upstream fails with {status}, which proves nothing: check its log"
            ));
        }
        self.searchable()?;
        Ok(format!(
            "{status} from the upstream, without {}'s canary",
            self.between.other.tenant
        ))
    }
}

/// Canaries are plain ASCII, so they can be searched as they are.
fn holds(body: &[u8], canary: &str) -> bool {
    let canary = canary.as_bytes();
    let mut windows = body.windows(canary.len().max(1));
    windows.any(|window| window.eq_ignore_ascii_case(canary))
}

#[cfg(test)]
mod tests;
