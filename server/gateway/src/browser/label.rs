//! The random name of a support session's own host.

use std::{fmt, str::FromStr};

use crate::entropy::Entropy;

/// The prefix of every session's host.
const PREFIX: &str = "s-";
/// RFC 4648 §6 in lower case, since host names know no case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// 160 random bits, five to a letter.
const LETTERS: usize = 32;

/// The first label of the host that one support session opens at: `s-` and 160 random bits in base32.
///
/// It is no credential: name servers and observers of the network see it. It only has to be
/// different for each session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryLabel(String);

/// A text that is not a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the label of a support session's host")]
pub struct InvalidLabel;

impl EntryLabel {
    /// A new random label.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0; LETTERS];
        entropy.fill(&mut random);
        let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        Self(PREFIX.chars().chain(letters).collect())
    }

    /// The label as part of a host name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryLabel {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        let letters = text.strip_prefix(PREFIX).ok_or(InvalidLabel)?;
        let well_formed =
            letters.len() == LETTERS && letters.bytes().all(|b| ALPHABET.contains(&b));
        well_formed
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidLabel)
    }
}

impl fmt::Display for EntryLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn each_label_is_another_and_survives_its_text() {
        let entropy = SeededEntropy::new(4);
        let (first, second) = (
            EntryLabel::generate(&entropy),
            EntryLabel::generate(&entropy),
        );
        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), 34);
        assert_eq!(first.to_string().parse(), Ok(first));
    }

    #[test]
    fn only_the_one_spelling_is_a_label() {
        let label = EntryLabel::generate(&SeededEntropy::new(4)).to_string();
        for bad in [
            "",
            "s-",
            &label[2..],
            &label[..33],
            &format!("{label}a"),
            &label.to_uppercase(),
            &label.replace("s-", "t-"),
            &format!("{}1", &label[..33]),
        ] {
            assert_eq!(bad.parse::<EntryLabel>(), Err(InvalidLabel), "{bad}");
        }
    }
}
