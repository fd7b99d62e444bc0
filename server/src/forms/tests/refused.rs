//! Refused callers and requests.

use super::*;

#[tokio::test]
async fn forms_that_are_sent_too_often_come_back_with_what_was_typed() {
    let limits = LimitConfig {
        staff_requests_per_minute: 1,
        ..LimitConfig::default()
    };
    let site = Site::limited(limits).await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let cookie = site.sign_in("ana").await;
    let (path, _, page) = &acts()[2];
    let send = async |body| site.submit(path, Some(&cookie), body).await;
    let first = send("reason=First").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"acts\";q=1;w=60");
    assert_eq!(first.headers["ratelimit"], "\"acts\";r=0;t=60");
    let second = send("reason=Second").await;
    assert!(second.location.starts_with(page), "{second:?}");
    let (problem, kept) = site.refusal(&second, Some(&cookie)).await;
    assert_eq!(problem.code, ProblemCode::RateLimited);
    assert_eq!(problem.retry_after_seconds, Some(60));
    assert_eq!(kept["reason"], ["Second"]);
    assert_eq!(site.asked().len(), 1, "{:?}", site.asked());

    let link = Request::get("/support/open/s-x").header(header::COOKIE, &cookie);
    let link = site.send(link.body(Body::empty()).unwrap()).await;
    assert_eq!(link.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(link.headers["retry-after"], "60");
    let out = site.submit("/forms/sign-out", Some(&cookie), "").await;
    assert!(
        out.location.starts_with("/sign-in"),
        "never refused: {out:?}"
    );
}

