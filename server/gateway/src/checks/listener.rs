//! The listener that a proxy asks: a private address or a Unix socket, HTTP/1.1.

use std::{
    convert::Infallible, io, os::unix::fs::FileTypeExt, path::Path, pin::pin, sync::Arc,
    time::Duration,
};

use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{either::Either, io::InspectReader, sync::CancellationToken, task::TaskTracker};

use super::{ForwardAuth, fields::Check};
use crate::{
    answers::Answer,
    arrival::raw_head::{HeadTap, RawHead},
    config::PrivateAddress,
    listener::{
        accept::{MAX_CONNECTIONS, Slots},
        connection::http1_builder,
    },
};

/// How long a connection may be silent. Proxies keep idle ones for less time, so they close first.
const HEAD_TIMEOUT: Duration = Duration::from_mins(5);
/// How long the proxy may take for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most headers of a check: the client's, and the proxy's own.
const MAX_FIELDS: usize = 256;
/// How many bytes are read ahead. A head must fit.
const MAX_BUFFER: usize = 128 * 1024;
/// Owner and group may connect to a Unix socket.
const SOCKET_MODE: u32 = 0o660;

/// A listener that is bound.
pub enum CheckListener {
    /// On a private address.
    Tcp(TcpListener),
    /// On a Unix socket.
    Unix(UnixListener),
}

impl CheckListener {
    /// Binds. Replaces the Unix socket of a server that has stopped, but no other file.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub async fn bind(address: &PrivateAddress) -> io::Result<Self> {
        match address {
            PrivateAddress::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            PrivateAddress::Unix(path) => {
                remove_stale(path).await?;
                let listener = UnixListener::bind(path)?;
                let mode = std::os::unix::fs::PermissionsExt::from_mode(SOCKET_MODE);
                std::fs::set_permissions(path, mode)?;
                Ok(Self::Unix(listener))
            }
        }
    }

    async fn accept(&self) -> io::Result<Either<TcpStream, UnixStream>> {
        match self {
            Self::Tcp(listener) => {
                let (tcp, _) = listener.accept().await?;
                // Otherwise small responses are delayed. A socket that refuses this is about to
                // fail anyway.
                let _ = tcp.set_nodelay(true);
                Ok(Either::Left(tcp))
            }
            Self::Unix(listener) => Ok(Either::Right(listener.accept().await?.0)),
        }
    }
}

async fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if is_socket && UnixStream::connect(path).await.is_err() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Answers checks until `shutdown` is cancelled, then lets open ones end. If it is dropped before, they are
/// cut.
pub async fn serve_checks(
    listener: CheckListener,
    forward_auth: Arc<ForwardAuth>,
    shutdown: CancellationToken,
) {
    let tracker = TaskTracker::new();
    let cut = CancellationToken::new();
    let _cuts = cut.clone().drop_guard();
    let slots = Slots::new("forward-auth", MAX_CONNECTIONS);
    if let Some(certificate) = &forward_auth.settings.certificate {
        tracker.spawn(Arc::clone(certificate).follow(shutdown.clone()));
    }
    while let Some((slot, stream)) = slots.accept(|| listener.accept(), &shutdown).await {
        let (forward_auth, shutdown) = (Arc::clone(&forward_auth), shutdown.clone());
        let cut = cut.clone();
        tracker.spawn(async move {
            cut.run_until_cancelled(open(stream, &forward_auth, shutdown))
                .await;
            drop(slot);
        });
    }
    drop(listener);
    tracker.close();
    tracker.wait().await;
}

async fn open(
    stream: Either<TcpStream, UnixStream>,
    forward_auth: &ForwardAuth,
    shutdown: CancellationToken,
) {
    match (stream, &forward_auth.settings.certificate) {
        (Either::Left(tcp), Some(certificate)) => {
            let handshake = TlsAcceptor::from(certificate.server_config()).accept(tcp);
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
                Ok(Ok(tls)) => connection(tls, forward_auth, shutdown).await,
                Ok(Err(error)) => forward_auth.turned_away_at_handshake(&error),
                Err(_) => {}
            }
        }
        (stream, _) => connection(stream, forward_auth, shutdown).await,
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    forward_auth: &ForwardAuth,
    shutdown: CancellationToken,
) {
    let tap = HeadTap::default();
    let seen = tap.clone();
    // The bytes that are read are kept, so that each head can be judged byte for byte.
    let wire = InspectReader::new(stream, move |bytes: &[u8]| seen.saw(bytes));
    let service =
        service_fn(|check| async { Ok::<_, Infallible>(answer(check, &tap, forward_auth).await) });
    let serving = http1_builder(HEAD_TIMEOUT, MAX_FIELDS, MAX_BUFFER)
        .serve_connection(TokioIo::new(wire), service);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a forward-auth connection ended early");
    }
}

/// A connection whose heads can no longer be followed is closed after the response.
async fn answer(
    check: Request<Incoming>,
    tap: &HeadTap,
    forward_auth: &ForwardAuth,
) -> Response<Answer> {
    let head = tap.take().unwrap_or_else(RawHead::unseen);
    let headers = check.into_parts().0.headers;
    let mut response = forward_auth.handle(Check { head, headers }).await;
    if !tap.follows() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
