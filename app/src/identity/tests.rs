use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const NOW: i64 = 1_800_000_000;
const TARGET: &str = "/v1/tenants/acme/invoices?page=2";
const GET: Presented<'_> = Presented {
    method: "GET",
    target: TARGET,
};

/// The key of RFC 8037, appendix A.
fn key() -> SigningKey {
    let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(seed).unwrap().try_into().unwrap();
    SigningKey::from_bytes(&seed)
}

fn published() -> KeySet {
    KeySet::new([PublicKey::new(key().verifying_key())])
}

fn claims() -> Claims {
    Claims {
        iss: "https://console.example.com".into(),
        aud: "http://10.0.0.5:8080".into(),
        sub: SupportSessionId::from_uuid(Uuid::from_u128(1)),
        act: Actor {
            sub: StaffId::from_uuid(Uuid::from_u128(2)),
        },
        tenant_id: "acme".parse().unwrap(),
        organization_id: None,
        scope: "invoices:export read_only".into(),
        method: "GET".into(),
        path_hash: path_hash(TARGET),
        jti: RequestId::from_uuid(Uuid::from_u128(3)),
        iat: NOW,
        exp: NOW + MAX_LIFETIME,
    }
}

fn header() -> Value {
    let kid = PublicKey::new(key().verifying_key()).kid().to_owned();
    json!({ "typ": TYPE, "alg": ALGORITHM, "kid": kid })
}

fn signed(header: &Value, claims: &impl Serialize, key: &SigningKey) -> String {
    let part = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let header = part(serde_json::to_vec(header).unwrap());
    let text = format!("{header}.{}", part(serde_json::to_vec(claims).unwrap()));
    let signature = part(key.sign(text.as_bytes()).to_bytes().to_vec());
    format!("{text}.{signature}")
}

fn verify(token: &str, request: Presented<'_>, now: i64) -> Result<Claims, IdentityError> {
    let verifier = Verifier::new("https://console.example.com", "http://10.0.0.5:8080");
    verifier.verify(token, &published(), request, now)
}

fn judged(claims: &Claims) -> Result<Claims, IdentityError> {
    verify(&signed(&header(), claims, &key()), GET, NOW)
}

#[test]
fn an_identity_holds_for_its_own_request() {
    assert_eq!(judged(&claims()), Ok(claims()));
}

#[test]
fn the_thumbprint_is_the_one_of_the_standard() {
    let key = PublicKey::new(key().verifying_key());
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(
        KeySet::new([key.clone(), key]).to_json(),
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "alg": "EdDSA",
        }]})
    );
}

#[test]
fn an_identity_holds_for_no_other_request() {
    let token = signed(&header(), &claims(), &key());
    for target in [
        "/v1/tenants/acme/invoices",
        "/v1/tenants/acme/invoices?page=3",
        "/v1/tenants/acme/invoices?page=2&",
        "/v1/tenants/bolt/invoices?page=2",
    ] {
        let other = Presented { target, ..GET };
        let refused = verify(&token, other, NOW);
        assert_eq!(refused, Err(IdentityError::WrongPath), "{target}");
    }
    for method in ["HEAD", "DELETE", "get", ""] {
        let refused = verify(&token, Presented { method, ..GET }, NOW);
        assert_eq!(refused, Err(IdentityError::WrongMethod), "{method}");
    }
}

#[test]
fn an_identity_holds_for_seconds_only() {
    let token = signed(&header(), &claims(), &key());
    let at = |now| verify(&token, GET, now).err();
    assert_eq!(at(NOW - 6), Some(IdentityError::NotYetValid));
    assert_eq!(at(NOW - 5), None);
    assert_eq!(at(NOW + MAX_LIFETIME + 4), None);
    assert_eq!(at(NOW + MAX_LIFETIME + 5), Some(IdentityError::Expired));
    for exp in [NOW + MAX_LIFETIME + 1, i64::MAX] {
        let long = Claims { exp, ..claims() };
        assert_eq!(judged(&long), Err(IdentityError::TooLong));
    }
    let never = Claims {
        exp: i64::MIN,
        ..claims()
    };
    assert_eq!(judged(&never), Err(IdentityError::Expired));
}

