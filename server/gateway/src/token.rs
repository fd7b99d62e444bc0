//! Our own bearer credentials: 256 random bits after a prefix that secret scanners find. They are
//! shown once, and stored as a SHA-256 hash. 256 random bits need no salt.

mod found;

use std::fmt;

pub use app::domain::token_hash::TokenHash;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

pub use self::found::without_tokens;
pub(crate) use self::found::{HIDDEN, credential_holds_token, holds_support_token, holds_token};
use crate::entropy::Entropy;

/// The purpose of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A support session's access token.
    SupportSession,
    /// A REST key of the platform.
    PlatformKey,
    /// A REST key of one tenant.
    TenantKey,
    /// A staff session's cookie.
    StaffSession,
    /// The cookie of a browser in which a tenant was opened.
    BrowserSession,
    /// Exchanged once for a browser's cookie.
    EntryCode,
    /// Binds the code to the browser that asked for it.
    EntryState,
    /// Finds what was typed in a browser before a sign-in.
    TypedForm,
    /// The secret of a one-time link with which a staff member chooses a password.
    StaffLink,
}

impl TokenKind {
    /// Every kind of token.
    pub const ALL: [Self; 9] = [
        Self::SupportSession,
        Self::PlatformKey,
        Self::TenantKey,
        Self::StaffSession,
        Self::BrowserSession,
        Self::EntryCode,
        Self::EntryState,
        Self::TypedForm,
        Self::StaffLink,
    ];

    /// The prefix of this kind's tokens.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::SupportSession => "scst_",
            Self::PlatformKey => "scpk_",
            Self::TenantKey => "sctk_",
            Self::StaffSession => "scss_",
            Self::BrowserSession => "scbs_",
            Self::EntryCode => "scec_",
            Self::EntryState => "sces_",
            Self::TypedForm => "sctf_",
            Self::StaffLink => "scsl_",
        }
    }
}

/// Length of the random part: 32 bytes in base64url without padding.
const SECRET_LENGTH: usize = 43;

/// A well-formed token. Its text is shown to its owner once, and is in no log and no `Debug`.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: SecretString,
}

/// A text that is not one of our tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of Support Console")]
pub struct MalformedToken;

impl Token {
    /// Makes a new token of 256 random bits.
    pub fn generate(kind: TokenKind, entropy: &dyn Entropy) -> Self {
        let mut secret = [0; 32];
        entropy.fill(&mut secret);
        let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(secret)).into();
        Self { kind, text }
    }

    /// Reads a token, whose form has exactly one spelling.
    ///
    /// # Errors
    ///
    /// If the prefix is unknown or the rest is not 256 bits in base64url without padding.
    pub fn parse(text: &str) -> Result<Self, MalformedToken> {
        let (kind, secret) = TokenKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))
            .ok_or(MalformedToken)?;
        let well_formed = secret.len() == SECRET_LENGTH
            && URL_SAFE_NO_PAD
                .decode(secret)
                .is_ok_and(|bytes| bytes.len() == 32);
        well_formed
            .then(|| Self {
                kind,
                text: text.into(),
            })
            .ok_or(MalformedToken)
    }

    /// The kind of the token, from its prefix.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The token's text, for the one answer that shows it to its owner.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The stored form: SHA-256 of the whole text.
    pub fn hash(&self) -> TokenHash {
        TokenHash::from_bytes(Sha256::digest(self.text.expose_secret().as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}…)", self.kind.prefix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_token_survives_the_way_through_its_text() {
        for kind in TokenKind::ALL {
            let token = Token::generate(kind, &SeededEntropy::new(7));
            assert_eq!(token.expose().len(), 48);
            let read = Token::parse(token.expose()).unwrap();
            assert_eq!(read.kind(), kind);
            assert_eq!(read.hash(), token.hash());
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        let token = Token::generate(TokenKind::SupportSession, &SeededEntropy::new(7));
        assert_eq!(format!("{token:?}"), "Token(scst_…)");
        assert_eq!(format!("{:?}", token.hash()), "TokenHash(…)");
    }

    #[test]
    fn only_the_one_spelling_is_a_token() {
        let token = Token::generate(TokenKind::SupportSession, &SeededEntropy::new(7));
        let text = token.expose();
        let (most, last) = text.split_at(47);
        // The last character carries four bits: any other spelling of them is refused.
        let sibling = char::from(last.as_bytes()[0] + 1);
        for bad in [
            "",
            "scst_",
            "scxx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            &text.to_uppercase(),
            &format!("{text}A"),
            &format!("{text}="),
            &format!(" {text}"),
            &format!("{most}{sibling}"),
            &format!("{most}+"),
            most,
        ] {
            assert!(Token::parse(bad).is_err(), "{bad}");
        }
    }
}
