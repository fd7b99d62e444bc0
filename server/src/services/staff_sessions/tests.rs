use app::domain::{audit::AuditOutcome, problem::ProblemCode, staff::Role};
use chrono::TimeDelta;

use super::*;
use crate::services::{
    retention::Retention,
    staff::GivenPassword,
    testing::{
        PASSWORD, World, anonymous, both, cli, code_of, from_address, noon, platform_key,
        problem_of, sqlite,
    },
};

const SUPPORT: &[Role] = &[Role::SupportAdmin];
const OTHER_PASSWORD: &str = "an entirely different one";

fn change(current: &str, new: &str, repeat: &str) -> PasswordChange {
    PasswordChange {
        current: current.into(),
        new: new.into(),
        repeat: repeat.into(),
        username: String::new(),
    }
}

#[tokio::test]
async fn a_sign_in_gives_a_token_that_stands_for_the_person_as_the_store_has_it() {
    for console in both().await {
        let ana = console.add("ana", SUPPORT).await;
        let new = console
            .try_sign_in(&anonymous(), " ANA@example.com", PASSWORD)
            .await
            .unwrap();
        assert!(new.token.expose().starts_with("scss_"));
        let caller = console.sessions.authenticate(new.token.expose()).await;
        let caller = caller.unwrap().unwrap();
        assert_eq!(
            caller,
            StaffCaller {
                staff_id: ana.id,
                name: "ana".into(),
                roles: SUPPORT.to_vec(),
                staff_session_id: new.staff_session_id,
                signed_in_at: noon(),
                must_change_password: false,
            }
        );
        // Roles are looked up with each request.
        let roles = vec![Role::SupportAdmin, Role::SuperAdmin];
        console
            .staff
            .set_roles(&cli(), ana.id, roles.clone())
            .await
            .unwrap();
        let caller = console.sessions.authenticate(new.token.expose()).await;
        assert_eq!(caller.unwrap().unwrap().roles, roles);
        let found = console
            .sessions
            .look_again(new.staff_session_id)
            .await
            .unwrap();
        assert_eq!(found.unwrap().1, noon() + IDLE_LIMIT);
    }
}

#[tokio::test]
async fn what_an_open_page_asks_for_by_itself_keeps_no_sign_in_alive() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let (attended, left) = (console.sign_in("ana").await, console.sign_in("ana").await);
        let mut held = Vec::new();
        for _ in 0..3 {
            console
                .clock
                .advance(IDLE_LIMIT / 2 - TimeDelta::seconds(1));
            let read = console.sessions.recognise(left.token.expose()).await;
            let used = console.sessions.authenticate(attended.token.expose()).await;
            held.push((read.unwrap().is_some(), used.unwrap().is_some()));
        }
        let expected = [(true, true), (true, true), (false, true)];
        assert_eq!(held, expected, "{}", console.engine);
    }
}

#[tokio::test]
async fn what_is_no_token_of_a_staff_session_is_nobody() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let token = console.sign_in("ana").await.token;
    let text = token.expose();
    let other_kind = text.replace("scss_", "scpk_");
    let other = Token::generate(TokenKind::StaffSession, &*console.core.entropy);
    for bad in [
        "",
        "scss_",
        &text[..47],
        &format!("{text} "),
        &other_kind,
        other.expose(),
    ] {
        assert_eq!(
            console.sessions.authenticate(bad).await.unwrap(),
            None,
            "{bad}"
        );
        let holder = console.sessions.holder_of(bad).await.unwrap();
        assert_eq!(holder, None, "{bad}");
    }
}

#[tokio::test]
async fn a_token_is_in_no_debug_output() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let new = console.sign_in("ana").await;
    let secret = &new.token.expose()["scss_".len()..];
    assert!(!format!("{new:?}").contains(secret));
    let mut reader = console.core.store.read().await.unwrap();
    let kept = reader
        .db()
        .lookup_staff_session(new.staff_session_id)
        .await
        .unwrap();
    let shown = format!("{kept:?}");
    assert!(
        !shown.contains(secret) && !shown.contains("$argon2id$"),
        "{shown}"
    );
}

