//! Which page to show first: the sign-in, the change of a password, or the requested page. Paths
//! without a page do not come here.

use app::{
    domain::{caller::Caller, signed_in::LostSignIn},
    paths,
};
use axum::http::{
    HeaderMap, Uri,
    header::{HOST, REFERER},
};

use crate::middleware::cookie;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Render,
    Elsewhere(String),
}

/// `ended` is why the sign-in holds no longer whose cookie came, as far as the store knows.
pub(super) fn decide(
    caller: &Caller,
    uri: &Uri,
    headers: &HeaderMap,
    ended: Option<LostSignIn>,
) -> Gate {
    let path = uri.path();
    if path == paths::SIGN_IN || path == paths::SET_PASSWORD {
        return Gate::Render;
    }
    match caller {
        Caller::Staff(staff) => {
            if staff.must_change_password && path != paths::PASSWORD {
                return Gate::Elsewhere(paths::PASSWORD.into());
            }
            let is_account = path == paths::PASSWORD || path == paths::NO_ROLE;
            if staff.roles.is_empty() && !is_account {
                return Gate::Elsewhere(paths::NO_ROLE.into());
            }
            Gate::Render
        }
        _ => {
            let next = uri.path_and_query().map_or(path, |whole| whole.as_str());
            let lost = match ended {
                // One that has just begun and is over by this server's clock.
                None | Some(LostSignIn::Expired) => lost(headers).or(ended),
                ended => ended,
            };
            Gate::Elsewhere(paths::sign_in_again(next, lost))
        }
    }
}

/// Why a sign-in with the right password didn't last. A browser that keeps no cookies comes from
/// the sign-in without any. One that was signed in has at least the cookie of its visit there, even
/// on a reload, when it names the sign-in as the previous page again.
fn lost(headers: &HeaderMap) -> Option<LostSignIn> {
    if cookie::BEGUN.only(headers).is_some() {
        return Some(LostSignIn::NotTaken);
    }
    let before: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    let has_any = cookie::VISITED.all(headers).next().is_some() || cookie::has_token(headers);
    // A page elsewhere may have the same path.
    let host = headers.get(HOST)?.to_str().ok()?;
    let is_ours = before
        .authority()
        .is_some_and(|from| from.as_str().eq_ignore_ascii_case(host));
    (is_ours && before.path() == paths::SIGN_IN && !has_any).then_some(LostSignIn::NotKept)
}

#[cfg(test)]
mod tests {
    use app::domain::{StaffId, StaffSessionId, caller::StaffCaller, staff::Role};
    use uuid::Uuid;

    use super::*;

    fn staff(roles: Vec<Role>, must_change_password: bool) -> Caller {
        Caller::Staff(StaffCaller {
            staff_id: StaffId::from_uuid(Uuid::nil()),
            name: "Mina Okafor".into(),
            roles,
            staff_session_id: StaffSessionId::from_uuid(Uuid::nil()),
            signed_in_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            must_change_password,
        })
    }

    fn gate(caller: &Caller, path: &str) -> Gate {
        decide(caller, &path.parse().unwrap(), &HeaderMap::new(), None)
    }

    fn elsewhere(path: &str) -> Gate {
        Gate::Elsewhere(path.into())
    }

    #[test]
    fn nobody_is_sent_to_sign_in_and_comes_back() {
        let nobody = Caller::Anonymous;
        assert_eq!(
            gate(&nobody, "/support?q=a%20b"),
            elsewhere("/sign-in?next=%2Fsupport%3Fq%3Da%2520b")
        );
        assert_eq!(gate(&nobody, "/sign-in"), Gate::Render);
        assert_eq!(gate(&nobody, "/set-password"), Gate::Render);
    }

    #[test]
    fn a_sign_in_that_does_not_hold_says_why() {
        const FROM: (&str, &str) = ("referer", "https://console.example/sign-in?next=%2Faudit");
        let plain = "/sign-in?next=%2Faudit";
        for (fields, expected) in [
            (&[][..], plain.to_owned()),
            (&[FROM], format!("{plain}&lost=not-kept")),
            (&[FROM, ("cookie", "a=b")], format!("{plain}&lost=not-kept")),
            // Signed out since, and back at a page that had come from the sign-in.
            (
                &[FROM, ("cookie", "__Host-support-visited=v")],
                plain.to_owned(),
            ),
            (
                &[FROM, ("cookie", "__Host-support-console=t")],
                plain.to_owned(),
            ),
            (
                &[("referer", "https://console.example/support")],
                plain.to_owned(),
            ),
            (&[("referer", "::")], plain.to_owned()),
            (
                &[("referer", "https://elsewhere.example/sign-in")],
                plain.to_owned(),
            ),
            (
                &[("referer", "https://console.example:8443/sign-in")],
                plain.to_owned(),
            ),
            (
                &[("cookie", "__Host-support-begun=b; __Host-support-console=t")],
                format!("{plain}&lost=not-taken"),
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "console.example".parse().unwrap());
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            let audit = "/audit".parse().unwrap();
            let decided = decide(&Caller::Anonymous, &audit, &headers, None);
            assert_eq!(decided, elsewhere(&expected), "{fields:?}");
        }
    }

    #[test]
    fn a_sign_in_that_is_over_says_why() {
        let begun = ("cookie", "__Host-support-begun=b; __Host-support-console=t");
        let kept = ("cookie", "__Host-support-console=t");
        for (cookies, ended, told) in [
            (kept, LostSignIn::Ended, "ended"),
            (kept, LostSignIn::Deactivated, "deactivated"),
            (kept, LostSignIn::Expired, "expired"),
            (begun, LostSignIn::Deactivated, "deactivated"),
            // By a clock that is ahead of the one that it began by.
            (begun, LostSignIn::Expired, "not-taken"),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(cookies.0, cookies.1.parse().unwrap());
            let audit = "/audit".parse().unwrap();
            let decided = decide(&Caller::Anonymous, &audit, &headers, Some(ended));
            assert_eq!(
                decided,
                elsewhere(&format!("/sign-in?next=%2Faudit&lost={told}"))
            );
        }
    }

    #[test]
    fn a_password_to_change_comes_before_every_page() {
        let new = staff(vec![Role::SuperAdmin], true);
        assert_eq!(gate(&new, "/support"), elsewhere("/account/password"));
        assert_eq!(gate(&new, "/account/password"), Gate::Render);
    }

    #[test]
    fn without_a_role_there_is_one_page() {
        let outsider = staff(Vec::new(), false);
        assert_eq!(gate(&outsider, "/audit"), elsewhere("/account/no-role"));
        assert_eq!(gate(&outsider, "/account/no-role"), Gate::Render);
        assert_eq!(
            gate(&staff(vec![Role::SupportAdmin], false), "/audit"),
            Gate::Render
        );
    }
}
