//! Opens a connection to an upstream, over TLS where its URL says so.

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{
    error::UpstreamError,
    settings::UpstreamSettings,
    wire::{Meter, Wire},
};

/// A connection's bytes, as the HTTP library sees them.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl UpstreamSettings {
    /// A new connection. Metering and ending happen at the socket itself, below TLS.
    pub(super) async fn open(&self) -> Result<(Box<dyn Io>, Arc<Meter>), UpstreamError> {
        tokio::time::timeout(self.timeouts.connect, self.open_at_leisure())
            .await
            .map_err(|_| UpstreamError::ConnectTimeout)?
    }

    async fn open_at_leisure(&self) -> Result<(Box<dyn Io>, Arc<Meter>), UpstreamError> {
        let host = self.authority.host().trim_matches(['[', ']']);
        let implied = if self.tls.is_some() { 443 } else { 80 };
        let address = (host, self.authority.port_u16().unwrap_or(implied));
        let tcp = TcpStream::connect(address)
            .await
            .map_err(UpstreamError::Connect)?;
        tcp.set_nodelay(true).map_err(UpstreamError::Connect)?;
        let meter = Meter::new();
        let wire = Wire::new(tcp, Arc::clone(&meter));
        let Some(tls) = &self.tls else {
            return Ok((Box::new(wire), meter));
        };
        let connector = TlsConnector::from(Arc::clone(&tls.config));
        let wire = connector
            .connect(tls.name.clone(), wire)
            .await
            .map_err(UpstreamError::Tls)?;
        Ok((Box::new(wire), meter))
    }

    /// Whether a connection can be opened now.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        let Err(error) = self.open().await else {
            return Ok(());
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})"));
        let cause = cause.unwrap_or_default();
        Err(format!("{error}{cause}: {}", error.advice()))
    }
}
