//! Why an upstream did not answer, and what an operator can do about it.

use std::io;

use tokio_rustls::rustls::{self, CertificateError};

use crate::arrival::websocket::AnswerFault;

/// Why the upstream did not answer.
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
    #[error("the connection broke before an answer")]
    Broken(#[source] hyper::Error),
    #[error("the answer took too long")]
    FirstByteTimeout,
    #[error("the upstream switched protocols unasked")]
    Switched,
    #[error("the WebSocket that was asked for was not opened")]
    NotOpened(#[source] AnswerFault),
    #[error("the answer can be read in two ways: {0}")]
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
                "nothing answers at the upstream's address: look at firewalls and the address, or \
                 raise gateway.timeouts.connect_ms"
            }
            Self::Connect(_) => {
                "start the upstream, or correct the address of the upstream in the configuration"
            }
            Self::Tls(error) => tls_advice(error),
            Self::FirstByteTimeout => {
                "look at the upstream, or raise gateway.timeouts.first_byte_ms"
            }
            Self::Handshake(_)
            | Self::Broken(_)
            | Self::Switched
            | Self::NotOpened(_)
            | Self::Ambiguous(_) => "look at the upstream's own log",
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
            "nobody whom the gateway trusts has signed the upstream's certificate: name the PEM \
             file of its CA in gateway.upstream_ca (or ca of its [[gateway.upstreams]])"
        }
        Some(rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        )) => {
            "the upstream's certificate is for another name: write a name that it has into the \
             upstream's URL, or give the upstream a certificate for the one that is there"
        }
        Some(rustls::Error::InvalidCertificate(
            Certificate::Expired | Certificate::ExpiredContext { .. },
        )) => "the upstream's certificate has expired: renew it",
        Some(rustls::Error::InvalidCertificate(
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
        )) => "the upstream's certificate is not valid yet: look at the clocks",
        Some(rustls::Error::InvalidMessage(_)) => {
            "the upstream does not speak TLS there: write http:// or the right port"
        }
        _ => "look at the upstream's TLS: its certificate, its versions, its port",
    }
}