#[tokio::test]
async fn nobody_and_no_expired_or_ended_sign_in_gets_past_a_form() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let idle = site.sign_in("ana").await;
    site.console.clock.advance(TimeDelta::minutes(31));
    let ended = site.sign_in("ana").await;
    site.submit("/forms/sign-out", Some(&ended), "").await;
    let token = ended.split_once('=').unwrap().1;
    let twice = format!("{ended}; {ended}");
    let other_name = format!("support-console={token}");
    for cookie in [
        None,
        Some(&idle),
        Some(&ended),
        Some(&twice),
        Some(&other_name),
    ] {
        for (path, body, page) in acts() {
            let answer = site.submit(&path, cookie.map(String::as_str), body).await;
            let page: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            assert_eq!(
                answer.location,
                format!("/sign-in?next={page}"),
                "{path} {cookie:?}"
            );
        }
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn a_key_opens_no_form() {
    let site = Site::new().await;
    let keys = ApiKeys::new(site.console.core.clone());
    let new = crate::services::api_keys::NewApiKey {
        name: "all".into(),
        tenant_id: None,
        rights: app::domain::api_keys::ApiRight::ALL.to_vec(),
        ..Default::default()
    };
    let made = keys.create(&cli(), new).await.unwrap();
    let (path, body, _) = &acts()[1];
    let mut request = Site::post(path, None, body);
    let value = format!("Bearer {}", made.token.expose()).parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    let answer = site.send(request).await;
    assert!(answer.location.starts_with("/sign-in?next="), "{answer:?}");
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn who_has_no_role_or_not_this_right_is_told_on_the_page() {
    let site = Site::new().await;
    site.console.add("cem", &[]).await;
    site.console.add("ben", &[Role::SupportAdmin]).await;
    let cem = site.sign_in("cem").await;
    for (path, body, page) in &acts()[..5] {
        let answer = site.submit(path, Some(&cem), body).await;
        assert!(answer.location.starts_with(&format!("{page}?flash=")));
        let (problem, _) = site.refusal(&answer, Some(&cem)).await;
        assert_eq!(problem.code, ProblemCode::Forbidden);
    }
    // Another's support session.
    let ben = site.sign_in("ben").await;
    for (path, body, _) in &acts()[2..5] {
        let answer = site.submit(path, Some(&ben), body).await;
        let (problem, _) = site.refusal(&answer, Some(&ben)).await;
        assert_eq!(problem.code, ProblemCode::Forbidden);
    }
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn unknown_and_repeated_fields_are_refused_by_name_before_anything_is_done() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    for (path, body, _) in acts() {
        let body = format!("{body}&role=super_admin");
        let answer = site.submit(&path, Some(&ana), &body).await;
        let (problem, _) = site.refusal(&answer, Some(&ana)).await;
        assert!(problem.field("role").is_some(), "{path}");
        let told = problem.beside(&["reason", "slug", "rules"]).unwrap();
        assert!(
            told.detail.contains("role is not a field of this form"),
            "{path} {told:?}"
        );
    }
    let answer = site
        .submit(
            "/forms/tenants/acme/force-logout",
            Some(&ana),
            "slug=acme&slug=blue",
        )
        .await;
    let (problem, _) = site.refusal(&answer, Some(&ana)).await;
    assert!(problem.field("slug").is_some());
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn what_is_no_form_is_a_clear_4xx() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let large = format!("slug={}", "a".repeat(70_000));
    for (path, body, status, says) in [
        ("/forms/tenants/acme/force-logout", "slug=%FF", 422, "slug"),
        ("/forms/tenants/acme/force-logout", "slug=%2", 422, "slug"),
        (
            "/forms/tenants/acme/force-logout",
            large.as_str(),
            413,
            "64 KiB",
        ),
        (
            "/forms/tenants/a%20b/force-logout",
            "slug=a",
            404,
            "Tenant not found",
        ),
        (
            "/forms/support-sessions/1/revoke",
            "",
            404,
            "Support session not found",
        ),
        ("/forms/sign-out", "everywhere=maybe", 422, "everywhere"),
    ] {
        let answer = site.submit(path, Some(&ana), body).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
        assert!(answer.body.contains(says), "{path}: {answer:?}");
    }
    let mut request = Site::post("/forms/sign-out", Some(&ana), "{}");
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    assert_eq!(
        site.send(request).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    // A body that does not say how long it is.
    let chunks = futures::stream::iter([b'a'; 2].map(|b| Ok::<_, std::io::Error>(vec![b; 40_000])));
    let mut request = Site::post("/forms/tenants/acme/force-logout", Some(&ana), "");
    *request.body_mut() = Body::from_stream(chunks);
    assert_eq!(
        site.send(request).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let request = Request::get("/forms/sign-out").body(Body::empty()).unwrap();
    assert_eq!(
        site.send(request).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn no_form_is_read_whose_body_says_that_it_is_packed() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let path = "/forms/tenants/acme/force-logout";
    for codings in [
        &["gzip"][..],
        &["br"],
        &["identity, gzip"],
        &["identity", "gzip"],
    ] {
        let mut request = Site::post(path, Some(&ana), "slug=acme&idempotency_key=k");
        for coding in codings {
            let coding = coding.parse().unwrap();
            request.headers_mut().append("content-encoding", coding);
        }
        let answer = site.send(request).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(answer.headers["accept-encoding"], "identity", "{codings:?}");
        assert!(answer.body.contains("Content-Encoding"), "{answer:?}");
    }
    let mut request = Site::post("/forms/tenants/a%20b/force-logout", Some(&ana), "slug=a");
    let plain = "Identity".parse().unwrap();
    request.headers_mut().insert("content-encoding", plain);
    assert_eq!(site.send(request).await.status, StatusCode::NOT_FOUND);
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn no_other_site_can_submit_a_form() {
    let site = Site::new().await;
    site.console.add("ana", &[Role::SuperAdmin]).await;
    let ana = site.sign_in("ana").await;
    let mut forms: Vec<_> = acts()
        .into_iter()
        .map(|(path, body, _)| (path, body))
        .collect();
    forms.push(("/forms/sign-in".into(), "email=a&password=b"));
    forms.push(("/forms/sign-out".into(), ""));
    for (path, body) in &forms {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "null"),
            ("origin", "http://localhost:3100"),
            ("origin", "https://localhost:3000"),
            ("x-nothing", "at all"),
        ] {
            let mut request = Site::post(path, Some(&ana), body);
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(name, value.parse().unwrap());
            let answer = site.send(request).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {name}: {value}"
            );
        }
    }
    assert!(site.asked().is_empty());
    assert!(matches!(
        site.context(Some(&ana)).await.caller,
        Caller::Staff(_)
    ));
}
