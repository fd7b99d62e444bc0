//! The start of a connection: TLS or clear text, HTTP/1.1 or HTTP/2.

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;

use super::client_wire::Socket;
use crate::arrival::raw_head::Schemes;

/// How long a client may take for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first bytes of an HTTP/2 connection (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The protocol's name in TLS (RFC 9113 §3.1).
const H2: &[u8] = b"h2";

/// A connection with a known protocol.
pub(super) struct Opening {
    pub(super) socket: Socket,
    /// The bytes read so far.
    pub(super) ahead: Bytes,
    pub(super) http2: bool,
    tls: bool,
}

impl Opening {
    /// The schemes that a request on it may name.
    pub(super) const fn schemes(&self) -> Schemes {
        match self.tls {
            true => Schemes::Https,
            false => Schemes::Either,
        }
    }

    /// Over TLS the client names its protocol (ALPN). Without TLS an HTTP/2 client starts with the
    /// preface (prior knowledge, RFC 9113 §3.3). There is no upgrade to HTTP/2.
    ///
    /// # Errors
    ///
    /// If the handshake fails, or nothing comes for `patience`.
    pub(super) async fn of(
        tcp: TcpStream,
        tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
        patience: Duration,
    ) -> io::Result<Self> {
        match tls {
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(tcp);
                let tls = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await??;
                Ok(Self {
                    http2: tls.get_ref().1.alpn_protocol() == Some(H2),
                    socket: Either::Right(Box::new(tls)),
                    ahead: Bytes::new(),
                    tls: true,
                })
            }
            None => tokio::time::timeout(patience, Self::clear(tcp)).await?,
        }
    }

    async fn clear(mut tcp: TcpStream) -> io::Result<Self> {
        let mut ahead = BytesMut::with_capacity(PREFACE.len());
        while ahead.len() < PREFACE.len() && PREFACE.starts_with(&ahead) {
            let left = PREFACE.len() - ahead.len();
            if (&mut tcp).take(left as u64).read_buf(&mut ahead).await? == 0 {
                break;
            }
        }
        Ok(Self {
            http2: &ahead[..] == PREFACE,
            socket: Either::Left(tcp),
            ahead: ahead.freeze(),
            tls: false,
        })
    }
}
