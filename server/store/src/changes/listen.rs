//! PostgreSQL's notifications that something was written, on one connection per node.
//!
//! A notification only wakes the reader. If the connection is lost, the log is polled as before,
//! and the connection is opened again.

use std::{sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The notification's channel. It is also written out in `migrate.rs`.
const CHANNEL: &str = "support_console_changes";
/// The delay before a lost connection is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// Wakes `written` whenever any node has committed a change, until `shutdown`.
pub(super) async fn wake(pool: PgPool, written: Arc<Notify>, shutdown: CancellationToken) {
    let options = (*pool.connect_options()).clone();
    // A permanent connection with a recognisable name.
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
            tracing::warn!(error = %error, "PostgreSQL's notifications are lost; polling the change log instead");
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
    // Notifications before listening were missed.
    written.notify_one();
    while listener.try_recv().await?.is_some() {
        written.notify_one();
    }
    Ok(())
}
