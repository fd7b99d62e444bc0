//! Signing in and out, and changing one's password.

use super::*;

#[tokio::test]
async fn signing_in_keeps_a_guarded_cookie_and_goes_on_to_a_path_of_ours_only() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let password = PASSWORD.replace(' ', "+");
    for (next, expected) in [
        ("", "/support"),
        (
            "%2Fsupport%2Fsessions%3Fstatus%3DACTIVE",
            "/support/sessions?status=ACTIVE",
        ),
        ("%2F%2Fevil.example", "/support"),
        ("%2F%5Cevil.example", "/support"),
        ("https%3A%2F%2Fevil.example", "/support"),
        ("%2Fa%0D%0ASet-Cookie%3Aa%3Db", "/support"),
    ] {
        let body = format!("email=ana%40example.com&password={password}&next={next}");
        let answer = site.submit("/forms/sign-in", None, &body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.location, expected);
        let cookie = answer.cookie.unwrap();
        assert!(cookie.starts_with("__Host-support-console=scss_"));
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let id: Uuid = answer.headers["x-request-id"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(id.get_version_num(), 7);
    }
}

#[tokio::test]
async fn one_account_is_signed_in_to_by_either_form_of_its_domain() {
    let sent_by_browsers = ["ana%40xn--bcher-kva.example", "ana%40b%C3%BCcher.example"];
    let more = ["ANA%40XN--BCHER-KVA.example", "ana%40bu%CC%88cher.example"];
    for added in ["ana@bücher.example", "ana@xn--bcher-kva.example"] {
        let site = Site::new().await;
        let roles = [Role::SupportAdmin];
        site.console.add_at("ana", added, &roles).await;
        let password = PASSWORD.replace(' ', "+");
        for email in sent_by_browsers.iter().chain(&more) {
            let body = format!("email={email}&password={password}");
            let answer = site.submit("/forms/sign-in", None, &body).await;
            assert_eq!(answer.location, "/support", "{added} {email}");
            assert!(answer.cookie.is_some(), "{added} {email}");
        }
        let body = format!("email=ana%40bucher.example&password={password}");
        let answer = site.submit("/forms/sign-in", None, &body).await;
        assert_eq!(answer.cookie, None, "another domain");
    }
}

#[tokio::test]
async fn a_refused_sign_in_keeps_the_address_and_never_the_password() {
    let site = Site::new().await;
    let body = "email=ana%40example.com&password=wrong-one&next=%2Faudit%3Fq%3Da";
    let answer = site.submit("/forms/sign-in", None, body).await;
    assert!(
        answer
            .location
            .starts_with("/sign-in?next=%2Faudit%3Fq%3Da&flash=")
    );
    assert_eq!(answer.cookie, None);
    let (problem, input) = site.refusal(&answer, None).await;
    assert_eq!(problem.code, ProblemCode::Unauthenticated);
    assert_eq!(
        problem.request_id.as_deref(),
        answer.headers["x-request-id"].to_str().ok()
    );
    assert_eq!(input.keys().collect::<Vec<_>>(), ["email"]);
    assert_eq!(input["email"], ["ana@example.com"]);
}

