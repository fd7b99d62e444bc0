//! What `init` needs to know.

use std::path::{Path, PathBuf};

use app::domain::staff::{check_new_password, parse_new_email};
use secrecy::ExposeSecret;
use url::Url;

use super::{
    InitArgs,
    ask::{Answering, Question},
    text::{Answers, Binding, DATA_DIR, GatewayAnswers},
};
use crate::{
    cli::{CliError, Common},
    services::staff::GivenPassword,
};

/// The first super admin.
pub(super) struct Administrator {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) password: GivenPassword,
}

impl Answers {
    pub(super) fn ask(
        common: &Common,
        args: &InitArgs,
        from: &mut dyn Answering,
    ) -> Result<Self, CliError> {
        let mut answers = Self {
            console_url: String::new(),
            gateway: None,
            database_url: "sqlite:console.db".to_owned(),
            data_dir: PathBuf::from("."),
        };
        let console = Question {
            flag: "--console-url",
            text: "URL of the console, such as https://console.example.com",
            default: None,
        };
        answers.console_url = console.answer(args.console_url.as_deref(), from, |url| {
            let url = base_url(url)?;
            let with = Self {
                console_url: url.clone(),
                ..answers.clone()
            };
            with.check().map(|()| url)
        })?;
        answers.gateway = answers.ask_gateway(args, from)?;
        let default = format!("sqlite:{DATA_DIR}/console.db");
        let store = Question {
            flag: "--database-url",
            text: "Data store, sqlite:PATH or postgres://…",
            default: Some(&default),
        };
        answers.database_url = store.answer(common.database_url.as_deref(), from, store_url)?;
        answers.data_dir = match &common.data_dir {
            Some(folder) => folder.clone(),
            None => answers
                .store_folder()
                .map_or_else(|| DATA_DIR.into(), Path::to_owned),
        };
        Ok(answers)
    }

    fn ask_gateway(
        &self,
        args: &InitArgs,
        from: &mut dyn Answering,
    ) -> Result<Option<GatewayAnswers>, CliError> {
        let url = Question {
            flag: "--gateway-url",
            text: "URL of the gateway, such as https://support-api.example.com (empty: later)",
            default: Some(""),
        };
        let with = |url: &str, upstream: &str| GatewayAnswers {
            url: url.to_owned(),
            upstream: upstream.to_owned(),
            // Needs nothing else, so the other answers can be checked.
            binding: Binding::Identity,
        };
        let url = url.answer(args.gateway_url.as_deref(), from, |url| {
            if url.is_empty() {
                return Ok(None);
            }
            let url = base_url(url)?;
            self.check_with(with(&url, "http://127.0.0.1:8080"))?;
            Ok(Some(url))
        })?;
        let Some(url) = url else { return Ok(None) };
        let upstream = Question {
            flag: "--upstream",
            text: "URL of the platform's API behind it, such as http://10.0.0.5:8080",
            default: None,
        };
        let gateway = upstream.answer(args.upstream.as_deref(), from, |upstream| {
            let gateway = with(&url, &base_url(upstream)?);
            self.check_with(gateway.clone()).map(|()| gateway)
        })?;
        self.ask_binding(gateway, args, from).map(Some)
    }

    fn ask_binding(
        &self,
        gateway: GatewayAnswers,
        args: &InitArgs,
        from: &mut dyn Answering,
    ) -> Result<GatewayAnswers, CliError> {
        let binding = Question {
            flag: "--tenant-binding",
            text: "How the API knows the tenant: path, host or identity (see docs/configuration.md)",
            default: None,
        };
        let words = ["path", "host", "identity"];
        let binding = binding.answer(args.tenant_binding.as_deref(), from, |binding| {
            let known = words.iter().find(|word| **word == binding);
            known
                .copied()
                .ok_or_else(|| "must be path, host or identity".to_owned())
        })?;
        let path = "Path that names the tenant, such as /v1/tenants/{tenant_id}";
        let host = "Host name of the API, such as {tenant_id}.api.example.com";
        let (flag, text, given, made): (_, _, _, fn(String) -> Binding) = match binding {
            "path" => ("--route", path, args.route.as_deref(), Binding::Path),
            "host" => (
                "--tenant-host",
                host,
                args.tenant_host.as_deref(),
                Binding::Host,
            ),
            _ => return Ok(gateway),
        };
        let pattern = Question {
            flag,
            text,
            default: None,
        };
        pattern.answer(given, from, |pattern| {
            let gateway = GatewayAnswers {
                binding: made(pattern.to_owned()),
                ..gateway.clone()
            };
            self.check_with(gateway.clone()).map(|()| gateway)
        })
    }

    fn check_with(&self, gateway: GatewayAnswers) -> Result<(), String> {
        let with = Self {
            gateway: Some(gateway),
            ..self.clone()
        };
        with.check()
    }
}

impl Administrator {
    pub(super) fn ask(args: &InitArgs, from: &mut dyn Answering) -> Result<Self, CliError> {
        let email = Question {
            flag: "--admin-email",
            text: "E-mail address of the first super admin",
            default: None,
        };
        let email = email.answer(args.admin_email.as_deref(), from, parse_new_email)?;
        let name = Question {
            flag: "--admin-name",
            text: "Name of the first super admin",
            default: Some(&email),
        };
        let name = name.answer(args.admin_name.as_deref(), from, |name| {
            match name.chars().count() {
                1..=100 => Ok(name.to_owned()),
                _ => Err("must have 1 to 100 characters".to_owned()),
            }
        })?;
        let password = if args.password.is_given() {
            args.password.read()?
        } else {
            ask_password(&email, from)?
        };
        Ok(Self {
            email,
            name,
            password,
        })
    }
}

