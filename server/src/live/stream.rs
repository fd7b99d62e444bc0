//! The loop behind one open stream.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::domain::{
    StaffId, SupportSessionId,
    caller::StaffCaller,
    live::{LiveEvent, LiveInterest},
    problem::{Problem, ProblemCode},
};
use axum::response::sse::Event;
use futures::Stream;
use store::{Change, ChangeKind};
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{Live, figures::UNPROMPTED, view::View};
use crate::services::ServiceError;

/// How often changed tenants are sent at most.
const TENANTS_INTERVAL: Duration = Duration::from_secs(1);
/// How often changed support sessions and new requests are sent at most.
const TICK: Duration = Duration::from_millis(200);
/// How often the stream sends a heartbeat, looks for updates without a change, and checks whether
/// the staff member may still read.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How many events wait for a slow browser before its stream is ended: it will come back.
const BACKLOG: usize = 64;

/// Counts open streams per staff member.
#[derive(Clone)]
pub(super) struct OpenStreams {
    limit: usize,
    open: Arc<Mutex<HashMap<StaffId, usize>>>,
}

/// One open stream's place; it goes with the stream.
pub(super) struct Slot {
    streams: OpenStreams,
    staff: StaffId,
}

impl OpenStreams {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            open: Arc::default(),
        }
    }

    pub(super) fn take(&self, staff: StaffId) -> Result<Slot, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(staff).or_default();
        if *count >= self.limit {
            let detail = "Too many pages are open. Close some.";
            return Err(Problem::new(ProblemCode::RateLimited, detail));
        }
        *count += 1;
        Ok(Slot {
            streams: self.clone(),
            staff,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.staff) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.staff);
            }
        }
    }
}

/// The events of one stream.
pub(super) fn run(
    live: Live,
    staff: StaffCaller,
    interest: LiveInterest,
    resumed: bool,
    slot: Slot,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + use<> {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    let shutdown = live.shutdown.clone();
    let mut teller = Teller {
        view: View::new(interest),
        live,
        staff,
        sender,
        lagging: CancellationToken::new(),
        number: 0,
        dirty: Dirty::default(),
        tenants_sent: None,
    };
    let (left, lagging) = (teller.sender.clone(), teller.lagging.clone());
    tokio::spawn(async move {
        let _slot = slot;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = left.closed() => {}
            () = lagging.cancelled() => {}
            result = teller.tell(resumed) => {
                if let Err(error) = result {
                    tracing::warn!(error = %error, "a live stream ended early");
                }
            }
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|event| (Ok(event), receiver))
    })
}

/// What has to be looked at again; with instants at which the figures must be counted, or later.
#[derive(Default)]
struct Dirty {
    tenants: Option<Instant>,
    access_log: bool,
    support_sessions: Option<(Instant, Vec<SupportSessionId>)>,
}

struct Teller {
    live: Live,
    staff: StaffCaller,
    view: View,
    sender: mpsc::Sender<Event>,
    lagging: CancellationToken,
    number: u64,
    dirty: Dirty,
    tenants_sent: Option<Instant>,
}

