//! The heads of the chains.

use std::collections::BTreeMap;

use app::domain::Timestamp;
use audit::chain;

use crate::{
    Db, Query, StoreError,
    record::record,
    rows::Rows,
    value::{ToValue as _, Value},
};

static NUMBER: Rows = Rows::new(
    "INSERT INTO audit_chains (name) VALUES ",
    1,
    " ON CONFLICT (name) DO NOTHING",
);

static ADD: Rows = Rows::new(
    "INSERT INTO audit_heads (chain, seq, hash) VALUES ",
    3,
    " ON CONFLICT (chain) DO NOTHING",
);

static MOVE: Rows = Rows::new(
    "UPDATE audit_heads SET seq = v.column4, hash = v.column5, recorded_at = v.column6 FROM (VALUES ",
    6,
    ") AS v WHERE audit_heads.chain = v.column1 AND audit_heads.seq = v.column2 AND audit_heads.hash = v.column3",
);

/// The most heads that one statement locks.
const LOCKED_AT_ONCE: usize = 64;

/// The last position of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPosition {
    /// How many events the chain has.
    pub seq: u64,
    /// The hash of the last one.
    pub hash: String,
}

record! { AuditPosition { seq; hash } }

/// The head of a chain, while an event is appended to it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) position: AuditPosition,
    /// When the last event was recorded.
    pub(super) recorded_at: Timestamp,
}

record! { Head { position: AuditPosition; recorded_at } }

/// The head of a chain with its number.
pub(super) struct Locked {
    chain: String,
    pub(super) number: i64,
    pub(super) head: Head,
}

record! { Locked { chain; number; head: Head } }

impl Db<'_> {
    /// The heads of some chains in ascending order, including new chains. On PostgreSQL they are
    /// locked in this order until the transaction ends.
    pub(super) async fn take_heads(
        &mut self,
        chains: impl ExactSizeIterator<Item = &String> + Clone,
    ) -> Result<Vec<Locked>, StoreError> {
        let mut found = self.lock_heads(chains.clone()).await?;
        if found.len() < chains.len() {
            let missing = chains.clone().filter(|chain| !found.contains_key(*chain));
            let missing: Vec<_> = missing.collect();
            let names = missing.iter().map(|chain| vec![chain.to_value()]);
            NUMBER.execute(self, names.collect()).await?;
            let new = missing
                .iter()
                .map(|chain| vec![chain.to_value(), Value::Int(0), chain::GENESIS.to_value()]);
            ADD.execute(self, new.collect()).await?;
            found.extend(self.lock_heads(missing.into_iter()).await?);
        }
        let heads: Vec<_> = chains
            .clone()
            .filter_map(|chain| found.remove(chain))
            .collect();
        match heads.len() == chains.len() {
            true => Ok(heads),
            false => Err(StoreError::Contended),
        }
    }

    async fn lock_heads(
        &mut self,
        chains: impl Iterator<Item = &String>,
    ) -> Result<BTreeMap<String, Locked>, StoreError> {
        let (chains, mut found) = (chains.collect::<Vec<_>>(), BTreeMap::new());
        for chains in chains.chunks(LOCKED_AT_ONCE) {
            // To need few texts, the last chain is repeated.
            let length = chains.len().next_power_of_two();
            let query = self.assembled(lock(self.is_postgres(), length));
            let repeated = chains.iter().chain(chains.last().into_iter().cycle());
            let query = repeated.take(length).fold(query, Query::bind);
            let heads: Vec<Locked> = query.fetch_all().await?;
            let heads = heads.into_iter();
            found.extend(heads.map(|locked| (locked.chain.clone(), locked)));
        }
        Ok(found)
    }

    /// Moves the heads of chains from one position to another.
    ///
    /// # Errors
    ///
    /// [`StoreError::Contended`] if one of them is not where it was.
    pub(super) async fn move_heads(
        &mut self,
        moves: Vec<(String, AuditPosition, Head)>,
    ) -> Result<(), StoreError> {
        let count = moves.len() as u64;
        let rows = moves.into_iter().map(|(chain, from, to)| {
            vec![
                Value::Text(chain),
                from.seq.to_value(),
                Value::Text(from.hash),
                to.position.seq.to_value(),
                Value::Text(to.position.hash),
                to.recorded_at.to_value(),
            ]
        });
        match MOVE.execute(self, rows.collect()).await? == count {
            true => Ok(()),
            false => Err(StoreError::Contended),
        }
    }
}

/// The text that reads this many heads. SQLite has one writer and no row locks.
fn lock(is_postgres: bool, chains: usize) -> String {
    let places: Vec<_> = (1..=chains).map(|n| format!("${n}")).collect();
    let lock = match is_postgres {
        true => " FOR UPDATE OF h",
        false => "",
    };
    format!(
        "SELECT h.chain, c.number, h.seq, h.hash, h.recorded_at FROM audit_heads h JOIN audit_chains c ON c.name = h.chain \
         WHERE h.chain IN ({}) ORDER BY h.chain{lock}",
        places.join(", ")
    )
}
