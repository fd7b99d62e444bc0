//! The tenants' own programs. They send real HTTP requests to the platform, valid ones and,
//! depending on the tenant's fate, invalid ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use gateway::clock::Clock;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    DemoError, World,
    cast::{Tenant, pick},
    fates::Fate,
    history::around,
    platform::TOKEN_HEADER,
};

/// How often the callers are chosen.
const TICK: Duration = Duration::from_millis(200);
/// How many requests run at once. If the platform is slow, fewer are sent.
const AT_ONCE: usize = 16;

/// Whether the tenants' programs call at all.
#[derive(Clone)]
pub(super) struct Traffic(Arc<AtomicBool>);

impl Traffic {
    pub(super) fn on() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Starts or stops the traffic.
    pub(super) fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Calls the platform until the demo stops.
pub(super) async fn call(world: World, upstream: String) {
    if let Err(error) = try_call(&world, &upstream).await {
        tracing::error!(%error, "the sample tenants can't make calls");
    }
}

async fn try_call(world: &World, upstream: &str) -> Result<(), DemoError> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()?;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut rng = StdRng::seed_from_u64(world.state.seed ^ 0x00c1_1e47);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = world.stop.cancelled() => return Ok(()),
        }
        if !world.traffic.is_on() {
            continue;
        }
        let weights = weights(world);
        let total = weights.last().copied().unwrap_or(0.0);
        for _ in 0..around(&mut rng, total * TICK.as_secs_f64()) {
            let at = rng.random_range(0.0..total);
            let caller = weights.partition_point(|weight| *weight <= at);
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                break;
            };
            let call = draw(&mut rng, &world.tenants[caller]);
            let request = call.into_request(&http, upstream);
            tokio::spawn(async move {
                // The platform itself reports its responses.
                if let Ok(response) = request.send().await {
                    let _ = response.bytes().await;
                }
                drop(place);
            });
        }
    }
}

/// Calls a second of each tenant, added up, so that one may be drawn.
fn weights(world: &World) -> Vec<f64> {
    let ago = world.state.first_started - world.clock.now();
    let rates = world
        .tenants
        .iter()
        .map(|tenant| f64::from(tenant.calls_per_day) * tenant.fate.activity(ago) / 86_400.0);
    rates
        .scan(0.0, |sum, rate| {
            *sum += rate;
            Some(*sum)
        })
        .collect()
}

fn draw(rng: &mut StdRng, tenant: &Tenant) -> Call {
    let share = tenant.fate.error_share(TimeDelta::zero());
    let action = if rng.random_bool(share) {
        match tenant.fate {
            Fate::Failing => Action::AttestInOldFormat,
            _ => pick(rng, &[Action::ReadMissing, Action::AttestInOldFormat]),
        }
    } else {
        pick(
            rng,
            &[
                Action::ListInvoices,
                Action::ListUsers,
                Action::ListAttestations,
                Action::ListOrganizations,
                Action::WhoAmI,
                Action::Search,
                Action::Attest,
            ],
        )
    };
    Call {
        token: tenant.token.clone(),
        action,
    }
}

struct Call {
    token: String,
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    ListInvoices,
    ListUsers,
    ListAttestations,
    ListOrganizations,
    WhoAmI,
    Search,
    Attest,
    AttestInOldFormat,
    ReadMissing,
}

impl Call {
    fn into_request(self, http: &reqwest::Client, upstream: &str) -> reqwest::RequestBuilder {
        let get = |path: &str| http.get(format!("{upstream}/v1/{path}"));
        let post = |path: &str| http.post(format!("{upstream}/v1/{path}"));
        let request = match self.action {
            Action::ListInvoices => get("invoices"),
            Action::ListUsers => get("users"),
            Action::ListAttestations => get("attestations"),
            Action::ListOrganizations => get("organizations"),
            Action::WhoAmI => get("whoami"),
            Action::Search => post("attestations/search").json(&json!({"subject": "an"})),
            Action::Attest => {
                post("attestations").json(&json!({"subject": "Ada Example", "kind": "degree"}))
            }
            Action::AttestInOldFormat => {
                post("attestations").json(&json!({"subject_name": "Ada Example", "v": 1}))
            }
            Action::ReadMissing => get("invoices/inv_00000000"),
        };
        request.header(TOKEN_HEADER, self.token)
    }
}