#[tokio::test]
async fn who_must_change_the_password_is_led_there_first() {
    let site = Site::new().await;
    let ana = site.console.add("ana", &[Role::SupportAdmin]).await;
    let given = crate::services::staff::GivenPassword::Chosen {
        password: PASSWORD.into(),
        must_change: true,
    };
    let context = cli();
    site.console
        .staff
        .reset_password(&context, ana.id, given)
        .await
        .unwrap();
    let body = format!(
        "email=ana%40example.com&password={}",
        PASSWORD.replace(' ', "+")
    );
    let answer = site.submit("/forms/sign-in", None, &body).await;
    assert_eq!(answer.location, "/account/password");
    let cookie = cookie_of(&answer);
    for (path, body, _) in &acts()[..6] {
        let answer = site.submit(path, Some(&cookie), body).await;
        assert_eq!(answer.location, "/account/password", "{path}");
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_and_forgets_the_cookie() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let (one, two, three) = (
        site.sign_in("ana").await,
        site.sign_in("ana").await,
        site.sign_in("ana").await,
    );
    let answer = site.submit("/forms/sign-out", Some(&one), "").await;
    assert!(answer.location.starts_with("/sign-in?flash="));
    assert!(answer.cookie.as_deref().unwrap().ends_with("Max-Age=0"));
    assert!(matches!(site.flash(&answer, None).await, Flash::Done(_)));
    assert_eq!(site.context(Some(&one)).await.caller, Caller::Anonymous);
    assert!(matches!(
        site.context(Some(&two)).await.caller,
        Caller::Staff(_)
    ));
    site.submit("/forms/sign-out", Some(&two), "everywhere=on")
        .await;
    assert_eq!(site.context(Some(&three)).await.caller, Caller::Anonymous);
    let answer = site.submit("/forms/sign-out", None, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_changed_password_goes_on_with_a_new_cookie_that_reads_the_flash() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let ana = site.sign_in("ana").await;
    let wrong = "current=wrong&new=an+entirely+other+one&repeat=an+entirely+other+one";
    let answer = site
        .submit("/forms/change-password", Some(&ana), wrong)
        .await;
    let (problem, input) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("current").is_some());
    assert!(input.is_empty(), "no password is kept");
    let right = wrong.replace(
        "current=wrong",
        &format!("current={}", PASSWORD.replace(' ', "+")),
    );
    // As sent where a password manager has filled in the form's own field for it.
    let answer = site
        .submit(
            "/forms/change-password",
            Some(&ana),
            &format!("{right}&username=ana%40example.com"),
        )
        .await;
    assert!(answer.location.starts_with("/support?flash="));
    let new = cookie_of(&answer);
    assert_ne!(new, ana);
    assert_eq!(site.context(Some(&ana)).await.caller, Caller::Anonymous);
    assert!(matches!(
        site.flash(&answer, Some(&new)).await,
        Flash::Done(_)
    ));
}

#[tokio::test]
async fn a_sign_in_leaves_word_of_itself_for_seconds_and_a_sign_out_takes_it_back() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SupportAdmin]).await;
    let begun = |answer: &Answer| {
        let mut set = answer.headers.get_all(SET_COOKIE).iter();
        let set = set.find_map(|value| {
            let value = value.to_str().unwrap();
            value.strip_prefix("__Host-support-begun=")
        });
        set.expect("the cookie").to_owned()
    };
    let password = PASSWORD.replace(' ', "+");
    let body = format!("email=ana%40example.com&password={password}");
    let signed_in = site.submit("/forms/sign-in", None, &body).await;
    assert!(begun(&signed_in).ends_with("; Max-Age=10"));
    let cookie = cookie_of(&signed_in);
    let out = site.submit("/forms/sign-out", Some(&cookie), "").await;
    assert!(begun(&out).starts_with(';'), "{out:?}");
}

#[tokio::test]
async fn two_clicks_change_a_password_once_and_the_second_says_so() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let current = PASSWORD.replace(' ', "+");
    let body = format!("current={current}&new=an+entirely+other+one&repeat=an+entirely+other+one");
    let send = async || {
        site.submit("/forms/change-password", Some(&ana), &body)
            .await
    };
    // Either may be the first to change it.
    let (one, other) = futures::join!(send(), send());
    let is_first = one.location.starts_with("/support?flash=");
    let (first, second) = if is_first { (one, other) } else { (other, one) };
    assert!(first.location.starts_with("/support?flash="), "{first:?}");
    let (problem, _) = site.refusal(&second, None).await;
    assert!(
        problem.detail.starts_with("Nothing was done now:"),
        "{problem:?}"
    );
    assert_eq!(second.cookie, None);
}

#[tokio::test]
async fn a_second_click_that_comes_after_the_password_was_changed_says_so() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    site.console.add("ben", &[Role::SuperAdmin]).await;
    let (ana, ben) = (site.sign_in("ana").await, site.sign_in("ben").await);
    let current = PASSWORD.replace(' ', "+");
    let body = format!("current={current}&new=an+entirely+other+one&repeat=an+entirely+other+one");
    let first = site
        .submit("/forms/change-password", Some(&ana), &body)
        .await;
    let new = cookie_of(&first);
    let then = "Nothing was done now: this form was sent at 12:00:00 UTC, and your password was changed then.";
    site.console.clock.advance(TimeDelta::seconds(2));
    // With the old sign-in, whether the browser has the new one by the time it shows the page or not.
    for shown_to in [None, Some(new.as_str())] {
        let second = site
            .submit("/forms/change-password", Some(&ana), &body)
            .await;
        assert!(
            second
                .location
                .starts_with("/sign-in?next=%2Fsupport&flash="),
            "{second:?}"
        );
        // Another person behind the same address doesn't read it, not even with the page's address.
        let (_, id) = second.location.split_once("flash=").unwrap();
        let other = site.context(Some(&ben)).await;
        assert_eq!(site.flashes.take(&other, id).await, None);
        let (problem, input) = site.refusal(&second, shown_to).await;
        assert_eq!(
            problem.detail,
            format!("{then} Sign in with the new password.")
        );
        assert!(input.is_empty());
    }
    // With the new one.
    let second = site
        .submit("/forms/change-password", Some(&new), &body)
        .await;
    assert!(
        second.location.starts_with("/account/password?flash="),
        "{second:?}"
    );
    let (problem, _) = site.refusal(&second, Some(&new)).await;
    assert!(problem.detail.starts_with(then), "{problem:?}");
    // Another person's form, or one with an unknown sign-in, is told nothing of it.
    let unknown = format!("__Host-support-console=scss_{}", "A".repeat(43));
    for cookie in [Some(unknown.as_str()), None] {
        let answer = site.submit("/forms/change-password", cookie, &body).await;
        assert!(!answer.location.contains("flash="), "{answer:?}");
    }
    let answer = site
        .submit(
            "/forms/change-password",
            Some(&ben),
            "current=wrong&new=a&repeat=a",
        )
        .await;
    let (problem, _) = site.refusal(&answer, Some(&ben)).await;
    assert!(!problem.detail.contains("was sent at"), "{problem:?}");
}

