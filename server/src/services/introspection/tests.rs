//! Attacks first: callers who learn nothing, and identities that are never accepted.

use std::sync::Arc;

use app::{
    domain::{
        RequestId, StaffId, SupportSessionId,
        access_log::Refusal,
        api_keys::ApiRight,
        caller::{Caller, Context},
        problem::ProblemCode,
    },
    identity::{Actor, Claims, MAX_LIFETIME, path_hash},
    ports::RevokeSupportSessions,
};
use chrono::TimeDelta;
use gateway::{
    clock::Clock,
    entropy::SeededEntropy,
    identities::{Identities, IdentityKeys},
    ports::{Intent, Recorder, RefusedRequest},
};
use uuid::Uuid;

use super::IntrospectionService;
use crate::services::{
    ServiceError,
    access_log::StoreRecorder,
    support_sessions::SupportSessionsService,
    testing::{World, anonymous, form, key, staff_id, super_admin, support_admin, tenant, worlds},
};

const ISSUER: &str = "https://console.example.com";

/// A support session of `acme` with a request on record.
struct Rig {
    world: World,
    sessions: SupportSessionsService,
    introspection: IntrospectionService,
    identities: Arc<Identities>,
    session: SupportSessionId,
    token: String,
    token_hash: [u8; 32],
    recorder: Arc<StoreRecorder>,
}

fn request_id(number: u128) -> RequestId {
    RequestId::from_uuid(Uuid::from_u128(number))
}

impl Rig {
    async fn on(world: World) -> Self {
        let opened = world.open(form()).await;
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(3));
        let identities = Identities::new(ISSUER, keys);
        let rig = Self {
            introspection: IntrospectionService::new(world.core.clone(), Arc::clone(&identities)),
            sessions: world.support_sessions(),
            recorder: world.recorder("boot"),
            world,
            identities,
            session: opened.id,
            token: opened.token,
            token_hash: opened.token_hash,
        };
        rig.recorder.begin(rig.intent(1)).await.unwrap();
        rig
    }

    fn intent(&self, number: u128) -> Intent {
        Intent {
            request_id: request_id(number),
            ..self.world.intent(self.session, self.token_hash)
        }
    }

    /// What the gateway signs for the request on record.
    fn claims(&self) -> Claims {
        let iat = self.world.clock.now().timestamp();
        Claims {
            iss: ISSUER.into(),
            aud: "http://upstream".into(),
            sub: self.session,
            act: Actor { sub: staff_id(1) },
            tenant_id: tenant("acme"),
            organization_id: None,
            scope: "read_only".into(),
            method: "GET".into(),
            path_hash: path_hash("/v1/feed"),
            jti: request_id(1),
            iat,
            exp: iat + MAX_LIFETIME,
        }
    }

    fn signed(&self, claims: &Claims) -> String {
        let value = self.identities.sign(claims).unwrap();
        value.to_str().unwrap().to_owned()
    }

    async fn ask(&self, context: &Context, token: &str) -> Result<Option<Claims>, ProblemCode> {
        let asked = self.introspection.introspect(context, token).await;
        asked.map_err(|error| match error {
            ServiceError::Refused(problem) => problem.code,
            ServiceError::Store(error) => panic!("{error}"),
        })
    }

    async fn is_active(&self, claims: &Claims) -> bool {
        let answer = self.ask(&key(None), &self.signed(claims)).await.unwrap();
        answer.as_ref().is_some_and(|told| told == claims)
    }
}

async fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    for world in worlds().await {
        rigs.push(Rig::on(world).await);
    }
    rigs
}

