//! Error messages for operators: each is clear and says what to change.

use std::{net::TcpListener, path::Path, process::Stdio};

use tokio::process::Command;

/// A configuration that could be served.
const GOOD: &str = r#"database_url = "sqlite:[folder]/store.db"
data_dir = "[folder]"

[console]
listen = "127.0.0.1:1"
public_url = "http://localhost:3000"

[gateway]
listen = "127.0.0.1:3100"
public_url = "http://127.0.0.1:3100"
upstream = "http://127.0.0.1:3200"
tenant_binding = "path"
routes = ["/v1/tenants/{tenant_id}"]
"#;

/// One way to go wrong.
struct Wrong {
    what: &'static str,
    /// The part of the configuration to replace, and its replacement.
    instead: (&'static str, &'static str),
    /// More lines at its end.
    more: &'static str,
    words: &'static [&'static str],
}

impl Wrong {
    const fn with(what: &'static str, instead: (&'static str, &'static str)) -> Self {
        Self {
            what,
            instead,
            more: "",
            words: &["gateway", "check"],
        }
    }

    const fn adding(what: &'static str, more: &'static str) -> Self {
        Self {
            more,
            ..Self::with(what, ("", ""))
        }
    }

    const fn asking(what: &'static str, words: &'static [&'static str]) -> Self {
        Self {
            words,
            ..Self::with(what, ("", ""))
        }
    }

    const fn served(self) -> Self {
        Self {
            words: &["serve"],
            ..self
        }
    }

    async fn said(&self, folder: &Path) -> String {
        let place = folder.display().to_string();
        let (stands, written) = self.instead;
        assert!(GOOD.contains(stands), "{}", self.what);
        let text = format!("{}{}", GOOD.replacen(stands, written, 1), self.more);
        let file = folder.join("console.toml");
        std::fs::write(&file, text.replace("[folder]", &place)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
        command.env_clear().kill_on_drop(true);
        command.stdin(Stdio::null()).current_dir(folder);
        command.args(self.words).arg("--config").arg(&file);
        let output = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("an exit code");
        let said = text(output.stdout) + &text(output.stderr);
        let said = said.replace(&place, "[folder]");
        format!("# {}\n{}(exit code {code})\n\n", self.what, said)
    }
}

const CONFIGURATION: &[Wrong] = &[
    Wrong::with("a misspelt key", ("upstream =", "upstrem =")),
    Wrong::with("a word that is none of those", ("\"path\"", "\"paths\"")),
    Wrong::with("no tenant binding", ("tenant_binding = \"path\"\n", "")),
    Wrong::with(
        "an address without a number",
        ("127.0.0.1:3100\"\npublic", "localhost\"\npublic"),
    ),
    Wrong::with(
        "a public URL without a scheme",
        ("http://localhost:3000", "localhost"),
    ),
    Wrong::with(
        "an upstream without a scheme",
        ("http://127.0.0.1:3200", "127.0.0.1:3200"),
    ),
    Wrong::with(
        "an upstream with a path",
        ("127.0.0.1:3200", "127.0.0.1:3200/api"),
    ),
    Wrong::with(
        "console and gateway on one host",
        ("http://localhost:3000", "http://127.0.0.1:3000"),
    ),
    Wrong::with(
        "a gateway that others reach in clear text",
        ("\"127.0.0.1:3100", "\"10.9.8.7:3100"),
    ),
    Wrong::adding(
        "a certificate that is not there",
        "[gateway.tls]\ncertificate = \"/nowhere.pem\"\nkey = \"/nowhere.key\"\n",
    ),
    Wrong::with(
        "a CA that is not there",
        (
            "\"http://127.0.0.1:3200\"",
            "\"https://127.0.0.1:3200\"\nupstream_ca = \"/nowhere.pem\"",
        ),
    ),
    Wrong::with(
        "a route that captures nothing",
        ("/v1/tenants/{tenant_id}", "/v1/tenants/{tenant"),
    ),
    Wrong::adding(
        "a scope with a bad name",
        "[[scopes]]\nname = \"Big Scope\"\ndescription = \"x\"\n",
    ),
    Wrong::adding(
        "a scope that reads with DELETE",
        "[[scopes]]\nname = \"read_only\"\nallow = [{ methods = [\"DELETE\"], paths = [\"/**\"] }]\n",
    ),
    Wrong::adding(
        "a probe of one tenant",
        "[gateway.probe]\npath = \"/v1/tenants/{tenant_id}\"\n[[gateway.probe.tenants]]\nid = \"acme\"\ncanary = \"Heron 7f3a\"\n",
    ),
    Wrong::asking(
        "an unknown scope",
        &[
            "gateway",
            "explain",
            "GET",
            "/v1/tenants/acme",
            "--scopes",
            "read_only,gone",
        ],
    ),
    Wrong::asking("a probe of nobody", &["gateway", "probe"]),
    Wrong::asking("a key that is not there", &["gateway", "keys", "promote"]),
    Wrong::with(
        "an engine that there is not",
        ("sqlite:[folder]/store.db", "mysql://root@db/console"),
    )
    .served(),
    Wrong::with(
        "a folder that is not there",
        ("sqlite:[folder]/store.db", "sqlite:/nowhere/store.db"),
    )
    .served(),
    Wrong::with(
        "a place for keys that is not there",
        ("data_dir = \"[folder]\"", "data_dir = \"/nowhere\""),
    )
    .served(),
    Wrong {
        words: &["serve"],
        ..Wrong::adding("a filter that says nothing", "[log]\nfilter = \"a=b=c\"\n")
    },
    Wrong::with(
        "PostgreSQL without keys, or none at all",
        (
            "sqlite:[folder]/store.db",
            "postgres://console:hush@127.0.0.1:1/console",
        ),
    )
    .served(),
];

#[tokio::test]
async fn each_error_says_what_to_change() {
    let mut all = String::new();
    for wrong in CONFIGURATION {
        let folder = tempfile::tempdir().unwrap();
        all.push_str(&wrong.said(folder.path()).await);
    }
    assert!(!all.contains("hush"), "a secret: {all}");
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn an_address_that_browsers_refuse_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.toml");
    let place = folder.path().display().to_string();
    std::fs::write(&file, GOOD.replace("[folder]", &place)).unwrap();
    let run = async |act: &str, email: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
        command.env_clear().kill_on_drop(true).current_dir(&folder);
        command.stdin(Stdio::null()).args(["staff", act]);
        command.args(["--email", email, "--name", "Jo", "--role", "support_admin"]);
        if act == "add" {
            command.arg("--one-time-password");
        }
        let output = command.arg("--config").arg(&file).output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), said)
    };
    let reason = "must not contain \"é\" before the @: browsers refuse it in the sign-in form";
    for (act, plain) in [("add", "jo@example.com"), ("invite", "jose@example.com")] {
        let (is_done, said) = run(act, "josé@example.com").await;
        assert!(!is_done && said.contains(reason), "{act}: {said}");
        let (is_done, said) = run(act, plain).await;
        assert!(is_done, "{act}: {said}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_the_key_that_chooses_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let port = address.rsplit(':').next().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
    command.env_clear().kill_on_drop(true).current_dir(&folder);
    command.args(["serve", "--listen", &address]);
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("can't listen on {address} (console.listen): stop")),
        "{said}"
    );

    let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
    command.env_clear().kill_on_drop(true).current_dir(&folder);
    command.args([
        "demo",
        "--console-port",
        port,
        "--gateway-port",
        "1",
        "--upstream-port",
        "2",
    ]);
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("choose another port with --console-port"),
        "{said}"
    );
}
