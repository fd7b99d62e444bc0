//! The forms of API keys, which ask the real service.

use super::*;

const CREATE: &str = "/forms/api-keys/new/create";
const FORM: &str = "name=invoices&rights=read&idempotency_key=a";

fn secret_of(flash: Flash) -> Option<String> {
    match flash {
        Flash::KeyMade(made) => made.secret,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_clicks_make_one_key_and_lead_to_its_secret() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let first = site.submit(CREATE, Some(&ana), FORM).await;
    assert!(first.location.starts_with("/admin/api-keys/create?flash="));
    let second = site.submit(CREATE, Some(&ana), FORM).await;
    assert_eq!(first.location, second.location);
    let secret = secret_of(site.flash(&second, Some(&ana)).await).unwrap();
    assert!(secret.starts_with("scpk_") && !second.location.contains(&secret[5..]));
    // Once it was shown, it can't be shown again.
    let third = site.submit(CREATE, Some(&ana), FORM).await;
    assert_eq!(secret_of(site.flash(&third, Some(&ana)).await), None);
    let made = site.console.actions("system").await;
    assert_eq!(
        made.iter()
            .filter(|action| *action == "api_key.created")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_and_names_the_field() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let form = "name=invoices&allowed_addresses=office&rights=read";
    let answer = site.submit(CREATE, Some(&ana), form).await;
    let (problem, input) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("allowed_addresses").is_some(), "{problem:?}");
    assert_eq!(input["allowed_addresses"], ["office"]);
}

#[tokio::test]
async fn a_staff_member_who_may_not_manage_keys_is_told_which_role_can() {
    let site = Site::new().await;
    site.console.add("ben", &[Role::SupportAdmin]).await;
    let ben = site.sign_in("ben").await;
    let key = "/forms/api-keys/00000000-0000-0000-0000-000000000001";
    for (path, form) in [
        (CREATE.to_owned(), FORM),
        (format!("{key}/rotate"), "overlap_hours=1"),
        (format!("{key}/revoke"), ""),
    ] {
        let answer = site.submit(&path, Some(&ben), form).await;
        let (problem, _) = site.refusal(&answer, Some(&ben)).await;
        assert_eq!(problem.detail, "You need the role super_admin for this.");
        let answer = site.submit(&path, None, form).await;
        assert!(answer.location.starts_with("/sign-in"), "{answer:?}");
    }
}
