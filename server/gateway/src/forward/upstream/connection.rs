//! One HTTP/1.1 connection to an upstream.

use std::{sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use super::{answer, error::UpstreamError, settings::UpstreamSettings, wire::Meter};
use crate::{
    forward::request_body::RequestBody,
    gate::{Pass, kill::KillSwitch},
    record::meter::RequestMeter,
};

/// One connection, used for one request at a time. If it is dropped in the middle of a request, it
/// is reset.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    meter: Arc<Meter>,
    is_busy: bool,
}

impl Connection {
    /// A new connection. Nothing is sent.
    pub(super) async fn open(settings: &UpstreamSettings) -> Result<Self, UpstreamError> {
        let (wire, meter) = settings.open().await?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(256)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(UpstreamError::Handshake)?;
        let kill = Arc::clone(meter.kill());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // Dropping the connection closes the socket with a reset.
                () = kill.killed().cancelled() => {}
                result = connection.with_upgrades() => if let Err(error) = result {
                    tracing::debug!(%error, "an upstream connection ended");
                },
            }
        });
        Ok(Self {
            sender,
            meter,
            is_busy: false,
        })
    }

    /// Whether it takes another request within `patience`.
    pub(super) async fn settles_within(&mut self, patience: Duration) -> bool {
        let ready = tokio::time::timeout(patience, self.sender.ready()).await;
        matches!(ready, Ok(Ok(())))
    }

    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// No request is on it any more.
    pub(super) fn rest(&mut self) {
        self.is_busy = false;
    }

    /// The upstream has switched protocols.
    pub(crate) fn becomes_tunnel(&self) {
        self.meter.becomes_tunnel();
    }

    /// The switch that ends this connection.
    pub(crate) fn kill_switch(&self) -> &Arc<KillSwitch> {
        self.meter.kill()
    }

    pub(super) fn is_usable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed() && !self.meter.kill().is_dead()
    }

    /// Sends a request and waits for the head of its answer. `pass` is released once the first byte
    /// of the request was written, or can't be written any more.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
        pass: Pass,
        first_byte: Duration,
        meter: &RequestMeter,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.is_busy = true;
        self.meter.arm(pass);
        let sending = self.sender.send_request(request);
        let result = tokio::select! {
            result = sending => result.map_err(UpstreamError::Broken),
            () = self.meter.silent_for(first_byte, || meter.waits_for_client()) => {
                Err(UpstreamError::FirstByteTimeout)
            }
        };
        if result.is_err() {
            self.meter.kill().kill();
        }
        self.meter.disarm();
        let response = result?;
        answer::check(&response)?;
        Ok(response)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_busy {
            self.meter.kill().kill();
        }
        self.meter.disarm();
    }
}
