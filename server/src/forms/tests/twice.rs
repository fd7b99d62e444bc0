//! Forms sent twice, with every real service behind them: the second one does nothing, and says so or
//! leads to the page of the first.

use app::{
    domain::tenants::{StatusForm, TenantMaster},
    ports::ManageTenantsPort,
};
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};

use super::*;
use crate::{
    app_state::AppState,
    config::Config,
    services::testing::{super_admin, worlds_with},
};

const REASON: (&str, &str) = ("reason", "The contract was signed today");
/// What pages write into their forms.
const KEYS: [&str; 2] = [
    "01937e2c-7b6a-7cc0-8000-000000000001",
    "01937e2c-7b6a-7cc0-8000-000000000002",
];
/// What [`Desk::twice`] says of a form that leads to the page of the first.
const SAME_PAGE: &str = "the page of the first";

/// A super admin who fills in forms.
struct Desk {
    site: Site,
    cookie: String,
}

impl Desk {
    async fn of(console: World) -> Self {
        console.add("ana", &[Role::SuperAdmin]).await;
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(console.core.clone(), keys).unwrap();
        let establish = EstablishStaff::new(console.core.clone(), state.staff_sessions.clone());
        let router = router::for_browsers(
            router::limited_forms(state.forms(), &state.limits),
            establish,
            SameOrigin::of(&console.core.config.console.public_url),
        );
        let site = Site {
            console,
            stub: Arc::default(),
            flashes: state.flashes.clone(),
            router,
        };
        let cookie = site.sign_in("ana").await;
        Self { site, cookie }
    }

    async fn events(&self) -> Vec<String> {
        let console = &self.site.console;
        let mut events = console.actions("system").await;
        events.extend(console.actions("tenant:newco").await);
        events
    }

    /// Sends a form twice, of which the first acts with one event of this name, and the second doesn't.
    /// Gives what the second says, and what its page shows.
    async fn twice(&self, path: &str, fields: &[(&str, &str)], action: &str) -> (String, Flash) {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(fields).finish();
        let named = |events: &[String]| events.iter().filter(|event| *event == action).count();
        let (site, cookie) = (&self.site, Some(self.cookie.as_str()));
        let engine = site.console.engine;
        let before = self.events().await;
        let first = site.submit(path, cookie, &body).await;
        let acted = self.events().await;
        if named(&acted) != named(&before) + 1 {
            let flash = site.flash(&first, cookie).await;
            panic!("{engine} {path}: {flash:?}");
        }
        let second = site.submit(path, cookie, &body).await;
        assert_eq!(self.events().await, acted, "{engine} {path}");
        let flash = site.flash(&second, cookie).await;
        let said = match &flash {
            _ if first.location == second.location => SAME_PAGE.to_owned(),
            Flash::Refused { problem, .. } => problem.detail.clone(),
            Flash::Done(done) => {
                assert_eq!(done.audit_event, None, "{engine} {path}");
                done.message.clone()
            }
            Flash::LoggedOut(answer) if answer.again.is_some() => "a fresh form".to_owned(),
            other => panic!("{engine} {path}: {other:?}"),
        };
        (said, flash)
    }

    /// The same, where only what is said counts.
    async fn says(&self, path: &str, fields: &[(&str, &str)], action: &str, part: &str) {
        let (said, _) = self.twice(path, fields, action).await;
        let engine = self.site.console.engine;
        assert!(said.contains(part), "{engine} {path}: {said}");
    }

    /// What a form says that it has seen of the tenant.
    async fn seen(&self) -> String {
        let tenants: &dyn ManageTenantsPort = &self.site.console.tenants;
        let id = "newco".parse().unwrap();
        let shown = tenants.one(&super_admin(1), &id, None).await;
        shown.unwrap().seen
    }
}

async fn desks() -> Vec<Desk> {
    let mut config = Config::default();
    config.tenants.master = TenantMaster::Console;
    let mut desks = Vec::new();
    for console in worlds_with(config).await {
        desks.push(Desk::of(console).await);
    }
    desks
}

/// Adds the tenant `newco`, which is active then.
async fn add_tenant(desk: &Desk) {
    let newco = [("id", "newco"), ("slug", "newco"), ("name", "Newco")];
    desk.says("/forms/tenants/new", &newco, "tenant.registered", "pending")
        .await;
    for (to, said) in [
        ("onboarding", "was onboarding already"),
        ("active", "was active already"),
    ] {
        let seen = StatusForm::mark(&desk.seen().await, &"newco".parse().unwrap());
        let form = [("id", "newco"), ("seen", seen.as_str()), ("to", to), REASON];
        let path = "/forms/tenants/status";
        desk.says(path, &form, "tenant.changed", said).await;
    }
}

#[tokio::test]
async fn a_second_form_about_a_tenant_changes_nothing_and_says_so() {
    for desk in desks().await {
        add_tenant(&desk).await;
        let seen = desk.seen().await;
        let edit = [
            ("slug", "newco"),
            ("name", "Newco Limited"),
            ("seen", seen.as_str()),
            REASON,
        ];
        let path = "/forms/tenants/newco/edit";
        desk.says(path, &edit, "tenant.changed", "up to date already")
            .await;
        let seen = desk.seen().await;
        let settings = [("seen", seen.as_str()), REASON];
        let path = "/forms/tenants/newco/settings";
        desk.says(path, &settings, "tenant.changed", "up to date already")
            .await;
        let europe = [
            ("id", "eu"),
            ("slug", "eu"),
            ("name", "Europe"),
            ("status", "active"),
            ("seen", ""),
        ];
        let path = "/forms/tenants/newco/organization";
        let event = "organization.registered";
        desk.says(path, &europe, event, "up to date already").await;
        let path = "/forms/tenants/newco/force-logout";
        let form = [("slug", "newco"), ("idempotency_key", KEYS[0])];
        desk.says(path, &form, "user_session.force_logout", "a fresh form")
            .await;
    }
}

