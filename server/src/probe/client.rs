//! Reaches the gateway as its clients do: over its listener, with a bearer token.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use app::domain::RequestId;
use bytes::Bytes;
use gateway::{token::Token, trusting};
use http::{HeaderValue, Request as HttpRequest, Uri, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

use super::{
    ask::Request,
    error::{ProbeError, Unanswered},
};

/// How long one answer may take. Longer than the gateway waits for its upstream by default.
const TIMEOUT: Duration = Duration::from_secs(75);
/// How much of an answer is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// The gateway's own page, which needs no token.
const HEALTH: &str = "/.support-console/health";

/// The gateway, with the address at which this machine reaches it.
pub struct Client {
    url: String,
    address: (String, u16),
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// The gateway's public host.
    host: String,
}

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: Option<RequestId>,
    /// The coding of the body, if any.
    pub(super) coding: Option<String>,
    pub(super) body: Bytes,
}

impl Client {
    /// `public_url` is the gateway's own, `at` its real address if it differs, and `ca` a PEM file
    /// with the CA of its certificate instead of the system's. Even with `at`, requests use the
    /// public name, and the gateway must have a certificate for it.
    ///
    /// # Errors
    ///
    /// If an address or the file can't be used.
    pub fn new(
        public_url: &str,
        own_host: &str,
        at: Option<&str>,
        ca: Option<&Path>,
    ) -> Result<Self, ProbeError> {
        let url = at.unwrap_or(public_url).trim_end_matches('/').to_owned();
        let wrong = |problem: &str| ProbeError::Address {
            url: url.clone(),
            problem: problem.to_owned(),
        };
        let shape = "write http:// or https:// with a host and no path, such as \
                     \"http://127.0.0.1:3100\"";
        let uri: Uri = url.parse().map_err(|_| wrong(shape))?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(wrong(shape));
        };
        if !matches!(scheme, "http" | "https") || !matches!(uri.path(), "" | "/") {
            return Err(wrong(shape));
        }
        let plain = host.trim_matches(['[', ']']);
        let is_here =
            plain == "localhost" || plain.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if scheme == "http" && !is_here {
            return Err(wrong(
                "a token would cross the network in clear text: write https://, or run this on the \
                 gateway's own machine with --at http://127.0.0.1:PORT",
            ));
        }
        let tls = if scheme == "https" {
            let config = trusting(ca).map_err(|problem| match ca {
                Some(path) => ProbeError::Ca {
                    path: path.to_owned(),
                    problem,
                },
                None => wrong(&problem),
            })?;
            let named: Option<Uri> = public_url.parse().ok();
            let name = named.as_ref().and_then(Uri::host).unwrap_or(host);
            let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned());
            Some((config, name.map_err(|_| wrong(shape))?))
        } else {
            None
        };
        let implied = if tls.is_some() { 443 } else { 80 };
        Ok(Self {
            address: (plain.to_owned(), uri.port_u16().unwrap_or(implied)),
            tls,
            host: own_host.to_owned(),
            url,
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Checks that it is the gateway that answers.
    pub(super) async fn greet(&self) -> Result<(), ProbeError> {
        let request = Request {
            target: HEALTH.to_owned(),
            host: None,
            headers: http::HeaderMap::new(),
        };
        let answer = self.exchange(&request, None).await;
        let answer = answer.map_err(|unanswered| ProbeError::Unreachable {
            url: self.url.clone(),
            unanswered,
        })?;
        if answer.status == 200 && answer.request_id.is_some() {
            Ok(())
        } else {
            Err(ProbeError::Stranger {
                url: self.url.clone(),
                status: answer.status,
            })
        }
    }

    /// Sends a request in a support session.
    pub(super) async fn send(
        &self,
        request: &Request,
        token: &Token,
    ) -> Result<Answer, Unanswered> {
        self.exchange(request, Some(token)).await
    }

    async fn exchange(
        &self,
        request: &Request,
        token: Option<&Token>,
    ) -> Result<Answer, Unanswered> {
        let exchanged = async {
            let tcp = TcpStream::connect((self.address.0.as_str(), self.address.1)).await;
            let tcp = tcp.map_err(|error| Unanswered::Connect(Arc::new(error)))?;
            let Some((config, name)) = &self.tls else {
                return self.talk(tcp, request, token).await;
            };
            let connector = TlsConnector::from(Arc::clone(config));
            let wire = connector.connect(name.clone(), tcp).await;
            let wire = wire.map_err(|error| Unanswered::Tls(Arc::new(error)))?;
            self.talk(wire, request, token).await
        };
        tokio::time::timeout(TIMEOUT, exchanged)
            .await
            .map_err(|_| Unanswered::Late)?
    }

    /// One request over its own connection.
    async fn talk(
        &self,
        wire: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: &Request,
        token: Option<&Token>,
    ) -> Result<Answer, Unanswered> {
        let broken = |error| Unanswered::Broken(Arc::new(error));
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(wire)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(self.head(request, token)).await;
        let answer = read(answer.map_err(broken)?).await;
        connection.abort();
        answer
    }

    fn head(&self, request: &Request, token: Option<&Token>) -> HttpRequest<Empty<Bytes>> {
        let mut head = HttpRequest::new(Empty::new());
        // A plan's targets are canonical, so they are targets of HTTP too.
        *head.uri_mut() = request.target.parse().unwrap_or_default();
        let headers = head.headers_mut();
        headers.extend(request.headers.clone());
        let host = request.host.as_ref().unwrap_or(&self.host);
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(header::HOST, host);
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        // A compressed response can't be searched.
        let plain = HeaderValue::from_static("identity");
        headers.insert(header::ACCEPT_ENCODING, plain);
        let program = HeaderValue::from_static("support-console gateway probe");
        headers.insert(header::USER_AGENT, program);
        if let Some(token) = token
            && let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        {
            bearer.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, bearer);
        }
        head
    }
}

async fn read(response: http::Response<Incoming>) -> Result<Answer, Unanswered> {
    let (parts, body) = response.into_parts();
    let text = |name| {
        let value: Option<&HeaderValue> = parts.headers.get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let request_id = text("x-request-id").and_then(|id| id.parse().ok());
    let coding = text("content-encoding").filter(|coding| *coding != "identity");
    let coding = coding.map(str::to_owned);
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => Unanswered::Broken(Arc::from(error)),
        Err(error) if error.is::<LengthLimitError>() => Unanswered::TooLarge,
        Err(_) => Unanswered::Late,
    })?;
    Ok(Answer {
        status: parts.status.as_u16(),
        request_id,
        coding,
        body: body.to_bytes(),
    })
}
