use gateway::ports::Recorder as _;

use super::*;
use crate::services::testing::{World, form, worlds};

/// The entries that a page is sent, until there are no more: numbers and outcomes.
async fn sent(view: &mut View, world: &World) -> Vec<(u64, RequestOutcome)> {
    let mut sent = Vec::new();
    while let Some(LiveEvent::AccessLog(change)) = view.access_log(&world.core).await.unwrap() {
        sent.extend(
            change
                .entries
                .iter()
                .map(|entry| (entry.seq, entry.outcome)),
        );
        if !view.log_goes_on() {
            break;
        }
    }
    sent
}

#[tokio::test]
async fn a_request_that_hangs_open_holds_up_nothing_that_comes_after_it() {
    for world in worlds().await {
        let engine = world.engine;
        let opened = world.open(form()).await;
        let mut view = View::new(LiveInterest {
            access_log_of: Some(opened.id),
            ..LiveInterest::default()
        });
        view.start_of_log(&world.core).await.unwrap();
        let recorder = world.recorder("b");
        let begin = async || {
            let intent = world.intent(opened.id, opened.token_hash);
            recorder.begin(intent).await.unwrap();
        };
        begin().await;
        assert_eq!(
            sent(&mut view, &world).await,
            [(1, RequestOutcome::Open)],
            "{engine}"
        );

        for _ in 0..450 {
            begin().await;
        }
        world
            .run("UPDATE request_log SET outcome = 'done' WHERE seq > 1")
            .await;
        let done: Vec<_> = (2..=451).map(|seq| (seq, RequestOutcome::Done)).collect();
        assert_eq!(sent(&mut view, &world).await, done, "{engine}");
        assert!(sent(&mut view, &world).await.is_empty(), "{engine}");

        world
            .run("UPDATE request_log SET outcome = 'done' WHERE seq = 1")
            .await;
        assert_eq!(
            sent(&mut view, &world).await,
            [(1, RequestOutcome::Done)],
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_page_that_shows_no_support_sessions_reads_none_and_gets_the_figures() {
    for world in worlds().await {
        let engine = world.engine;
        let opened = world.open(form()).await;
        let nothing = View::new(LiveInterest::default());
        assert!(!nothing.wants(opened.id), "{engine}");
        let list = View::new(LiveInterest {
            new_support_sessions: true,
            ..LiveInterest::default()
        });
        assert!(
            list.wants(opened.id),
            "{engine}: the list shows it once it is there"
        );
        world
            .run("ALTER TABLE support_sessions RENAME TO out_of_reach")
            .await;
        let (board, mut view) = (Board::default(), nothing);
        let counts = SupportSessionCounts {
            active: 1,
            ..SupportSessionCounts::default()
        };
        let none = HashMap::new();
        let sent = view.support_sessions(&world.core, &board, &none, counts);
        let Some(LiveEvent::SupportSessions(change)) = sent.await.unwrap() else {
            panic!("{engine}: the figures have changed");
        };
        assert!(change.changed.is_empty(), "{engine}");
        assert_eq!(change.counts, counts, "{engine}");
    }
}
