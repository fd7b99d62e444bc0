//! The platform's own web page, for a tenant's people, and for support staff through the gateway.

use axum::{Extension, extract::State, response::Html};

use super::{
    Platform,
    data::{Invoice, Organization},
    identity::Identity,
};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1.5rem}table{border-collapse:collapse;width:100%}th,td{text-align:start;\
    padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}.num{text-align:end}\
    :root{color-scheme:light dark}";

/// Shows the feed until it ends.
const SCRIPT: &str = "const list=document.querySelector('#activity'),\
    state=document.querySelector('#feed'),feed=new EventSource('/v1/feed');\
    feed.addEventListener('activity',event=>{const {number,attestation}=JSON.parse(event.data);\
    state.textContent='Live';const item=document.createElement('li');\
    item.textContent='#'+number+' '+(attestation?attestation.kind+': '+attestation.subject:'nothing yet');\
    list.prepend(item);while(list.children.length>5)list.lastChild.remove();});\
    feed.addEventListener('error',()=>{state.textContent='The feed has ended.';});";

/// `GET /`: the tenant at a glance.
pub(super) async fn overview(
    State(platform): State<Platform>,
    Extension(identity): Extension<Identity>,
) -> Html<String> {
    let name = escaped(&identity.tenant.name);
    let organizations = platform.list(&identity, |records| &records.organizations);
    let organizations: String = organizations.iter().map(item).collect();
    let invoices = platform.list(&identity, |records| &records.invoices);
    let rows: String = invoices.iter().map(row).collect();
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\
         <title>{name}</title><style>{STYLE}</style></head><body><main><h1>{name}</h1>\
         <h2>Organizations</h2><ul>{organizations}</ul>\
         <h2>Activity</h2><p id=\"feed\" role=\"status\">Connecting…</p><ol id=\"activity\"></ol>\
         <h2>Invoices</h2><table><thead><tr><th>Number</th><th class=\"num\">Total</th><th>Status</th></tr></thead>\
         <tbody>{rows}</tbody></table></main><script>{SCRIPT}</script></body></html>\n"
    ))
}

fn item(organization: &Organization) -> String {
    format!("<li>{}</li>", escaped(&organization.name))
}

fn row(invoice: &Invoice) -> String {
    let (whole, cents) = (invoice.total_cents / 100, invoice.total_cents % 100);
    format!(
        "<tr><td>{}</td><td class=\"num\">{whole}.{cents:02} {}</td><td>{}</td></tr>",
        escaped(&invoice.number),
        invoice.currency,
        invoice.status
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
