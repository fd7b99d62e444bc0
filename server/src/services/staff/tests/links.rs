//! One-time links: invitations and resets.

use app::domain::{
    page::PageRequest,
    staff::{LINK_LIFE, StaffFilter, StaffLinkGiven, StaffState},
};

use super::*;
use crate::services::{staff_sessions::SetPassword, testing::from_address};

const CHOSEN: &str = "a password of one's own";

async fn use_code(
    console: &World,
    code: &str,
    password: &str,
) -> Result<StaffMember, ServiceError> {
    let form = SetPassword {
        code: code.into(),
        new: password.into(),
        repeat: password.into(),
    };
    console
        .sessions
        .set_password_by_link(&anonymous(), form)
        .await
}

async fn invite(console: &World, roles: &[Role]) -> StaffLinkGiven {
    let new = NewStaffMember {
        roles: roles.to_vec(),
        ..new_member("new@example.com")
    };
    console.staff.invite(&cli(), new).await.unwrap()
}

fn is_refused(result: Result<StaffMember, ServiceError>) -> bool {
    problem_of(result).field("code").is_some()
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_once_and_signs_in_with_it() {
    for console in both().await {
        console.add("ana", SUPER).await;
        let given = invite(&console, SUPPORT).await;
        let (page, secret) = given.link.split_once('#').expect("a fragment");
        assert!(page.ends_with("/set-password") && secret == given.code);
        assert!(!format!("{given:?}").contains(&given.code));
        let email = "new@example.com";
        let early = console.try_sign_in(&anonymous(), email, CHOSEN).await;
        assert_eq!(code_of(early), ProblemCode::Unauthenticated);

        let joined = use_code(&console, &given.code, CHOSEN).await.unwrap();
        assert_eq!(joined.email, email, "{}", console.engine);
        let new = console.try_sign_in(&anonymous(), email, CHOSEN).await;
        assert!(!new.unwrap().must_change_password);
        let again = use_code(&console, &given.code, "another password entirely").await;
        assert!(is_refused(again), "it works once");
        let actions = console.actions("system").await;
        assert!(actions.contains(&"staff.invited".to_owned()));
        assert!(actions.contains(&"staff.link_used".to_owned()));
        // Nothing stored or recorded holds the secret.
        let mut reader = console.core.store.read().await.unwrap();
        let events = reader.db().list_audit_chain("system", 0).await.unwrap();
        assert!(
            !serde_json::to_string(&events)
                .unwrap()
                .contains(&given.code)
        );
    }
}

#[tokio::test]
async fn a_code_that_is_expired_revoked_replaced_or_made_up_is_refused_alike() {
    for console in both().await {
        console.add("ana", SUPER).await;
        let first = invite(&console, SUPPORT).await;
        let id = first.member.id;
        let second = console.staff.make_link(&cli(), id).await.unwrap();
        assert!(
            is_refused(use_code(&console, &first.code, CHOSEN).await),
            "replaced"
        );
        let revoked = console.staff.revoke_link(&cli(), id).await.unwrap();
        assert!(revoked.audit_event_id.is_some());
        assert!(
            is_refused(use_code(&console, &second.code, CHOSEN).await),
            "revoked"
        );
        let nothing = console.staff.revoke_link(&cli(), id).await.unwrap();
        assert_eq!(nothing.audit_event_id, None);

        let third = console.staff.make_link(&cli(), id).await.unwrap();
        console.staff.deactivate(&cli(), id).await.unwrap();
        console.staff.reactivate(&cli(), id).await.unwrap();
        assert!(
            is_refused(use_code(&console, &third.code, CHOSEN).await),
            "deactivated"
        );
        let fourth = console.staff.make_link(&cli(), id).await.unwrap();
        console.clock.advance(LINK_LIFE);
        assert!(
            is_refused(use_code(&console, &fourth.code, CHOSEN).await),
            "expired"
        );
        let support_token = format!("scst_{}", &fourth.code[5..]);
        for made_up in ["", "scsl_", &support_token, &fourth.code.to_uppercase()] {
            assert!(
                is_refused(use_code(&console, made_up, CHOSEN).await),
                "{made_up}"
            );
        }
    }
}

#[tokio::test]
async fn a_reset_ends_the_old_password_and_every_sign_in_at_once() {
    for console in both().await {
        console.add("root", SUPER).await;
        let ana = console.add("ana", SUPPORT).await;
        let there = console.sign_in("ana").await;
        let given = console.staff.make_link(&cli(), ana.id).await.unwrap();
        assert!(!console.stands(&there).await, "{}", console.engine);
        let old = console
            .try_sign_in(&anonymous(), "ana@example.com", PASSWORD)
            .await;
        assert_eq!(code_of(old), ProblemCode::Unauthenticated);
        let weak = use_code(&console, &given.code, "short").await;
        assert!(problem_of(weak).field("new").is_some());
        let own = use_code(&console, &given.code, "ana@example.com rules").await;
        assert!(
            problem_of(own).field("new").is_some(),
            "the code still works"
        );
        use_code(&console, &given.code, CHOSEN).await.unwrap();
        let new = console
            .try_sign_in(&anonymous(), "ana@example.com", CHOSEN)
            .await;
        assert!(new.is_ok());
        // A password that was given in another way takes the place of a link.
        let stale = console.staff.make_link(&cli(), ana.id).await.unwrap();
        let one_time = GivenPassword::OneTime;
        console
            .staff
            .reset_password(&cli(), ana.id, one_time)
            .await
            .unwrap();
        assert!(is_refused(use_code(&console, &stale.code, CHOSEN).await));
    }
}

#[tokio::test]
async fn someone_whose_password_was_reset_is_listed_as_reset_and_not_as_invited() {
    for console in both().await {
        console.add("root", SUPER).await;
        let ana = console.add("ana", SUPPORT).await;
        let invited = invite(&console, SUPPORT).await.member.id;
        console.staff.make_link(&cli(), ana.id).await.unwrap();
        // Another link after the first is for the same purpose.
        let again = console.staff.make_link(&cli(), ana.id).await.unwrap();
        assert_eq!(again.purpose, LinkPurpose::Reset, "{}", console.engine);
        for (id, state) in [(invited, StaffState::Invited), (ana.id, StaffState::Reset)] {
            let filter = StaffFilter {
                state: Some(state),
                ..StaffFilter::default()
            };
            let page = PageRequest::default();
            let listed = console.staff.list_page(&cli(), filter, &page).await;
            let rows = listed.unwrap().staff.items;
            let ids: Vec<_> = rows.iter().map(|row| row.member.id).collect();
            assert_eq!(ids, [id], "{}: {state}", console.engine);
            assert_eq!(rows[0].state(), state);
            let detail = console.staff.detail_of(&cli(), id).await.unwrap();
            assert_eq!(detail.row.state(), state);
        }
        use_code(&console, &again.code, CHOSEN).await.unwrap();
        let detail = console.staff.detail_of(&cli(), ana.id).await.unwrap();
        assert_eq!(detail.row.state(), StaffState::Active);
    }
}

#[tokio::test]
async fn an_invited_super_admin_is_none_before_they_have_joined() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        let given = invite(&console, SUPER).await;
        let last = console.staff.deactivate(&cli(), ana.id).await;
        assert_eq!(code_of(last), ProblemCode::Conflict, "{}", console.engine);
        use_code(&console, &given.code, CHOSEN).await.unwrap();
        console.staff.deactivate(&cli(), ana.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_super_admin_who_was_reset_is_none_before_they_have_a_password_again() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        let bo = console.add("bo", SUPER).await;
        let by_bo = console.context(&console.sign_in("bo").await).await;
        let by_ana = console.context(&console.sign_in("ana").await).await;
        let given = console.staff.make_link(&by_ana, bo.id).await.unwrap();
        console.staff.revoke_link(&by_ana, bo.id).await.unwrap();
        let last = console.staff.deactivate(&by_ana, ana.id).await;
        assert_eq!(code_of(last), ProblemCode::Conflict, "{}", console.engine);
        // Each wanted to reset the other, and was allowed to before the other did.
        let both_out = console.staff.make_link(&by_bo, ana.id).await;
        assert_eq!(code_of(both_out), ProblemCode::Conflict);
        assert!(is_refused(use_code(&console, &given.code, CHOSEN).await));
        let again = console.staff.make_link(&by_ana, bo.id).await.unwrap();
        use_code(&console, &again.code, CHOSEN).await.unwrap();
        console.staff.deactivate(&by_ana, ana.id).await.unwrap();
    }
}

