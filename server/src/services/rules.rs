//! The gateway's rules: shows them, and tries others on recorded requests.

mod dry_run;
mod file;

use std::sync::Arc;

use app::{
    domain::{
        RequestId,
        caller::{Caller, Context},
        policy::Act,
        problem::Problem,
        rules::{DRY_RUN_REQUESTS, DryRun, DryRunForm, RULE_FILE_MAX, RulesInForce},
    },
    ports::RulesPort,
};
use async_trait::async_trait;
use gateway::rules::{RuleSet, RuleSource};
use uuid::Uuid;

use self::dry_run::Trial;
use super::Core;

/// How many requests are read at a time.
const BATCH: u32 = 1_000;

/// The use cases around the gateway's rules.
#[derive(Clone)]
pub struct RulesService {
    core: Core,
    in_force: Option<(Arc<RuleSource>, Arc<RuleSet>)>,
}

impl RulesService {
    /// Builds the service from the checked rules of the configuration.
    pub fn new(core: Core) -> Self {
        let source = core.config.rule_source();
        let in_force = source.and_then(|source| {
            let compiled = source.compile().ok()?;
            Some((Arc::new(source), Arc::new(compiled)))
        });
        Self { core, in_force }
    }

    fn authorise(&self, context: &Context) -> Result<(), Problem> {
        if matches!(context.caller, Caller::Key(_) | Caller::Support(_)) {
            return Err(Problem::forbidden(
                "Only staff members with the role support_admin or super_admin can see the rules.",
            ));
        }
        self.core.authorise(context, Act::ReadSupportSessions)
    }
}

#[async_trait]
impl RulesPort for RulesService {
    async fn in_force(&self, context: &Context) -> Result<Option<RulesInForce>, Problem> {
        self.authorise(context)?;
        let Some((source, rules)) = &self.in_force else {
            return Ok(None);
        };
        Ok(Some(RulesInForce {
            hash: rules.hash().to_owned(),
            file: file::written(source),
            warnings: rules.scopes().warnings(),
        }))
    }

    async fn dry_run(&self, context: &Context, form: DryRunForm) -> Result<DryRun, Problem> {
        self.authorise(context)?;
        let Some((source, in_force)) = &self.in_force else {
            return Err(no_gateway());
        };
        if form.rules.len() > RULE_FILE_MAX {
            let message = format!("is longer than {} KiB", RULE_FILE_MAX / 1024);
            return Err(Problem::invalid_field("rules", message));
        }
        if !DRY_RUN_REQUESTS.contains(&form.requests) {
            let message = "must be one of the choices";
            return Err(Problem::invalid_field("requests", message));
        }
        let changed = file::changed(source, &form.rules)
            .map_err(|message| Problem::invalid_field("rules", message))?;
        let mut trial = Trial::new(Arc::clone(in_force), Arc::new(changed));
        let mut before = RequestId::from_uuid(Uuid::max());
        let mut left = form.requests;
        while left > 0 {
            let mut reader = self.core.store.read().await?;
            let mut db = reader.db();
            let batch = db.list_latest_requests(before, left.min(BATCH)).await?;
            let Some(last) = batch.last() else { break };
            before = last.request_id;
            left = left.saturating_sub(BATCH);
            for request in batch {
                trial.judge(request);
            }
        }
        Ok(trial.result())
    }
}

fn no_gateway() -> Problem {
    Problem::invalid_field("rules", "can't be tested: this console has no gateway")
}

#[cfg(test)]
mod tests;
