//! What forms do, and do once.

use super::*;

#[tokio::test]
async fn the_fields_reach_the_service_and_its_answer_the_page() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let [create, logout, revoke, _, raise, dry_run, _] = acts();
    let answer = site.submit(&create.0, Some(&ana), create.1).await;
    assert!(answer.location.starts_with(&format!("{}?flash=", create.2)));
    assert!(!answer.location.contains(TOKEN));
    let flash = site.flash(&answer, Some(&ana)).await;
    assert_eq!(flash, Flash::Granted(Box::new(granted())));
    let answer = site.submit(&logout.0, Some(&ana), logout.1).await;
    assert!(
        matches!(site.flash(&answer, Some(&ana)).await, Flash::LoggedOut(answer) if answer.result.ended == 214)
    );
    let answer = site.submit(&revoke.0, Some(&ana), revoke.1).await;
    assert!(answer.location.starts_with("/support?q=a&flash="));
    assert!(matches!(
        site.flash(&answer, Some(&ana)).await,
        Flash::Done(_)
    ));
    let answer = site.submit(&raise.0, Some(&ana), raise.1).await;
    assert!(
        answer
            .location
            .starts_with(&format!("/support/sessions/{SESSION}?flash="))
    );
    let flash = site.flash(&answer, Some(&ana)).await;
    assert!(matches!(flash, Flash::Done(done) if done.message.contains("250")));
    let answer = site.submit(&dry_run.0, Some(&ana), dry_run.1).await;
    assert!(matches!(
        site.flash(&answer, Some(&ana)).await,
        Flash::DryRun { .. }
    ));
    let asked = site.asked();
    assert!(asked[0].contains("creator_ip_only: true"), "{}", asked[0]);
    assert!(
        asked[3].contains(r#"requests_total: "250""#),
        "{}",
        asked[3]
    );
    assert!(
        asked[0].contains(r#"scopes: ["read_only", "invoices"]"#),
        "{}",
        asked[0]
    );
    assert_eq!(asked[1], "logout acme acme k");
    assert_eq!(asked[2], format!("revoke {SESSION} \"\""));
    assert_eq!(asked[4], "dry run scopes = [] 100");
}

#[tokio::test]
async fn two_clicks_lead_to_the_page_with_the_token_also_when_the_second_takes_the_first_page_away()
{
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let (ana, elsewhere) = (site.sign_in("ana").await, site.sign_in("ana").await);
    let body = "reason=Invoices+are+missing&idempotency_key=k";
    let path = "/forms/tenants/acme/create-session";
    let send = async |cookie| site.submit(path, Some(cookie), body).await;
    let token =
        async |answer: &Answer, cookie: &String| match site.flash(answer, Some(cookie)).await {
            Flash::Granted(granted) => granted.token,
            other => panic!("{other:?}"),
        };
    let (first, second) = futures::join!(send(&ana), send(&ana));
    assert_eq!(first.location, second.location);
    let other = send(&elsewhere).await;
    assert_eq!(token(&other, &elsewhere).await, None, "another sign-in");
    assert_eq!(token(&second, &ana).await.as_deref(), Some(TOKEN));
    let again = site.try_flash(&second, Some(&ana)).await;
    assert_eq!(again, None, "an address shows it once");
    let late = send(&ana).await;
    assert_eq!(token(&late, &ana).await.as_deref(), Some(TOKEN));
    site.console.clock.advance(TimeDelta::minutes(1));
    let too_late = send(&ana).await;
    assert_eq!(token(&too_late, &ana).await, None);
}

#[tokio::test]
async fn the_page_with_the_token_says_what_of_the_second_form_was_not_used() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let (ana, elsewhere) = (site.sign_in("ana").await, site.sign_in("ana").await);
    let path = "/forms/tenants/acme/create-session";
    let body = "reason=Invoices+are+missing&idempotency_key=k";
    let other = body.replace("missing", "wrong");
    let first = site.submit(path, Some(&ana), body).await;
    for _ in 0..2 {
        let second = site.submit(path, Some(&ana), &other).await;
        assert_eq!(first.location, second.location);
    }
    let granted =
        async |answer: &Answer, cookie: &String| match site.flash(answer, Some(cookie)).await {
            Flash::Granted(granted) => granted,
            other => panic!("{other:?}"),
        };
    let shown = granted(&first, &ana).await;
    assert_eq!(shown.token.as_deref(), Some(TOKEN));
    assert_eq!(shown.unused, ["reason"], "once");
    // Nothing of it reaches another sign-in, which sent it as the first did.
    let same = site.submit(path, Some(&elsewhere), body).await;
    assert!(granted(&same, &elsewhere).await.unused.is_empty());
}

