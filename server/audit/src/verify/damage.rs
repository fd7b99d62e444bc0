//! Lines that were damaged on the way, for example by a program that saved the file in another
//! encoding. They may hold the events that seem to be missing, so they say nothing about the record.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Chain, Verifier, Wrong};

/// What of a file can't be read.
#[derive(Default)]
pub(super) struct Damage {
    /// How many events the damaged lines may hold.
    pub lines: u64,
    /// How many of them are accounted for by missing events.
    held: u64,
    /// Whether a line is not UTF-8, so that the file was saved in another encoding.
    is_other_encoding: bool,
    /// Faults that such an encoding explains, which writes `?` for each character that it lacks.
    doubtful: Vec<usize>,
    /// The fault of the line before, if that was cut.
    cut: Option<usize>,
}

impl Damage {
    /// The fault of the event at `seq`, unless it is a gap that damaged lines after the first `before`
    /// may hold. Each holds an event of one chain only.
    pub(super) fn unless_held(
        &mut self,
        wrong: Option<Wrong>,
        chain: &mut Chain,
        seq: u64,
        before: u64,
    ) -> Option<Wrong> {
        let Some(Wrong::Gap { expected }) = wrong else {
            return wrong;
        };
        let missing = seq - expected;
        if missing > self.lines.saturating_sub(before) || missing > self.lines - self.held {
            return wrong;
        }
        self.held += missing;
        chain.report.lost += missing;
        chain.lost.push(expected..seq);
        None
    }
}

impl Verifier {
    /// Notes a line that may hold `events` events, and can't be read.
    pub(super) fn lost(&mut self, events: u64, why: &str, line: u64) {
        self.damage.lines = self.damage.lines.saturating_add(events);
        self.unreadable(Wrong::Unreadable(why.to_owned()), line);
    }

    /// Notes a line that is not JSON, or is JSON that says a thing twice.
    pub(super) fn damaged(
        &mut self,
        text: &[u8],
        ended: bool,
        error: &serde_json::Error,
        line: u64,
    ) {
        // The line is the whole text of it.
        let as_told = error.to_string().replace(" at line 1 column", " at column");
        let cut = self.damage.cut.take();
        if error.is_data() {
            return self.unreadable(Wrong::Unreadable(as_told), line);
        }
        if std::str::from_utf8(text).is_err() {
            self.damage.is_other_encoding = true;
            let why = "it is not UTF-8. The file was damaged, or saved in another encoding, such as \
                       Windows-1252 (\"ANSI\") or Latin-1; export once more, or save it as UTF-8";
            return self.lost(1, why, line);
        }
        let begins = text.trim_ascii_start().starts_with(b"{");
        if let Some(fault) = cut.filter(|_| !begins) {
            let why = "its event is broken over several lines; write each event on one line";
            self.faults[fault].wrong = Wrong::Unreadable(why.to_owned());
            return self.lost(1, "the line is a part of an event", line);
        }
        let whole = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
        match whole.take_while(Result::is_ok).count() as u64 {
            _ if error.is_eof() && !ended => {
                self.lost(1, "the file ends in the middle of this event", line);
            }
            0 if error.is_eof() && begins => {
                self.damage.cut = Some(self.faults.len());
                self.lost(1, "the line is cut", line);
            }
            0 | 1 => self.lost(1, &as_told, line),
            events => {
                let why = "it has several events; write each on its own line (jq -c .)";
                self.lost(events, why, line);
            }
        }
    }

    /// Verifies an event, of which `text` is the line.
    pub(super) fn json_of(&mut self, event: Value, line: u64, text: &[u8]) {
        self.damage.cut = None;
        let faults = self.faults.len();
        self.json(event, line);
        let is_changed = matches!(&self.faults[faults..], [fault] if fault.wrong == Wrong::Hash);
        if is_changed && text.contains(&b'?') {
            self.damage.doubtful.push(faults);
        }
    }

    /// In a file that was saved in another encoding, an event with a `?` may have had another
    /// character there.
    pub(super) fn doubt_what_was_encoded_anew(&mut self) {
        if !self.damage.is_other_encoding {
            return;
        }
        for at in std::mem::take(&mut self.damage.doubtful) {
            let fault = &mut self.faults[at];
            if let Some(chain) = fault
                .chain
                .take()
                .and_then(|name| self.chains.get_mut(&name))
            {
                chain.report.lost += 1;
            }
            let why =
                "it has a \"?\", which may stand for a character that the file's encoding lacks";
            fault.wrong = Wrong::Unreadable(why.to_owned());
            (fault.seq, fault.id) = (None, None);
        }
    }

    /// Whether the event with a kept head may be in a damaged line.
    pub(super) fn may_hold(&self, chain: Option<&Chain>, head: u64) -> bool {
        let (last, before) =
            chain.map_or((0, 0), |chain| (chain.report.last, chain.damaged_before));
        let is_lost = chain.is_some_and(|chain| chain.lost.iter().any(|lost| lost.contains(&head)));
        is_lost || head > last && head - last <= self.damage.lines.saturating_sub(before)
    }
}
