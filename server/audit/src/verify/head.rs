//! Heads that were kept elsewhere, out of reach of anyone who can write to the store.

use std::{fmt, str::FromStr};

/// A chain's position and hash at some time: `chain:seq:sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHead {
    /// The name of the chain.
    pub chain: String,
    /// The position of the chain's last event.
    pub seq: u64,
    /// The hash of the event there.
    pub hash: String,
}

/// A text that is not a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be chain:position:sha256:…, as `audit verify` prints it")]
pub struct InvalidHead;

impl FromStr for KeptHead {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        // The name of a chain may contain colons.
        let (rest, digits) = text.trim().rsplit_once(":sha256:").ok_or(InvalidHead)?;
        let (chain, seq) = rest.rsplit_once(':').ok_or(InvalidHead)?;
        let seq = seq.parse().map_err(|_| InvalidHead)?;
        let is_hash = digits.len() == 64
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if chain.is_empty() || seq == 0 || !is_hash {
            return Err(InvalidHead);
        }
        Ok(Self {
            chain: chain.to_owned(),
            seq,
            hash: format!("sha256:{digits}"),
        })
    }
}

impl fmt::Display for KeptHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.chain, self.seq, self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_as_it_is_written_whatever_colons_the_chain_has() {
        let text = format!("tenant:a:b:42:sha256:{}", "ab".repeat(32));
        let head: KeptHead = text.parse().unwrap();
        assert_eq!((head.chain.as_str(), head.seq), ("tenant:a:b", 42));
        assert_eq!(head.to_string(), text);
    }

    #[test]
    fn half_a_head_is_refused() {
        let hash = "ab".repeat(32);
        for bad in [
            String::new(),
            "system:1".into(),
            format!("system:sha256:{hash}"),
            format!("system:0:sha256:{hash}"),
            format!(":1:sha256:{hash}"),
            format!("system:1:sha256:{}", &hash[1..]),
            format!("system:1:sha256:{}", hash.to_uppercase()),
            format!("system:-1:sha256:{hash}"),
        ] {
            assert_eq!(bad.parse::<KeptHead>(), Err(InvalidHead), "{bad}");
        }
    }
}
