//! `support-console serve` with its own folder, and other commands beside it.

use std::{
    ffi::OsString,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

use super::until;

/// A program with its store. Killed when it is dropped.
pub(crate) struct Program {
    folder: TempDir,
    database_url: String,
    /// Further lines at the top of its configuration.
    top: String,
    /// What every command finds in its environment.
    environment: Vec<(&'static str, OsString)>,
    pub(crate) console: SocketAddr,
    pub(crate) gateway: SocketAddr,
    child: Option<Child>,
    /// The example in which it runs, with the example's own address.
    inside: Option<(&'static str, SocketAddr)>,
}

impl Program {
    /// Starts with a gateway in front of `upstream`. `rules` are the lines of `[gateway]` that
    /// separate tenants and organizations.
    pub(crate) async fn start(upstream: SocketAddr, rules: &str) -> Self {
        Self::start_with(Vec::new(), upstream, rules).await
    }

    /// Starts an example that runs the console in its own process, beside what it serves at `own`.
    pub(crate) async fn inside(
        example: &'static str,
        own: SocketAddr,
        upstream: SocketAddr,
        rules: &str,
    ) -> Self {
        let mut program = Self::in_folder(tempfile::tempdir().unwrap());
        program.inside = Some((example, own));
        program.started(upstream, rules).await
    }

    /// As [`Self::start`], with a store in the machine's memory where there is such a folder: for what
    /// ends the program and not the machine, and should not wait for a disk.
    pub(crate) async fn start_in_memory(upstream: SocketAddr, rules: &str) -> Self {
        let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let program = Self::in_folder(memory.unwrap());
        program.started(upstream, rules).await
    }

    /// Starts behind proxies whose word counts for where a request comes from.
    pub(crate) async fn start_behind(
        trusted_proxies: &[&str],
        upstream: SocketAddr,
        rules: &str,
    ) -> Self {
        let mut program = Self::in_folder(tempfile::tempdir().unwrap());
        program.top = format!("trusted_proxies = {trusted_proxies:?}");
        program.started(upstream, rules).await
    }

    /// As [`Self::start`], with an environment that a fault is put into.
    pub(crate) async fn start_with(
        environment: Vec<(&'static str, OsString)>,
        upstream: SocketAddr,
        rules: &str,
    ) -> Self {
        let mut program = Self::in_folder(tempfile::tempdir().unwrap());
        program.environment = environment;
        program.started(upstream, rules).await
    }

    /// Starts another node on a PostgreSQL database, with the same keys as every other.
    pub(crate) async fn start_node(
        name: &str,
        database_url: &str,
        upstream: SocketAddr,
        rules: &str,
    ) -> Self {
        let node = Self::node(name, database_url);
        node.started(upstream, rules).await
    }

    /// Starts a node that is not ready once it runs: another has other rules.
    pub(crate) async fn start_refusing_node(
        name: &str,
        database_url: &str,
        upstream: SocketAddr,
        rules: &str,
    ) -> Self {
        let mut program = Self::node(name, database_url);
        program.configure(upstream, rules);
        program.start_until("/health/live").await;
        program
    }

    /// A node that is configured, but not started.
    pub(crate) fn node_on(
        name: &str,
        database_url: &str,
        upstream: SocketAddr,
        rules: &str,
    ) -> Self {
        let node = Self::node(name, database_url);
        node.configure(upstream, rules);
        node
    }

    async fn started(mut self, upstream: SocketAddr, rules: &str) -> Self {
        self.configure(upstream, rules);
        self.start_again().await;
        self
    }

    /// The demo with its own folder, and the sample platform at `upstream`. Other commands use its
    /// store.
    pub(crate) async fn start_demo(upstream: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/demo.db", folder.path().display());
        let mut program = Self::new(folder, &url, String::new());
        program.configure(upstream, "tenant_binding = \"identity\"");
        let ready = program.folder.path().join("ready");
        let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
        command.env_clear().kill_on_drop(true).arg("demo");
        for (flag, port) in [
            ("--console-port", program.console.port()),
            ("--gateway-port", program.gateway.port()),
            ("--upstream-port", upstream.port()),
        ] {
            command.arg(flag).arg(port.to_string());
        }
        command.arg("--data-dir").arg(program.folder.path());
        command.arg("--ready-file").arg(&ready);
        let mut child = program.spawn(command);
        until("the demo's readiness", async || {
            program.still_runs(&mut child);
            ready.is_file().then_some(())
        })
        .await;
        program.child = Some(child);
        program
    }

    fn spawn(&self, mut command: Command) -> Child {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        command.spawn().unwrap()
    }

    fn still_runs(&self, child: &mut Child) {
        if let Some(status) = child.try_wait().unwrap() {
            let log = std::fs::read_to_string(self.log()).unwrap();
            panic!("the program ended with {status}:\n{log}");
        }
    }

    fn node(name: &str, database_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for key in ["cursor.key", "identity.key"] {
            let path = folder.path().join(key);
            let mut options = std::fs::File::options();
            let mut file = options.write(true).create_new(true).mode(0o600).open(path);
            writeln!(file.as_mut().unwrap(), "{}", "ab".repeat(32)).unwrap();
        }
        Self::new(folder, database_url, format!("node_name = \"{name}\""))
    }

    fn in_folder(folder: TempDir) -> Self {
        let url = format!("sqlite:{}/store.db", folder.path().display());
        Self::new(folder, &url, String::new())
    }

    fn new(folder: TempDir, database_url: &str, top: String) -> Self {
        Self {
            inside: None,
            folder,
            database_url: database_url.to_owned(),
            top,
            environment: Vec::new(),
            console: free_address(),
            gateway: free_address(),
            child: None,
        }
    }

    pub(crate) fn configure(&self, upstream: SocketAddr, rules: &str) {
        std::fs::write(self.config(), self.configuration(upstream, rules)).unwrap();
    }

    fn configuration(&self, upstream: SocketAddr, rules: &str) -> String {
        let folder = self.folder.path().display();
        let (database_url, top) = (&self.database_url, &self.top);
        format!(
            r#"
            database_url = "{database_url}"
            data_dir = "{folder}"
            {top}
            [console]
            listen = "{console}"
            public_url = "{public_url}"
            site_root = "{folder}"
            [metrics]
            enabled = false
            [support_sessions]
            requests_total = 1000000
            requests_per_minute = 0
            [[scopes]]
            name = "all:write"
            description = "Change everything."
            allow = [{{ methods = ["POST", "PUT", "PATCH", "DELETE"], paths = ["/**"] }}]
            [gateway]
            listen = "{gateway}"
            public_url = "http://{gateway}"
            upstream = "http://{upstream}"
            {rules}
            "#,
            console = self.console,
            public_url = self.public_url(),
            gateway = self.gateway,
        )
    }

    /// Starts with the same configuration and store, and waits until it is ready.
    pub(crate) async fn start_again(&mut self) {
        self.start_until("/health/ready").await;
    }

    async fn start_until(&mut self, path: &str) {
        let mut child = self.spawn_server();
        let ready = format!("http://{}{path}", self.console);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        until("the program's readiness", async || {
            self.still_runs(&mut child);
            let answer = http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        self.child = Some(child);
    }

    /// Starts on the same store, and kills it after `span`, ready or not.
    pub(crate) async fn start_and_kill(&mut self, span: Duration) {
        let mut child = self.spawn_server();
        let ended = tokio::time::timeout(span, child.wait()).await;
        assert!(ended.is_err(), "the program ended by itself: {ended:?}");
        child.kill().await.unwrap();
    }

    fn spawn_server(&self) -> Child {
        assert!(self.child.is_none(), "it runs already");
        self.spawn(match self.inside {
            None => self.command(&["serve"]),
            Some((example, own)) => self.example(example, own),
        })
    }

    /// Starts again with other rules on the same store.
    pub(crate) async fn restart_with(&mut self, upstream: SocketAddr, rules: &str) {
        self.kill().await;
        self.configure(upstream, rules);
        self.start_again().await;
    }

    /// The status of `GET /health/ready`.
    pub(crate) async fn ready(&self) -> u16 {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let ready = http.get(format!("http://{}/health/ready", self.console));
        ready.send().await.unwrap().status().as_u16()
    }

    /// SIGKILL: it gets no chance to do anything more.
    pub(crate) async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.unwrap();
    }

    /// Its answer about readiness.
    pub(crate) async fn readiness(&self) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let ready = http.get(format!("http://{}/health/ready", self.console));
        let told: serde_json::Value = ready.send().await.unwrap().json().await.unwrap();
        told["status"].as_str().unwrap().to_owned()
    }

    /// Stops in order, as a service manager has it.
    pub(crate) async fn stop(&mut self) {
        self.signal("TERM").await;
        let mut child = self.child.take().expect("it runs");
        child.wait().await.unwrap();
    }

    /// SIGSTOP: it freezes wherever it is.
    pub(crate) async fn freeze(&self) {
        self.signal("STOP").await;
    }

    /// SIGCONT: it continues.
    pub(crate) async fn thaw(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let id = child.id().expect("it runs").to_string();
        let kill = Command::new("kill").args(["-s", name, &id]).status();
        assert!(kill.await.unwrap().success());
    }

    /// Runs another command on the same store. Returns its output; `input` is its standard input.
    /// Panics unless it succeeds.
    pub(crate) async fn run(&self, words: &[&str], input: &str) -> String {
        let (code, printed, errors) = self.ended(words, input).await;
        assert_eq!(code, 0, "{words:?}: {printed}\n{errors}");
        printed
    }

    /// Runs another command on the same store; its exit code and everything it said.
    pub(crate) async fn try_run(&self, words: &[&str]) -> (i32, String) {
        let (code, printed, errors) = self.ended(words, "").await;
        (code, printed + &errors)
    }

    async fn ended(&self, words: &[&str], input: &str) -> (i32, String, String) {
        let mut command = self.command(words);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("an exit code");
        (code, text(output.stdout), text(output.stderr))
    }

    /// How browsers name the console: another host than the gateway's.
    pub(crate) fn public_url(&self) -> String {
        format!("http://localhost:{}", self.console.port())
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// How much memory it holds, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(self.process().join("status")).unwrap();
        let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = held.and_then(|held| held.split_whitespace().next());
        kib.unwrap().parse::<u64>().unwrap() * 1024
    }

    /// How many files it has open, connections included.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(self.process().join("fd"))
            .unwrap()
            .count()
    }

    fn process(&self) -> PathBuf {
        let child = self.child.as_ref().expect("it runs");
        PathBuf::from(format!("/proc/{}", child.id().expect("it runs")))
    }

    /// A folder for whatever a test wants to keep.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("console.toml")
    }

    /// Everything that it has written to its log.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// `cargo test` builds examples beside the program; `cargo test --test program` alone does not.
    fn example(&self, name: &str, own: SocketAddr) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_support-console"));
        let example = program.parent().unwrap().join("examples").join(name);
        assert!(
            example.exists(),
            "build it first: .make/cargo.sh build -p app -p server --example {name}"
        );
        let mut command = Command::new(example);
        command.env_clear().kill_on_drop(true);
        command.arg(self.config()).arg(own.to_string());
        command
    }

    fn command(&self, words: &[&str]) -> Command {
        // As services are commonly started: with a limit that they may raise.
        let mut command = Command::new("prlimit");
        command.args(["--nofile=1024:", env!("CARGO_BIN_EXE_support-console")]);
        // The tests' own variables are not for the program.
        command.env_clear().kill_on_drop(true);
        command.envs(self.environment.iter().cloned());
        command.args(words).arg("--config").arg(self.config());
        command
    }
}

/// An address without a listener. It is below the ports that systems assign, so that no outgoing
/// connection takes it while a program is down between two starts.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 500).unwrap() * 20;
    loop {
        let port = 20_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