#[tokio::test]
async fn unknown_account_wrong_password_and_deactivated_account_get_one_answer_and_one_cost() {
    for console in both().await {
        console.add("root", &[Role::SuperAdmin]).await;
        console.add("ana", SUPPORT).await;
        let gone = console.add("ben", SUPPORT).await;
        console.staff.deactivate(&cli(), gone.id).await.unwrap();
        let mut answers = Vec::new();
        for (email, password) in [
            ("ana@example.com", "wrong password, quite long"),
            ("nobody@example.com", PASSWORD),
            ("not an address", PASSWORD),
            ("", ""),
            ("ben@example.com", PASSWORD),
            ("ben@example.com", "wrong password, quite long"),
        ] {
            let before = console.passwords.worked_out();
            let refused = console.try_sign_in(&anonymous(), email, password).await;
            answers.push(problem_of(refused));
            let hashes = console.passwords.worked_out() - before;
            assert_eq!(hashes, 1, "{}: {email}", console.engine);
        }
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        assert_eq!(answers[0].code, ProblemCode::Unauthenticated);
    }
}

#[tokio::test]
async fn failed_sign_ins_are_recorded_without_what_was_typed() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let typed = "MySecretInTheWrongField@home";
        for (email, password) in [("ana@example.com", typed), (typed, PASSWORD)] {
            let refused = console.try_sign_in(&anonymous(), email, password).await;
            assert_eq!(code_of(refused), ProblemCode::Unauthenticated);
        }
        let mut reader = console.core.store.read().await.unwrap();
        let events = reader.db().list_audit_chain("system", 1).await.unwrap();
        assert_eq!(events.len(), 2);
        for (event, why) in events.iter().zip(["wrong_password", "unknown_account"]) {
            assert_eq!(event.action, "staff.sign_in_failed");
            assert_eq!(event.outcome, AuditOutcome::Failure);
            assert_eq!(event.metadata["why"], why);
            assert_eq!(event.ip.as_deref(), Some("203.0.113.7"));
            assert!(
                !serde_json::to_string(event)
                    .unwrap()
                    .to_lowercase()
                    .contains("mysecret")
            );
        }
    }
}

#[tokio::test]
async fn an_account_is_slowed_more_and_more_but_never_locked() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        // Each guess comes from its own address.
        let mut address = 0;
        let mut guess = async |password: &str| {
            address += 1;
            let from = from_address(Caller::Anonymous, &format!("198.51.100.{address}"));
            console
                .try_sign_in(&from, "ana@example.com", password)
                .await
        };
        for _ in 0..5 {
            assert_eq!(code_of(guess("wrong").await), ProblemCode::Unauthenticated);
        }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let hashes = console.passwords.worked_out();
            let refused = problem_of(guess(PASSWORD).await);
            assert_eq!(refused.code, ProblemCode::RateLimited);
            assert_eq!(
                refused.retry_after_seconds,
                Some(expected),
                "{}",
                console.engine
            );
            assert_eq!(console.passwords.worked_out(), hashes);
            // Coming too early does not push the next chance further away.
            console
                .clock
                .advance(TimeDelta::seconds(i64::try_from(expected).unwrap()));
            assert_eq!(code_of(guess("wrong").await), ProblemCode::Unauthenticated);
        }
        console.clock.advance(TimeDelta::seconds(60));
        guess(PASSWORD).await.unwrap();
        // And the slate is clean.
        assert_eq!(code_of(guess("wrong").await), ProblemCode::Unauthenticated);
        guess(PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_slowed_alike() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let mut answers = Vec::new();
    for email in ["ana@example.com", "nobody@example.com"] {
        let mut of_one = Vec::new();
        for n in 0..8 {
            let from = from_address(Caller::Anonymous, &format!("198.51.100.{n}"));
            of_one.push(problem_of(console.try_sign_in(&from, email, "wrong").await));
        }
        answers.push(of_one);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][5].code, ProblemCode::RateLimited);
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_no_way_around() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let guesses = (0..40).map(|n| {
            let from = from_address(Caller::Anonymous, &format!("198.51.100.{n}"));
            let console = &console;
            async move { console.try_sign_in(&from, "ana@example.com", "wrong").await }
        });
        let answers: Vec<_> = futures::future::join_all(guesses).await;
        let looked_at = answers
            .into_iter()
            .filter(|answer| match answer {
                Err(ServiceError::Refused(p)) => p.code == ProblemCode::Unauthenticated,
                _ => false,
            })
            .count();
        assert_eq!(looked_at, 5, "{}", console.engine);
    }
}