#[tokio::test]
async fn a_second_click_replaces_no_token_that_nobody_has_seen_yet() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let (ana, elsewhere) = (site.sign_in("ana").await, site.sign_in("ana").await);
    let create = "/forms/tenants/acme/create-session";
    let body = "reason=Invoices+are+missing&idempotency_key=k";
    let first = site.submit(create, Some(&ana), body).await;
    let (_, waiting) = first.location.split_once("flash=").unwrap();
    let path = format!("/forms/support-sessions/{SESSION}/replace-token");
    let replace = async |cookie| site.submit(&path, Some(cookie), "").await.location;
    assert!(
        !replace(&elsewhere).await.ends_with(waiting),
        "another sign-in"
    );
    assert!(replace(&ana).await.ends_with(waiting));
    let shown = site.flash(&first, Some(&ana)).await;
    assert!(matches!(shown, Flash::Granted(granted) if granted.token.as_deref() == Some(TOKEN)));
    assert!(!replace(&ana).await.ends_with(waiting), "it was shown");
}

#[tokio::test]
async fn a_budget_that_is_raised_again_is_told_as_such_with_a_fresh_form() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let (path, body, page) = &acts()[4];
    let first = site.submit(path, Some(&ana), body).await;
    assert!(!first.location.starts_with(page), "{first:?}");
    let again = site.submit(path, Some(&ana), body).await;
    assert!(again.location.starts_with(page), "{again:?}");
    let (problem, kept) = site.refusal(&again, Some(&ana)).await;
    assert!(
        problem.detail.starts_with("Nothing was done now:"),
        "{problem:?}"
    );
    assert!(kept.is_empty());
}

#[tokio::test]
async fn what_was_selected_is_revoked_once_and_the_second_click_says_so() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let other = "01937e2c-7b6a-7cc0-8000-0000000000ff";
    let form = |id: &str, key: &str| format!("id={id}&reason=Done&idempotency_key={key}");
    let said = async |body: String| {
        let path = "/forms/support-sessions/revoke-selected";
        let answer = site.submit(path, Some(&ana), &body).await;
        match site.flash(&answer, Some(&ana)).await {
            Flash::Done(done) => done.message,
            other => panic!("{other:?}"),
        }
    };
    let first = "1 support session revoked.";
    assert_eq!(said(form(SESSION, "k")).await, first);
    site.console.clock.advance(TimeDelta::seconds(2));
    let then = "Nothing was done now: this form was sent at 12:00:00 UTC, and 1 support session was revoked then.";
    assert_eq!(said(form(SESSION, "k")).await, then);
    assert_eq!(site.asked().len(), 1);
    let with_other_reason = form(SESSION, "k").replace("Done", "Laptop+lost");
    let unused = format!("{then} The reason that you typed now was not used.");
    assert_eq!(said(with_other_reason).await, unused);
    assert_eq!(site.asked().len(), 1);
    // Another key, and another selection.
    assert_eq!(said(form(SESSION, "l")).await, first);
    assert_eq!(said(form(other, "k")).await, first);
    // Nothing says that this is the same form.
    for _ in 0..2 {
        assert_eq!(said(form(SESSION, "")).await, first);
    }
}
