//! The feed of tenants that the console has changed, for the platform.

use std::fmt;

use app::domain::{caller::Context, policy::Act, problem::Problem};
use store::tenants::FedTenant;

use super::TenantsService;

/// A part of the feed.
#[derive(Debug)]
pub struct FedTenants {
    pub items: Vec<FedTenant>,
    /// Where the next part begins, now or later.
    pub next_cursor: String,
}

/// A place in the feed. After a restore, the places of earlier epochs belong to other changes.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    epoch: i64,
    seq: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

impl Cursor {
    /// `None` if no cursor is written like this.
    fn parse(text: &str) -> Option<Self> {
        let (epoch, seq) = text.split_once('.')?;
        let cursor = Self {
            epoch: epoch.parse().ok()?,
            seq: seq.parse().ok()?,
        };
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl TenantsService {
    /// Tenants that the console has changed after a place in the feed, or from its beginning.
    pub async fn feed(
        &self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<FedTenants, Problem> {
        self.core.authorise(context, Act::ReadTenants)?;
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let (epoch, last) = db.end_of_tenant_feed().await?;
        let after = match cursor {
            None => 0,
            Some(text) => Cursor::parse(text)
                .filter(|at| at.epoch == epoch && (0..=last).contains(&at.seq))
                .map(|at| at.seq)
                .ok_or_else(unknown_place)?,
        };
        let items = db.list_tenant_feed(after, limit).await?;
        let seq = items.last().map_or(after, |last| last.seq);
        Ok(FedTenants {
            items,
            next_cursor: Cursor { epoch, seq }.to_string(),
        })
    }
}

fn unknown_place() -> Problem {
    let message = "is not a place in this feed. The data store may have been restored from a backup. \
                   Read the feed from the beginning, without a cursor";
    Problem::invalid_field("cursor", message)
}
