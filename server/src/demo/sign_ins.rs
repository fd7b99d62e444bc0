//! Tenant users who sign in to the platform, as it reports them to the console.

use std::time::Duration;

use app::domain::{Timestamp, user_sessions::UserSessionRegistration};
use chrono::TimeDelta;
use gateway::clock::Clock;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{World, api::Put, cast::Tenant};

/// How long a user session is valid.
const LIFE: TimeDelta = TimeDelta::hours(10);

/// The user sessions that exist when the demo starts.
pub(super) fn at_start(
    tenants: &[Tenant],
    seed: u64,
    now: Timestamp,
) -> Vec<Put<UserSessionRegistration>> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5e55_10a5);
    let mut all = Vec::new();
    for tenant in tenants.iter().filter(|tenant| is_used(tenant)) {
        for _ in 0..rng.random_range(1..=5) {
            let age = TimeDelta::minutes(rng.random_range(1..540)).min(tenant.age);
            all.push(sign_in(&mut rng, tenant, now - age));
        }
    }
    all
}

/// Signs somebody in now and then until the demo stops.
pub(super) async fn keep_coming(world: World) {
    let mut rng = StdRng::seed_from_u64(world.state.seed ^ 0x0516_4145);
    let used: Vec<&Tenant> = world
        .tenants
        .iter()
        .filter(|tenant| is_used(tenant))
        .collect();
    let mut tick = tokio::time::interval(Duration::from_secs(6));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = world.stop.cancelled() => return,
        }
        if used.is_empty() {
            return;
        }
        let tenant = used[rng.random_range(0..used.len())];
        let put = sign_in(&mut rng, tenant, world.clock.now());
        if let Err(error) = world.api.put(put).await {
            tracing::warn!(%error, "can't register a user session of the demo");
        }
    }
}

fn is_used(tenant: &Tenant) -> bool {
    tenant.calls_per_day > 0 && !tenant.fate.status().may_be_silent()
}

#[expect(clippy::unwrap_used, reason = "made of letters and digits right here")]
fn sign_in(rng: &mut StdRng, tenant: &Tenant, at: Timestamp) -> Put<UserSessionRegistration> {
    let id = rng.random::<u64>();
    let user = rng.random::<u32>();
    Put {
        path: format!("tenants/{}/user-sessions/ses_{id:016x}", tenant.id),
        body: UserSessionRegistration {
            user: format!("usr_{user:08x}").parse().unwrap(),
            issued_at: at,
            expires_at: at + LIFE,
        },
    }
}