#[tokio::test]
async fn a_second_form_about_a_support_session_does_nothing_and_says_so() {
    for mut desk in desks().await {
        add_tenant(&desk).await;
        let create = async |key: &str| {
            let fields = [
                REASON,
                ("scopes", "read_only"),
                ("ttl_minutes", "5"),
                ("idempotency_key", key),
            ];
            let path = "/forms/tenants/newco/create-session";
            let created = desk.twice(path, &fields, "support_session.created");
            match created.await {
                (said, Flash::Granted(granted)) if said == SAME_PAGE => {
                    assert!(granted.token.is_some());
                    granted.session.id.to_string()
                }
                other => panic!("{other:?}"),
            }
        };
        let (one, other) = (create(KEYS[0]).await, create(KEYS[1]).await);
        desk.site.console.add("ben", &[Role::SuperAdmin]).await;
        let bens = desk.site.sign_in("ben").await;
        let anas = std::mem::replace(&mut desk.cookie, bens);
        let path = |act: &str| format!("/forms/support-sessions/{one}/{act}");
        let raise = [("requests_total", "20000"), REASON];
        let event = "support_session.budget_raised";
        let then = "Nothing was done now:";
        desk.says(&path("raise-budget"), &raise, event, then).await;
        desk.cookie = anas;
        let event = "support_session.token_replaced";
        desk.says(&path("replace-token"), &[], event, SAME_PAGE)
            .await;
        let event = "support_session.revoked";
        let already = "was already revoked by ana";
        desk.says(&path("revoke"), &[], event, already).await;
        let selected = [("id", other.as_str()), REASON, ("idempotency_key", KEYS[0])];
        let path = "/forms/support-sessions/revoke-selected";
        desk.says(path, &selected, event, then).await;
    }
}

#[tokio::test]
async fn a_second_form_about_an_api_key_does_nothing_and_says_so() {
    for desk in desks().await {
        let fields = [
            ("name", "invoices"),
            ("rights", "read"),
            ("idempotency_key", KEYS[0]),
        ];
        let path = "/forms/api-keys/new/create";
        let id = match desk.twice(path, &fields, "api_key.created").await {
            (said, Flash::KeyMade(made)) if said == SAME_PAGE => made.key.id,
            other => panic!("{other:?}"),
        };
        let path = |act: &str| format!("/forms/api-keys/{id}/{act}");
        let rotate = [("overlap_hours", "1"), ("idempotency_key", KEYS[1])];
        desk.says(&path("rotate"), &rotate, "api_key.rotated", SAME_PAGE)
            .await;
        desk.says(&path("revoke"), &[], "api_key.revoked", "already revoked")
            .await;
    }
}

#[tokio::test]
async fn a_second_form_about_a_staff_member_does_nothing_and_says_so() {
    const NOTHING: &str = "Nothing had to be changed.";
    for desk in desks().await {
        let invite = [
            ("email", "Nia@Example.com"),
            ("name", "Nia"),
            ("roles", "support_admin"),
        ];
        let path = "/forms/invite-staff";
        // The link of the first click is the only one that works.
        let (id, code) = match desk.twice(path, &invite, "staff.invited").await {
            (said, Flash::StaffLink(given)) if said == SAME_PAGE => (given.member.id, given.code),
            other => panic!("{other:?}"),
        };
        let path = |act: &str| format!("/forms/staff/{id}/{act}");
        let again = desk.twice(&path("link"), &[], "staff.link_made").await;
        match again {
            (said, Flash::StaffLink(given)) if said == SAME_PAGE => assert_ne!(given.code, code),
            other => panic!("{other:?}"),
        }
        // Its page was shown, so a further form makes another link.
        desk.says(&path("link"), &[], "staff.link_made", SAME_PAGE)
            .await;
        let none: &[(&str, &str)] = &[];
        let roles = [("roles", "super_admin"), ("seen", "support_admin")];
        for (act, fields, event) in [
            ("revoke-link", none, "staff.link_revoked"),
            ("roles", &roles[..], "staff.roles_changed"),
            ("deactivate", none, "staff.deactivated"),
            ("reactivate", none, "staff.reactivated"),
        ] {
            desk.says(&path(act), fields, event, NOTHING).await;
        }
        let ben = desk.site.console.add("ben", &[Role::SupportAdmin]).await;
        desk.site.sign_in("ben").await;
        let path = format!("/forms/staff/{}/sign-out", ben.id);
        desk.says(&path, &[], "staff.sign_ins_ended", NOTHING).await;
        desk.site.sign_in("ana").await;
        let path = "/forms/sign-out-elsewhere";
        let nowhere = "You aren't signed in anywhere else.";
        desk.says(path, &[], "staff.signed_out", nowhere).await;
    }
}

#[tokio::test]
async fn nobody_else_is_led_to_a_link_that_waits() {
    for desk in desks().await {
        let (site, ana) = (&desk.site, Some(desk.cookie.as_str()));
        let elsewhere = site.sign_in("ana").await;
        let form = "email=nia%40example.com&name=Nia&roles=support_admin";
        let first = site.submit("/forms/invite-staff", ana, form).await;
        let second = site
            .submit("/forms/invite-staff", Some(&elsewhere), form)
            .await;
        assert_ne!(first.location, second.location);
        let (problem, _) = site.refusal(&second, Some(&elsewhere)).await;
        assert!(problem.field("email").is_some(), "{problem:?}");
        let another = form.replace("nia", "kim");
        let another = site.submit("/forms/invite-staff", ana, &another).await;
        assert_ne!(first.location, another.location, "somebody else");
    }
}
