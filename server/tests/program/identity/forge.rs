//! Identities that must be rejected, and those that must be accepted.

use app::identity::{ALGORITHM, MAX_LIFETIME, PublicKey, TYPE, path_hash};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use gateway::{
    clock::{Clock, SystemClock},
    entropy::{SystemEntropy, new_uuid},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::TARGET;

pub(crate) fn now() -> i64 {
    SystemClock.now().timestamp()
}

/// Signs with a key that it was given.
pub(crate) struct Forge {
    pub(crate) key: SigningKey,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) session: String,
}

impl Forge {
    fn kid(&self) -> String {
        let key = PublicKey::new(self.key.verifying_key());
        key.kid().to_owned()
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "typ": TYPE, "alg": ALGORITHM, "kid": self.kid() })
    }

    /// As the gateway would sign it now.
    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": self.audience, "sub": self.session,
            "act": { "sub": Uuid::nil() }, "tenant_id": "acme", "scope": "read_only",
            "method": "GET", "path_hash": path_hash(TARGET),
            "jti": new_uuid(&SystemClock, &SystemEntropy), "iat": now(), "exp": now() + MAX_LIFETIME,
        })
    }

    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// With other claims than the gateway would sign.
    pub(crate) fn with(&self, changes: Value) -> String {
        self.signed(&self.header(), &changed(self.claims(), changes))
    }

    fn headed(&self, changes: Value) -> String {
        self.signed(&changed(self.header(), changes), &self.claims())
    }

    /// Every identity that must be refused for `GET TARGET`, and the expected error.
    pub(crate) fn attacks(&self) -> Vec<(&'static str, String, &'static str)> {
        let stranger = Self {
            key: SigningKey::from_bytes(&[7; 32]),
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            session: self.session.clone(),
        };
        let none = unsigned(
            &changed(self.header(), json!({"alg": "none"})),
            &self.claims(),
        );
        let good = self.with(json!({}));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let other_claims = changed(self.claims(), json!({"tenant_id": "bolt"}));
        let swapped = unsigned(&self.header(), &other_claims);
        let at = now();
        vec![
            (
                "wrong method",
                self.with(json!({"method": "POST"})),
                "wrong_method",
            ),
            (
                "wrong path",
                self.with(json!({"path_hash": path_hash("/v1/invoices")})),
                "wrong_path",
            ),
            (
                "expired",
                self.with(json!({"iat": at - 60, "exp": at - 45})),
                "expired",
            ),
            (
                "of the future",
                self.with(json!({"iat": at + 600, "exp": at + 610})),
                "not_yet_valid",
            ),
            (
                "for ever",
                self.with(json!({"exp": at + 86_400})),
                "too_long",
            ),
            (
                "another console",
                self.with(json!({"iss": "https://elsewhere.example"})),
                "wrong_issuer",
            ),
            (
                "another upstream",
                self.with(json!({"aud": "http://elsewhere.example"})),
                "wrong_audience",
            ),
            ("another key", stranger.with(json!({})), "unknown_key"),
            (
                "another key under our name",
                stranger.headed(json!({"kid": self.kid()})),
                "bad_signature",
            ),
            ("no algorithm", format!("{none}."), "wrong_algorithm"),
            (
                "no algorithm, signed",
                format!("{none}.{signature}"),
                "wrong_algorithm",
            ),
            (
                "a shared secret",
                self.headed(json!({"alg": "HS256"})),
                "wrong_algorithm",
            ),
            (
                "another kind of JWT",
                self.headed(json!({"typ": "JWT"})),
                "wrong_type",
            ),
            ("no kind", self.headed(json!({"typ": null})), "wrong_type"),
            (
                "other claims",
                format!("{swapped}.{signature}"),
                "bad_signature",
            ),
            ("no signature", format!("{signed}."), "bad_signature"),
            ("a support token", "scst_AAAA".into(), "malformed"),
            ("two", format!("{good}, {good}"), "malformed"),
        ]
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) fn changed(mut value: Value, changes: Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        value[name] = change.clone();
    }
    value
}
