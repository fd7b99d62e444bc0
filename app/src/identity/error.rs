//! Why an identity is rejected.

/// Why an identity is rejected. Clients get no more details than these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not three parts in base64url, or not the JSON that is expected in them.
    #[error("it is malformed")]
    Malformed,
    /// A JWT, but of another kind.
    #[error("its typ is not ours")]
    WrongType,
    /// Another algorithm, `none` included, or extensions that must be understood (RFC 7515 §4.1.11).
    #[error("its algorithm is not ours")]
    WrongAlgorithm,
    /// No key of that `kid` is in the set. Fetch the set again, but not more often than every few
    /// seconds.
    #[error("its key is not in the key set")]
    UnknownKey,
    /// Not signed by the key that it names.
    #[error("its signature does not hold")]
    BadSignature,
    /// It was issued by another console.
    #[error("its iss is not the console")]
    WrongIssuer,
    /// It was issued for another upstream.
    #[error("its aud is another upstream")]
    WrongAudience,
    /// Signed in the future: the clocks differ.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Valid for longer than the gateway ever signs.
    #[error("it is valid for too long")]
    TooLong,
    /// Signed for another method.
    #[error("it was signed for another method")]
    WrongMethod,
    /// Signed for another path or query.
    #[error("it was signed for another path or query")]
    WrongPath,
    /// The key set is not JSON of RFC 7517.
    #[error("the key set can't be read")]
    KeySet,
}
