//! A backup of a store in use, and what a restored store no longer grants.

use std::{
    collections::HashSet,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::task::JoinHandle;

use crate::support::prelude::*;

/// Clients who ask one thing after another.
const CLIENTS: usize = 4;
/// How many answers there are before anything begins.
const SOME: usize = 100;
/// How many tenants there are before anything begins.
const A_FEW: usize = 5;

const REQUESTS: &str = "SELECT request_id FROM access_log";
const TENANTS: &str = "SELECT id FROM tenants \
    WHERE 2 = (SELECT COUNT(*) FROM organizations WHERE tenant_id = tenants.id)";
/// The tenants whose registration was recorded with those of both organizations.
const REGISTRATIONS: &str = "SELECT tenant_id FROM audit_events \
    WHERE action IN ('tenant.registered', 'organization.registered') \
    GROUP BY tenant_id HAVING COUNT(*) = 3";

/// The page for operators.
const OPERATIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/operations.md"
));

const BACKED_UP: &str = "\"store.backed_up\"";

/// What was answered with success.
#[derive(Clone, Default)]
struct Acknowledged {
    requests: HashSet<String>,
    /// Each with its organizations.
    tenants: HashSet<String>,
}

/// Clients who ask, and a platform that registers tenants, until they are stopped.
struct Load {
    acknowledged: Arc<Mutex<Acknowledged>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(program: &Program, session: &Granted, platform: Platform) -> Self {
        let acknowledged = Arc::<Mutex<Acknowledged>>::default();
        let client = |_| {
            let (gateway, token) = (program.gateway, session.token.clone());
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                loop {
                    let answer = ask(gateway, "plain", &token).await;
                    if answer.status == 200 && answer.complete {
                        let id = answer.header("x-request-id").unwrap().to_owned();
                        acknowledged.lock().requests.insert(id);
                    }
                }
            })
        };
        let mut clients: Vec<JoinHandle<()>> = (0..CLIENTS).map(client).collect();
        let registering = register_tenants(platform, Arc::clone(&acknowledged));
        clients.push(tokio::spawn(registering));
        Self {
            acknowledged,
            clients,
        }
    }

    fn acknowledged(&self) -> Acknowledged {
        self.acknowledged.lock().clone()
    }

    async fn until_more(&self, than: &Acknowledged) {
        until("more answers", async || {
            let now = self.acknowledged.lock();
            let are_more = now.requests.len() > than.requests.len() + SOME
                && now.tenants.len() > than.tenants.len() + A_FEW;
            are_more.then_some(())
        })
        .await;
    }
}

async fn register_tenants(platform: Platform, acknowledged: Arc<Mutex<Acknowledged>>) {
    for number in 0_u32.. {
        let tenant = format!("t{number}");
        platform.register(&tenant).await;
        acknowledged.lock().tenants.insert(tenant);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.clients.iter().for_each(JoinHandle::abort);
    }
}

fn recorded(store: &Path, sql: &str) -> HashSet<String> {
    let store = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut ids = store.prepare(sql).unwrap();
    let ids = ids.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

async fn answer(program: &Program, session: &Granted) -> (u16, String) {
    let answer = ask(program.gateway, "plain", &session.token).await;
    (answer.status, answer.code())
}

#[tokio::test]
async fn a_backup_under_load_loses_nothing_that_was_acknowledged_and_a_restore_revives_nothing() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, BY_PATH).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.backup");
    let (backup, keys) = (file.to_str().unwrap(), folder.path().join("keys"));
    let load = Load::start(&program, &session, platform);
    load.until_more(&Acknowledged::default()).await;

    let before = load.acknowledged();
    let words = ["backup", backup, "--keys", keys.to_str().unwrap()];
    let said = program.run(&words, "").await;
    load.until_more(&load.acknowledged()).await;
    drop(load);

    assert!(said.contains("identity.key"), "{said}");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&keys), 0o700);
    let bytes = std::fs::read(&file).unwrap();
    let (code, said) = program.try_run(&["backup", backup]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("exists already"), "{said}");
    assert!(bytes == std::fs::read(&file).unwrap(), "it is left alone");
    let events = program.run(&["audit", "export"], "").await;
    let backups = events.lines().filter(|line| line.contains(BACKED_UP));
    let backups: Vec<_> = backups.collect();
    assert_eq!(backups.len(), 1, "{backups:?}");
    let metadata = "{\"file\":\"console.backup\",\"keys\":true}";
    assert!(backups[0].contains(metadata), "{backups:?}");
    assert!(backups[0].contains("\"cli\""), "{backups:?}");

    let mut other = Program::start(upstream.address, BY_PATH).await;
    let (code, said) = other.try_run(&["restore", backup]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("stop it first"), "{said}");
    other.stop().await;
    let said = other.run(&["restore", backup], "").await;
    assert!(said.contains("active: 1"), "{said}");
    let verified = other.run(&["audit", "verify"], "").await;
    for (sql, acknowledged) in [
        (REQUESTS, &before.requests),
        (TENANTS, &before.tenants),
        (REGISTRATIONS, &before.tenants),
    ] {
        let restored = recorded(&other.store(), sql);
        let lost: Vec<_> = acknowledged.difference(&restored).collect();
        assert!(lost.is_empty(), "{sql}: {lost:?}: {verified}");
    }
    let previous = std::fs::read_dir(other.folder()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("before-restore")
    });
    assert_eq!(previous.count(), 1, "the store of before is kept");

    other.start_again().await;
    let sent = upstream.requests();
    let refused = (401, "session_revoked".into());
    assert_eq!(answer(&other, &session).await, refused);
    assert_eq!(upstream.requests(), sent);
    let events = other.run(&["audit", "export"], "").await;
    assert!(!events.contains(BACKED_UP), "it is not in the backup");
    for action in ["store.restored", "support_session.revoked"] {
        let event = events
            .lines()
            .find(|line| line.contains(&format!("\"{action}\"")));
        let event = event.unwrap_or_else(|| panic!("no {action}"));
        assert!(event.contains("\"cli\""), "{event}");
    }
    let ana = Staff::with_role(&other, "ana", "support_admin").await;
    let fresh = ana.create_session("acme", None).await;
    assert_eq!(answer(&other, &fresh).await.0, 200);
    other.stop().await;
    other.start_again().await;
    assert_eq!(answer(&other, &fresh).await.0, 200, "once is enough");
}

