//! The audit chain under many writers at once.

use audit::verify::{KeptHead, Wrong};
use futures::future::join_all;

use super::noon;
use crate::{Audited, ChangeKind, Priority, StoreError, testing::both};
use crate::{
    audit::verify_store,
    testing::{append, new_event},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_writers_at_once_leave_chains_without_gap_or_fork() {
    for (engine, test) in both().await {
        let writers = (0..50_u64).map(|writer| {
            let store = test.store.clone();
            tokio::spawn(async move {
                for turn in 0..4 {
                    let tenant = match turn {
                        0 | 1 => Some("shared".to_owned()),
                        2 => Some(format!("t{}", writer % 5)),
                        _ => None,
                    };
                    let event = new_event(tenant.as_deref(), writer * 10 + turn, noon());
                    let priority = if writer % 2 == 0 {
                        Priority::Gateway
                    } else {
                        Priority::Normal
                    };
                    store
                        .write(priority, event, move |event, tx| {
                            Box::pin(
                                async move { Ok::<_, StoreError>(tx.append_audit(event.clone())) },
                            )
                        })
                        .await
                        .map(drop)?;
                }
                Ok::<(), StoreError>(())
            })
        });
        for written in join_all(writers).await {
            written.unwrap().unwrap_or_else(|e| panic!("{engine}: {e}"));
        }
        let report = verify_store(&test.store, [], None).await.unwrap();
        assert!(report.is_sound(), "{engine}: {report}");
        assert_eq!(report.events, 200, "{engine}");
        let last = |chain: &str| report.chains[chain].last;
        assert_eq!(
            (last("tenant:shared"), last("system"), last("tenant:t3")),
            (100, 50, 10),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn events_of_any_number_of_chains_are_placed_together() {
    for (engine, test) in both().await {
        // 64, 32, 16, 8, 4, 2 and 1 rows; more chains than one statement locks; then chains that exist and new ones.
        for round in 0..2_u64 {
            let appended = test.store.write(Priority::Gateway, (), move |(), tx| {
                for number in 0..127 {
                    let number = round * 64 + number;
                    let _ = tx.append_audit(new_event(
                        Some(&format!("t{number}")),
                        number + 1_000 * round,
                        noon(),
                    ));
                }
                Box::pin(async { Ok::<_, StoreError>(()) })
            });
            appended.await.unwrap();
        }
        let report = verify_store(&test.store, [], None).await.unwrap();
        assert!(report.is_sound(), "{engine}: {report}");
        assert_eq!((report.events, report.chains.len()), (254, 191), "{engine}");
    }
}

#[tokio::test]
async fn what_is_done_to_the_stored_events_is_noticed() {
    const TAMPERING: [(&str, &str); 8] = [
        (
            "UPDATE audit_log SET resource = id WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:a') + 2",
            "hash",
        ),
        (
            "UPDATE audit_log SET metadata = '{}' WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:a') + 3",
            "hash",
        ),
        ("UPDATE audit_deeds SET outcome = 'maybe'", "unreadable"),
        ("UPDATE audit_deeds SET v = 2", "unknown_version"),
        (
            "DELETE FROM audit_log WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:a') + 1",
            "gap",
        ),
        (
            "DELETE FROM audit_log WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:a') + 3",
            "shortened",
        ),
        ("DELETE FROM audit_heads WHERE chain = 'tenant:a'", "head"),
        (
            "UPDATE audit_heads SET seq = 2 WHERE chain = 'tenant:a'",
            "head",
        ),
    ];
    for (sql, code) in TAMPERING {
        for (engine, test) in both().await {
            for number in 0..3 {
                append(&test.store, new_event(Some("a"), number, noon()))
                    .await
                    .unwrap();
            }
            assert!(
                verify_store(&test.store, [], None)
                    .await
                    .unwrap()
                    .is_sound(),
                "{engine}"
            );
            let tamper = test.store.write(Priority::Normal, (), move |(), tx| {
                Box::pin(async move { tx.query(sql).execute().await })
            });
            assert_eq!(tamper.await.unwrap(), 1, "{engine}: {sql}");
            let report = verify_store(&test.store, [], None).await.unwrap();
            let found = report.first_fault().map(|fault| fault.wrong.code());
            assert_eq!(found, Some(code), "{engine}: {sql}\n{report}");
        }
    }
}

#[tokio::test]
async fn a_chain_cut_off_with_its_head_is_noticed_by_a_head_kept_elsewhere() {
    for (engine, test) in both().await {
        for number in 0..3 {
            append(&test.store, new_event(Some("a"), number, noon()))
                .await
                .unwrap();
        }
        let report = verify_store(&test.store, [], None).await.unwrap();
        let kept: Vec<KeptHead> = report.heads().collect();
        let cut = test.store.write(Priority::Normal, (), |(), tx| {
            Box::pin(async move {
                tx.query("DELETE FROM audit_log WHERE place & 1099511627775 = 3")
                    .execute()
                    .await?;
                tx.query(
                    "UPDATE audit_heads SET seq = 2, hash = \
                     (SELECT hash FROM audit_events WHERE seq = 2)",
                )
                .execute()
                .await
            })
        });
        cut.await.unwrap();
        assert!(
            verify_store(&test.store, [], None)
                .await
                .unwrap()
                .is_sound(),
            "{engine}"
        );
        let report = verify_store(&test.store, kept, None).await.unwrap();
        assert_eq!(
            report.first_fault().map(|fault| fault.wrong.clone()),
            Some(Wrong::Shortened { head: 3 }),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_refused_act_leaves_neither_its_change_nor_its_event() {
    for (engine, test) in both().await {
        let refused: Result<(), StoreError> = test
            .store
            .act((), |(), tx| {
                Box::pin(async move {
                    tx.change(ChangeKind::Tenant, "a", noon()).await?;
                    let receipt = tx.append_audit(new_event(Some("a"), 1, noon()));
                    let _told = Audited::new((), receipt);
                    Err(StoreError::OlderSchema)
                })
            })
            .await;
        assert!(matches!(refused, Err(StoreError::OlderSchema)), "{engine}");
        let report = verify_store(&test.store, [], None).await.unwrap();
        assert!(
            report.is_sound() && report.events == 0,
            "{engine}: {report}"
        );
        assert!(super::noted(&test.store).await.is_empty(), "{engine}");
    }
}
