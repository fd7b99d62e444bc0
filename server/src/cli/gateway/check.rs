//! `support-console gateway check`

use crate::{cli::CliError, config::Config};

pub(super) fn run(config: &Config) -> Result<(), CliError> {
    let settings = super::settings(config)?;
    let rules = settings.rules();
    let asked = config.gateway.as_ref().and_then(|g| g.probe.as_ref());
    let plan = asked.map(|asked| super::probe::plan(&settings, asked));
    let plan = plan.transpose()?;
    say!("The gateway's configuration is valid.")?;
    if let Some(gateway) = &config.gateway {
        for upstream in gateway.upstream_urls() {
            say!("  {} → {upstream}", gateway.public_url)?;
        }
    }
    say!("  rules {}", rules.hash())?;
    for scope in rules.scopes().list() {
        say!("  scope {}: {}", scope.name, scope.description)?;
    }
    if let Some(plan) = plan {
        let [one, other] = &plan.tenants;
        say!("  probe {} and {}", one.tenant, other.tenant)?;
    }
    for said in settings.fields_of_pages() {
        say!("  {said}")?;
    }
    for warning in rules.scopes().warnings().iter().chain(&settings.warnings()) {
        say!("warning: {warning}")?;
    }
    Ok(())
}
