//! What was typed is not lost.

use super::*;

#[tokio::test]
async fn what_was_typed_is_there_again_after_the_sign_in_of_the_same_person_and_browser() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    site.console.add("ben", &[Role::SuperAdmin]).await;
    for (path, body, page) in &acts()[..6] {
        if body.is_empty() {
            continue;
        }
        let ana = site.sign_in("ana").await;
        site.console.clock.advance(TimeDelta::minutes(31));
        for path in [path.clone(), format!("{path}?keep")] {
            let nobody = site.submit(&path, None, body).await;
            assert_eq!(nobody.cookie, None, "nobody's form is kept");
            let lost = site.submit(&path, Some(&ana), body).await;
            assert!(lost.location.starts_with("/sign-in?next="), "{lost:?}");
            let set = lost.cookie.as_deref().unwrap();
            assert!(set.starts_with("__Host-support-typed=sctf_"), "{set}");
            assert!(set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900"));
            let cookies = format!("{ana}; {}", cookie_of(&lost));

            let back = site.sign_in_for("ana", page, &cookies).await;

            assert!(
                back.location.starts_with(&format!("{page}?flash=")),
                "{back:?}"
            );
            let new = cookie_of(&back);
            assert!(back.headers.get_all(SET_COOKIE).iter().any(|value| {
                value
                    .to_str()
                    .unwrap()
                    .starts_with("__Host-support-typed=;")
            }));
            let Flash::Typed { input } = site.flash(&back, Some(&new)).await else {
                panic!("{path}");
            };
            let field = body.split('=').next().unwrap();
            assert!(input.contains_key(field), "{path} {input:?}");
            let again = site.sign_in_for("ana", page, &cookies).await;
            assert_eq!(&again.location, page, "once");
        }
        // Another person at the same browser, with and without the old cookie, another browser, another page.
        for (name, with_typed, next) in [
            ("ben", true, page.as_str()),
            ("ana", false, page),
            ("ana", true, "/audit"),
        ] {
            for own in [ana.as_str(), "a=b"] {
                let typed = cookie_of(&site.submit(path, Some(&ana), body).await);
                let typed = if with_typed { typed.as_str() } else { "c=d" };
                let cookies = format!("{own}; {typed}");
                assert_eq!(site.sign_in_for(name, next, &cookies).await.location, next);
            }
        }
    }
    assert!(site.asked().is_empty(), "nothing was done");
}

/// The other forms into which people type, or in which they choose.
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn more_forms() -> Vec<(String, &'static str, String)> {
    let tenant = |act: &str| format!("/forms/tenants/acme/{act}");
    let page = |act: &str| format!("/admin/tenants/acme/{act}");
    vec![
        (
            "/forms/support-sessions/revoke-selected".into(),
            "id=01937e2c-7b6a-7cc0-8000-0000000000aa&reason=The+incident+is+over",
            paths::revoke_selected([SESSION].into_iter()),
        ),
        (
            "/forms/saved-view".into(),
            "list=audit&name=Mine&address=%2Faudit%3Factor%3Dana",
            "/audit?actor=ana".into(),
        ),
        (
            "/forms/tenants/new".into(),
            "id=new&slug=new&name=New&contact=a%40b.example",
            "/admin/new-tenant".into(),
        ),
        (
            "/forms/tenants/status".into(),
            "id=acme&to=suspended&reason=The+contract+has+ended",
            "/admin/tenant-status?id=acme&to=suspended".into(),
        ),
        (
            tenant("edit"),
            "slug=acme&name=Acme&seen=1&reason=They+have+another+name",
            page("edit"),
        ),
        (
            tenant("settings"),
            "support_may_write=on&min_calls=7&seen=1&reason=As+they+asked",
            page("settings"),
        ),
        (
            tenant("organization"),
            "id=x&slug=x&name=X&status=active&seen=1&reason=As+they+asked",
            page("organization?organization=x"),
        ),
        (
            tenant("organization"),
            "id=y&slug=y&name=Y&status=active",
            page("organization"),
        ),
        (
            paths::CREATE_KEY.form("new"),
            "name=invoices&rights=read&allowed_addresses=10.0.0.0%2F8",
            paths::CREATE_KEY.page("new"),
        ),
        (
            paths::ROTATE_KEY.form(SESSION),
            "overlap_hours=7",
            paths::ROTATE_KEY.page(SESSION),
        ),
        (
            "/forms/invite-staff".into(),
            "email=nia%40example.com&name=Nia&roles=support_admin&roles=super_admin",
            "/admin/invite-staff".into(),
        ),
        (
            paths::CHANGE_ROLES.form(SESSION),
            "roles=super_admin&seen=support_admin",
            paths::CHANGE_ROLES.page(SESSION),
        ),
    ]
}

