//! The opening handshake of a WebSocket (RFC 6455 §4), which is the only protocol upgrade that a
//! rule can permit.

pub(crate) mod frames;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use sha1::{Digest, Sha1};

use crate::headers::{self, only};

/// Proves in the server's response that it has read the key (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A client's valid handshake. We never ask for extensions, so that frames mean the same to
/// everyone on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handshake {
    key: HeaderValue,
    /// The subprotocols that the client offers.
    protocols: Vec<HeaderValue>,
}

/// Why an upgrade request is not a WebSocket handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeFault {
    #[error("Only WebSocket upgrades are allowed.")]
    OtherProtocol,
    #[error("The WebSocket handshake is malformed.")]
    Malformed,
}

/// Why a response doesn't open the WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerFault {
    #[error("its Upgrade or Connection does not say websocket")]
    NotWebSocket,
    #[error("its Sec-WebSocket-Accept does not answer the key")]
    Accept,
    #[error("it chooses a subprotocol or an extension that nobody offered")]
    Unoffered,
}

impl Handshake {
    /// Reads a client's handshake.
    ///
    /// # Errors
    ///
    /// If the request asks for another protocol, or the handshake violates RFC 6455 §4.2.1.
    pub(crate) fn of(method: &Method, client: &HeaderMap) -> Result<Self, HandshakeFault> {
        let upgrade = only(client, header::UPGRADE).ok_or(HandshakeFault::OtherProtocol)?;
        if !upgrade.as_bytes().eq_ignore_ascii_case(b"websocket") {
            return Err(HandshakeFault::OtherProtocol);
        }
        let key = only(client, header::SEC_WEBSOCKET_KEY).filter(|key| {
            let nonce = STANDARD.decode(key.as_bytes());
            nonce.is_ok_and(|nonce| nonce.len() == 16)
        });
        let version = only(client, header::SEC_WEBSOCKET_VERSION);
        let has_body = client.contains_key(header::CONTENT_LENGTH)
            || client.contains_key(header::TRANSFER_ENCODING);
        match (key, version) {
            (Some(key), Some(version))
                if version == "13"
                    && method == Method::GET
                    && !has_body
                    && headers::connection_says_upgrade(client) =>
            {
                Ok(Self {
                    key: key.clone(),
                    protocols: all(client, &header::SEC_WEBSOCKET_PROTOCOL),
                })
            }
            _ => Err(HandshakeFault::Malformed),
        }
    }

    /// Sends the client's handshake to the upstream.
    pub(crate) fn ask(&self, upstream: &mut HeaderMap) {
        upstream.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        upstream.insert(header::UPGRADE, WEBSOCKET);
        upstream.insert(header::SEC_WEBSOCKET_KEY, self.key.clone());
        let version = HeaderValue::from_static("13");
        upstream.insert(header::SEC_WEBSOCKET_VERSION, version);
        for protocol in &self.protocols {
            upstream.append(header::SEC_WEBSOCKET_PROTOCOL, protocol.clone());
        }
    }

    /// Checks a 101 (RFC 6455 §4.1) and turns it into the client's response.
    pub(crate) fn answered(&self, upstream: &HeaderMap) -> Result<HeaderMap, AnswerFault> {
        let upgrade = only(upstream, header::UPGRADE);
        if !upgrade.is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(b"websocket"))
            || !headers::connection_says_upgrade(upstream)
        {
            return Err(AnswerFault::NotWebSocket);
        }
        let accept = self.accept();
        if only(upstream, header::SEC_WEBSOCKET_ACCEPT).is_none_or(|a| *a != accept) {
            return Err(AnswerFault::Accept);
        }
        let chosen = all(upstream, &header::SEC_WEBSOCKET_PROTOCOL);
        if upstream.contains_key(header::SEC_WEBSOCKET_EXTENSIONS)
            || chosen.len() > 1
            || !chosen.iter().all(|protocol| self.offers(protocol))
        {
            return Err(AnswerFault::Unoffered);
        }
        let mut client = HeaderMap::new();
        client.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        client.insert(header::UPGRADE, WEBSOCKET);
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            client.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        for protocol in chosen {
            client.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        Ok(client)
    }

    fn accept(&self) -> String {
        let mut hash = Sha1::new();
        hash.update(self.key.as_bytes());
        hash.update(GUID);
        STANDARD.encode(hash.finalize())
    }

    fn offers(&self, chosen: &HeaderValue) -> bool {
        let offered = self.protocols.iter().filter_map(|p| p.to_str().ok());
        let mut offered = offered.flat_map(|p| p.split(',')).map(str::trim);
        offered.any(|protocol| chosen == protocol)
    }
}

fn all(headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    headers.get_all(name).iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    const ASKED: [(&str, &str); 5] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat, superchat"),
    ];
    /// The answer to the key above (RFC 6455 §1.3).
    const ANSWERED: [(&str, &str); 3] = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];

    fn asked() -> Handshake {
        Handshake::of(&Method::GET, &map(&ASKED)).unwrap()
    }

    #[test]
    fn a_handshake_that_is_not_in_order_is_refused() {
        use HandshakeFault::{Malformed, OtherProtocol};
        let with = |name, value| {
            let mut headers = map(&ASKED);
            headers.insert(name, HeaderValue::from_static(value));
            Handshake::of(&Method::GET, &headers)
        };
        for (name, value, fault) in [
            ("upgrade", "h2c", OtherProtocol),
            ("upgrade", "websocket, h2c", OtherProtocol),
            ("connection", "keep-alive", Malformed),
            ("sec-websocket-key", "c2hvcnQ=", Malformed),
            ("sec-websocket-key", "no base64", Malformed),
            ("sec-websocket-version", "8", Malformed),
            ("content-length", "0", Malformed),
            ("transfer-encoding", "chunked", Malformed),
        ] {
            assert_eq!(with(name, value), Err(fault), "{name}: {value}");
        }
        let twice = [
            &ASKED[..],
            &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")],
        ]
        .concat();
        assert_eq!(Handshake::of(&Method::GET, &map(&twice)), Err(Malformed));
        assert_eq!(Handshake::of(&Method::POST, &map(&ASKED)), Err(Malformed));
    }

    #[test]
    fn an_answer_must_answer_what_was_asked() {
        let told = asked().answered(&map(&ANSWERED)).unwrap();
        assert_eq!(told.len(), 3);
        for protocol in ["chat", "superchat"] {
            let chosen = [&ANSWERED[..], &[("sec-websocket-protocol", protocol)]].concat();
            let told = asked().answered(&map(&chosen)).unwrap();
            assert_eq!(told["sec-websocket-protocol"], protocol);
        }
        for (name, value, fault) in [
            ("upgrade", "x", AnswerFault::NotWebSocket),
            ("connection", "close", AnswerFault::NotWebSocket),
            ("sec-websocket-accept", "AAAA", AnswerFault::Accept),
            ("sec-websocket-protocol", "admin", AnswerFault::Unoffered),
            (
                "sec-websocket-extensions",
                "permessage-deflate",
                AnswerFault::Unoffered,
            ),
        ] {
            let mut headers = map(&ANSWERED);
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(asked().answered(&headers), Err(fault), "{name}: {value}");
        }
    }
}
