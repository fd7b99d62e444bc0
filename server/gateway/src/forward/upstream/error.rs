//! Why an upstream did not respond, and what an operator can do.

use std::io;

use tokio_rustls::rustls::{self, CertificateError};

use crate::arrival::websocket::AnswerFault;

/// Why the upstream did not respond.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("connecting took too long")]
    ConnectTimeout,
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no TLS connection")]
    Tls(#[source] io::Error),
    #[error("no HTTP connection")]
    Handshake(#[source] hyper::Error),
    #[error("the connection broke before the response")]
    Broken(#[source] hyper::Error),
    #[error("the response took too long")]
    FirstByteTimeout,
    #[error("the upstream switched protocols without being asked")]
    Switched,
    #[error("the upstream didn't open the requested WebSocket")]
    NotOpened(#[source] AnswerFault),
    #[error("the response is ambiguous: {0}")]
    Ambiguous(&'static str),
}

impl UpstreamError {
    /// The status that the client gets (RFC 9110 §15.6.3, §15.6.5).
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::ConnectTimeout | Self::FirstByteTimeout => 504,
            Self::Connect(_)
            | Self::Tls(_)
            | Self::Handshake(_)
            | Self::Broken(_)
            | Self::Switched
            | Self::NotOpened(_)
            | Self::Ambiguous(_) => 502,
        }
    }

    /// What the operator can do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::ConnectTimeout => {
                "nothing responds at the upstream's address: check firewalls and the address, or \
                 raise gateway.timeouts.connect_ms"
            }
            Self::Connect(_) => {
                "start the upstream, or correct the address of the upstream in the configuration"
            }
            Self::Tls(error) => tls_advice(error),
            Self::FirstByteTimeout => "check the upstream, or raise gateway.timeouts.first_byte_ms",
            Self::Handshake(_)
            | Self::Broken(_)
            | Self::Switched
            | Self::NotOpened(_)
            | Self::Ambiguous(_) => "check the upstream's log",
        }
    }
}

fn tls_advice(error: &io::Error) -> &'static str {
    use CertificateError as Certificate;
    let cause = error.get_ref().and_then(|e| e.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidCertificate(
            Certificate::UnknownIssuer | Certificate::BadSignature,
        )) => {
            "the upstream's certificate is not signed by a trusted CA: set the PEM \
             file of its CA in gateway.upstream_ca (or ca of its [[gateway.upstreams]])"
        }
        Some(rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        )) => {
            "the upstream's certificate is for another name: use a name that it has in the \
             upstream's URL, or give the upstream a certificate for the one that is there"
        }
        Some(rustls::Error::InvalidCertificate(
            Certificate::Expired | Certificate::ExpiredContext { .. },
        )) => "the upstream's certificate has expired: renew it",
        Some(rustls::Error::InvalidCertificate(
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
        )) => "the upstream's certificate is not valid yet: check the clocks",
        Some(rustls::Error::InvalidMessage(_)) => {
            "the upstream doesn't speak TLS there: use http:// or the right port"
        }
        _ => "check the upstream's TLS certificate, versions and port",
    }
}
