//! Verifies recorded events: each event's own hash, its link to the previous one, numbers without
//! gaps from 1 or from a signed checkpoint, the chain's head, and heads that were kept elsewhere.
//!
//! It needs one pass, and memory only for the chains, not for the events.

mod damage;
mod fault;
mod file;
mod head;
mod report;
mod sources;
mod text;

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use serde_json::Value;

use self::damage::Damage;
pub use self::{
    fault::{Fault, Wrong},
    file::{NotAnExport, NotVerified, verify_export},
    head::{InvalidHead, KeptHead},
    report::{ChainReport, Report},
    sources::verify_lines,
};
use super::{chain, checkpoint::Checkpoint};

/// How much of the audit log the events cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of them: each chain begins at 1.
    All,
    /// Unbroken ranges: an export without a filter, or of a time range. A chain may begin in its
    /// middle, but after that nothing is missing.
    Stretches,
    /// A filtered selection. Events are missing in between, so each can only be verified
    /// separately.
    Filtered,
}

/// An event under verification.
struct Seen {
    chain: String,
    seq: u64,
    prev: String,
    hash: String,
    id: String,
    /// The hash of the event's content, or why there is none.
    computed: Result<String, Wrong>,
    line: Option<u64>,
}

/// The state of a chain during verification.
struct Chain {
    report: ChainReport,
    /// The index of this chain's fault in the list of faults.
    fault: Option<usize>,
    /// Positions that a gap left out. If one of them comes later, events are out of order.
    left_out: std::ops::Range<u64>,
    /// Kept heads that have not been reached.
    kept: BTreeMap<u64, String>,
    /// Whether the events read so far were deleted meanwhile, so that the chain continues after its
    /// checkpoint.
    is_deleted: bool,
    /// Positions that are missing, and that lines which can't be read may hold.
    lost: Vec<std::ops::Range<u64>>,
    /// How many such lines came before its last event.
    damaged_before: u64,
}

/// Verifies one event after another.
pub struct Verifier {
    extent: Extent,
    kept: BTreeMap<String, BTreeMap<u64, String>>,
    /// Where chains begin that retention has shortened, or why their checkpoint proves nothing.
    checkpoints: BTreeMap<String, Result<u64, Wrong>>,
    chains: BTreeMap<String, Chain>,
    events: u64,
    faults: Vec<Fault>,
    damage: Damage,
}

impl Verifier {
    /// Starts a verification. `kept` are heads that were kept elsewhere.
    pub fn new(extent: Extent, kept: impl IntoIterator<Item = KeptHead>) -> Self {
        let mut by_chain = BTreeMap::<String, BTreeMap<u64, String>>::new();
        for head in kept {
            by_chain
                .entry(head.chain)
                .or_default()
                .insert(head.seq, head.hash);
        }
        Self {
            extent,
            kept: by_chain,
            checkpoints: BTreeMap::new(),
            chains: BTreeMap::new(),
            events: 0,
            faults: Vec::new(),
            damage: Damage::default(),
        }
    }

    /// Accepts that a chain begins after a checkpoint, if `key` has signed it. If the chain is
    /// being verified, this also says that retention has meanwhile deleted all events read so far,
    /// and more.
    pub fn begin_after(&mut self, checkpoint: Checkpoint, key: Option<&VerifyingKey>) {
        let Checkpoint { seq, .. } = checkpoint;
        let proof = match key {
            Some(key) => checkpoint.verify(key).map_err(|error| error.to_string()),
            None => Err("the key that signs checkpoints is not here".to_owned()),
        };
        let begin = match proof {
            Ok(()) => {
                // A head that was kept elsewhere is stronger evidence than the store.
                if let Some(chain) = self.chains.get_mut(&checkpoint.chain) {
                    chain.is_deleted = true;
                    chain.kept.entry(seq).or_insert(checkpoint.hash);
                } else {
                    let kept = self.kept.entry(checkpoint.chain.clone()).or_default();
                    kept.entry(seq).or_insert(checkpoint.hash);
                }
                Ok(seq)
            }
            Err(why) => Err(Wrong::Checkpoint { seq, why }),
        };
        self.checkpoints.insert(checkpoint.chain, begin);
    }

