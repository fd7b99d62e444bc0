//! Shows a refusal to a person on a page of the product, where no page of the console can show it.

use app::domain::caller::Context;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use gateway::browser::{RefusalPage, fetch_metadata};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::same_origin::SameOrigin;
use crate::problem::Told;

/// The layer that turns problem details into a page, for a person.
pub(crate) async fn tell(State(own): State<SameOrigin>, request: Request, next: Next) -> Response {
    let page = fetch_metadata::wants_page(request.headers())
        .then(|| RefusalPage::of(request.headers(), &own.page("")));
    let mut response = next.run(request).await;
    let Some((page, Told(problem))) = page.zip(response.extensions_mut().remove::<Told>()) else {
        return response;
    };
    let context = response.extensions().get::<Context>();
    let request_id = problem.request_id.as_deref();
    let request_id = request_id.or_else(|| context?.origin.request_id.as_deref());
    // One field is named in the detail.
    let fields = problem.fields.iter().filter(|_| problem.fields.len() > 1);
    let fields = fields.map(|field| format!("{}: {}", field.field, field.message));
    let sentences: Vec<_> = std::iter::once(problem.detail.clone())
        .chain(fields)
        .collect();
    let page = page.write(
        response.status(),
        problem.code.as_str(),
        &sentences,
        request_id,
    );
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_ENCODING);
    parts.headers.remove(CONTENT_LENGTH);
    let (written, body) = page.into_parts();
    for (name, value) in &written.headers {
        parts.headers.insert(name, value.clone());
    }
    Response::from_parts(parts, Body::new(body))
}

#[cfg(test)]
mod tests {
    use app::{domain::staff::Role, paths};
    use axum::Router;
    use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
    use http::{HeaderMap, Method, StatusCode, header};
    use http_body_util::BodyExt;
    use tokio::sync::broadcast;
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        app_state::AppState,
        middleware::address::HEAD,
        router,
        services::testing::{World, sqlite},
    };

    const PERSON: [(&str, &str); 3] = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-site", "same-origin"),
    ];
    const PROGRAM: [(&str, &str); 2] = [("accept", "*/*"), ("sec-fetch-site", "same-origin")];

    /// The console, and the cookie of a super admin.
    async fn console() -> (Router, String, World) {
        let world = sqlite().await;
        world.add("ana", &[Role::SuperAdmin]).await;
        let token = world.sign_in("ana").await.token;
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(world.core.clone(), keys).unwrap();
        let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
        let cookie = format!("__Host-support-console={}", token.expose());
        (router::console(&state, live, None), cookie, world)
    }

    struct Asked<'a> {
        method: Method,
        address: &'a str,
        body: &'static str,
    }

    async fn ask(
        router: &Router,
        cookie: &str,
        asked: &Asked<'_>,
        fields: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, String) {
        let request = Request::builder()
            .method(&asked.method)
            .uri(asked.address)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = fields.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request.body(Body::from(asked.body)).unwrap();
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }

    fn get(address: &str) -> Asked<'_> {
        Asked {
            method: Method::GET,
            address,
            body: "",
        }
    }

    fn post<'a>(address: &'a str, body: &'static str) -> Asked<'a> {
        Asked {
            method: Method::POST,
            address,
            body,
        }
    }

    /// What is refused, with the status, the code, and a part of what the answer says.
    type Refused<'a> = (Asked<'a>, u16, &'static str, &'static str);

    fn malformed<'a>(address: &'a str, part: &'static str) -> Refused<'a> {
        (get(address), 400, "malformed_request", part)
    }

    fn invalid<'a>(asked: Asked<'a>, part: &'static str) -> Refused<'a> {
        (asked, 422, "invalid_input", part)
    }

    #[tokio::test]
    async fn every_refusal_is_a_page_for_a_person_and_a_problem_for_a_program() {
        let (router, cookie, _world) = console().await;
        let long = format!("/support?q={}", "a".repeat(HEAD.target));
        let sign_out = |body| post(paths::forms::SIGN_OUT, body);
        for (asked, status, code, part) in [
            malformed("/support?q=%00", "Remove %00"),
            malformed("/support/tenants/%FF", "UTF-8"),
            malformed("/support/enter/%FF", "UTF-8"),
            malformed("/nowhere/%00", "Remove %00"),
            malformed("/pkg/%FF", "UTF-8"),
            malformed("/export/audit?actor=%FF", "UTF-8"),
            invalid(get("/export/audit?format=xml"), "must be one of"),
            invalid(get("/export/tenants?format=xml"), "must be one of"),
            (get("/support/enter/nothing"), 404, "not_found", "not found"),
            (get(&long), 414, "malformed_request", "longer than 32 KiB"),
            invalid(sign_out("other=1"), "other: is not a field"),
            invalid(sign_out("a=1&b=2"), "is not a field of this form"),
        ] {
            let at = asked.address.get(..40).unwrap_or(asked.address);
            let answer = ask(&router, &cookie, &asked, &PERSON).await;
            is_page(at, status, &[code, part], &answer);
            // No program enters a tenant.
            if !asked.address.starts_with("/support/enter/n") {
                let answer = ask(&router, &cookie, &asked, &PROGRAM).await;
                is_problem(at, status, code, part, &answer);
            }
        }
    }

    type Answer = (StatusCode, HeaderMap, String);

    fn is_page(at: &str, status: u16, parts: &[&str], (found, fields, page): &Answer) {
        assert_eq!(*found, status, "{at}: {page}");
        let kind = &fields[header::CONTENT_TYPE];
        assert_eq!(kind, "text/html; charset=utf-8", "{at}");
        let back = "/support/sessions\">Back to Support Console";
        for wanted in [parts, &[id_of(fields), "<h1>", back]].concat() {
            assert!(page.contains(wanted), "{at}: {wanted}: {page}");
        }
        let length: Option<&str> = fields.get(CONTENT_LENGTH).map(|l| l.to_str().unwrap());
        assert!(
            length.is_none_or(|length| length == page.len().to_string()),
            "{at}"
        );
    }

    fn is_problem(at: &str, status: u16, code: &str, part: &str, (found, fields, text): &Answer) {
        assert_eq!(*found, status, "{at}: {text}");
        assert_eq!(
            fields[header::CONTENT_TYPE],
            "application/problem+json",
            "{at}"
        );
        let problem: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&code.into(), &status.into())
        );
        assert!(
            text.contains(part) && problem["request_id"] == id_of(fields),
            "{text}"
        );
    }

    fn id_of(fields: &HeaderMap) -> &str {
        fields["x-request-id"].to_str().unwrap()
    }

    #[tokio::test]
    async fn a_page_of_a_refusal_holds_no_markup_of_its_address() {
        let (router, cookie, _world) = console().await;
        let asked = post(paths::forms::SIGN_OUT, "%3Cscript%3Ea=1");
        let referer = ("referer", "http://localhost:3000/a?b=\"><script>");
        let fields = [&PERSON[..], &[referer]].concat();
        let (_, fields, page) = ask(&router, &cookie, &asked, &fields).await;
        assert!(!page.contains("<script"), "{page}");
        let policy = fields[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
    }

    #[tokio::test]
    async fn what_another_site_sends_is_refused_on_a_page() {
        let (router, cookie, _world) = console().await;
        let asked = post(paths::forms::SIGN_OUT, "");
        let fields = [PERSON[0], PERSON[1], ("sec-fetch-site", "cross-site")];
        let (status, fields, page) = ask(&router, &cookie, &asked, &fields).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(
            page.contains("came from another site") && fields.get(header::SET_COOKIE).is_none()
        );
    }
}
