use gateway::clock::SystemClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::*;
use crate::config::MetricsConfig;

/// How long what hangs may take here.
const SHORT: Duration = Duration::from_millis(50);
/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_request_and_a_task_that_hang_delay_neither_the_record_nor_the_nodes_farewell() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config {
        database_url: format!("sqlite:{}/store.db", folder.path().display()).into(),
        data_dir: folder.path().to_owned(),
        metrics: MetricsConfig {
            enabled: false,
            ..MetricsConfig::default()
        },
        ..Config::default()
    };
    config.console.listen.set_port(0);
    let mut server = start(Parts {
        config,
        clock: Arc::new(SystemClock),
        figures: None,
    })
    .await
    .unwrap();
    let (core, boot) = (server.state.core.clone(), server.boot.clone());
    server.tasks.spawn(std::future::pending());
    let mut client = TcpStream::connect(server.console).await.unwrap();
    let origin = core
        .config
        .console
        .public_url
        .origin()
        .ascii_serialization();
    let head = format!(
        "POST /forms/sign-in HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let mut goes_on = [0; 12];
    client.read_exact(&mut goes_on).await.unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100", "its body is waited for");

    timeout(LONG, server.stop_within(SHORT)).await.unwrap();
    let rest = timeout(LONG, client.read_to_end(&mut Vec::new())).await;
    assert!(rest.is_ok(), "it is cut");
    let mut reader = core.store.read().await.unwrap();
    let mut db = reader.db();
    let ended = db.raw("SELECT COUNT(*) FROM nodes WHERE boot = $1 AND ended_at <> -1");
    let ended: i64 = ended.bind(&boot).fetch_one().await.unwrap();
    assert_eq!(ended, 1, "other nodes know that nothing of it is open");
}