#[tokio::test]
async fn signing_out_everywhere_is_only_said_where_it_was_done() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let (one, two) = (site.sign_in("ana").await, site.sign_in("ana").await);
    let said = async |cookie: &str| {
        let answer = site
            .submit("/forms/sign-out", Some(cookie), "everywhere=on")
            .await;
        match site.flash(&answer, None).await {
            Flash::Done(done) => done.message,
            other => panic!("{other:?}"),
        }
    };
    for _ in 0..2 {
        assert_eq!(said(&one).await, "You've been signed out everywhere.");
    }
    assert!(said(&two).await.starts_with("You were signed out already."));
}

/// A link with which ben chooses a password, and the form that does it.
async fn ben_with_a_link(site: &Site) -> String {
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ben = site.console.add("ben", &[Role::SupportAdmin]).await;
    let link = site.console.staff.make_link(&cli(), ben.id).await.unwrap();
    format!(
        "code={}&new=an+entirely+other+one&repeat=an+entirely+other+one",
        link.code
    )
}

#[tokio::test]
async fn two_clicks_set_a_password_once_and_the_second_says_so() {
    let site = Site::new().await;
    let body = ben_with_a_link(&site).await;
    let send = async || site.submit("/forms/set-password", None, &body).await;
    // Either may be the first to set it.
    let (one, other) = futures::join!(send(), send());
    site.console.clock.advance(TimeDelta::seconds(2));
    let later = send().await;
    let mut said = Vec::new();
    for answer in [one, other, later] {
        assert!(answer.location.starts_with("/sign-in?flash="), "{answer:?}");
        assert_eq!(answer.cookie, None, "it signs nobody in");
        said.push(match site.flash(&answer, None).await {
            Flash::Done(done) => done.message,
            Flash::Refused { problem, .. } => problem.detail,
            other => panic!("{other:?}"),
        });
    }
    let then = "Nothing was done now: this form was sent at 12:00:00 UTC, and your password was set then. Sign in with it.";
    said[..2].sort();
    let set = "Password set. Sign in as ben@example.com.";
    assert_eq!(said, [then, set, then]);
    let recorded = site.console.actions("system").await;
    let times = |name: &str| recorded.iter().filter(|action| *action == name).count();
    assert_eq!(times("staff.link_used"), 1);
    assert_eq!(times("staff.sign_in_failed"), 0, "{recorded:?}");
}

#[tokio::test]
async fn a_used_code_sets_no_other_password_and_tells_nobody_else_that_it_was_used() {
    let site = Site::new().await;
    let body = ben_with_a_link(&site).await;
    let ana = site.sign_in("ana").await;
    let first = site.submit("/forms/set-password", None, &body).await;
    let set = site.flash(&first, None).await;
    assert!(matches!(set, Flash::Done(_)), "{set:?}");
    let signs_in = async |password: &str| {
        let body = format!("email=ben%40example.com&password={password}");
        site.submit("/forms/sign-in", None, &body).await.cookie
    };

    let another = body.replace("entirely+other", "attackers+chosen");
    let second = site.submit("/forms/set-password", None, &another).await;
    let (problem, input) = site.refusal(&second, None).await;
    assert!(problem.detail.starts_with("Nothing was done now:"));
    assert!(!problem.detail.contains("ben") && input.is_empty());
    assert_eq!(signs_in("an+attackers+chosen+one").await, None);
    assert!(signs_in("an+entirely+other+one").await.is_some());

    // To anybody else it is a code like one that never was. Later it is that to the same browser too.
    let unknown = body.replace("code=scsl_", "code=scsl_x");
    let of_ana = Some(ana.as_str());
    let mut told = Vec::new();
    for form in [&another, &unknown] {
        let answer = site.submit("/forms/set-password", of_ana, form).await;
        let (problem, _) = site.refusal(&answer, of_ana).await;
        told.push(problem.field("code").map(ToOwned::to_owned));
    }
    assert!(told[0].is_some() && told[0] == told[1], "{told:?}");
    site.console.clock.advance(TimeDelta::minutes(15));
    let late = site.submit("/forms/set-password", None, &body).await;
    let (problem, _) = site.refusal(&late, None).await;
    assert!(problem.field("code").is_some(), "{problem:?}");
}