#[tokio::test]
async fn an_address_is_slowed_whichever_account_it_tries() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        for n in 0..20 {
            let email = format!("guess-{n}@example.com");
            let refused = console.try_sign_in(&anonymous(), &email, "wrong").await;
            assert_eq!(code_of(refused), ProblemCode::Unauthenticated, "{n}");
        }
        let refused = console
            .try_sign_in(&anonymous(), "ana@example.com", PASSWORD)
            .await;
        assert_eq!(code_of(refused), ProblemCode::RateLimited);
        let elsewhere = from_address(Caller::Anonymous, "198.51.100.1");
        console
            .try_sign_in(&elsewhere, "ana@example.com", PASSWORD)
            .await
            .unwrap();
        // A sign-in that succeeds is no failure: the next one need not wait for it.
        console.clock.advance(TimeDelta::seconds(1));
        for _ in 0..2 {
            console
                .try_sign_in(&anonymous(), "ana@example.com", PASSWORD)
                .await
                .unwrap();
        }
        // A day later all is forgotten.
        console.clock.advance(TimeDelta::hours(24));
        Retention::new(console.core.clone()).prune().await.unwrap();
        console
            .try_sign_in(&anonymous(), "ana@example.com", PASSWORD)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_guesser_elsewhere_does_not_keep_the_owner_out() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        console.sign_in("ana").await;
        for n in 0..8 {
            let from = from_address(Caller::Anonymous, &format!("198.51.100.{n}"));
            assert!(
                console
                    .try_sign_in(&from, "ana@example.com", "wrong")
                    .await
                    .is_err()
            );
        }
        let stranger = from_address(Caller::Anonymous, "198.51.100.99");
        let refused = console
            .try_sign_in(&stranger, "ana@example.com", PASSWORD)
            .await;
        assert_eq!(code_of(refused), ProblemCode::RateLimited);
        console.sign_in("ana").await;
    }
}

#[tokio::test]
async fn a_sign_in_ends_when_it_is_not_used_for_half_an_hour() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let new = console.sign_in("ana").await;
        console
            .clock
            .advance(IDLE_LIMIT - TimeDelta::microseconds(1));
        assert!(console.stands(&new).await);
        console
            .clock
            .advance(IDLE_LIMIT - TimeDelta::microseconds(1));
        assert!(console.stands(&new).await, "the use before counts");
        console.clock.advance(IDLE_LIMIT);
        assert!(!console.stands(&new).await);
        let found = console
            .sessions
            .look_again(new.staff_session_id)
            .await
            .unwrap();
        assert_eq!(found, None);
    }
}

#[tokio::test]
async fn an_open_page_alone_does_not_keep_a_sign_in_alive() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let new = console.sign_in("ana").await;
    let context = console.context(&new).await;
    let Caller::Staff(caller) = &context.caller else {
        panic!("signed in")
    };
    for _ in 0..29 {
        console.clock.advance(TimeDelta::minutes(1));
        assert!(console.sessions.present(caller).await.unwrap().is_some());
    }
    console.clock.advance(TimeDelta::minutes(1));
    assert!(console.sessions.present(caller).await.unwrap().is_none());
}

#[tokio::test]
async fn a_sign_in_ends_after_twelve_hours_however_much_it_is_used() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let new = console.sign_in("ana").await;
        for _ in 0..47 {
            console.clock.advance(TimeDelta::minutes(15));
            assert!(console.stands(&new).await);
        }
        console.clock.advance(TimeDelta::minutes(15));
        assert!(!console.stands(&new).await, "{}", console.engine);
    }
}

#[tokio::test]
async fn the_last_use_is_written_at_most_once_a_minute() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let new = console.sign_in("ana").await;
    let last_use = async || {
        let mut reader = console.core.store.read().await.unwrap();
        let kept = reader.db().lookup_staff_session(new.staff_session_id).await;
        kept.unwrap().unwrap().last_used_at
    };
    console.clock.advance(TimeDelta::seconds(59));
    assert!(console.stands(&new).await);
    assert_eq!(last_use().await, noon());
    console.clock.advance(TimeDelta::seconds(1));
    assert!(console.stands(&new).await);
    assert_eq!(last_use().await, noon() + TimeDelta::minutes(1));
}

#[tokio::test]
async fn signing_in_again_gives_another_token_and_ends_the_one_before() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let first = console.sign_in("ana").await;
        let context = console.context(&first).await;
        console.clock.advance(TimeDelta::minutes(11));
        let second = console
            .try_sign_in(&context, "ana@example.com", PASSWORD)
            .await
            .unwrap();
        assert_ne!(first.token.expose(), second.token.expose());
        assert!(!console.stands(&first).await);
        let Caller::Staff(caller) = console.context(&second).await.caller else {
            panic!("signed in")
        };
        assert_eq!(caller.signed_in_at, noon() + TimeDelta::minutes(11));
    }
}

