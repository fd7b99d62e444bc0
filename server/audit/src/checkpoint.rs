//! Where a chain begins after its older events were deleted: the last deleted position, signed with
//! a key that is not in the store. Without the key nobody can remove events and call it retention.

use app::domain::Timestamp;
use chrono::SecondsFormat;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    chain::{self, HashError},
    verify::KeptHead,
};

/// The version of the format, which `docs/audit-format.md` describes.
const VERSION: u32 = 1;
/// The purpose of the signature, so that it is valid for nothing else that is signed with Ed25519.
const PURPOSE: &str = "support-console audit checkpoint";

/// A signed checkpoint of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The version of the format.
    pub v: u32,
    /// The name of the chain.
    pub chain: String,
    /// The position of the last deleted event. The chain continues with the next one.
    pub seq: u64,
    /// The hash of the event there.
    pub hash: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The public key: 64 hexadecimal digits.
    pub key: String,
    /// The Ed25519 signature (RFC 8032) over the RFC 8785 form of everything else and the purpose: 128
    /// hexadecimal digits.
    pub signature: String,
}

/// Why a checkpoint proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Its version of the format is unknown.
    #[error("its version of the format is unknown")]
    UnknownVersion,
    /// It names another key.
    #[error("it is signed with another key")]
    AnotherKey,
    /// The signature is not of this content.
    #[error("its signature does not match its content")]
    Signature,
}

impl Checkpoint {
    /// Signs the end of the deleted part.
    ///
    /// # Errors
    ///
    /// If the position is beyond 2^53.
    pub fn sign(end: KeptHead, signed_at: Timestamp, key: &SigningKey) -> Result<Self, HashError> {
        let mut checkpoint = Self {
            v: VERSION,
            chain: end.chain,
            seq: end.seq,
            hash: end.hash,
            signed_at,
            key: hex::encode(key.verifying_key().as_bytes()),
            signature: String::new(),
        };
        let signature = key.sign(&checkpoint.signed_bytes()?);
        checkpoint.signature = hex::encode(signature.to_bytes());
        Ok(checkpoint)
    }

    /// Checks that `key` has signed it.
    ///
    /// # Errors
    ///
    /// The reason why it proves nothing.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), CheckpointError> {
        if self.v != VERSION {
            return Err(CheckpointError::UnknownVersion);
        }
        if self.key != hex::encode(key.as_bytes()) {
            return Err(CheckpointError::AnotherKey);
        }
        let mut signature = [0; Signature::BYTE_SIZE];
        hex::decode_to_slice(&self.signature, &mut signature)
            .map_err(|_| CheckpointError::Signature)?;
        let signed = self
            .signed_bytes()
            .map_err(|_| CheckpointError::Signature)?;
        key.verify_strict(&signed, &Signature::from_bytes(&signature))
            .map_err(|_| CheckpointError::Signature)
    }

    fn signed_bytes(&self) -> Result<Vec<u8>, HashError> {
        chain::canonical(&json!({
            "chain": self.chain,
            "hash": self.hash,
            "key": self.key,
            "purpose": PURPOSE,
            "seq": self.seq,
            "signed_at": self.signed_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "v": self.v,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    type Change = fn(&mut Checkpoint);

    #[test]
    fn a_checkpoint_proves_itself_with_its_own_key_and_content_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let end = KeptHead {
            chain: "tenant:acme".into(),
            seq: 41,
            hash: chain::GENESIS.into(),
        };
        let signed = Checkpoint::sign(end, noon(), &key).unwrap();
        let text = serde_json::to_string(&signed).unwrap();
        let read: Checkpoint = serde_json::from_str(&text).unwrap();
        assert_eq!(read.verify(&key.verifying_key()), Ok(()));

        let another = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(signed.verify(&another), Err(CheckpointError::AnotherKey));
        let changes: [(Change, CheckpointError); 6] = [
            (
                |c| c.chain = "tenant:bolt".into(),
                CheckpointError::Signature,
            ),
            (|c| c.seq = 40, CheckpointError::Signature),
            (|c| c.seq = u64::MAX, CheckpointError::Signature),
            (|c| c.hash.push('0'), CheckpointError::Signature),
            (|c| c.signature.clear(), CheckpointError::Signature),
            (|c| c.v = 2, CheckpointError::UnknownVersion),
        ];
        for (change, expected) in changes {
            let mut changed = signed.clone();
            change(&mut changed);
            assert_eq!(
                changed.verify(&key.verifying_key()),
                Err(expected),
                "{changed:?}"
            );
        }
    }
}
