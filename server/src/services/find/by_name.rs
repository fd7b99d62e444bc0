//! What a text is part of the name of: for people who look for something that they don't have the identifier of.

use app::{
    domain::{
        Timestamp,
        caller::Context,
        matches::{Matches, SessionMatch, TenantMatch},
        page::Direction,
        policy::Act,
        problem::Problem,
        staff::StaffRef,
        support_sessions::{SupportSession, SupportSessionFilter, SupportSessionStatus},
        tenants::{TenantFilter, TenantSort},
        text::clean,
    },
    ports::FindPort as _,
};
use store::{
    Db, Sought, StoreError,
    listing::{PageAt, Wanted},
    tenants::StoredTenant,
};

use super::FindService;

/// How many of each kind are given.
const EACH: u32 = 5;
/// Among how many of the newest active support sessions is looked.
const SESSIONS_LOOKED_AT: u32 = 200;
/// The longest text, in characters.
const TEXT_MAX: usize = 200;

impl FindService {
    pub(super) async fn matching(&self, context: &Context, text: &str) -> Result<Matches, Problem> {
        self.core.authorise(context, Act::ReadTenants)?;
        self.core.authorise(context, Act::ReadSupportSessions)?;
        let text = clean(text, 0, TEXT_MAX, false);
        let text = text.map_err(|error| Problem::invalid_field("text", error))?;
        if text.is_empty() {
            return Ok(Matches::default());
        }
        let named = self.by_id(context, &text).await?;
        let sought = Sought::new(&text);
        let has = |name: &str| sought.is_in(name);
        let active = SupportSessionFilter {
            status: Some(SupportSessionStatus::Active),
            ..SupportSessionFilter::default()
        };
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let tenants = tenants_named(&mut db, text, has, now).await?;
        let newest = Wanted::from(PageAt::first(SESSIONS_LOOKED_AT)).uncounted();
        let sessions = db.list_support_sessions(&active, newest, now).await?;
        let staff = db.list_staff().await?;
        drop(reader);
        let sessions = sessions.items.into_iter();
        let sessions = sessions.filter(|s| has(&s.tenant_name) || has(&s.staff_name));
        let staff = staff.into_iter().filter(|member| has(&member.name));
        Ok(Matches {
            named,
            tenants: tenants.into_iter().map(tenant).collect(),
            sessions: sessions.take(EACH as usize).map(session).collect(),
            staff: staff
                .take(EACH as usize)
                .map(|member| StaffRef {
                    id: member.id,
                    name: member.name,
                })
                .collect(),
        })
    }
}

/// A few tenants: those whose names begin with the text, and only if these are too few, others that have it anywhere, because
/// these are searched for among all.
async fn tenants_named(
    db: &mut Db<'_>,
    text: String,
    has: impl Fn(&str) -> bool,
    now: Timestamp,
) -> Result<Vec<StoredTenant>, StoreError> {
    let mut found = db.list_tenants_beginning(&text, EACH).await?;
    found.retain(|stored| has(&stored.tenant.name));
    let few = EACH as usize;
    if found.len() >= few {
        return Ok(found);
    }
    let anywhere = TenantFilter {
        search: Some(text),
        sort: TenantSort::Name,
        direction: Direction::Ascending,
        ..TenantFilter::default()
    };
    let page = Wanted::from(PageAt::first(EACH)).uncounted();
    for stored in db.list_tenants(None, &anywhere, page, now).await?.items {
        let is_new = found
            .iter()
            .all(|known| known.tenant.id != stored.tenant.id);
        if is_new && found.len() < few {
            found.push(stored);
        }
    }
    Ok(found)
}

fn tenant(StoredTenant { tenant, .. }: StoredTenant) -> TenantMatch {
    TenantMatch {
        id: tenant.id,
        name: tenant.name,
    }
}

fn session(session: SupportSession) -> SessionMatch {
    SessionMatch {
        id: session.id,
        staff_name: session.staff_name,
        tenant_name: session.tenant_name,
        reason: session.reason,
    }
}
