//! The connection of a request.

use std::net::IpAddr;

use http::{header, request::Parts};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::raw_head::{HeadTap, RawHead, Schemes};

/// The client's connection, for its requests.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) peer: IpAddr,
    pub(crate) heads: Heads,
    /// Ends the transport of the request immediately: the connection of HTTP/1.1, or the one stream
    /// of HTTP/2.
    pub(crate) kill: CancellationToken,
    /// The tasks that use this connection after a protocol upgrade.
    pub(crate) tunnels: TaskTracker,
}

/// The source of a client's request heads.
#[derive(Debug, Clone)]
pub(crate) enum Heads {
    /// HTTP/1.1: from the bytes themselves.
    Bytes(HeadTap, Schemes),
    /// HTTP/2: the frames as parsed by the library.
    Frames(Schemes),
}

impl Client {
    /// The head of the request that has just arrived. On HTTP/2 `Host` is set from `:authority`, so
    /// that the same field is judged in both versions.
    ///
    /// # Errors
    ///
    /// A sentence for the client, if the head can't be judged.
    pub(crate) fn head(&self, parts: &mut Parts) -> Result<RawHead, &'static str> {
        match &self.heads {
            Heads::Frames(schemes) => Ok(RawHead::of_frames(parts, *schemes)),
            Heads::Bytes(tap, schemes) => {
                let mut head = tap.take().ok_or("The request head is malformed.")?;
                if head.method != parts.method.as_str().as_bytes() {
                    return Err("The request line is ambiguous.");
                }
                head.limit_fields();
                head.take_origin_form(parts.headers.get(header::HOST), *schemes);
                Ok(head)
            }
        }
    }

    /// Whether a further request on this connection can be judged. If not, it must be closed.
    pub(crate) fn follows(&self) -> bool {
        match &self.heads {
            Heads::Bytes(tap, _) => tap.follows(),
            Heads::Frames(_) => true,
        }
    }
}
