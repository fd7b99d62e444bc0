//! The report of a batch: what is kept of it, and the answer to a batch without a valid record.

use app::domain::{
    problem::{FieldProblem, Problem},
    telemetry::IngestReport,
};

/// How many invalid records an answer names if none was valid.
const NAMED_AT_MOST: usize = 100;

/// What is kept of a report, for senders that send the batch again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Whole,
    /// Without the rejected records, which can be thousands in each batch. They are found again.
    Figures,
}

impl Kept {
    /// The part of a report that is kept.
    pub(super) fn part_of(self, report: &IngestReport) -> IngestReport {
        match self {
            Self::Whole => report.clone(),
            Self::Figures => IngestReport {
                rejected: Vec::new(),
                ..*report
            },
        }
    }

    /// The whole report again, with the rejected records of `found`.
    pub(super) fn completed(self, kept: IngestReport, found: &IngestReport) -> IngestReport {
        match self {
            Self::Whole => kept,
            Self::Figures => IngestReport {
                rejected: found.rejected.clone(),
                ..kept
            },
        }
    }
}

pub(super) fn repeated(report: IngestReport) -> IngestReport {
    IngestReport {
        repeated: true,
        ..report
    }
}

/// Whether a batch has no valid record, but others.
pub(super) fn is_refused(report: &IngestReport) -> bool {
    report.accepted == 0 && report.support_traffic == 0 && !report.rejected.is_empty()
}

/// The answer to a batch without a single valid record.
pub(super) fn refused(report: &IngestReport) -> Problem {
    let fields = report.rejected.iter().take(NAMED_AT_MOST).map(|rejected| {
        let in_record = |field: &String| format!(".{field}");
        let field = rejected.field.as_ref().map_or_else(String::new, in_record);
        FieldProblem {
            field: format!("[{}]{field}", rejected.index),
            message: rejected.message.clone(),
        }
    });
    Problem::invalid(fields.collect())
}
