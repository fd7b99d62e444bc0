//! Clients and upstreams that break off, stall or lie: the responses and the records.

use app::domain::access_log::RequestOutcome;

use crate::support::{Rig, Wanted};

const OWN: &str = "/v1/tenants/acme";

#[tokio::test]
async fn malformed_chunks_are_the_clients_fault() {
    let rig = Rig::new().await;
    for (number, chunks) in [
        "zz\r\n",
        "3\r\nonetwo\r\n",
        "-1\r\n",
        "ffffffffffffffffff\r\n",
        "3\nabc\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = rig.client().await;
        let head = rig.head(&format!("POST {OWN}/{number}"));
        let request = format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n{chunks}");
        client.send(request.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "malformed_request"),
            "{chunks:?}"
        );
        assert_eq!(client.rest().await, "", "the connection is closed");
        let completed = &rig.store.completed(number + 1).await[number];
        assert_eq!(
            (completed.status, completed.outcome),
            (Some(400), RequestOutcome::Cut),
            "{chunks:?}"
        );
    }
    let seen = rig.all_upstream_ends().await;
    assert!(seen.iter().all(|s| !s.text().contains("0\r\n\r\n")));
}

#[tokio::test]
async fn a_client_that_stalls_in_a_body_is_told_so() {
    let rig = Rig::with(Wanted {
        timeouts: "request_idle_ms = 300",
        ..Wanted::default()
    })
    .await;
    for framing in [
        "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
        "Content-Length: 9\r\n\r\none",
    ] {
        let head = rig.head(&format!("POST {OWN}/x"));
        let answer = rig.raw(&format!("{head}{framing}")).await;
        assert_eq!(answer.status, 408, "{framing:?}");
    }
    let completed = rig.store.completed(2).await;
    assert!(completed.iter().all(|c| c.outcome == RequestOutcome::Cut));
    let seen = rig.all_upstream_ends().await;
    assert!(seen.iter().all(|s| !s.text().contains("0\r\n\r\n")));
}

#[tokio::test]
async fn a_client_that_leaves_in_a_body_leaves_a_cut_record() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("POST {OWN}/x"));
    client
        .send(format!("{head}Content-Length: 9\r\n\r\none").as_bytes())
        .await;
    rig.upstream
        .until(|seen| seen.first().is_some_and(|s| s.text().ends_with("one")))
        .await;
    drop(client);
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(
        (completed.outcome, completed.request_bytes),
        (RequestOutcome::Cut, 3)
    );
    rig.upstream.until(|seen| seen[0].ended.is_some()).await;
}

#[tokio::test]
async fn interim_answers_are_not_passed_on_however_many_there_are() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("GET {OWN}/early-twice"));
    client
        .send(format!("{head}Connection: close\r\n\r\n").as_bytes())
        .await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 200 OK\r\n"), "{all}");
    assert_eq!(all.matches("HTTP/1.1").count(), 1, "{all}");
    assert!(all.ends_with("ok"), "{all}");
}

#[tokio::test]
async fn answers_that_can_be_read_in_two_ways_are_a_502() {
    let rig = Rig::new().await;
    let lies = [
        "two-framings",
        "two-lengths",
        "gzip-chunked",
        "list-of-lengths",
        "signed-length",
        "blank-before-colon",
        "folded-length",
        "old-chunks",
        "no-http",
    ];
    for (number, last) in lies.into_iter().enumerate() {
        let answer = rig.ask(&format!("GET {OWN}/{last}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed"),
            "{last}"
        );
        let completed = &rig.store.completed(number + 1).await[number];
        assert_eq!(completed.outcome, RequestOutcome::Failed, "{last}");
    }
}

#[tokio::test]
async fn an_upstream_that_never_comes_to_the_point_is_not_listened_to_for_ever() {
    let rig = Rig::new().await;
    for (number, (last, status)) in [
        ("early-for-ever", 504),
        ("head-for-ever", 502),
        ("line-for-ever", 502),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = rig.ask(&format!("GET {OWN}/{last}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, "upstream_failed"),
            "{last}"
        );
        let completed = &rig.store.completed(number + 1).await[number];
        assert_eq!(completed.outcome, RequestOutcome::Failed, "{last}");
    }
}

#[tokio::test]
async fn an_upstream_that_resets_or_stalls_in_its_answer_never_makes_it_look_complete() {
    let rig = Rig::with(Wanted {
        timeouts: "idle_ms = 300",
        ..Wanted::default()
    })
    .await;
    for (number, last) in ["reset", "stall"].into_iter().enumerate() {
        let answer = rig.ask(&format!("GET {OWN}/{last}")).await;
        // A reset may come before anything was read.
        assert!(
            (answer.status, answer.complete) == (200, false) || answer.status == 502,
            "{last}: {answer:?}"
        );
        let completed = &rig.store.completed(number + 1).await[number];
        assert_eq!(completed.outcome, RequestOutcome::Failed, "{last}");
    }
    // None of these connections is used again.
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.text(), "ok");
    assert_eq!(rig.upstream.seen().len(), 3);
}

#[tokio::test]
async fn a_second_answer_never_becomes_the_next_requests() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.ask(&format!("GET {OWN}/two-answers")).await.text(),
        "ok"
    );
    // Bytes after the response have arrived with it, so its connection is not used again.
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.text(), "ok");
    assert_eq!(rig.upstream.seen().len(), 2);
}

#[tokio::test]
async fn an_answers_broken_chunks_never_look_complete() {
    let rig = Rig::new().await;
    let answer = rig.ask(&format!("GET {OWN}/bad-chunks")).await;
    assert_eq!((answer.status, answer.complete), (200, false));
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Failed);
}

#[tokio::test]
async fn trailers_that_frame_a_message_are_left_out() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {OWN}/framing-trailers"));
    let answer = rig
        .raw(&format!("{head}TE: trailers\r\nConnection: TE\r\n\r\n"))
        .await;
    assert_eq!(answer.text(), "okx-sum: 7");
}

#[tokio::test]
async fn nobody_is_told_to_continue_before_the_record() {
    let rig = Rig::new().await;
    let expecting = |line: &str| {
        format!(
            "{}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
            rig.head(line)
        )
    };
    // Refused: the body is never wanted.
    let mut client = rig.client().await;
    client
        .send(expecting("POST /v1/tenants/bolt").as_bytes())
        .await;
    let refused = client.read_until("wrong_tenant").await;
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    rig.store.break_down();
    let mut client = rig.client().await;
    client
        .send(expecting(&format!("POST {OWN}/x")).as_bytes())
        .await;
    let refused = client.read_until("record_unavailable").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn other_expectations_never_reach_the_upstream() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {OWN}/x"));
    rig.raw(&format!("{head}Expect: something\r\n\r\n")).await;
    assert!(!rig.upstream.text().to_lowercase().contains("expect"));
}
