//! The overview without a row: an empty console, and a search that nothing matches.

use leptos::prelude::*;

use crate::{
    api,
    components::{ButtonLink, CopyBlock, EmptyState, Settled},
    domain::api_keys::ApiRight,
    paths,
};

/// No tenant has been registered yet: what to do, with commands to copy.
#[component]
pub(super) fn EmptyConsole() -> impl IntoView {
    let settings = Resource::new(|| (), |()| api::settings());
    view! {
        <EmptyState title="No tenants yet">
            <p>
                "Tenants appear here once your platform registers them. It takes three commands:"
            </p>
            <Settled
                resource=settings
                show=|settings| {
                    let url = settings.map(|settings| settings.console_url).ok()?;
                    Some(view! { <Steps url/> })
                }
            />
            <p>
                <a class="link" href=paths::HELP>
                    "How health is worked out"
                </a>
            </p>
        </EmptyState>
    }
}

#[component]
fn Steps(url: String) -> impl IntoView {
    let url = url.trim_end_matches('/').to_owned();
    let register = format!(
        "curl -X PUT {url}/api/v1/tenants/acme \\\n  -H \"X-API-Key: $KEY\" \
         -H 'Content-Type: application/json' \\\n  \
         -d '{{\"slug\":\"acme\",\"name\":\"Acme\",\"status\":\"active\"}}'"
    );
    let send = format!(
        "curl {url}/api/v1/requests \\\n  -H \"X-API-Key: $KEY\" \
         -H 'Content-Type: application/json' \\\n  \
         -d \"[{{\\\"tenant_id\\\":\\\"acme\\\",\\\"at\\\":\\\"$(date -u +%FT%TZ)\\\",\\\"status\\\":200}}]\""
    );
    let rights = [
        ApiRight::Read,
        ApiRight::RegisterTenants,
        ApiRight::SendTelemetry,
    ];
    let key = rights.iter().fold(
        "support-console api-key create --name platform".to_owned(),
        |key, right| key + " --right " + right.as_str(),
    );
    view! {
        <ol class="steps">
            <li>
                <h3>"Make a key for your platform, on the server"</h3>
                <CopyBlock text=key what="command that makes a key"/>
            </li>
            <li>
                <h3>"Register a tenant"</h3>
                <CopyBlock text=register what="curl command that registers a tenant"/>
            </li>
            <li>
                <h3>"Send telemetry"</h3>
                <CopyBlock text=send what="curl command that sends telemetry"/>
            </li>
        </ol>
    }
}

/// There are tenants, but none here.
#[component]
pub(super) fn NoMatch(
    /// Whether a search or a filter is the reason.
    filtered: bool,
) -> impl IntoView {
    view! {
        <EmptyState title=if filtered { "No matching tenants" } else { "No tenants on this page" }>
            <p>
                {if filtered {
                    "Check the spelling, try part of the name or ID, or remove a filter."
                } else {
                    "Some entries are gone."
                }}
            </p>
            <ButtonLink href=paths::OVERVIEW>
                {if filtered { "Clear search and filters" } else { "First page" }}
            </ButtonLink>
        </EmptyState>
    }
}
