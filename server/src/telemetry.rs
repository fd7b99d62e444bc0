//! The operator's view: the log and the metrics.
//!
//! Never in the log: tokens, keys, cookies, passwords, bodies, query strings.

mod safe_log;

use std::{io::IsTerminal, time::Duration};

use axum::{extract::State, http::header, response::IntoResponse};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, filter::ParseError, layer::SubscriberExt, util::TryInitError};

use self::safe_log::{SafeLog, Style};
use crate::config::{LogConfig, LogFormat};

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log.filter is not valid ({0}): use levels such as \"info,gateway=debug\"")]
    Filter(ParseError),
    #[error("can't start the log")]
    Log(#[from] TryInitError),
    #[error("can't set up the metrics")]
    Figures(#[from] BuildError),
}

/// Starts the log of this process, on standard error: standard output belongs to the commands.
///
/// # Errors
///
/// If the filter can't be read, or a log was started before.
pub fn start_log(config: &LogConfig) -> Result<(), TelemetryError> {
    use tracing_subscriber::{fmt, util::SubscriberInitExt};

    let filter = EnvFilter::try_new(&config.filter).map_err(TelemetryError::Filter)?;
    let human = match config.format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let registry = tracing_subscriber::registry().with(filter);
    if human {
        let has_colours = std::io::stderr().is_terminal();
        let style = if has_colours {
            Style::Coloured
        } else {
            Style::Plain
        };
        let layer = fmt::layer()
            .with_writer(move || SafeLog(style, std::io::stderr()))
            .with_ansi(has_colours);
        registry.with(layer).try_init()?;
    } else {
        let layer = fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(|| SafeLog(Style::Json, std::io::stderr()));
        registry.with(layer).try_init()?;
    }
    Ok(())
}

/// The figures of this process.
#[derive(Clone)]
pub struct Figures(PrometheusHandle);

impl Figures {
    /// Begins to count. In a second call in one process, as in tests, nothing is counted.
    ///
    /// # Errors
    ///
    /// If the recorder refuses its settings.
    pub fn start() -> Result<Self, TelemetryError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&[0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])?
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::debug!("metrics already have a recorder");
        }
        Ok(Self(handle))
    }

    /// Keeps the recorder small until `end`.
    pub async fn tend(self, end: CancellationToken) {
        let mut every = tokio::time::interval(Duration::from_secs(5));
        loop {
            tokio::select! {
                _ = every.tick() => self.0.run_upkeep(),
                () = end.cancelled() => return,
            }
        }
    }
}

/// `GET /metrics` in Prometheus' text format.
pub(crate) async fn show(State(figures): State<Figures>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        figures.0.render(),
    )
}
