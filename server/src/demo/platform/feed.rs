//! A feed that never ends: one event a second.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::sse::{Event, Sse},
};
use futures::Stream;
use serde_json::json;
use tokio_stream::{StreamExt, wrappers::IntervalStream};

use super::{Platform, identity::Identity};

pub(super) async fn feed(
    State(platform): State<Platform>,
    Extension(identity): Extension<Identity>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let every_second = IntervalStream::new(tokio::time::interval(Duration::from_secs(1)));
    let mut number = 0_usize;
    let events = every_second.map(move |_| {
        number += 1;
        let seen = platform.list(&identity, |records| &records.attestations);
        let about = (!seen.is_empty()).then(|| &seen[number % seen.len()]);
        let data = json!({
            "tenant": identity.tenant.id,
            "number": number,
            "at": platform.0.clock.now(),
            "attestation": about,
        });
        Ok(Event::default().event("activity").data(data.to_string()))
    });
    Sse::new(events)
}
