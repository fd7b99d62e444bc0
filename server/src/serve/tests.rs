use app::{
    domain::{
        StaffSessionId,
        caller::{Caller, Context, StaffCaller},
        staff::{NewStaffMember, Role},
        tenants::{TenantRegistration, TenantStatus},
    },
    ports::CreateSupportSessions as _,
};
use gateway::clock::SystemClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::*;
use crate::{
    config::MetricsConfig,
    services::{
        staff::GivenPassword,
        testing::{ADDRESS, PASSWORD, cli, form, from_address, platform_key, registration, tenant},
    },
};

/// How long what hangs may take here.
const SHORT: Duration = Duration::from_millis(50);
/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

/// A server with its store in this folder.
async fn started(folder: &tempfile::TempDir, end_when_suspended: bool) -> Server {
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
    config.support_sessions.end_when_suspended = end_when_suspended;
    let parts = Parts {
        config,
        clock: Arc::new(SystemClock),
        figures: None,
    };
    start(parts).await.unwrap()
}

/// A context of a new support admin.
async fn support_admin(server: &Server) -> Context {
    let new = NewStaffMember {
        email: "ana@example.com".into(),
        name: "Ana".into(),
        roles: vec![Role::SupportAdmin],
    };
    let password = GivenPassword::Chosen {
        password: PASSWORD.into(),
        must_change: false,
    };
    let added = server.state.staff.add(&cli(), new, password).await;
    let added = added.unwrap().staff;
    let caller = StaffCaller {
        staff_id: added.id,
        name: added.name,
        roles: added.roles,
        staff_session_id: StaffSessionId::from_uuid(added.id.as_uuid()),
        signed_in_at: server.state.core.now(),
        must_change_password: false,
    };
    from_address(Caller::Staff(caller), ADDRESS)
}

#[tokio::test]
async fn sessions_that_the_configuration_bars_have_ended_once_the_server_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let server = started(&folder, false).await;
    let (ana, acme) = (support_admin(&server).await, tenant("acme"));
    let suspended = TenantRegistration {
        status: TenantStatus::Suspended,
        ..registration("acme", "Acme")
    };
    let (tenants, key) = (&server.state.tenants, platform_key());
    let registered = tenants.register_tenant(&key, &acme, suspended);
    registered.await.unwrap();
    let created = server.state.support_sessions.create(&ana, &acme, form());
    let id = created.await.unwrap().session.id;
    server.stop_within(LONG).await;

    for (end_when_suspended, ended) in [(false, false), (true, true)] {
        let server = started(&folder, end_when_suspended).await;
        let mut reader = server.state.core.store.read().await.unwrap();
        let session = reader.db().lookup_support_session(id).await.unwrap();
        assert_eq!(session.unwrap().revocation.is_some(), ended);
        drop(reader);
        server.stop_within(LONG).await;
    }
}

#[tokio::test]
async fn a_request_and_a_task_that_hang_delay_neither_the_record_nor_the_nodes_farewell() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = started(&folder, false).await;
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