#[tokio::test]
async fn a_failed_sign_in_leaves_the_one_before_alone() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let first = console.sign_in("ana").await;
    let context = console.context(&first).await;
    assert!(
        console
            .try_sign_in(&context, "ana@example.com", "wrong")
            .await
            .is_err()
    );
    assert!(console.stands(&first).await);
}

#[tokio::test]
async fn signing_out_ends_this_sign_in_or_all_of_that_person() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        console.add("ben", SUPPORT).await;
        let [one, two, three] = [
            console.sign_in("ana").await,
            console.sign_in("ana").await,
            console.sign_in("ana").await,
        ];
        let ben = console.sign_in("ben").await;
        let context = console.context(&one).await;
        assert_eq!(console.sessions.sign_out(&context, false).await.unwrap(), 1);
        assert!(!console.stands(&one).await);
        assert!(console.stands(&two).await);
        // A second click on an old page is nothing new.
        assert_eq!(console.sessions.sign_out(&context, false).await.unwrap(), 0);
        let context = console.context(&two).await;
        assert_eq!(console.sessions.sign_out(&context, true).await.unwrap(), 2);
        assert!(!console.stands(&two).await && !console.stands(&three).await);
        assert!(console.stands(&ben).await);
        for context in [anonymous(), platform_key()] {
            assert_eq!(console.sessions.sign_out(&context, true).await.unwrap(), 0);
        }
        let actions = console.actions("system").await;
        let signed_out = actions
            .iter()
            .filter(|action| *action == "staff.signed_out");
        assert_eq!(signed_out.count(), 2);
    }
}

#[tokio::test]
async fn changing_the_password_ends_every_other_sign_in_and_goes_on_under_a_new_token() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let here = console.sign_in("ana").await;
        let elsewhere = console.sign_in("ana").await;
        let context = console.context(&here).await;
        let changed = console
            .sessions
            .change_password(&context, change(PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD))
            .await
            .unwrap();
        assert!(!console.stands(&here).await && !console.stands(&elsewhere).await);
        assert!(console.stands(&changed).await);
        let old = console
            .try_sign_in(&anonymous(), "ana@example.com", PASSWORD)
            .await;
        assert_eq!(code_of(old), ProblemCode::Unauthenticated);
        console
            .try_sign_in(&anonymous(), "ana@example.com", OTHER_PASSWORD)
            .await
            .unwrap();
        assert!(
            console
                .actions("system")
                .await
                .contains(&"staff.password_changed".into())
        );
    }
}

#[tokio::test]
async fn a_password_that_was_given_is_changed_once_and_then_everything_is_open() {
    let console = sqlite().await;
    let root = console.add("root", &[Role::SuperAdmin]).await;
    let given = GivenPassword::Chosen {
        password: OTHER_PASSWORD.into(),
        must_change: true,
    };
    console
        .staff
        .reset_password(&cli(), root.id, given)
        .await
        .unwrap();
    let email = "root@example.com";
    let new = console
        .try_sign_in(&anonymous(), email, OTHER_PASSWORD)
        .await
        .unwrap();
    let context = console.context(&new).await;
    let refused = console.staff.list_all(&context).await;
    assert_eq!(code_of(refused), ProblemCode::PasswordChangeRequired);
    let change = change(OTHER_PASSWORD, PASSWORD, PASSWORD);
    let changed = console
        .sessions
        .change_password(&context, change)
        .await
        .unwrap();
    assert!(!changed.must_change_password);
    let context = console.context(&changed).await;
    assert_eq!(console.staff.list_all(&context).await.unwrap().len(), 1);
}

#[tokio::test]
async fn every_field_of_a_password_change_that_is_wrong_is_named() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let context = console.context(&console.sign_in("ana").await).await;
    for (change, fields) in [
        (
            change("", "short", "other"),
            &["current", "new", "repeat"][..],
        ),
        (change(PASSWORD, PASSWORD, PASSWORD), &["new"]),
        (change(PASSWORD, OTHER_PASSWORD, PASSWORD), &["repeat"]),
        (
            change("wrong", OTHER_PASSWORD, OTHER_PASSWORD),
            &["current"],
        ),
    ] {
        let refused = problem_of(console.sessions.change_password(&context, change).await);
        let named: Vec<_> = refused.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, fields);
    }
    for context in [anonymous(), platform_key(), cli()] {
        let change = change(PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD);
        let refused = console.sessions.change_password(&context, change).await;
        assert_eq!(code_of(refused), ProblemCode::Unauthenticated);
    }
}