/// A chosen password; without an answer a one-time password.
fn ask_password(email: &str, from: &mut dyn Answering) -> Result<GivenPassword, CliError> {
    while from.is_there() {
        let first = from.hidden("Password (empty: a one-time password is made): ")?;
        if first.expose_secret().is_empty() {
            break;
        }
        if let Err(problem) = check_new_password(first.expose_secret(), email) {
            from.tell(&format!("it {problem}"))?;
            continue;
        }
        let again = from.hidden("Repeat password: ")?;
        if first.expose_secret() == again.expose_secret() {
            return Ok(GivenPassword::Chosen {
                password: first,
                must_change: false,
            });
        }
        from.tell("the passwords don't match")?;
    }
    Ok(GivenPassword::OneTime)
}

/// `https://host[:port]`, as browsers write it.
fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    let url = url.ok_or("must begin with https:// or http:// and name a host")?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must have no path, only a host and perhaps a port".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn store_url(text: &str) -> Result<String, String> {
    let known = [
        "sqlite:",
        "postgres://",
        "postgresql://",
        "file:",
        "credential:",
    ];
    match known
        .iter()
        .any(|prefix| text.starts_with(prefix) && text.len() > prefix.len())
    {
        true => Ok(text.to_owned()),
        false => Err(
            "must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE, or file:PATH of \
             a file that contains it"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use clap::Parser;
    use secrecy::SecretString;

    use super::*;

    /// Someone who types these lines.
    struct Typing {
        lines: VecDeque<&'static str>,
        told: Vec<String>,
    }

    impl Typing {
        fn new(lines: &[&'static str]) -> Self {
            Self {
                lines: lines.iter().copied().collect(),
                told: Vec::new(),
            }
        }
    }

    impl Answering for Typing {
        fn is_there(&self) -> bool {
            true
        }
        fn line(&mut self, _: &str) -> std::io::Result<Option<String>> {
            Ok(self.lines.pop_front().map(|line| format!("{line}\n")))
        }
        fn hidden(&mut self, question: &str) -> std::io::Result<SecretString> {
            let line = self.line(question)?.unwrap_or_default();
            Ok(SecretString::from(line.trim_end()))
        }
        fn tell(&mut self, problem: &str) -> std::io::Result<()> {
            self.told.push(problem.to_owned());
            Ok(())
        }
    }

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        args: InitArgs,
    }

    fn flags(words: &str) -> InitArgs {
        Flags::parse_from(std::iter::once("init").chain(words.split_whitespace())).args
    }

    fn typed(lines: &[&'static str]) -> (Result<Answers, String>, Vec<String>) {
        let mut typing = Typing::new(lines);
        let answers = Answers::ask(&Common::default(), &flags(""), &mut typing);
        (answers.map_err(|error| error.to_string()), typing.told)
    }

    #[test]
    fn a_bad_answer_is_explained_and_asked_for_again() {
        let (answers, told) = typed(&[
            "console.example.com",
            "http://console.example.com",
            "https://console.example.com/support",
            "",
            "https://console.example.com",
            "https://console.example.com:8443",
            "https://api.example.com",
            "10.0.0.5",
            "http://10.0.0.5:8080",
            "tenant",
            "path",
            "/v1/tenants",
            "/v1/tenants/{tenant_id}",
            "mysql:console",
            "",
        ]);
        let answers = answers.unwrap();
        let parts = [
            "must begin with https://",
            "without https",
            "must have no path",
            "an answer is needed",
            "same host name",
            "must begin with https://",
            "must be path, host or identity",
            "gateway.routes",
            "must be sqlite:PATH",
        ];
        assert_eq!(told.len(), parts.len(), "{told:#?}");
        for (told, part) in told.iter().zip(parts) {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(answers.console_url, "https://console.example.com");
        assert_eq!(
            answers.database_url,
            "sqlite:/var/lib/support-console/console.db"
        );
        assert_eq!(answers.data_dir, Path::new("/var/lib/support-console"));
        let gateway = answers.gateway.unwrap();
        assert!(
            matches!(gateway.binding, Binding::Path(path) if path == "/v1/tenants/{tenant_id}")
        );
    }

    #[test]
    fn input_that_ends_early_writes_nothing() {
        let (answers, _) = typed(&["https://console.example.com"]);
        assert!(answers.unwrap_err().contains("nothing was written"));
    }

    #[test]
    fn a_password_is_asked_for_until_it_is_good() {
        let mut typing = Typing::new(&[
            "ana@example.com",
            "Ana",
            "short",
            "three blind mice",
            "three blind cats",
            "three blind mice",
            "three blind mice",
        ]);
        let admin = Administrator::ask(&flags(""), &mut typing).unwrap();
        assert_eq!(admin.name, "Ana");
        assert!(typing.told[0].contains("characters"), "{:?}", typing.told);
        assert!(typing.told[1].contains("match"), "{:?}", typing.told);
        let GivenPassword::Chosen { password, .. } = admin.password else {
            panic!("a password was chosen");
        };
        assert_eq!(password.expose_secret(), "three blind mice");
    }

    #[test]
    fn every_kind_of_answer_makes_a_file_that_can_be_served() {
        let gateway = ["https://api.example.com", "http://10.0.0.5:8080"];
        for more in [
            vec![""],
            [&gateway[..], &["path", "/v1/tenants/{tenant_id}"]].concat(),
            [&gateway[..], &["host", "{tenant_id}.api.example.com"]].concat(),
            [&gateway[..], &["identity"]].concat(),
        ] {
            let (answers, told) = typed(&[&["https://c.example"][..], &more, &[""]].concat());
            let answers = answers.unwrap();
            assert!(told.is_empty(), "{told:?}");
            assert_eq!(answers.check(), Ok(()), "{more:?}");
        }
        assert_eq!(Answers::example().check(), Ok(()));
    }
}