#[tokio::test]
async fn what_was_typed_into_every_other_form_is_there_again_too_and_for_nobody_else() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    site.console.add("ben", &[Role::SuperAdmin]).await;
    for (path, body, page) in more_forms() {
        let ana = site.sign_in("ana").await;
        site.console.clock.advance(TimeDelta::minutes(31));
        let next: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
        let lose = async || {
            let lost = site.submit(&path, Some(&ana), body).await;
            assert_eq!(lost.location, format!("/sign-in?next={next}"), "{path}");
            format!("{ana}; {}", cookie_of(&lost))
        };

        let back = site.sign_in_for("ana", &page, &lose().await).await;

        assert!(
            back.location.starts_with(&with_flash(&page, "")),
            "{path}: {back:?}"
        );
        let flash = site.flash(&back, Some(&cookie_of(&back))).await;
        let Flash::Typed { input } = flash else {
            panic!("{path}: {flash:?}");
        };
        let mut typed = Fields::new();
        for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
            let values = typed.entry(name.into_owned()).or_default();
            values.push(value.into_owned());
        }
        assert_eq!(input, typed, "{path}");
        let another = site.sign_in_for("ben", &page, &lose().await).await;
        assert_eq!(another.location, page, "{path}");
    }
    assert!(site.asked().is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_sign_out_and_a_given_password_lead_nobody_to_what_another_typed() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ben = site.console.add("ben", &[Role::SuperAdmin]).await;
    let (path, body, page) = &acts()[0];
    let expired = async || {
        let ana = site.sign_in("ana").await;
        site.console.clock.advance(TimeDelta::minutes(31));
        cookie_of(&site.submit(path, Some(&ana), body).await)
    };
    // Somebody else's password, given by a colleague, must be changed first.
    let given = crate::services::staff::GivenPassword::Chosen {
        password: PASSWORD.into(),
        must_change: true,
    };
    let context = cli();
    let reset = site.console.staff.reset_password(&context, ben.id, given);
    reset.await.unwrap();
    let typed = expired().await;
    let new = site.sign_in_for("ben", page, &typed).await;
    assert_eq!(new.location, "/account/password");
    let cookies = format!("{}; {typed}", cookie_of(&new));
    let current = PASSWORD.replace(' ', "+");
    let change =
        format!("current={current}&new=an+entirely+other+one&repeat=an+entirely+other+one");
    let changed = site
        .submit("/forms/change-password", Some(&cookies), &change)
        .await;
    assert!(
        changed.location.starts_with("/support?flash="),
        "{changed:?}"
    );
    let flash = site.flash(&changed, Some(&cookie_of(&changed))).await;
    assert!(matches!(flash, Flash::Done(_)), "{flash:?}");
    // Someone who signs out leaves nothing.
    let typed = expired().await;
    let again = site.sign_in("ana").await;
    let out = site
        .submit("/forms/sign-out", Some(&format!("{again}; {typed}")), "")
        .await;
    let mut set = out.headers.get_all(SET_COOKIE).iter();
    assert!(set.any(|value| {
        value
            .to_str()
            .unwrap()
            .starts_with("__Host-support-typed=;")
    }));
    assert_eq!(&site.sign_in_for("ana", page, &typed).await.location, page);
    // The page of another tab leaves with its form once the cookie is gone.
    let kept = site.submit(&format!("{path}?keep"), None, body).await;
    assert_eq!(kept.cookie, None);
}

