//! PostgreSQL's word that something was written, on one connection per node.
//!
//! It only wakes: what was written is in the log. Where it is lost, the log is polled as ever, and
//! it is taken up again.

use std::{sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What the word is given on. Written out in `migrate.rs`, where it is given.
const CHANNEL: &str = "support_console_changes";
/// How long it takes until a lost connection is made anew.
const AGAIN: Duration = Duration::from_secs(1);

/// Wakes `written` whenever any node has committed a change, until `shutdown`.
pub(super) async fn wake(pool: PgPool, written: Arc<Notify>, shutdown: CancellationToken) {
    let options = (*pool.connect_options()).clone();
    // A connection of its own, for good; and one that people recognise.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.application_name("support-console-listen"));
    loop {
        let listened = tokio::select! {
            () = shutdown.cancelled() => return,
            listened = listen(&own, &written) => listened,
        };
        if let Err(error) = listened {
            tracing::warn!(error = %error, "PostgreSQL's notifications are lost; the log of changes is polled");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Listens until the connection is lost.
async fn listen(own: &PgPool, written: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(own).await?;
    listener.listen(CHANNEL).await?;
    // What was said before we listened was missed.
    written.notify_one();
    while listener.try_recv().await?.is_some() {
        written.notify_one();
    }
    Ok(())
}