#[tokio::test]
async fn the_password_until_now_can_not_be_guessed_at_an_unlocked_screen() {
    let console = sqlite().await;
    console.add("ana", SUPPORT).await;
    let elsewhere = from_address(Caller::Anonymous, "198.51.100.1");
    let new = console
        .try_sign_in(&elsewhere, "ana@example.com", PASSWORD)
        .await
        .unwrap();
    // From the owner's own address only the address is slowed, after 20 attempts.
    let context = console.context(&new).await;
    let mut answers = Vec::new();
    for _ in 0..21 {
        let change = change("wrong", OTHER_PASSWORD, OTHER_PASSWORD);
        answers.push(code_of(
            console.sessions.change_password(&context, change).await,
        ));
    }
    assert_eq!(answers[0], ProblemCode::InvalidInput);
    assert_eq!(answers[20], ProblemCode::RateLimited);
}

#[tokio::test]
async fn old_sign_ins_are_forgotten_in_the_end() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let new = console.sign_in("ana").await;
        let is_kept = async |console: &World| {
            let mut reader = console.core.store.read().await.unwrap();
            let kept = reader.db().lookup_staff_session(new.staff_session_id).await;
            kept.unwrap().is_some()
        };
        console.clock.advance(TimeDelta::days(29));
        Retention::new(console.core.clone()).prune().await.unwrap();
        assert!(is_kept(&console).await);
        console.clock.advance(TimeDelta::days(2));
        Retention::new(console.core.clone()).prune().await.unwrap();
        assert!(!is_kept(&console).await);
    }
}

#[tokio::test]
async fn a_flood_of_throttled_sign_ins_does_not_reach_the_store() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        let elsewhere = |n: u32| from_address(Caller::Anonymous, &format!("198.51.{n}.1"));
        let guess = async |context: &Context, email: &str| {
            code_of(console.try_sign_in(context, email, "wrong").await)
        };
        // Both an account and an address are used up.
        for n in 0..5 {
            guess(&elsewhere(n), "ana@example.com").await;
        }
        for n in 0..21 {
            guess(&anonymous(), &format!("{n}@example.com")).await;
        }
        let hashed = console.passwords.worked_out();
        console
            .run("ALTER TABLE sign_in_failures RENAME TO out_of_reach")
            .await;
        let before = console.core.store.batch_commits();
        for n in 0..100 {
            let of_account = guess(&elsewhere(n), "ana@example.com").await;
            assert_eq!(of_account, ProblemCode::RateLimited, "{}", console.engine);
            let of_address = guess(&anonymous(), &format!("{n}@example.org")).await;
            assert_eq!(of_address, ProblemCode::RateLimited, "{}", console.engine);
        }
        assert_eq!(console.core.store.batch_commits(), before);
        assert_eq!(console.passwords.worked_out(), hashed);
        console
            .run("ALTER TABLE out_of_reach RENAME TO sign_in_failures")
            .await;
        // Its end is the store's.
        console.clock.advance(TimeDelta::seconds(1));
        console
            .try_sign_in(&elsewhere(1), "ana@example.com", PASSWORD)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn what_one_node_remembers_admits_nobody_at_another_and_a_new_password_ends_it() {
    for console in both().await {
        console.core.store.follow_changes().await.unwrap();
        let ana = console.add("ana", SUPPORT).await;
        let from = |n: u32| from_address(Caller::Anonymous, &format!("198.51.100.{n}"));
        for n in 0..5 {
            let wrong = console
                .try_sign_in(&from(n), "ana@example.com", "wrong")
                .await;
            assert_eq!(code_of(wrong), ProblemCode::Unauthenticated);
        }
        let other = StaffSessions::new(console.core.clone(), console.passwords.clone());
        let method = SignInMethod::Password {
            email: "ana@example.com".into(),
            password: PASSWORD.into(),
        };
        let refused = other.sign_in(&from(9), method).await;
        assert_eq!(code_of(refused), ProblemCode::RateLimited);

        let mut changes = console.core.store.changes();
        let password = GivenPassword::Chosen {
            password: OTHER_PASSWORD.into(),
            must_change: false,
        };
        console
            .staff
            .reset_password(&cli(), ana.id, password)
            .await
            .unwrap();
        while changes.recv().await.unwrap().kind != ChangeKind::Staff {}
        console
            .try_sign_in(&from(9), "ana@example.com", OTHER_PASSWORD)
            .await
            .unwrap();
    }
}
