//! What the sample pages show. Times and figures never change, so that two pictures of a page are alike.

use std::{collections::BTreeMap, str::FromStr, sync::LazyLock};

use app::domain::{
    Timestamp,
    access_log::{AccessLogEntry, PagesWithoutBanner},
    audit::{AuditEvent, RequestAnswer},
    health::{Thresholds, Verdict},
    page::Page,
    policy::SessionActs,
    problem::{Problem, ProblemCode},
    record::{OutageCause, RecordOutage},
    rules::RulesInForce,
    saved_views::SavedView,
    scopes::Scope,
    settings::Settings,
    signed_in::SignedIn,
    staff::StaffMember,
    support_sessions::{
        RequestsToday, ScopeUse, SessionsOfDay, SupportSession, SupportSessionDetail,
    },
    tenants::{
        CallBucket, HealthAt, HealthCounts, Hours, Organization, TelemetryState, TenantDetail,
        TenantHealth,
    },
};
use chrono::TimeDelta;
use serde::Deserialize;

/// What the samples are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A console in use.
    Usual,
    /// Nothing is there yet.
    Empty,
    /// Every service fails.
    Failing,
    /// Names are as long as allowed, or written from right to left.
    Long,
    /// No telemetry arrives, and nothing can be recorded.
    Stale,
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "usual" => Self::Usual,
            "empty" => Self::Empty,
            "failing" => Self::Failing,
            "long" => Self::Long,
            "stale" => Self::Stale,
            _ => return Err(()),
        })
    }
}

/// What is read from `samples.json`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Told {
    pub(super) tenants: Vec<TenantHealth>,
    pub(super) organizations: Vec<Organization>,
    pub(super) scopes: Vec<Scope>,
    pub(super) staff: StaffMember,
    pub(super) sessions: Vec<SupportSession>,
    pub(super) log: Vec<AccessLogEntry>,
    pub(super) events: Vec<AuditEvent>,
    pub(super) answers: BTreeMap<String, RequestAnswer>,
    pub(super) without_banner: PagesWithoutBanner,
    pub(super) rules: RulesInForce,
    pub(super) views: Vec<SavedView>,
}

const TOLD: &str = include_str!("samples.json");

/// Names that are hard to show, in place of usual ones.
const HARD: [(&str, &str); 5] = [
    (
        "Alder Health",
        "Vereinigte Krankenhausbetriebsgesellschaften Nordrhein-Westfalen und Niedersachsen GmbH & Co. KG auf Aktien",
    ),
    ("Bluegrass Logistics", "שירותי לוגיסטיקה ותובלה בינלאומית"),
    (
        "Cobalt Payments",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    ),
    (
        "Ida Brandt",
        "Maria-Magdalena Theodora von Hohenzollern-Sigmaringen-Wittgenstein",
    ),
    ("Mina Okafor", "מרים בת־שבע אוקאפור"),
];

fn told(text: &str) -> Result<Told, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))
}

static USUAL: LazyLock<Result<Told, Problem>> = LazyLock::new(|| told(TOLD));
static LONG: LazyLock<Result<Told, Problem>> = LazyLock::new(|| {
    let text = HARD.iter().fold(TOLD.to_owned(), |text, (usual, hard)| {
        text.replace(usual, hard)
    });
    told(&text)
});

/// The time of all samples.
pub(super) fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::seconds(1_795_349_071)
}

