//! `gateway probe`: tests through the running gateway that the upstream keeps tenants apart.
//!
//! Two support sessions are created, one in each of two tenants. Each requests its own tenant's
//! resource, which must contain that tenant's canary, and then the other's, in every way that the
//! rules know. The other's canary must never appear. All requests go to the gateway's own listener
//! with real tokens, so that everything in between is tested too, and all are recorded. The record,
//! not the response, shows whether the gateway refused.

mod ask;
mod client;
mod error;
mod judge;
mod plan;
mod report;

use app::{
    domain::{
        access_log::AccessLogEntry, caller::Context, nodes::NodeRules, staff::StaffMember,
        support_sessions::SupportSession,
    },
    ports::RevokeSupportSessions,
};
use gateway::{rules::RuleSet, token::Token};

use self::{
    ask::{Ask, Between},
    judge::Seen,
};
use crate::services::{Core, ServiceError, support_sessions::SupportSessionsService};

pub use self::{
    client::Client,
    error::{ProbeError, Unanswered},
    plan::{Plan, Subject},
    report::{Finding, Report},
};

/// A probe of a gateway, in a staff member's name.
pub struct Probe {
    /// The store that the gateway serves.
    pub core: Core,
    /// Opens and ends the support sessions.
    pub sessions: SupportSessionsService,
    pub context: Context,
    pub staff: StaffMember,
    pub plan: Plan,
    pub client: Client,
}

struct Inside {
    session: SupportSession,
    token: Token,
}

impl Probe {
    /// Tries every way that `rules` know. Both support sessions have ended when this returns, even
    /// with an error.
    ///
    /// # Errors
    ///
    /// If the probe couldn't run. The results of its checks are in the report.
    pub async fn run(&self, rules: &RuleSet) -> Result<Report, ProbeError> {
        self.same_rules(rules.hash()).await?;
        self.client.greet().await?;
        let [one, other] = &self.plan.tenants;
        let first = self.open(one).await?;
        let second = match self.open(other).await {
            Ok(second) => second,
            Err(error) => {
                self.end(&[&first]).await?;
                return Err(error);
            }
        };
        let asked = tokio::select! {
            asked = self.ask_all(rules, [&first, &second]) => asked,
            _ = tokio::signal::ctrl_c() => Err(ProbeError::Interrupted),
        };
        self.end(&[&first, &second]).await?;
        Ok(Report {
            gateway: self.client.url().to_owned(),
            rules: rules.hash().to_owned(),
            sessions: [first.session, second.session],
            findings: asked?,
            remark: self.plan.remark(rules),
        })
    }

    /// A gateway with other rules would prove nothing about these.
    async fn same_rules(&self, own: &str) -> Result<(), ProbeError> {
        let mut reader = self.core.store.read().await?;
        let nodes = reader.db().list_rules_of_nodes(self.core.now()).await?;
        if nodes.is_empty() {
            return Err(ProbeError::NotServed);
        }
        let others: Vec<_> = nodes.iter().filter(|node| node.rules != own).collect();
        if others.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = others.into_iter().map(NodeRules::short).collect();
        Err(ProbeError::OtherRules {
            nodes: named.join(", "),
            own: own.get(..12).unwrap_or(own).to_owned(),
        })
    }

    async fn open(&self, subject: &Subject) -> Result<Inside, ProbeError> {
        let scopes = &self.plan.scopes;
        let opened =
            self.sessions
                .open_for_probe(&self.context, &self.staff, &subject.tenant, scopes);
        match opened.await {
            Ok((session, token)) => Ok(Inside { session, token }),
            Err(ServiceError::Refused(problem)) => Err(ProbeError::Refused {
                tenant: subject.tenant.clone(),
                problem,
            }),
            Err(error) => Err(error.into()),
        }
    }

    async fn end(&self, all: &[&Inside]) -> Result<(), ProbeError> {
        let mut result = Ok(());
        for inside in all {
            let id = inside.session.id;
            let reason = "The gateway probe has ended".to_owned();
            if let Err(problem) = self.sessions.revoke(&self.context, id, reason).await {
                // Tries to end both, even if the first fails.
                result = Err(ProbeError::NotEnded {
                    session: id,
                    problem,
                });
            }
        }
        result
    }

    async fn ask_all(
        &self,
        rules: &RuleSet,
        inside: [&Inside; 2],
    ) -> Result<Vec<Finding>, ProbeError> {
        let mut findings = Vec::new();
        for own in [0, 1] {
            let between = Between {
                own: &self.plan.tenants[own],
                other: &self.plan.tenants[1 - own],
            };
            for ask in Ask::all(rules, &between) {
                let seen = self.ask(&ask, &between, inside[own]).await?;
                findings.push(judge::judge(&ask, &between, rules, &seen));
            }
        }
        Ok(findings)
    }

    /// Sends the request, and looks up its record.
    async fn ask(
        &self,
        ask: &Ask,
        between: &Between<'_>,
        inside: &Inside,
    ) -> Result<Seen, ProbeError> {
        let request = ask.request(between);
        let answer = match self.client.send(&request, &inside.token).await {
            Ok(answer) => answer,
            Err(unanswered) => return Ok(Seen::Nothing(unanswered)),
        };
        let record = match answer.request_id {
            Some(id) => {
                let mut reader = self.core.store.read().await?;
                reader.db().lookup_access_log_entry(id).await?
            }
            None => None,
        };
        let own = |entry: &AccessLogEntry| entry.support_session_id == inside.session.id;
        Ok(Seen::Answered {
            answer,
            record: record.filter(own).map(Box::new),
        })
    }
}
