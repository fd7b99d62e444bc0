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

/// How many heads one statement locks at most.
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

struct Locked {
    chain: String,
    head: Head,
}

record! { Locked { chain; head: Head } }

impl Db<'_> {
    /// The heads of some chains in ascending order, new chains included. On PostgreSQL they are locked in this order, until
    /// the transaction ends.
    pub(super) async fn take_heads(
        &mut self,
        chains: impl ExactSizeIterator<Item = &String> + Clone,
    ) -> Result<Vec<Head>, StoreError> {
        let mut found = self.lock_heads(chains.clone()).await?;
        if found.len() < chains.len() {
            let missing = chains.clone().filter(|chain| !found.contains_key(*chain));
            let missing: Vec<_> = missing.collect();
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
    ) -> Result<BTreeMap<String, Head>, StoreError> {
        let (chains, mut found) = (chains.collect::<Vec<_>>(), BTreeMap::new());
        for chains in chains.chunks(LOCKED_AT_ONCE) {
            // Few texts: the last chain is named as often as it takes.
            let length = chains.len().next_power_of_two();
            let query = self.assembled(lock(self.is_postgres(), length));
            let repeated = chains.iter().chain(chains.last().into_iter().cycle());
            let query = repeated.take(length).fold(query, Query::bind);
            let heads: Vec<Locked> = query.fetch_all().await?;
            found.extend(heads.into_iter().map(|locked| (locked.chain, locked.head)));
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

/// The text that reads so many heads. SQLite has one writer, and no word for a lock.
fn lock(is_postgres: bool, chains: usize) -> String {
    let places: Vec<_> = (1..=chains).map(|n| format!("${n}")).collect();
    let lock = match is_postgres {
        true => " FOR UPDATE",
        false => "",
    };
    format!(
        "SELECT chain, seq, hash, recorded_at FROM audit_heads WHERE chain IN ({}) ORDER BY chain{lock}",
        places.join(", ")
    )
}