#[tokio::test]
async fn what_is_no_backup_replaces_no_store() {
    let upstream = Upstream::start().await;
    let mut program = Program::start(upstream.address, BY_PATH).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    program.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("text"), "this is no database").unwrap();
    let other = Connection::open(at("other")).unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    let backup = at("whole");
    program.run(&["backup", backup.to_str().unwrap()], "").await;
    let whole = std::fs::read(&backup).unwrap();
    std::fs::write(at("half"), &whole[..whole.len() / 2]).unwrap();

    for name in ["none", "text", "other", "half"] {
        let path = at(name);
        let (code, said) = program.try_run(&["restore", path.to_str().unwrap()]).await;
        assert_eq!(code, 1, "{name}: {said}");
        assert!(
            said.contains("can't be used") || said.contains("damaged"),
            "{name}: {said}"
        );
    }
    program.start_again().await;
    assert_eq!(
        answer(&program, &session).await.0,
        200,
        "nothing was restored"
    );
}

/// The commands of the page for operators: the one that makes a backup, and those that restore it.
fn documented() -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let after = |text: &'static str, mark: &str| text.split_once(mark).expect(mark).1;
    let section = after(OPERATIONS, "\n## PostgreSQL\n");
    let backup = after(section, "**Backup**: `");
    let restore = after(after(section, "**Restore**"), "```sh\n");
    let words = |line: &'static str| {
        let command = line.split(['`', '#']).next().unwrap_or_default();
        command.split_whitespace().collect::<Vec<_>>()
    };
    let restore = restore.split("```").next().unwrap_or_default();
    (words(backup), restore.lines().map(words).collect())
}

/// Runs one of PostgreSQL's programs on a database and a file.
fn postgres(command: &[&str], url: &str, dump: &str) {
    let find = concat!(env!("CARGO_MANIFEST_DIR"), "/../.make/with-postgres.sh");
    let found = Command::new(find).arg("--find").output().unwrap().stdout;
    let folder = String::from_utf8(found).unwrap();
    let mut words = command.iter().map(|word| match *word {
        "\"$URL\"" => url,
        "console.dump" => dump,
        word => word,
    });
    let name = words.next().expect("a program");
    let mut command = Command::new(Path::new(folder.trim()).join(name));
    let ran = command.args(words).stdin(Stdio::null()).output().unwrap();
    assert!(ran.status.success(), "{name}: {ran:?}");
}

/// The words of our own program before its configuration, which each node has.
fn own<'w>(command: &[&'w str]) -> Vec<&'w str> {
    let words = command.iter().skip(1).copied();
    words.take_while(|word| *word != "--config").collect()
}

#[tokio::test]
async fn a_restored_postgres_database_revives_nothing_once_its_sessions_are_revoked() {
    let upstream = Upstream::start().await;
    let database = Database::new().await;
    let mut node = Program::start_node("a", &database.url(), upstream.address, BY_PATH).await;
    let (_, staff) = acme_and_jo(&node).await;
    let session = staff.create_session("acme", None).await;
    assert_eq!(answer(&node, &session).await.0, 200);
    let (code, said) = node.try_run(&["backup", "console.backup"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("operations.md"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("console.dump");
    let dump = dump.to_str().unwrap();
    let (backup, restore) = documented();
    let [load, revoke, verify] = &restore[..] else {
        panic!("other commands: {restore:?}")
    };
    postgres(&backup, &database.url(), dump);
    // What the dump doesn't know.
    staff.revoke(&session.id).await;
    let (code, said) = node.try_run(&own(revoke)).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("stop every node"), "{said}");
    node.stop().await;

    let restored = Database::new().await;
    let url = restored.url();
    postgres(load, &url, dump);
    // A node that is new can't see that the database was restored.
    let mut node = Program::node_on("b", &url, upstream.address, BY_PATH);
    let said = node.run(&own(revoke), "").await;
    assert!(said.contains("active: 1"), "{said}");
    node.run(&own(verify), "").await;
    node.start_again().await;
    let refused = (401, "session_revoked".into());
    assert_eq!(answer(&node, &session).await, refused);
    let fresh = Staff::with_role(&node, "ana", "support_admin").await;
    let fresh = fresh.create_session("acme", None).await;
    assert_eq!(answer(&node, &fresh).await.0, 200);
}