    /// Verifies an event from an export.
    pub fn json(&mut self, event: Value, line: u64) {
        match Seen::from_json(event, line) {
            Ok(seen) => self.take(seen),
            Err(wrong) => self.unreadable(wrong, line),
        }
    }

    /// Notes a line that is no event.
    pub fn unreadable(&mut self, wrong: Wrong, line: u64) {
        self.events += 1;
        self.faults.push(Fault {
            chain: None,
            seq: None,
            id: None,
            line: Some(line),
            wrong,
        });
    }

    /// Notes that a store holds something that its events never had in common.
    pub fn false_deed(&mut self, number: i64) {
        self.faults.push(Fault {
            chain: None,
            seq: None,
            id: None,
            line: None,
            wrong: Wrong::Deed { number },
        });
    }

    fn take(&mut self, seen: Seen) {
        self.events += 1;
        let known = self.chains.get_mut(&seen.chain);
        let is_first = known.is_none();
        let chain = match known {
            Some(chain) => chain,
            None => self
                .chains
                .entry(seen.chain.clone())
                .or_insert_with(|| Chain::beginning_at(seen.seq, self.kept.get(&seen.chain))),
        };
        let damaged_before = std::mem::replace(&mut chain.damaged_before, self.damage.lines);
        chain.report.events += 1;
        if let Some(at) = chain.fault {
            // Events after a fault prove nothing, but they can explain the fault.
            if chain.left_out.contains(&seen.seq) {
                self.faults[at].wrong = Wrong::Reordered { before: seen.seq };
            }
            return;
        }
        let checkpoint = self.checkpoints.get(&seen.chain);
        let is_gap = seen.seq > chain.report.last + 1;
        // Otherwise forged events could be placed before the gap.
        let is_after_deleted = chain.is_deleted
            && matches!(checkpoint, Some(Ok(last)) if is_gap && seen.seq == last + 1);
        let wrong = if is_first || is_after_deleted {
            chain.report.checkpoint = checkpoint.and_then(|begin| begin.as_ref().ok().copied());
            first(self.extent, &seen, checkpoint)
        } else {
            chain.follow(self.extent, &seen)
        };
        let wrong = (self.damage)
            .unless_held(wrong, chain, seen.seq, damaged_before)
            .or_else(|| chain.meet_kept(&seen));
        let expected = match checkpoint {
            _ if !is_first => chain.report.last + 1,
            Some(Ok(last_deleted)) => last_deleted + 1,
            Some(Err(_)) | None => 1,
        };
        let wrong = match (wrong, &seen.computed) {
            // It can't follow from a missing event.
            (Some(Wrong::Prev), Err(Wrong::Prev)) if seen.seq > expected && !is_after_deleted => {
                Some(Wrong::Gap { expected })
            }
            (wrong, _) => wrong,
        };
        if let Some(wrong) = wrong {
            if let Wrong::Gap { expected } = wrong {
                chain.left_out = expected..seen.seq;
            }
            chain.fault = Some(self.faults.len());
            self.faults.push(seen.fault(wrong));
            return;
        }
        chain.report.last = seen.seq;
        chain.report.hash = seen.hash;
    }

    /// Compares the end of a chain with its head in the store.
    pub fn head(&mut self, name: &str, head: Option<&KeptHead>) {
        let (seq, hash) = head.map_or((0, chain::GENESIS), |head| (head.seq, head.hash.as_str()));
        let wrong = match self.chains.get(name) {
            Some(chain) if chain.fault.is_some() => return,
            Some(chain) if chain.report.last < seq => Wrong::Shortened { head: seq },
            Some(chain) if chain.report.last > seq || chain.report.hash != hash => {
                Wrong::Head { head: seq }
            }
            None if seq > 0 => Wrong::Shortened { head: seq },
            Some(_) | None => return,
        };
        self.end(name, wrong);
    }

    /// Notes a fault of a chain's end.
    fn end(&mut self, name: &str, wrong: Wrong) {
        let fault = self.faults.len();
        let last = self.chains.get_mut(name).map(|chain| {
            chain.fault = Some(fault);
            chain.report.last
        });
        self.faults.push(Fault {
            chain: Some(name.to_owned()),
            seq: last,
            id: None,
            line: None,
            wrong,
        });
    }

