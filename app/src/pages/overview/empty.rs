//! The overview without a row: an empty console, and a search that nothing matches.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::{ButtonLink, CopyBlock, EmptyState, Settled},
    domain::{
        api_keys::ApiRight,
        tenants::{TenantMaster, TenantsAbout},
    },
    paths,
};

/// No tenant is known yet: what to do, with commands to copy.
#[component]
pub(super) fn EmptyConsole() -> impl IntoView {
    let known = Resource::new(
        || (),
        |()| async { Ok::<_, ApiError>((api::settings().await?, api::tenants_about().await?)) },
    );
    view! {
        <EmptyState title="No tenants yet">
            <Settled
                resource=known
                show=|known| match known {
                    Ok((settings, about)) => {
                        view! { <Steps url=settings.console_url about/> }.into_any()
                    }
                    Err(_) => {
                        view! { <p>"Tenants appear here once your platform registers them."</p> }
                            .into_any()
                    }
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
fn Steps(url: String, about: TenantsAbout) -> impl IntoView {
    let url = url.trim_end_matches('/').to_owned();
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
    let by_platform = about.master == TenantMaster::Platform;
    let lead = match by_platform {
        true => "Tenants appear here once your platform registers them. It takes three steps:",
        false => "Tenants appear here once they are added in this console. It takes three steps:",
    };
    view! {
        <p>{lead}</p>
        <ol class="steps">
            <li>
                <h3>"Make a key for your platform"</h3>
                <p>
                    "A super admin makes one under "
                    <a class="link" href=paths::API_KEYS>
                        "API keys"
                    </a> ". Or run this on the server:"
                </p>
                <CopyBlock text=key what="command that makes a key"/>
            </li>
            {match by_platform {
                true => view! { <Register url/> }.into_any(),
                false => view! { <Add may_manage=about.may_manage/> }.into_any(),
            }}
            <li>
                <h3>"Send telemetry"</h3>
                <CopyBlock text=send what="curl command that sends telemetry"/>
            </li>
        </ol>
    }
}

/// The platform registers the first tenant.
#[component]
fn Register(url: String) -> impl IntoView {
    let register = format!(
        "curl -X PUT {url}/api/v1/tenants/acme \\\n  -H \"X-API-Key: $KEY\" \
         -H 'Content-Type: application/json' \\\n  \
         -d '{{\"slug\":\"acme\",\"name\":\"Acme\",\"status\":\"active\"}}'"
    );
    view! {
        <li>
            <h3>"Register a tenant"</h3>
            <CopyBlock text=register what="curl command that registers a tenant"/>
        </li>
    }
}

/// A super admin adds the first tenant here.
#[component]
fn Add(may_manage: bool) -> impl IntoView {
    let how = match may_manage {
        true => view! { <ButtonLink href=paths::NEW_TENANT>"New tenant"</ButtonLink> }.into_any(),
        false => "A super admin adds it under Administration.".into_any(),
    };
    view! {
        <li>
            <h3>"Add a tenant"</h3>
            <p>{how}</p>
        </li>
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
