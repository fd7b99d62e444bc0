//! The settings of an upstream.

use std::{sync::Arc, time::Duration};

use http::uri::{Authority, Scheme};
use tokio_rustls::rustls::{ClientConfig, pki_types::ServerName};

use super::serves::Serves;
use serde::Deserialize;

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
    /// The claim `aud` of its identities.
    pub(crate) identity_audience: String,
    pub(crate) headers: Arc<RequestHeaders>,
    /// The addresses at which the platform's users reach it. Requests name the first.
    pub(crate) public: Vec<PublicUrl>,
    pub(crate) asked_as: AskedAs,
    /// Whether browsers keep its static files while the session lasts.
    pub(crate) keep_static_files: bool,
    pub(crate) names: Arc<Names>,
}

/// An address at which the platform's users reach an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
}

/// Which host requests of pages at a session's host name to an upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedAs {
    /// The one that the platform's users know.
    #[default]
    Public,
    /// The session's own, so that absolute addresses that it builds lead there.
    Session,
}

/// The names of an upstream: in its configured URL, and for the platform's users.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// `https://app.example.com`.
    pub(crate) origins: Vec<String>,
    /// The same without scheme and port, in lower case.
    pub(crate) hosts: Vec<String>,
    /// The names of its cookies that scripts of its pages may read and write.
    pub(crate) readable: Vec<String>,
    /// The other origins that its pages may send data to.
    pub(crate) connects: Vec<String>,
}

impl Names {
    pub(crate) fn of<'a>(urls: impl Iterator<Item = (&'a str, &'a Authority)>) -> Self {
        let mut names = Self::default();
        for (scheme, authority) in urls {
            names.origins.push(format!("{scheme}://{authority}"));
            names.hosts.push(authority.host().to_ascii_lowercase());
        }
        names
    }
}

/// How to recognise the upstream.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamTls {
    pub(crate) config: Arc<ClientConfig>,
    /// Whose certificate it must show.
    pub(crate) name: ServerName<'static>,
}
