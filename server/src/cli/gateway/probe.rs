//! `support-console gateway probe`

use std::{path::PathBuf, sync::Arc};

use app::domain::{TenantId, scopes::ScopeName, shown::shown_json};
use clap::Args;
use gateway::{
    GatewaySettings, SessionGates,
    config::{ProbeConfig, ProbeTenantConfig},
};

use crate::{
    app_state::settings as console_settings,
    cli::{
        CliError, Common,
        open::{Opened, open},
    },
    out,
    probe::{Client, Plan, Probe, ProbeError},
    serve::ServeError,
    services::{Core, Passwords, staff::StaffService, support_sessions::SupportSessionsService},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct ProbeArgs {
    /// The staff member who holds the support sessions: e-mail address or ID
    #[arg(long, value_name = "WHO")]
    staff: Option<String>,
    /// A tenant, and a text that only its own response contains (give it twice)
    #[arg(long = "tenant", value_name = "ID=CANARY", value_parser = tenant)]
    tenants: Vec<Named>,
    /// The path to request, with `{tenant_id}` in place of the tenant's ID (give it twice for one path per tenant)
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<String>,
    /// The support sessions' scopes, separated by commas (default: `read_only`)
    #[arg(long, value_delimiter = ',')]
    scopes: Vec<ScopeName>,
    /// The gateway's address (default: `gateway.public_url`)
    #[arg(long, value_name = "URL")]
    at: Option<String>,
    /// PEM file with the CA of the gateway's certificate (default: the system's CAs)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// A tenant, with its canary unless the configuration has it.
#[derive(Debug, Clone)]
struct Named {
    id: TenantId,
    canary: Option<String>,
}

fn tenant(text: &str) -> Result<Named, String> {
    let (id, canary) = match text.split_once('=') {
        Some((id, canary)) => (id, Some(canary.to_owned())),
        None => (text, None),
    };
    let id = id.parse::<TenantId>().map_err(|error| error.to_string())?;
    Ok(Named { id, canary })
}

pub(super) async fn run(common: &Common, args: ProbeArgs) -> Result<(), CliError> {
    let config = common.load(Vec::new())?;
    let settings = super::settings(&config)?;
    let asked = args.over(
        config
            .gateway
            .as_ref()
            .and_then(|gateway| gateway.probe.clone()),
    )?;
    let plan = plan(&settings, &asked)?;
    let who = asked.staff.as_deref().ok_or_else(|| {
        let hint = "every support session needs a staff member: add --staff EMAIL, or set \
                    gateway.probe.staff";
        CliError::Usage(hint.to_owned())
    })?;
    let public_url = config.gateway.as_ref().map(|g| g.public_url.as_str());
    let client = Client::new(
        public_url.unwrap_or_default(),
        settings.own_host().unwrap_or_default(),
        args.at.as_deref(),
        args.ca.as_deref(),
    )?;
    let Opened { core, context } = open(common).await?;
    let staff = StaffService::new(
        core.clone(),
        Passwords::new(core.entropy.clone()),
        SessionGates::new(),
    );
    let staff = staff.find(&context, who).await?;
    if !staff.may_enter() {
        return Err(CliError::Usage(format!(
            "{} is deactivated or has no role, so they can't hold a support session: use another \
             with --staff",
            staff.email
        )));
    }
    let probe = Probe {
        sessions: sessions(&core)?,
        core,
        context,
        staff,
        plan,
        client,
    };
    let report = probe.run(settings.rules()).await?;
    if args.json {
        let json = format!("{:#}\n", report.json());
        out::print(&shown_json(&json))?;
    } else {
        out::print_outside(&report.text())?;
    }
    if report.passed() {
        Ok(())
    } else {
        Err(CliError::Failed(
            "the gateway and its upstream don't keep these tenants apart",
        ))
    }
}

/// The plan of the probe, checked against the rules.
pub(super) fn plan(settings: &GatewaySettings, asked: &ProbeConfig) -> Result<Plan, CliError> {
    Plan::new(settings, asked).map_err(|faults| ProbeError::Plan(faults).into())
}

fn sessions(core: &Core) -> Result<SupportSessionsService, CliError> {
    // No gateway runs in this process. The running one learns of the sessions' end from the store.
    let gates = SessionGates::new();
    let settings = console_settings(&core.config).map_err(ServeError::Gateway)?;
    Ok(SupportSessionsService::new(
        core.clone(),
        Arc::new(settings),
        gates,
    ))
}

impl ProbeArgs {
    /// The configuration with these flags over it.
    fn over(&self, config: Option<ProbeConfig>) -> Result<ProbeConfig, CliError> {
        let mut asked = config.unwrap_or_default();
        if let Some(staff) = &self.staff {
            asked.staff = Some(staff.clone());
        }
        if !self.scopes.is_empty() {
            asked.scopes.clone_from(&self.scopes);
        }
        if !self.tenants.is_empty() {
            let known = std::mem::take(&mut asked.tenants);
            let named = self.tenants.iter();
            let tenants: Result<Vec<_>, _> = named.map(|named| named.with(&known)).collect();
            asked.tenants = tenants?;
        }
        match self.paths.as_slice() {
            [] => {}
            [both] => {
                for tenant in &mut asked.tenants {
                    tenant.path = Some(both.clone());
                }
            }
            paths if paths.len() == asked.tenants.len() => {
                for (tenant, path) in asked.tenants.iter_mut().zip(paths) {
                    tenant.path = Some(path.clone());
                }
            }
            _ => {
                let hint = "use --path once for both tenants, or twice in the order of --tenant";
                return Err(CliError::Usage(hint.to_owned()));
            }
        }
        Ok(asked)
    }
}

impl Named {
    fn with(&self, known: &[ProbeTenantConfig]) -> Result<ProbeTenantConfig, CliError> {
        let known = known.iter().find(|tenant| tenant.id == self.id);
        let canary = self.canary.clone();
        let canary = canary.or_else(|| Some(known?.canary.clone()));
        let canary = canary.ok_or_else(|| {
            CliError::Usage(format!(
                "{id} needs a canary: write --tenant '{id}=TEXT' with a text that only its own \
                 response contains, such as the name of a record in that tenant",
                id = self.id
            ))
        })?;
        Ok(ProbeTenantConfig {
            id: self.id.clone(),
            canary,
            path: known.and_then(|tenant| tenant.path.clone()),
        })
    }
}