#[tokio::test]
async fn links_are_made_by_super_admins_with_a_recent_sign_in_and_not_for_themselves() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        console.add("ben", SUPPORT).await;
        let cem = console.add("cem", SUPPORT).await;
        let by_ana = console.context(&console.sign_in("ana").await).await;
        let by_ben = console.context(&console.sign_in("ben").await).await;
        let codes = async |context: &Context| {
            let new = new_member("new@example.com");
            [
                code_of(console.staff.invite(context, new).await),
                code_of(console.staff.make_link(context, cem.id).await),
                code_of(console.staff.revoke_link(context, cem.id).await),
            ]
        };
        for (context, expected) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (platform_key(), ProblemCode::Forbidden),
            (by_ben, ProblemCode::Forbidden),
        ] {
            assert_eq!(codes(&context).await, [expected; 3], "{}", console.engine);
        }
        let own = console.staff.make_link(&by_ana, ana.id).await;
        assert_eq!(code_of(own), ProblemCode::Conflict);
        console.clock.advance(TimeDelta::minutes(10));
        assert_eq!(codes(&by_ana).await, [ProblemCode::SignInTooOld; 3]);
    }
}

#[tokio::test]
async fn guesses_of_codes_are_slowed_down_by_address() {
    for console in both().await {
        console.add("ana", SUPER).await;
        let given = invite(&console, SUPPORT).await;
        for _ in 0..20 {
            assert!(is_refused(use_code(&console, "scsl_guess", CHOSEN).await));
        }
        let throttled = use_code(&console, &given.code, CHOSEN).await;
        assert_eq!(
            code_of(throttled),
            ProblemCode::RateLimited,
            "{}",
            console.engine
        );
        let elsewhere = from_address(anonymous().caller, "192.0.2.9");
        let form = SetPassword {
            code: given.code.as_str().into(),
            new: CHOSEN.into(),
            repeat: CHOSEN.into(),
        };
        let set = console
            .sessions
            .set_password_by_link(&elsewhere, form)
            .await;
        assert!(set.is_ok());
    }
}