/// A page that others follow.
pub(super) fn first_page<T>(items: Vec<T>, total: u64) -> Page<T> {
    let is_all = items.len() as u64 == total;
    let others = (!is_all).then(|| "next".to_owned());
    Page {
        first_row: u64::from(!items.is_empty()),
        items,
        previous_cursor: None,
        next_cursor: others.clone(),
        last_cursor: others,
        total,
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Samples {
    pub(super) kind: Kind,
    pub(super) is_signed_in: bool,
}

impl Samples {
    pub(super) fn told(self) -> Result<&'static Told, Problem> {
        let told = match self.kind {
            Kind::Failing => {
                let mut problem =
                    Problem::new(ProblemCode::Unavailable, "The data store doesn't respond.");
                problem.request_id = Some("01937e2c-7b6a-7cc0-8000-0000000000ff".to_owned());
                return Err(problem);
            }
            Kind::Long => &*LONG,
            Kind::Usual | Kind::Empty | Kind::Stale => &*USUAL,
        };
        told.as_ref().map_err(Clone::clone)
    }

    pub(super) fn is_empty(self) -> bool {
        self.kind == Kind::Empty
    }

    /// A list's rows, if it has any.
    pub(super) fn rows<T: Clone>(self, rows: &[T], total: u64) -> Page<T> {
        match self.is_empty() {
            true => Page::empty(),
            false => first_page(rows.to_vec(), total.max(rows.len() as u64)),
        }
    }

    pub(super) fn settings(self) -> Settings {
        Settings {
            thresholds: Thresholds::default(),
            scopes: self
                .told()
                .map(|told| told.scopes.clone())
                .unwrap_or_default(),
            gateway_url: "https://gateway.example.com".to_owned(),
            console_url: "https://support.example.com".to_owned(),
            require_ticket: false,
            rule_set: "e41bb1dbbaaa".to_owned(),
        }
    }

    /// The person at the page. Signed in even where all else fails.
    pub(super) fn signed_in(self) -> Option<SignedIn> {
        let usual = USUAL.as_ref().ok()?;
        let told = self.told().unwrap_or(usual);
        let is_stale = self.kind == Kind::Stale;
        Some(SignedIn {
            staff: told.staff.clone(),
            signed_in_at: now() - TimeDelta::minutes(6),
            must_change_password: false,
            own_active: match self.kind {
                Kind::Empty => Vec::new(),
                _ => told.sessions.get(1).cloned().into_iter().collect(),
            },
            active_support_sessions: if self.is_empty() { 0 } else { 2 },
            record_outage: is_stale.then(|| RecordOutage {
                since: now() - TimeDelta::minutes(9),
                cause: OutageCause::Full,
            }),
            rules_differ: Vec::new(),
            now: now(),
        })
        .filter(|_| self.is_signed_in)
    }

    pub(super) fn telemetry(self) -> TelemetryState {
        let stale = self.kind == Kind::Stale;
        TelemetryState {
            last_received_at: Some(now() - TimeDelta::minutes(if stale { 31 } else { 0 })),
            stale,
        }
    }

    pub(super) fn counts(self, hour: i64) -> HealthCounts {
        if self.is_empty() {
            return HealthCounts::default();
        }
        let wave = |length: i64, most: i64| (hour % length * most / length).unsigned_abs();
        let (critical, warning) = (4 + wave(23, 5), 9 + wave(31, 11));
        HealthCounts {
            total: 248,
            healthy: 248 - 7 - critical - warning,
            warning,
            critical,
            unknown: 7,
        }
    }

    pub(super) fn history(self) -> Vec<HealthAt> {
        let hours = if self.is_empty() { 0 } else { 7 * 24 };
        let at = |ago: i64| HealthAt {
            at: now() - TimeDelta::hours(ago),
            counts: self.counts(ago),
        };
        (0..hours).rev().map(at).collect()
    }

    pub(super) fn by_day(self) -> Vec<SessionsOfDay> {
        let day = |ago: i64| SessionsOfDay {
            start: now() - TimeDelta::minutes(12 * 60 + 4) - TimeDelta::days(ago),
            active: if ago == 0 { 2 } else { 0 },
            revoked: (ago % 4).unsigned_abs(),
            expired: (ago * 7 % 23).unsigned_abs(),
        };
        let none = SessionsOfDay {
            active: 0,
            revoked: 0,
            expired: 0,
            ..day(0)
        };
        (0..30)
            .rev()
            .map(|ago| match self.is_empty() {
                true => SessionsOfDay {
                    start: day(ago).start,
                    ..none
                },
                false => day(ago),
            })
            .collect()
    }

    pub(super) fn tenant(self, told: &Told) -> Result<TenantDetail, Problem> {
        let row = told.tenants.first();
        let TenantHealth {
            tenant,
            signals,
            cause,
        } = row.cloned().ok_or_else(|| Problem::not_found("tenant"))?;
        let organizations = match self.is_empty() {
            true => Vec::new(),
            false => told.organizations.clone(),
        };
        Ok(TenantDetail {
            tenant,
            verdict: Verdict {
                health: signals.health,
                cause,
            },
            signals,
            calls: if self.is_empty() { Vec::new() } else { calls() },
            telemetry: self.telemetry(),
            organizations,
            active_user_sessions: if self.is_empty() { 0 } else { 214 },
            manage_url: Some("https://platform.example.com/tenants/1".to_owned()),
        })
    }

    pub(super) fn session(
        self,
        told: &Told,
        index: usize,
    ) -> Result<SupportSessionDetail, Problem> {
        let session = told.sessions.get(index).cloned();
        let mut session = session.ok_or_else(|| Problem::not_found("support session"))?;
        if self.is_empty() {
            (session.requests_forwarded, session.requests_refused) = (0, 0);
        }
        let scopes_used = told.scopes.iter().take(2).map(|scope| ScopeUse {
            scope: scope.name.clone(),
            requests: 3,
        });
        Ok(SupportSessionDetail {
            tenant_status: app::domain::tenants::TenantStatus::Active,
            may: SessionActs {
                revoke: true,
                replace_token: false,
                raise_budget: true,
            },
            open_url: None,
            scopes_used: if self.is_empty() {
                Vec::new()
            } else {
                scopes_used.collect()
            },
            without_banner: match self.is_empty() || index > 0 {
                true => PagesWithoutBanner::default(),
                false => told.without_banner.clone(),
            },
            today: RequestsToday {
                by_staff: 41,
                in_tenant: 11,
            },
            at: now(),
            session,
        })
    }
}

/// 24 hours of calls that began to fail a quarter of an hour ago.
fn calls() -> Vec<CallBucket> {
    (0..288_u64)
        .map(|bucket| {
            let ago = TimeDelta::minutes(5 * (288 - bucket.cast_signed()));
            let calls = 40 + bucket * 37 % 29 + if bucket > 96 { 30 } else { 0 };
            let is_failing = bucket >= 285;
            let errors = if is_failing {
                calls * 6 / 10
            } else {
                bucket * 13 % 4
            };
            CallBucket {
                start: now() - TimeDelta::seconds(271) - ago + TimeDelta::minutes(5),
                calls,
                errors,
                server_errors: if is_failing {
                    errors * 9 / 10
                } else {
                    errors / 3
                },
            }
        })
        .collect()
}

/// A tenant's last 24 hours.
pub(super) fn hours(row: &TenantHealth) -> Hours {
    let (calls, errors) = (row.signals.calls_24h, row.signals.errors_24h);
    let values =
        |all: u64, step: u64| (0..24).map(move |hour| all / 24 + hour * step % 11 * all / 300);
    Hours {
        calls: values(calls, 37).collect(),
        errors: values(errors, 13).collect(),
    }
}
