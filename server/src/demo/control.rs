//! The control socket, which tests use to move the demo's clock. Only the demo has it. It is a Unix
//! socket that only the demo's user may open.
//!
//! Each line is a command, and gets one line as an answer: `now`, `offset`, `advance 15m`, `traffic
//! on`, `traffic off`.

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use app::domain::Timestamp;
use chrono::{SecondsFormat, TimeDelta};
use gateway::clock::Clock;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use super::{DemoError, World};

/// The longest time that one command may advance.
const FURTHEST: TimeDelta = TimeDelta::days(400);

/// The parts that commands act on.
pub(super) struct Control {
    pub(super) world: World,
    pub(super) real: Arc<dyn Clock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Now,
    Offset,
    Advance(TimeDelta),
    Traffic(bool),
}

pub(super) fn open(path: &Path) -> Result<UnixListener, DemoError> {
    // A leftover of a killed demo. The store's lock has excluded a running one.
    let _ = std::fs::remove_file(path);
    let failed = |source| DemoError::File {
        path: path.to_owned(),
        source: Arc::new(source),
    };
    let listener = UnixListener::bind(path).map_err(failed)?;
    let ours_alone = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, ours_alone).map_err(failed)?;
    Ok(listener)
}

/// Answers commands until `stop`.
pub(super) async fn serve(listener: UnixListener, control: Arc<Control>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = control.world.stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let control = Arc::clone(&control);
            tokio::spawn(async move {
                if let Err(error) = converse(stream, &control).await {
                    tracing::debug!(%error, "a connection on the control socket broke");
                }
            });
        }
    }
}

async fn converse(mut stream: UnixStream, control: &Control) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match parse(&line) {
            Ok(command) => control.obey(command).await,
            Err(problem) => format!("error: {problem}"),
        };
        write.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}

impl Control {
    async fn obey(&self, command: Command) -> String {
        let World { clock, traffic, .. } = &self.world;
        match command {
            Command::Now => written(clock.now()),
            Command::Offset => {
                let ahead = clock.now() - self.real.now();
                format!("{}s", ahead.as_seconds_f64().round())
            }
            Command::Advance(by) => {
                let before = clock.now();
                clock.advance(by);
                let now = clock.now();
                if traffic.is_on()
                    && let Err(error) = self.world.report_past(before, now).await
                {
                    return format!("error: the skipped time could not be reported: {error}");
                }
                written(now)
            }
            Command::Traffic(on) => {
                traffic.set(on);
                if on { "on" } else { "off" }.to_owned()
            }
        }
    }
}

fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn parse(line: &str) -> Result<Command, String> {
    let mut words = line.split_whitespace();
    let command = match (words.next(), words.next()) {
        (Some("now"), None) => Command::Now,
        (Some("offset"), None) => Command::Offset,
        (Some("advance"), Some(by)) => Command::Advance(duration(by)?),
        (Some("traffic"), Some("on")) => Command::Traffic(true),
        (Some("traffic"), Some("off")) => Command::Traffic(false),
        _ => {
            return Err("write now, offset, advance 15m, traffic on or traffic off".to_owned());
        }
    };
    match words.next() {
        None => Ok(command),
        Some(more) => Err(format!("unexpected {more:?}")),
    }
}

/// A duration such as `90s`, `15m` or `1h30m`.
fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("{text:?} is not a duration: write 90s, 15m, 2h or 1h30m");
    let mut total = TimeDelta::zero();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i32 = rest[..digits].parse().map_err(|_| wrong())?;
        let seconds = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            _ => return Err(wrong()),
        };
        total += TimeDelta::seconds(i64::from(number) * seconds);
        rest = &rest[digits + 1..];
    }
    if total.is_zero() || total > FURTHEST {
        return Err("must be more than 0 and at most 400 days".to_owned());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_strictly() {
        assert_eq!(parse("now"), Ok(Command::Now));
        assert_eq!(
            parse("advance 1h30m"),
            Ok(Command::Advance(TimeDelta::minutes(90)))
        );
        assert_eq!(parse("traffic off"), Ok(Command::Traffic(false)));
        for wrong in [
            "",
            "advance",
            "advance 15",
            "advance -5m",
            "advance 0s",
            "advance 5y",
            "now now",
            "advance 99999999999s",
            "advance 401d",
            "advance 5m now",
            "advance é",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