#[test]
fn another_consoles_or_upstreams_identity_is_refused() {
    let iss = "https://console.example.com.evil.example".into();
    let other = Claims { iss, ..claims() };
    assert_eq!(judged(&other), Err(IdentityError::WrongIssuer));
    let aud = "http://10.0.0.6:8080".into();
    let other = Claims { aud, ..claims() };
    assert_eq!(judged(&other), Err(IdentityError::WrongAudience));
}

#[test]
fn what_no_published_key_has_signed_is_refused() {
    let stranger = SigningKey::from_bytes(&[7; 32]);
    let with = |change: Value| {
        let mut header = header();
        for (name, value) in change.as_object().unwrap() {
            header[name] = value.clone();
        }
        header
    };
    let unknown = PublicKey::new(stranger.verifying_key());
    for (header, key, error) in [
        (header(), &stranger, IdentityError::BadSignature),
        (
            with(json!({"kid": unknown.kid()})),
            &stranger,
            IdentityError::UnknownKey,
        ),
        (
            with(json!({"kid": null})),
            &key(),
            IdentityError::UnknownKey,
        ),
        (
            with(json!({"alg": "none"})),
            &key(),
            IdentityError::WrongAlgorithm,
        ),
        (
            with(json!({"alg": "HS256"})),
            &key(),
            IdentityError::WrongAlgorithm,
        ),
        (
            with(json!({"alg": "eddsa"})),
            &key(),
            IdentityError::WrongAlgorithm,
        ),
        (
            with(json!({"crit": ["b64"], "b64": false})),
            &key(),
            IdentityError::WrongAlgorithm,
        ),
        (
            with(json!({"typ": "JWT"})),
            &key(),
            IdentityError::WrongType,
        ),
        (with(json!({"typ": null})), &key(), IdentityError::WrongType),
    ] {
        let token = signed(&header, &claims(), key);
        assert_eq!(verify(&token, GET, NOW), Err(error), "{header}");
    }
}

#[test]
fn what_is_damaged_is_refused() {
    let token = signed(&header(), &claims(), &key());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let others = Claims {
        tenant_id: "bolt".parse().unwrap(),
        ..claims()
    };
    let forged = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&others).unwrap());
    let own_header = signed.split('.').next().unwrap();
    for bad in [
        String::new(),
        "scst_abc".into(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{token}="),
        format!("{token}.x"),
        format!("{token}, {token}"),
        format!("{own_header}.{forged}.{signature}"),
        "a".repeat(100_000),
    ] {
        assert!(verify(&bad, GET, NOW).is_err(), "{bad}");
    }
}

#[test]
fn a_damaged_key_set_is_refused_and_keys_of_others_are_passed_over() {
    let ours = published().to_json()["keys"][0].clone();
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"});
    let both = json!({ "keys": [rsa, ours] }).to_string();
    assert_eq!(KeySet::parse(&both), Ok(published()));
    let renamed =
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": ours["x"], "kid": "mine"}]});
    let short = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "k"}]});
    for bad in ["", "[]", "{}", &renamed.to_string(), &short.to_string()] {
        assert_eq!(KeySet::parse(bad), Err(IdentityError::KeySet), "{bad}");
    }
}

#[test]
fn an_identity_is_accepted_once() {
    let mut replays = Replays::default();
    assert!(replays.is_first(&claims(), 5, NOW));
    assert!(!replays.is_first(&claims(), 5, NOW));
    assert!(!replays.is_first(&claims(), 5, NOW + MAX_LIFETIME + 4));
    let other = Claims {
        jti: RequestId::from_uuid(Uuid::from_u128(4)),
        ..claims()
    };
    assert!(replays.is_first(&other, 5, NOW));
}
