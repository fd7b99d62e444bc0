//! A request's body, however it comes.

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Where a request's body comes from: from the client as it arrives, or from memory where it had to be
/// read before the request could pass.
pub(crate) type BodySource<B = Incoming> = Either<B, Full<Bytes>>;
