//! The result of a verification, for people and for exit codes.

use std::{collections::BTreeMap, fmt};

use super::{Extent, Fault, KeptHead, Wrong};

/// The verified part of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The first position seen.
    pub first: u64,
    /// The last position whose event was sound; 0 for none.
    pub last: u64,
    /// The hash of the event at that position.
    pub hash: String,
    /// How many events were seen.
    pub events: u64,
    /// The number of events that were compared with their predecessor.
    pub links: u64,
    /// How often positions were missing in between.
    pub gaps: u64,
    /// How many missing events may be in lines that can't be read.
    pub lost: u64,
    /// The last position that retention deleted, if a signed checkpoint says so.
    pub checkpoint: Option<u64>,
    /// Positions of kept heads that agree.
    pub met: Vec<u64>,
}

impl ChainReport {
    pub(super) const fn beginning_at(first: u64) -> Self {
        Self {
            first,
            last: 0,
            hash: String::new(),
            events: 0,
            links: 0,
            gaps: 0,
            lost: 0,
            checkpoint: None,
            met: Vec::new(),
        }
    }
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How much of the audit log the events cover.
    pub extent: Extent,
    /// How many events were seen, readable or not.
    pub events: u64,
    /// The result of each chain, by name.
    pub chains: BTreeMap<String, ChainReport>,
    /// At most one per chain, its first, and every line that is not an event. In the order found.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether no fault was found. Decides the exit code.
    pub const fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether these events contradict the record. Lines that can't be read contradict nothing.
    pub fn is_contradicted(&self) -> bool {
        self.faults.iter().any(Fault::contradicts)
    }

    /// Whether the only contradiction is that events are missing, as they are in a filtered export.
    pub fn is_contradicted_by_gaps_only(&self) -> bool {
        let mut faults = self.faults.iter().filter(|fault| fault.contradicts());
        self.is_contradicted() && faults.all(|fault| matches!(fault.wrong, Wrong::Gap { .. }))
    }

    /// The first bad event.
    pub fn first_fault(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// The end of each chain, to be kept elsewhere.
    pub fn heads(&self) -> impl Iterator<Item = KeptHead> {
        self.chains
            .iter()
            .filter(|(_, chain)| chain.last > 0)
            .map(|(name, chain)| KeptHead {
                chain: name.clone(),
                seq: chain.last,
                hash: chain.hash.clone(),
            })
    }

    fn write_chain(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        chain: &ChainReport,
    ) -> fmt::Result {
        if self
            .faults
            .iter()
            .any(|fault| fault.chain.as_deref() == Some(name))
        {
            return writeln!(f, "{name}: at fault, see below");
        }
        write!(f, "{name}: ")?;
        if self.extent == Extent::Filtered && chain.gaps > 0 {
            write!(
                f,
                "{} events between {} and {}, not contiguous: filtered export. Each event's own \
                 hash holds, and {} links; that nothing is missing can't be proved",
                chain.events, chain.first, chain.last, chain.links
            )?;
        } else if chain.lost > 0 {
            write!(
                f,
                "events {} to {}, as far as they can be read; at least {} can't",
                chain.first, chain.last, chain.lost
            )?;
        } else {
            write!(
                f,
                "events {} to {}, each linked to the one before",
                chain.first, chain.last
            )?;
        }
        match chain.checkpoint {
            Some(seq) => write!(
                f,
                "; events up to {seq} were deleted by retention, as a signed checkpoint says"
            )?,
            None if chain.first > 1 => {
                write!(f, "; nothing is said of events before {}", chain.first)?;
            }
            None => {}
        }
        for seq in &chain.met {
            write!(f, "; agrees with the kept head at {seq}")?;
        }
        writeln!(f)
    }
}

impl Report {
    /// Every fault, but only the first of the lines that can't be read.
    fn write_faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unreadable = |fault: &&Fault| fault.is_unreadable_line();
        let lines = self.faults.iter().filter(unreadable).count();
        let mut lead = match self.is_contradicted() {
            true => "NOT SOUND. First bad event",
            false => "NOT ALL COULD BE READ",
        };
        for fault in self.faults.iter().filter(|fault| !unreadable(fault)) {
            writeln!(f, "{lead}: {fault}")?;
            lead = "Also";
        }
        if let Some(first) = self.faults.iter().find(unreadable) {
            write!(f, "{lead}: {first}")?;
            match lines - 1 {
                0 => writeln!(f)?,
                more => writeln!(f, " ({more} more lines can't be read)")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, chain) in &self.chains {
            self.write_chain(f, name, chain)?;
        }
        let chains = self.chains.len();
        writeln!(f, "{} events in {chains} chains.", self.events)?;
        if !self.is_sound() {
            return self.write_faults(f);
        }
        writeln!(f, "Sound. Heads to keep elsewhere:")?;
        for head in self.heads() {
            writeln!(f, "{head}")?;
        }
        Ok(())
    }
}