#[tokio::test]
async fn only_keys_with_the_right_get_an_answer_and_only_about_their_tenant() {
    for rig in rigs().await {
        let token = rig.signed(&rig.claims());
        let mut without = key(None);
        if let Caller::Key(key) = &mut without.caller {
            key.rights
                .retain(|right| *right != ApiRight::IntrospectIdentities);
        }
        for (context, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (without, ProblemCode::Forbidden),
            (super_admin(1), ProblemCode::Forbidden),
        ] {
            // Whether the token is good makes no difference.
            for token in [token.as_str(), "rubbish"] {
                assert_eq!(rig.ask(&context, token).await, Err(code));
            }
        }
        assert_eq!(rig.ask(&key(Some("bolt")), &token).await, Ok(None));
        let told = Ok(Some(rig.claims()));
        assert_eq!(rig.ask(&key(Some("acme")), &token).await, told);
        assert_eq!(rig.ask(&key(None), &token).await, told);
    }
}

#[tokio::test]
async fn a_support_sessions_own_token_is_never_active() {
    for rig in rigs().await {
        for token in [rig.token.as_str(), &rig.token[5..], "", "a.b.c"] {
            assert_eq!(rig.ask(&key(None), token).await, Ok(None), "{token}");
        }
    }
}

#[tokio::test]
async fn nothing_is_active_once_its_support_session_was_revoked() {
    for rig in rigs().await {
        assert!(rig.is_active(&rig.claims()).await);
        let holder = support_admin(1);
        let revoked = rig.sessions.revoke(&holder, rig.session, String::new());
        revoked.await.unwrap();
        assert!(!rig.is_active(&rig.claims()).await);
    }
}

#[tokio::test]
async fn nothing_is_active_once_its_support_session_has_expired() {
    for rig in rigs().await {
        rig.world
            .clock
            .advance(TimeDelta::minutes(15) - TimeDelta::seconds(1));
        let late = rig.claims();
        assert!(rig.is_active(&late).await);
        rig.world.clock.advance(TimeDelta::seconds(1));
        assert!(
            !rig.is_active(&late).await,
            "it would hold for 14 s by itself"
        );
    }
}

#[tokio::test]
async fn an_identity_is_active_until_it_expires_to_the_second() {
    for rig in rigs().await {
        let claims = rig.claims();
        rig.world
            .clock
            .advance(TimeDelta::seconds(MAX_LIFETIME - 1));
        assert!(rig.is_active(&claims).await);
        rig.world.clock.advance(TimeDelta::seconds(1));
        assert!(!rig.is_active(&claims).await);
    }
}

#[tokio::test]
async fn what_the_gateway_would_not_have_signed_is_not_active() {
    for rig in rigs().await {
        let refused = RefusedRequest {
            request: rig.intent(2),
            refusal: Refusal::OutOfScope,
            status: 403,
        };
        rig.recorder.refuse(refused).await;
        let good = rig.claims();
        let other = |change: fn(&mut Claims)| {
            let mut claims = good.clone();
            change(&mut claims);
            claims
        };
        for (what, claims) in [
            ("not on record", other(|c| c.jti = request_id(9))),
            ("refused", other(|c| c.jti = request_id(2))),
            ("another tenant", other(|c| c.tenant_id = tenant("bolt"))),
            (
                "another console",
                other(|c| c.iss = "https://elsewhere.example".into()),
            ),
            (
                "another staff member",
                other(|c| c.act.sub = StaffId::from_uuid(Uuid::nil())),
            ),
            (
                "another session",
                other(|c| c.sub = SupportSessionId::from_uuid(Uuid::nil())),
            ),
            ("too long", other(|c| c.exp += 1)),
            (
                "of the future",
                other(|c| {
                    c.iat += 6;
                    c.exp += 6;
                }),
            ),
        ] {
            assert!(!rig.is_active(&claims).await, "{what} {}", rig.world.engine);
        }
        let stranger = IdentityKeys::throwaway(&SeededEntropy::new(4));
        let forged = Identities::new(ISSUER, stranger).sign(&good).unwrap();
        let answer = rig.ask(&key(None), forged.to_str().unwrap()).await;
        assert_eq!(answer, Ok(None));
        assert!(rig.is_active(&good).await);
    }
}
