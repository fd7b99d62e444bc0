//! The feed of tenants, read while several processes write it.

use std::sync::atomic::{AtomicBool, Ordering};

use app::domain::{
    TenantId,
    tenants::{Tenant, TenantStatus},
};
use futures::future::join_all;

use super::{another, noon};
use crate::{Store, StoreError, testing::both};

/// How many tenants are changed at once.
const CHANGED: usize = 40;

fn tenant(number: usize) -> Tenant {
    Tenant {
        id: format!("t{number:02}").parse().unwrap(),
        slug: format!("t{number:02}"),
        name: format!("Tenant {number}"),
        status: TenantStatus::Active,
        kind: None,
        country: None,
        plan: None,
        region: None,
        contact: None,
        created_at: noon(),
    }
}

async fn feed(store: &Store, id: TenantId) {
    let fed = store.arrange(id, |id, tx| {
        Box::pin(async move { tx.feed_tenant(id).await })
    });
    let fed: Result<(), StoreError> = fed.await;
    fed.unwrap();
}

/// The next places after one.
async fn read_on(store: &Store, after: i64) -> Vec<i64> {
    let mut reader = store.read().await.unwrap();
    let fed = reader.db().list_tenant_feed(after, 7).await.unwrap();
    fed.into_iter().map(|fed| fed.seq).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_misses_no_change_while_two_processes_write() {
    for (engine, test) in both().await {
        let other = another(&test.options).await;
        for number in 0..CHANGED {
            let added = test.store.arrange(tenant(number), |tenant, tx| {
                Box::pin(async move { tx.add_tenant(tenant, noon()).await })
            });
            let added: Result<(), StoreError> = added.await;
            added.unwrap();
        }
        let is_over = AtomicBool::new(false);
        let changes = async {
            let changes = (0..CHANGED).map(|number| {
                let store = if number % 2 == 0 { &test.store } else { &other };
                feed(store, tenant(number).id)
            });
            join_all(changes).await;
            is_over.store(true, Ordering::Release);
        };
        let reading = async {
            let mut read = Vec::new();
            loop {
                let was_over = is_over.load(Ordering::Acquire);
                let next = read_on(&test.store, read.last().copied().unwrap_or_default()).await;
                if was_over && next.is_empty() {
                    break read;
                }
                read.extend(next);
            }
        };
        let ((), read) = tokio::join!(changes, reading);
        let places: Vec<_> = (1..).take(CHANGED).collect();
        assert_eq!(read, places, "{engine}");
    }
}

#[tokio::test]
async fn every_restore_begins_a_new_epoch_even_if_the_clock_was_set_back() {
    for (engine, test) in both().await {
        let mut epochs = vec![0];
        for days in [2, 2, 1] {
            let now = noon() + chrono::TimeDelta::days(days);
            let begun = test.store.arrange(now, |now, tx| {
                Box::pin(async move { tx.begin_tenant_feed_anew(*now).await })
            });
            let begun: Result<(), StoreError> = begun.await;
            begun.unwrap();
            let mut reader = test.store.read().await.unwrap();
            let (epoch, _) = reader.db().end_of_tenant_feed().await.unwrap();
            epochs.push(epoch);
        }
        assert!(epochs.is_sorted_by(|a, b| a < b), "{engine}: {epochs:?}");
    }
}
