//! A PostgreSQL server for one test, which can be stopped, killed and frozen.

use std::{
    path::{Path, PathBuf},
    process::{Command as Run, Stdio},
};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{program::free_address, until};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) struct Postgres {
    folder: TempDir,
    binaries: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// A new one, which runs.
    pub(crate) async fn start() -> Self {
        let find = Run::new(format!("{REPOSITORY}/.make/with-postgres.sh"))
            .arg("--find")
            .output();
        let found = String::from_utf8(find.unwrap().stdout).unwrap();
        assert!(!found.is_empty(), "`make setup` installs PostgreSQL");
        let mut postgres = Self {
            folder: tempfile::tempdir().unwrap(),
            binaries: found.trim().into(),
            port: free_address().port(),
            child: None,
        };
        if let Some((user, group)) = unprivileged() {
            std::os::unix::fs::chown(postgres.folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut initdb = postgres.command("initdb").into_std();
        initdb.args(["--username", "support_console", "--auth", "trust"]);
        initdb.args(["--encoding", "UTF8", "--no-sync", "--no-instructions"]);
        let made = initdb
            .arg("--pgdata")
            .arg(postgres.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {made:?}");
        postgres.start_again().await;
        postgres
    }

    /// Starts on the same data and port, and waits until it answers.
    pub(crate) async fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        command.arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"] {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        let url = self.url();
        until("PostgreSQL to answer", async || {
            let connection = PgConnection::connect(&url).await.ok()?;
            connection.close().await.ok()
        })
        .await;
    }

    pub(crate) fn url(&self) -> String {
        let port = self.port;
        format!("postgres://support_console@127.0.0.1:{port}/postgres")
    }

    /// Ends it at once, as a crash does, with commits only in its log (SIGQUIT), or properly but
    /// without waiting (SIGINT).
    pub(crate) async fn end(&mut self, signal: &str) {
        let mut child = self.child.take().expect("it runs");
        send(signal, &[child.id().expect("it runs")]);
        child.wait().await.unwrap();
    }

    /// SIGSTOP, to every one of its processes.
    pub(crate) fn freeze(&self) {
        send("STOP", &self.processes());
    }

    pub(crate) fn thaw(&self) {
        send("CONT", &self.processes());
    }

    /// The server and its children: it makes one for each connection.
    fn processes(&self) -> Vec<u32> {
        let child = self.child.as_ref().expect("it runs");
        let server = child.id().expect("it runs");
        let children = format!("/proc/{server}/task/{server}/children");
        let children = std::fs::read_to_string(children).unwrap();
        let children = children.split_whitespace().map(|id| id.parse().unwrap());
        std::iter::once(server).chain(children).collect()
    }

    /// Not as root, and only as long as the test.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT"]);
        if let Some((user, group)) = unprivileged() {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
            command.arg("--clear-groups");
        }
        command.arg(self.binaries.join(name)).kill_on_drop(true);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Postgres {
    /// Killed while it is frozen, or killed alone, it would leave its children behind.
    fn drop(&mut self) {
        if let Some(id) = self.child.as_ref().and_then(Child::id) {
            send("CONT", &self.processes());
            send("QUIT", &[id]);
            while Path::new(&self.data().join("postmaster.pid")).exists() {
                std::thread::yield_now();
            }
        }
    }
}

/// Whom PostgreSQL runs as where the test runs as root, which it refuses to: user and group.
fn unprivileged() -> Option<(u32, u32)> {
    let id = |words: &[&str]| {
        let id = Run::new("id").args(words).output().unwrap();
        let text = String::from_utf8(id.stdout).unwrap();
        text.trim().parse::<u32>().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = ["postgres", "nobody"].into_iter();
    let mut known = user.filter_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)));
    known.next()
}

fn send(signal: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    // One that has just ended is no matter.
    let _ = Run::new("kill")
        .args(["-s", signal])
        .args(processes)
        .status();
}
