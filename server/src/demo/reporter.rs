//! Reports the platform's requests to the console, once a second: equal calls as one record with
//! their count, support traffic one by one with its request ID.

use std::{collections::BTreeMap, time::Duration};

use app::domain::{Timestamp, telemetry::RequestRecord};
use gateway::clock::Clock;
use tokio::sync::mpsc;

use super::{World, api::BATCH};

/// A request that the platform has served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) tenant_id: String,
    pub(super) at: Timestamp,
    pub(super) status: u16,
    pub(super) method: String,
    pub(super) route: String,
    pub(super) duration_ms: u64,
    /// The gateway's request id, where the platform's support has called.
    pub(super) support_request_id: Option<String>,
}

/// Reports until the demo stops, including everything served until then.
pub(super) async fn report(world: World, mut observed: mpsc::Receiver<Observed>) {
    let start = world.clock.now().timestamp_micros();
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    every_second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut number = 0_u64;
    let mut waiting: Vec<RequestRecord> = Vec::new();
    loop {
        let last = tokio::select! {
            _ = every_second.tick() => false,
            () = world.stop.cancelled() => true,
        };
        // A failed batch is sent again unchanged, under its own key. Newer requests wait in the
        // queue.
        if waiting.is_empty() {
            let mut served = Vec::new();
            while served.len() < BATCH
                && let Ok(one) = observed.try_recv()
            {
                served.push(one);
            }
            waiting = records(served);
            number += 1;
        }
        if !waiting.is_empty() {
            match world
                .api
                .send(&waiting, &format!("{start}-live-{number}"))
                .await
            {
                Ok(()) => waiting.clear(),
                Err(error) => {
                    tracing::warn!(%error, "the demo's telemetry is waiting for the console");
                }
            }
        }
        if last {
            return;
        }
    }
}

/// The served requests as records, equal calls as one.
fn records(served: Vec<Observed>) -> Vec<RequestRecord> {
    let mut alike: BTreeMap<(String, u16), RequestRecord> = BTreeMap::new();
    let mut records = Vec::new();
    for one in served {
        let Ok(tenant_id) = one.tenant_id.parse() else {
            continue;
        };
        let support = one.support_request_id.is_some();
        let record = RequestRecord {
            tenant_id,
            at: one.at,
            status: one.status,
            count: 1,
            method: support.then_some(one.method),
            path: support.then_some(one.route),
            duration_ms: support.then_some(one.duration_ms),
            request_id: one.support_request_id,
        };
        if support {
            records.push(record);
            continue;
        }
        alike
            .entry((one.tenant_id, one.status))
            .and_modify(|sum| {
                sum.count += 1;
                sum.at = sum.at.max(one.at);
            })
            .or_insert(record);
    }
    records.extend(alike.into_values());
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(tenant: &str, status: u16, support: Option<&str>) -> Observed {
        Observed {
            tenant_id: tenant.into(),
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            status,
            method: "GET".into(),
            route: "/v1/users".into(),
            duration_ms: 3,
            support_request_id: support.map(Into::into),
        }
    }

    #[test]
    fn every_call_counts_once_and_support_traffic_is_told_apart() {
        let records = records(vec![
            observed("a", 200, None),
            observed("b", 200, None),
            observed("a", 200, None),
            observed("a", 404, None),
            observed("a", 200, Some("request-1")),
        ]);
        let counts: u32 = records.iter().map(|record| record.count).sum();
        assert_eq!(counts, 5);
        assert_eq!(records.len(), 4);
        assert_eq!(records[0].request_id.as_deref(), Some("request-1"));
        let alike = &records[1];
        assert_eq!(
            (alike.tenant_id.as_str(), alike.status, alike.count),
            ("a", 200, 2)
        );
    }
}