impl Teller {
    async fn tell(&mut self, resumed: bool) -> Result<(), ServiceError> {
        let mut changes = self.live.core.store.changes();
        let mut log = self.live.access_log.subscribe();
        let mut outage = self.live.core.store.watch_outage();
        self.send(&LiveEvent::Hello {
            staff_id: self.staff.staff_id,
            now: self.live.core.now(),
        });
        if resumed {
            // Missed updates are not kept. The page fetches everything again.
            self.send(&LiveEvent::Reset);
        }
        self.view.start_of_log(&self.live.core).await?;
        let opened = Instant::now();
        self.dirty = Dirty {
            tenants: Some(opened),
            access_log: true,
            support_sessions: Some((opened, Vec::new())),
        };
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => if !self.notice(&change).await? { return Ok(()) },
                    Err(RecvError::Lagged(_)) => self.send(&LiveEvent::Reset),
                    Err(RecvError::Closed) => return Ok(()),
                },
                session = log.recv() => match session {
                    Ok(session) => self.dirty.access_log |= self.view.followed() == Some(session),
                    Err(RecvError::Lagged(_)) => self.dirty.access_log = true,
                    Err(RecvError::Closed) => return Ok(()),
                },
                // Every page shows the outage, and its other data may be out of date.
                Ok(()) = outage.changed() => self.send(&LiveEvent::Reset),
                _ = tick.tick() => self.flush().await?,
                _ = heartbeat.tick() => {
                    if !self.still_present().await? {
                        return Ok(());
                    }
                    // Other nodes' requests and the mere passing of time come without a change.
                    let lately = Instant::now().checked_sub(UNPROMPTED);
                    self.dirty.tenants = self.dirty.tenants.or(lately);
                    self.dirty.access_log = true;
                    self.send_event(Event::default().comment("alive"));
                }
            }
        }
    }

    /// Handles a change. Returns whether the staff member may still read.
    async fn notice(&mut self, change: &Change) -> Result<bool, ServiceError> {
        match change.kind {
            ChangeKind::Tenant | ChangeKind::Health => {
                self.dirty.tenants = Some(Instant::now());
            }
            ChangeKind::SupportSession => {
                let now = Instant::now();
                let (since, touched) = self
                    .dirty
                    .support_sessions
                    .get_or_insert_with(|| (now, Vec::new()));
                *since = now;
                touched.extend(change.subject.parse::<SupportSessionId>());
            }
            // Every page says so.
            ChangeKind::Node => self.send(&LiveEvent::Reset),
            ChangeKind::Staff if change.subject == self.staff.staff_id.to_string() => {
                return self.still_present().await;
            }
            ChangeKind::StaffSession
                if change.subject == self.staff.staff_session_id.to_string() =>
            {
                return self.still_present().await;
            }
            ChangeKind::Staff
            | ChangeKind::StaffSession
            | ChangeKind::UserSessions
            | ChangeKind::ApiKey => {}
        }
        Ok(true)
    }

    async fn still_present(&mut self) -> Result<bool, ServiceError> {
        let present = self.live.staff_sessions.is_present(&self.staff).await?;
        if !present {
            self.send(&LiveEvent::SignedOut);
        }
        Ok(present)
    }

    async fn flush(&mut self) -> Result<(), ServiceError> {
        let core = self.live.core.clone();
        let figures = self.live.figures.clone();
        if let Some((since, touched)) = self.dirty.support_sessions.take() {
            let counts = figures.sessions(&core, since).await?;
            let event = self.view.support_sessions(&core, &touched, counts).await?;
            if let Some(event) = event {
                self.send(&event);
            }
        }
        if std::mem::take(&mut self.dirty.access_log)
            && let Some(event) = self.view.access_log(&core).await?
        {
            self.dirty.access_log = self.view.log_goes_on();
            self.send(&event);
        }
        let due = self
            .tenants_sent
            .is_none_or(|sent| sent.elapsed() >= TENANTS_INTERVAL);
        if due && let Some(since) = self.dirty.tenants.take() {
            self.tenants_sent = Some(Instant::now());
            let event = self.view.tenants(&core, &figures, since).await?;
            if let Some(event) = event {
                self.send(&event);
            }
        }
        Ok(())
    }

    fn send(&mut self, event: &LiveEvent) {
        self.number += 1;
        let name = match event {
            LiveEvent::Hello { .. } => "hello",
            LiveEvent::Tenants { .. } => "tenants",
            LiveEvent::SupportSessions { .. } => "support_sessions",
            LiveEvent::AccessLog { .. } => "access_log",
            LiveEvent::Reset => "reset",
            LiveEvent::SignedOut => "signed_out",
        };
        match Event::default()
            .event(name)
            .id(self.number.to_string())
            .json_data(event)
        {
            Ok(event) => self.send_event(event),
            Err(error) => tracing::error!(error = %error, "can't write a live event"),
        }
    }

    /// A browser that can't keep up loses the stream, reconnects and fetches everything again.
    fn send_event(&mut self, event: Event) {
        if self.sender.try_send(event).is_err() {
            self.lagging.cancel();
        }
    }
}
