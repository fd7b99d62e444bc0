//! The health of all tenants over time.

use app::domain::{problem::ProblemCode, tenants::HealthCounts};
use chrono::TimeDelta;

use crate::services::testing::{anonymous, both, calls, key, noon, support_admin};

#[tokio::test]
async fn an_hour_keeps_its_last_counts_and_a_week_is_shown() {
    for world in both().await {
        let engine = world.engine;
        world.tenants.count_health().await.unwrap();
        world.register("acme", "Acme").await;
        world.clock.advance(TimeDelta::minutes(59));
        world.tenants.count_health().await.unwrap();
        let failed = calls("acme", noon() + TimeDelta::minutes(59), 503, 30);
        world.ingest(vec![failed]).await;
        world.clock.advance(TimeDelta::minutes(1));
        world.tenants.count_health().await.unwrap();

        let by = support_admin(1);
        let hours = world.tenants.history(&by).await.unwrap();
        let at: Vec<_> = hours.iter().map(|hour| hour.at).collect();
        assert_eq!(at, [noon(), noon() + TimeDelta::hours(1)], "{engine}");
        let one = HealthCounts {
            total: 1,
            ..HealthCounts::default()
        };
        assert_eq!(
            hours[0].counts,
            HealthCounts { unknown: 1, ..one },
            "{engine}"
        );
        assert_eq!(
            hours[1].counts,
            HealthCounts { critical: 1, ..one },
            "{engine}"
        );

        world.clock.advance(TimeDelta::days(7));
        let hours = world.tenants.history(&by).await.unwrap();
        assert_eq!(hours.len(), 1, "{engine}");
    }
}

#[tokio::test]
async fn only_those_who_read_all_tenants_read_their_counts() {
    for world in both().await {
        for (caller, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (key(Some("acme")), ProblemCode::Forbidden),
        ] {
            let refused = world.tenants.history(&caller).await.unwrap_err();
            assert_eq!(refused.code, code, "{}", world.engine);
        }
    }
}