    /// The first bad event so far.
    pub fn first_fault(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// Ends the verification and returns the report.
    pub fn finish(mut self) -> Report {
        self.doubt_what_was_encoded_anew();
        let unmet: Vec<_> = self
            .kept
            .keys()
            .filter_map(|name| {
                let chain = self.chains.get(name);
                if chain.is_some_and(|chain| chain.fault.is_some()) {
                    return None;
                }
                let kept = chain.map_or(&self.kept[name], |chain| &chain.kept);
                let seq = *kept.keys().next()?;
                if self.may_hold(chain, seq) {
                    return Some((name.clone(), Wrong::HeadUnreadable { head: seq }));
                }
                let is_short = match (self.extent, chain) {
                    (Extent::All, None) => true,
                    (Extent::All | Extent::Stretches, Some(chain)) => chain.report.last < seq,
                    (Extent::Stretches, None) | (Extent::Filtered, _) => false,
                };
                let wrong = if is_short {
                    Wrong::Shortened { head: seq }
                } else {
                    Wrong::HeadNotCovered { head: seq }
                };
                Some((name.clone(), wrong))
            })
            .collect();
        for (name, wrong) in unmet {
            self.end(&name, wrong);
        }
        Report {
            extent: self.extent,
            events: self.events,
            chains: self
                .chains
                .into_iter()
                .map(|(name, chain)| (name, chain.report))
                .collect(),
            faults: self.faults,
        }
    }
}

/// The fault of the first event of a chain, if any.
fn first(extent: Extent, seen: &Seen, checkpoint: Option<&Result<u64, Wrong>>) -> Option<Wrong> {
    own(seen).or_else(|| match (seen.seq, checkpoint) {
        (_, Some(Err(wrong))) => Some(wrong.clone()),
        (1, _) if seen.prev == chain::GENESIS => None,
        (1, _) => Some(Wrong::Prev),
        (0, _) => Some(Wrong::Unreadable("positions are counted from 1".into())),
        (seq, Some(Ok(last_deleted))) => {
            let expected = last_deleted + 1;
            (extent == Extent::All && seq > expected).then_some(Wrong::Gap { expected })
        }
        (_, None) => (extent == Extent::All).then_some(Wrong::Gap { expected: 1 }),
    })
}

/// The fault of a single event, if any.
fn own(seen: &Seen) -> Option<Wrong> {
    match &seen.computed {
        Ok(hash) if *hash == seen.hash => None,
        Ok(_) => Some(Wrong::Hash),
        Err(wrong) => Some(wrong.clone()),
    }
}

impl Chain {
    fn beginning_at(first: u64, kept: Option<&BTreeMap<u64, String>>) -> Self {
        Self {
            report: ChainReport::beginning_at(first),
            fault: None,
            left_out: 0..0,
            kept: kept.cloned().unwrap_or_default(),
            is_deleted: false,
            lost: Vec::new(),
            damaged_before: 0,
        }
    }

    /// The fault of an event that follows others of its chain, if any.
    fn follow(&mut self, extent: Extent, seen: &Seen) -> Option<Wrong> {
        if let Some(wrong) = own(seen) {
            return Some(wrong);
        }
        let last = self.report.last;
        if seen.seq == last {
            return Some(Wrong::Duplicate);
        }
        if seen.seq < last {
            return Some(Wrong::Reordered { before: last });
        }
        if seen.seq == last + 1 {
            self.report.links += 1;
            return (seen.prev != self.report.hash).then_some(Wrong::Prev);
        }
        if extent == Extent::Filtered {
            self.report.gaps += 1;
            return None;
        }
        Some(Wrong::Gap { expected: last + 1 })
    }

    /// Compares an event with the kept heads, of which one may name it or its predecessor.
    fn meet_kept(&mut self, seen: &Seen) -> Option<Wrong> {
        for (seq, hash) in [
            (seen.seq.checked_sub(1), &seen.prev),
            (Some(seen.seq), &seen.hash),
        ] {
            if let Some(seq) = seq
                && let Some(kept) = self.kept.remove(&seq)
            {
                if kept != *hash {
                    return Some(Wrong::KeptHead { head: seq });
                }
                if self.report.checkpoint != Some(seq) {
                    self.report.met.push(seq);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
