//! The notice on every page while requests can't be recorded.

use leptos::prelude::*;

use super::use_signed_in;
use crate::{
    components::{Icon, IconName, Settled, Timestamp, format::Precision},
    domain::{record::RecordOutage, staff::SignedIn},
};

/// Stays as long as the gateway lets nothing through because nothing can be recorded.
#[component]
pub(super) fn RecordOutageNotice() -> impl IntoView {
    let signed_in = use_signed_in();
    view! {
        <div role="alert" class="contents">
            <Settled
                resource=signed_in.resource()
                show=|signed_in| {
                    let signed_in = signed_in.ok().flatten().filter(SignedIn::may_enter)?;
                    signed_in.record_outage.map(|outage| view! { <Outage outage/> })
                }
            />
        </div>
    }
}

#[component]
fn Outage(outage: RecordOutage) -> impl IntoView {
    view! {
        <div class="notice bad">
            <Icon name=IconName::Bad size=18/>
            <p>
                <strong>"No support request is let through."</strong>
                " Requests can't be recorded since "
                <Timestamp at=outage.since precision=Precision::Second/>
                ". "
                {outage.cause.sentence()}
            </p>
        </div>
    }
}
