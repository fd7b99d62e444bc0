//! What the configuration says of an upstream.

use std::{sync::Arc, time::Duration};

use http::uri::Authority;
use tokio_rustls::rustls::{ClientConfig, pki_types::ServerName};

use super::serves::Serves;
use crate::headers::RequestHeaders;

/// How long the gateway waits for its upstream, and for a client's body on its way there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) idle: Duration,
    pub(crate) request_idle: Duration,
}

/// An upstream's address, its requests and its settings.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamSettings {
    pub(crate) name: String,
    pub(crate) authority: Authority,
    pub(crate) tls: Option<UpstreamTls>,
    pub(crate) timeouts: Timeouts,
    pub(crate) serves: Serves,
    /// The claim `aud` of the identities that it gets.
    pub(crate) identity_audience: String,
    pub(crate) headers: Arc<RequestHeaders>,
}

/// Whom to believe that it is the upstream.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamTls {
    pub(crate) config: Arc<ClientConfig>,
    /// Whose certificate it must show.
    pub(crate) name: ServerName<'static>,
}
