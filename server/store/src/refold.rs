//! Makes stored forms again when folding has changed.

mod before;

use app::domain::{TenantId, staff::parse_email};

use crate::{
    Db, Lane, StoreError,
    folding::{VERSION, sort_key},
    pools::Pools,
    sought::searchable,
    sql::queries,
    staff::searched_text as searched_staff,
    tenants::searched_text,
};
use before::was_form_of;

// Only rows whose form can change: ASCII has always folded to itself in lower case, except for runs of blanks and the grave
// accent, which are a blank and an apostrophe.
queries! {
    Db {
        fn folded_by() -> one i64 = "SELECT version FROM folding";
        fn list_tenants_to_refold() -> all (String, String, String)
            = "SELECT id, name, slug FROM tenants \
                WHERE octet_length(search) <> length(search) OR search LIKE '%  %' OR search LIKE '%`%' ORDER BY id";
        fn list_organizations_to_refold() -> all (String, String, String)
            = "SELECT tenant_id, id, name FROM organizations \
                WHERE octet_length(sort_name) <> length(sort_name) OR sort_name LIKE '%  %' OR sort_name LIKE '%`%' \
                ORDER BY tenant_id, id";
        fn list_actors_to_refold() -> all (String, String)
            = "SELECT DISTINCT actor_name, actor_search FROM audit_deeds \
                WHERE octet_length(actor_search) <> length(actor_search) OR actor_search LIKE '%  %' OR actor_search LIKE '%`%'";
        fn list_addresses_to_refold() -> all String
            = "SELECT email FROM staff WHERE octet_length(email) <> length(email)";
        fn list_staff_to_refold() -> all (String, String, String)
            = "SELECT id, name, email FROM staff WHERE search = '' \
                OR octet_length(search) <> length(search) OR search LIKE '%  %' OR search LIKE '%`%' ORDER BY id";
        fn list_keys_to_refold() -> all (String, String)
            = "SELECT id, name FROM api_keys WHERE search = '' \
                OR octet_length(search) <> length(search) OR search LIKE '%  %' OR search LIKE '%`%' ORDER BY id";
        fn refold_key(id: &str, search: &str) = "UPDATE api_keys SET search = :search WHERE id = :id";
        fn refold_staff(id: &str, search: &str, sort_name: &str)
            = "UPDATE staff SET search = :search, sort_name = :sort_name WHERE id = :id";
        fn refold_tenant(id: &str, search: &str, sort_name: &str)
            = "UPDATE tenants SET search = :search, sort_name = :sort_name WHERE id = :id";
        fn refold_organization(tenant: &str, id: &str, sort_name: &str)
            = "UPDATE organizations SET sort_name = :sort_name WHERE tenant_id = :tenant AND id = :id";
        /// Only if the old form was right, so that a manual change is still noticed.
        fn refold_actor(name: &str, before: &str, after: &str)
            = "UPDATE audit_deeds SET actor_search = :after WHERE actor_name = :name AND actor_search = :before";
        fn refold_address(before: &str, after: &str) -> changed
            = "UPDATE staff SET email = :after WHERE email = :before \
                AND NOT EXISTS (SELECT 1 FROM staff AS other WHERE other.email = :after)";
        fn set_folded_by(version: i64) = "UPDATE folding SET version = :version";
    }
}

/// One stored form that is replaced.
enum Refolded {
    Tenant {
        id: String,
        search: String,
        sort_name: String,
    },
    Staff {
        id: String,
        search: String,
        sort_name: String,
    },
    Key {
        id: String,
        search: String,
    },
    Organization {
        tenant: String,
        id: String,
        sort_name: String,
    },
    Actor {
        name: String,
        before: String,
        after: String,
    },
    Address {
        before: String,
        after: String,
    },
}

/// Makes every stored form again that another version of the program made, before anyone uses the
/// store.
pub(crate) async fn refold(pools: &Pools) -> Result<(), StoreError> {
    if pools.reader(Lane::Shell).await?.db().folded_by().await? == VERSION {
        return Ok(());
    }
    let mut transaction = pools.begin_batch(None).await?;
    let mut db = transaction.db();
    for one in changed(&mut db).await? {
        one.write(&mut db).await?;
    }
    db.set_folded_by(VERSION).await?;
    transaction.commit().await
}

async fn changed(db: &mut Db<'_>) -> Result<Vec<Refolded>, StoreError> {
    let mut all = Vec::new();
    for (id, name, slug) in db.list_tenants_to_refold().await? {
        // Anything that is not an identifier was not written by this program, and is left alone.
        let Ok(tenant) = id.parse::<TenantId>() else {
            continue;
        };
        let (search, sort_name) = (searched_text(&name, &slug, &tenant), sort_key(&name));
        all.push(Refolded::Tenant {
            id,
            search,
            sort_name,
        });
    }
    for (tenant, id, name) in db.list_organizations_to_refold().await? {
        let sort_name = sort_key(&name);
        all.push(Refolded::Organization {
            tenant,
            id,
            sort_name,
        });
    }
    for (name, before) in db.list_actors_to_refold().await? {
        if was_form_of(&before, &name) {
            let after = searchable(&name);
            all.push(Refolded::Actor {
                name,
                before,
                after,
            });
        }
    }
    for (id, name, email) in db.list_staff_to_refold().await? {
        let email = parse_email(&email).unwrap_or(email);
        let (search, sort_name) = (searched_staff(&name, &email), sort_key(&name));
        all.push(Refolded::Staff {
            id,
            search,
            sort_name,
        });
    }
    for (id, name) in db.list_keys_to_refold().await? {
        let search = searchable(&name);
        all.push(Refolded::Key { id, search });
    }
    for before in db.list_addresses_to_refold().await? {
        if let Some(after) = parse_email(&before).ok().filter(|after| *after != before) {
            all.push(Refolded::Address { before, after });
        }
    }
    Ok(all)
}

impl Refolded {
    async fn write(&self, db: &mut Db<'_>) -> Result<(), StoreError> {
        match self {
            Self::Tenant {
                id,
                search,
                sort_name,
            } => db.refold_tenant(id, search, sort_name).await,
            Self::Staff {
                id,
                search,
                sort_name,
            } => db.refold_staff(id, search, sort_name).await,
            Self::Key { id, search } => db.refold_key(id, search).await,
            Self::Organization {
                tenant,
                id,
                sort_name,
            } => db.refold_organization(tenant, id, sort_name).await,
            Self::Actor {
                name,
                before,
                after,
            } => db.refold_actor(name, before, after).await,
            Self::Address { before, after } => {
                if !db.refold_address(before, after).await? {
                    tracing::warn!(
                        "two staff members have the same e-mail address, written in two ways: one of them can't sign in. \
                         Deactivate that one by its ID (`support-console staff list`)"
                    );
                }
                Ok(())
            }
        }
    }
}