#[tokio::test]
async fn a_form_that_is_only_kept_does_nothing_for_whom_is_signed_in_either() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    for (path, body, page) in &acts()[..6] {
        let answer = site.submit(&format!("{path}?keep"), Some(&ana), body).await;
        assert!(
            answer.location.starts_with(&format!("{page}?flash=")),
            "{answer:?}"
        );
        let flash = site.flash(&answer, Some(&ana)).await;
        assert!(matches!(flash, Flash::Typed { .. }), "{flash:?}");
    }
    let passwords = "current=a&new=b&repeat=c";
    let answer = site.submit("/forms/change-password", None, passwords).await;
    assert_eq!(answer.cookie, None, "no password is kept");
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn what_was_typed_is_kept_when_it_is_refused() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let body = "reason=short&scopes=a&scopes=b&ticket=T-1";
    let answer = site
        .submit("/forms/tenants/acme/create-session", Some(&ana), body)
        .await;
    let (problem, input) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("reason").is_some());
    assert_eq!(input["reason"], ["short"]);
    assert_eq!(input["scopes"], ["a", "b"]);
    assert_eq!(input["ticket"], ["T-1"]);
}

#[tokio::test]
async fn no_form_is_acted_on_that_was_sent_with_another_query() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    for (path, body, _) in &acts()[..6] {
        for query in ["keep?keep", "keep=", "keep&keep", "x=1"] {
            let address = format!("{path}?{query}");
            let answer = site.submit(&address, Some(&ana), body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        }
    }
    assert!(site.asked().is_empty(), "{:?}", site.asked());
}

#[tokio::test]
async fn what_was_typed_outlasts_a_lost_cookie_for_the_person_of_the_page_only() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    site.console.add("ben", &[Role::SuperAdmin]).await;
    let unknown = format!("__Host-support-console=scss_{}", "A".repeat(43));
    for (path, body, page) in &acts()[..6] {
        if body.is_empty() {
            continue;
        }
        let ana = site.sign_in("ana").await;
        let written_in = site.written_in(&ana).await;
        let body = format!("{body}&written_in={written_in}");
        site.submit("/forms/sign-out", Some(&ana), "").await;
        for cookies in ["", &unknown, &format!("{unknown}; {unknown}")] {
            for path in [path.clone(), format!("{path}?keep")] {
                let lost = site.submit(&path, Some(cookies), &body).await;
                let typed = cookie_of(&lost);
                let back = site.sign_in_for("ana", page, &typed).await;
                let flash = site.flash(&back, Some(&cookie_of(&back))).await;
                let Flash::Typed { input } = flash else {
                    panic!("{path} {flash:?}");
                };
                assert!(!input.contains_key("written_in"));
                assert!(input.contains_key(body.split('=').next().unwrap()));

                let lost = site.submit(&path, Some(cookies), &body).await;
                let typed = cookie_of(&lost);
                assert_eq!(&site.sign_in_for("ben", page, &typed).await.location, page);
                let late = site.sign_in_for("ana", page, &typed).await;
                assert_eq!(&late.location, page, "thrown away");
            }
        }
        // One that nobody had.
        let foreign = body.replace(&written_in, &Uuid::from_u128(9).to_string());
        assert_eq!(site.submit(path, None, &foreign).await.cookie, None);
        for bad in ["x", "", &format!("{written_in}&written_in={written_in}")] {
            let bad = body.replace(&written_in, bad);
            assert_eq!(site.submit(path, None, &bad).await.cookie, None, "{bad}");
        }
    }
    assert!(site.asked().is_empty(), "nothing was done");
}

#[tokio::test]
async fn nobody_sends_or_sees_what_another_person_filled_in_at_the_same_browser() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    site.console.add("ben", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let written_in = site.written_in(&ana).await;
    let ben = site.sign_in("ben").await;
    let again = site.sign_in("ana").await;
    for (path, body, _) in &acts()[..6] {
        let body = format!("{body}&written_in={written_in}");
        for path in [path.clone(), format!("{path}?keep")] {
            let answer = site.submit(&path, Some(&ben), &body).await;
            let (problem, input) = site.refusal(&answer, Some(&ben)).await;
            assert_eq!(problem.code, ProblemCode::Conflict, "{path}");
            assert!(input.is_empty(), "{input:?}");
        }
    }
    assert!(site.asked().is_empty(), "nothing was done");
    // The same person with a newer sign-in goes on.
    let (path, body, _) = &acts()[2];
    let body = format!("{body}&written_in={written_in}");
    site.submit(path, Some(&again), &body).await;
    assert_eq!(site.asked().len(), 1);
}
