//! What the palette offers: pages, and what the person may do where they are.

use super::fold::fold;
use crate::{
    domain::{find::Named, matches::Matches, shown::in_sentence, signed_in::SignedIn, staff::Role},
    paths,
    query::Query,
};

/// What an entry leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Go(String),
    SignOut,
    Pause(bool),
    /// Chooses a value for this browser: the name and the value.
    Choose(&'static str, &'static str),
    ShowKeys,
}

/// One line to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What stands above it and those like it.
    pub group: &'static str,
    pub title: String,
    /// What it is, or what tells it from others.
    pub note: String,
    pub deed: Deed,
}

impl Entry {
    fn new(
        group: &'static str,
        title: impl Into<String>,
        note: impl Into<String>,
        deed: Deed,
    ) -> Self {
        Self {
            group,
            title: title.into(),
            note: note.into(),
            deed,
        }
    }

    /// Whether each word of a text begins a word of it.
    fn fits(&self, text: &str) -> bool {
        let own = format!("{} {}", self.title, self.note);
        words(text).all(|word| begins_a_word(&own, &word))
    }

    /// Whether a text that fits has no word of the title: it names the tenant, rather than what is done there.
    fn fits_by_note(&self, text: &str) -> bool {
        !text.is_empty() && !words(text).any(|word| begins_a_word(&self.title, &word))
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let text = fold(text);
    let words: Vec<_> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

fn begins_a_word(text: &str, beginning: &str) -> bool {
    words(text).any(|word| word.starts_with(beginning))
}

/// Where the person is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    /// The path of the page.
    pub path: String,
    pub paused: bool,
}

/// Everything that fits `text`, the likeliest first. All pages and acts without one.
pub fn entries(text: &str, matches: &Matches, signed_in: &SignedIn, here: &Here) -> Vec<Entry> {
    let text = text.trim();
    let own = pages(signed_in).into_iter().chain(acts(signed_in, here));
    let (by_note, by_title): (Vec<_>, Vec<_>) = own
        .filter(|entry| entry.fits(text))
        .partition(|entry| entry.fits_by_note(text));
    let mut entries: Vec<_> = named(matches).into_iter().collect();
    entries.extend(by_title);
    entries.extend(found(matches));
    entries.extend(by_note);
    entries
}

fn pages(signed_in: &SignedIn) -> Vec<Entry> {
    let administration: &[_] = match signed_in.staff.roles.contains(&Role::SuperAdmin) {
        true => &[
            ("Tenants", paths::MANAGED_TENANTS),
            ("Staff", paths::STAFF),
            ("API keys", paths::API_KEYS),
            ("Settings", paths::SETTINGS),
        ],
        false => &[],
    };
    let everyones = [
        ("Tenant health", paths::OVERVIEW),
        ("View Sessions", paths::SUPPORT_SESSIONS),
        ("Audit log", paths::AUDIT),
        ("Rules", paths::RULES),
        ("Permissions", paths::PERMISSIONS),
        ("Help", paths::HELP),
        ("Change password", paths::PASSWORD),
        ("Your sessions and devices", paths::OWN_SIGN_INS),
    ];
    let all = everyones.iter().chain(administration);
    all.map(|(title, path)| Entry::new("Pages", *title, "", Deed::Go((*path).to_owned())))
        .collect()
}

fn acts(signed_in: &SignedIn, here: &Here) -> Vec<Entry> {
    let act = |title: &str, note: &str, deed| Entry::new("Actions", title, note, deed);
    let mut acts = Vec::new();
    if let Some(tenant) = paths::tenant_of(&here.path) {
        let create = paths::CREATE_SESSION.page(tenant);
        let logout = paths::FORCE_LOGOUT.page(tenant);
        acts.push(act("Create Support Session", tenant, Deed::Go(create)));
        acts.push(act("Force Logout All Sessions", tenant, Deed::Go(logout)));
    }
    for session in &signed_in.own_active {
        let tenant = in_sentence(&session.tenant_name);
        let revoke = Deed::Go(paths::REVOKE.page(session.id));
        acts.push(act("Revoke Session", &format!("yours in {tenant}"), revoke));
    }
    let pause = if here.paused {
        "Resume live updates"
    } else {
        "Pause live updates"
    };
    acts.push(act(pause, "", Deed::Pause(!here.paused)));
    for (title, name, value) in [
        ("Theme: system", "theme", ""),
        ("Theme: light", "theme", "light"),
        ("Theme: dark", "theme", "dark"),
        ("Rows: compact", "density", ""),
        ("Rows: comfortable", "density", "comfortable"),
    ] {
        acts.push(act(title, "", Deed::Choose(name, value)));
    }
    acts.push(act("Keyboard shortcuts", "", Deed::ShowKeys));
    acts.push(act("Sign out", "", Deed::SignOut));
    acts
}

/// What the text names by its identifier.
fn named(matches: &Matches) -> Option<Entry> {
    let found = matches.named.as_ref()?;
    let (title, kind) = (in_sentence(&found.title), found.named.kind());
    Some(Entry::new(
        "This ID",
        title,
        kind,
        Deed::Go(paths::named(&found.named)),
    ))
}

/// What the text is part of the name of.
fn found(matches: &Matches) -> impl Iterator<Item = Entry> {
    let tenants = matches.tenants.iter().flat_map(|tenant| {
        let go = Deed::Go(paths::tenant(&tenant.id));
        let create = Deed::Go(paths::CREATE_SESSION.page(&tenant.id));
        let name = in_sentence(&tenant.name);
        let title = format!("Create Support Session for {name}");
        let is_one = matches.tenants.len() == 1;
        [
            Some(Entry::new("Tenants", name, tenant.id.as_str(), go)),
            is_one.then(|| Entry::new("Tenants", title, "", create)),
        ]
        .into_iter()
        .flatten()
    });
    let sessions = matches.sessions.iter().map(|session| {
        let (staff, tenant) = (&session.staff_name, &session.tenant_name);
        let title = format!("{} in {}", in_sentence(staff), in_sentence(tenant));
        let go = Deed::Go(paths::named(&Named::SupportSession(session.id)));
        let reason = in_sentence(&session.reason);
        Entry::new("Active support sessions", title, reason, go)
    });
    let staff = matches.staff.iter().map(|member| {
        let sessions = Query::default().with_some("staff", Some(member.id));
        let go = Deed::Go(sessions.of(paths::SUPPORT_SESSIONS));
        let name = in_sentence(&member.name);
        Entry::new("Staff members", name, "support sessions", go)
    });
    tenants.chain(sessions).chain(staff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{find::Found, matches::TenantMatch, staff::StaffRef};

    fn anyone() -> SignedIn {
        serde_json::from_value(serde_json::json!({
            "staff": {
                "id": "01937e2c-7b6a-7cc0-8000-000000000001", "email": "ida@example.com", "name": "Ida Brandt",
                "roles": ["support_admin"], "deactivated_at": null, "created_at": "2026-11-22T10:00:00Z",
            },
            "signed_in_at": "2026-11-22T10:00:00Z", "must_change_password": false, "own_active": [],
            "active_support_sessions": 0, "record_outage": null, "now": "2026-11-22T10:00:00Z",
        }))
        .unwrap()
    }

    fn titles(text: &str, matches: &Matches, path: &str) -> Vec<String> {
        let here = Here {
            path: path.into(),
            paused: false,
        };
        let entries = entries(text, matches, &anyone(), &here).into_iter();
        entries.map(|entry| entry.title).collect()
    }

    #[test]
    fn each_word_begins_a_word_of_what_is_found() {
        let none = Matches::default();
        assert_eq!(titles("aud", &none, "/support"), ["Audit log"]);
        assert_eq!(titles(" LOG  aud ", &none, "/support"), ["Audit log"]);
        assert!(titles("udit", &none, "/support").is_empty());
        assert!(titles("", &none, "/support").len() > 10);
    }

    #[test]
    fn words_are_compared_as_the_lists_search_them() {
        for (name, typed) in [
            ("İstanbul Lojistik", "istanbul"),
            ("Straße AG", "STRASSE"),
            ("Σίσυφος", "σισυφοσ"),
            ("Málaga", "mala"),
            ("Malaga", "MÁLAGA"),
            ("Ma\u{301}laga", "málaga"),
            ("Ｔｏｋｙｏ", "tokyo"),
            ("Iğdır", "ığdir"),
        ] {
            let entry = Entry::new("Actions", "Revoke Session", name, Deed::ShowKeys);
            assert!(entry.fits(typed), "{name} {typed}");
            assert!(entry.fits("session"), "{name}");
            assert!(!entry.fits("other"), "{name}");
        }
    }

    #[test]
    fn acts_belong_to_where_one_is() {
        let none = Matches::default();
        assert!(titles("create", &none, "/support").is_empty());
        assert_eq!(
            titles("create", &none, "/support/tenants/acme"),
            ["Create Support Session"]
        );
        assert!(titles("revoke", &none, "/support").is_empty());
    }

    #[test]
    fn the_tenant_that_is_named_comes_before_what_is_done_there() {
        let matches = Matches {
            tenants: vec![TenantMatch {
                id: "acme".parse().unwrap(),
                name: "Acme Bank".into(),
            }],
            ..Matches::default()
        };
        let listed = |text| titles(text, &matches, "/support/tenants/acme");
        let create = "Create Support Session";
        let (go, create_there) = ("Acme Bank", "Create Support Session for Acme Bank");
        let logout = "Force Logout All Sessions";
        assert_eq!(listed("acme"), [go, create_there, create, logout]);
        assert_eq!(listed("create acme"), [create, go, create_there]);
    }

    #[test]
    fn what_an_identifier_names_comes_first() {
        let id: crate::domain::SupportSessionId =
            "01937e2c-7b6a-7cc0-8000-000000000002".parse().unwrap();
        let matches = Matches {
            named: Some(Found {
                named: Named::SupportSession(id),
                title: "Ida Brandt in Acme".into(),
            }),
            staff: vec![StaffRef {
                id: "01937e2c-7b6a-7cc0-8000-000000000001".parse().unwrap(),
                name: "Help Desk".into(),
            }],
            ..Matches::default()
        };
        assert_eq!(
            titles("help", &matches, "/support"),
            ["Ida Brandt in Acme", "Help", "Help Desk"]
        );
    }
}
