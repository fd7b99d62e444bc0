//! A store restored from a backup begins with every support session revoked.

use std::path::PathBuf;

use crate::support::prelude::*;

/// The names of a store's files, of which the last two may be missing.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// The store's file, or one beside it.
fn file(program: &Program, beside: &str) -> PathBuf {
    let mut path = program.store().into_os_string();
    path.push(beside);
    path.into()
}

async fn ask(program: &Program, session: &Granted) -> (u16, String) {
    let answer = crate::support::ask(program.gateway, "plain", &session.token).await;
    (answer.status, answer.code())
}

#[tokio::test]
async fn a_store_put_back_to_before_a_revocation_revives_nothing() {
    let upstream = Upstream::start().await;
    let mut program = Program::start(upstream.address, BY_PATH).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let (revoked, other) = (
        staff.create_session("acme", None).await,
        staff.create_session("acme", None).await,
    );
    program.stop().await;
    let backup = BESIDE.map(|beside| std::fs::read(file(&program, beside)).ok());
    program.start_again().await;
    assert_eq!(
        ask(&program, &revoked).await.0,
        200,
        "nothing was restored yet"
    );
    staff.revoke(&revoked.id).await;
    program.stop().await;
    for (beside, bytes) in BESIDE.into_iter().zip(backup) {
        let file = file(&program, beside);
        match bytes {
            Some(bytes) => std::fs::write(file, bytes).unwrap(),
            // There may be none.
            None => drop(std::fs::remove_file(file)),
        }
    }
    program.start_again().await;

    let sent = upstream.requests();
    for session in [&revoked, &other] {
        assert_eq!(
            ask(&program, session).await,
            (401, "session_revoked".into())
        );
    }
    assert_eq!(upstream.requests(), sent);
    let session = platform
        .get(&format!("/support-sessions/{}", other.id))
        .await;
    assert_eq!(
        session["revocation"]["reason"],
        "the store was restored from a backup"
    );
    let fresh = staff.create_session("acme", None).await;
    assert_eq!(ask(&program, &fresh).await.0, 200);
    program.stop().await;
    program.start_again().await;
    assert_eq!(ask(&program, &fresh).await.0, 200, "once is enough");
}
