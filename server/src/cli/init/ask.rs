//! Questions on a terminal.

use std::io::{IsTerminal, Write as _};

use app::domain::shown::shown;
use secrecy::SecretString;

use crate::cli::CliError;

/// Who answers. `None` from [`Self::line`] means that nobody does any more.
pub(super) trait Answering {
    /// Whether anyone can be asked.
    fn is_there(&self) -> bool;
    fn line(&mut self, question: &str) -> std::io::Result<Option<String>>;
    /// A line that is not shown while it is typed.
    fn hidden(&mut self, question: &str) -> std::io::Result<SecretString>;
    fn tell(&mut self, problem: &str) -> std::io::Result<()>;
}

/// The terminal from which the command was started, if it was.
pub(super) struct Terminal {
    is_there: bool,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self {
            is_there: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
        }
    }
}

impl Answering for Terminal {
    fn is_there(&self) -> bool {
        self.is_there
    }

    fn line(&mut self, question: &str) -> std::io::Result<Option<String>> {
        crate::out::print(question)?;
        std::io::stdout().flush()?;
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line)?;
        Ok((read > 0).then_some(line))
    }

    fn hidden(&mut self, question: &str) -> std::io::Result<SecretString> {
        Ok(SecretString::from(rpassword::prompt_password(question)?))
    }

    fn tell(&mut self, problem: &str) -> std::io::Result<()> {
        say!("  {problem}")
    }
}

/// A question, and the flag that answers it beforehand.
pub(super) struct Question<'q> {
    pub(super) flag: &'static str,
    pub(super) text: &'q str,
    /// What an empty answer means. Without it there must be an answer.
    pub(super) default: Option<&'q str>,
}

impl Question<'_> {
    /// The answer that `check` accepts: the flag's, or one from the terminal, which is asked until
    /// an answer is good.
    pub(super) fn answer<T>(
        &self,
        given: Option<&str>,
        from: &mut dyn Answering,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CliError> {
        let flag = self.flag;
        if let Some(given) = given {
            return check(given.trim())
                .map_err(|problem| CliError::Usage(format!("{flag}: {problem}")));
        }
        if !from.is_there() {
            let default = self.default.ok_or_else(|| {
                CliError::Usage(format!(
                    "{flag} is missing, and there is no terminal to ask: {}",
                    self.text
                ))
            })?;
            return check(default).map_err(|problem| CliError::Usage(format!("{flag}: {problem}")));
        }
        let hint = match self.default {
            None | Some("") => String::new(),
            Some(default) => format!(" [{}]", shown(default)),
        };
        loop {
            let line = from.line(&format!("{}{hint}: ", self.text))?;
            let Some(line) = line else {
                let ended =
                    "the input ended before every question was answered: nothing was written";
                return Err(CliError::Usage(ended.to_owned()));
            };
            let answer = match (line.trim(), self.default) {
                ("", None) => {
                    from.tell("an answer is needed")?;
                    continue;
                }
                ("", Some(default)) => default,
                (answer, _) => answer,
            };
            match check(answer) {
                Ok(answer) => return Ok(answer),
                Err(problem) => from.tell(&problem)?,
            }
        }
    }
}
