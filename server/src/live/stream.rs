//! The loop behind one open stream.

mod failing;
mod notice;
mod spread;

use std::{collections::HashMap, convert::Infallible, task::Poll, time::Duration};

use app::domain::{
    SupportSessionId,
    caller::StaffCaller,
    live::{LiveEvent, LiveInterest, SupportSessionsChange},
    support_sessions::SupportSessionCounts,
};
use axum::response::sse::Event;
use futures::Stream;
use store::StoreError;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use self::{
    failing::{Failing, bear},
    spread::{fraction, in_turn, spread},
};
use super::{
    Live,
    board::Shown,
    figures::UNPROMPTED,
    open_streams::Slot,
    turns::{TICK, Unserved},
    view::View,
};
use crate::services::ServiceError;

/// How often the stream sends a heartbeat, reads even without a change, and checks that the staff
/// member may still read.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How many events wait for a slow browser before its stream is ended. The browser reconnects.
const BACKLOG: usize = 64;
/// After more changes of support sessions than this the page fetches everything again.
const TOUCHED: usize = 1_000;

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
    let view = View::new(interest);
    let mut teller = Teller {
        _shown: live.board.show(view.shown_tenants()),
        view,
        live,
        staff,
        sender,
        lagging: CancellationToken::new(),
        number: 0,
        dirty: Dirty::default(),
        looked_at: Instant::now(),
        reset_in_turn_at: None,
        failing: None,
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

/// What must be read again, with the instants at or after which it must be read.
#[derive(Default)]
struct Dirty {
    tenants: Option<Unserved>,
    access_log: bool,
    session_counts: Option<Unserved>,
    /// The ones on the page, and others, which may be the staff member's own.
    support_sessions: HashMap<SupportSessionId, Instant>,
    /// The ones on the page in which a request was made, which changes their numbers and when they end for idleness.
    in_use: HashMap<SupportSessionId, Instant>,
    /// When the page is told that something may have been missed.
    reset: Option<Instant>,
    /// The same for changes that may come many times a second.
    reset_in_turn: Option<Instant>,
}

struct Teller {
    live: Live,
    staff: StaffCaller,
    view: View,
    sender: mpsc::Sender<Event>,
    lagging: CancellationToken,
    number: u64,
    dirty: Dirty,
    /// When the page's active sessions were last read without a change.
    looked_at: Instant,
    /// When the page was last told to fetch everything again because of changes that come in turns.
    reset_in_turn_at: Option<Instant>,
    failing: Option<Failing>,
    _shown: Shown,
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
        self.view.start_of_log(&self.live.core).await?;
        let opened = Instant::now();
        let shown = self.view.shown_sessions().iter();
        self.dirty = Dirty {
            tenants: Some(Unserved::at(opened)),
            access_log: true,
            session_counts: Some(Unserved::at(opened)),
            support_sessions: shown.map(|id| (*id, opened)).collect(),
            ..Dirty::default()
        };
        if resumed || self.view.is_fetched_as_a_whole() {
            // Missed updates are not kept, nor what has changed between a page and its stream. The
            // page fetches everything again.
            self.reset_soon();
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            let goes_on = tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => self.notice(&change).await,
                    Err(RecvError::Lagged(_)) => Ok(self.reset_soon()),
                    Err(RecvError::Closed) => return Ok(()),
                },
                session = log.recv() => match session {
                    Ok(session) => {
                        self.dirty.access_log |= self.view.followed() == Some(session);
                        self.in_use(Some(session));
                        Ok(true)
                    }
                    Err(RecvError::Lagged(_)) => {
                        self.dirty.access_log = true;
                        self.in_use(self.view.followed());
                        Ok(true)
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
                // Every page shows the outage, and its other data may be out of date.
                Ok(()) = outage.changed() => Ok(self.reset_soon()),
                _ = tick.tick() => self.look().await,
                _ = heartbeat.tick() => self.beat().await,
            };
            match goes_on {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => self.failing = Some(bear(self.failing, error, Instant::now())?),
            }
        }
    }

    /// Requests at other nodes cause no change here, so the active sessions on the page are read again. They are read once for
    /// all streams of the node.
    fn look_at_other_nodes(&mut self) {
        let now = Instant::now();
        let Some(lately) = now.checked_sub(UNPROMPTED) else {
            return;
        };
        if self.looked_at > lately {
            return;
        }
        self.looked_at = now;
        self.dirty.access_log |= self.view.has_open_entries();
        for session in self.view.active(self.live.core.now()) {
            self.dirty.in_use.entry(session).or_insert(lately);
            self.dirty
                .session_counts
                .get_or_insert(Unserved::at(lately));
        }
    }

    /// Sends what has changed. After a failure it tries a little later, once it has checked again
    /// that the staff member may read.
    async fn look(&mut self) -> Result<bool, ServiceError> {
        if let Some(failing) = self.failing {
            if Instant::now() < failing.next {
                return Ok(true);
            }
            if !self.still_present().await? {
                return Ok(false);
            }
        }
        self.look_at_other_nodes();
        self.flush().await?;
        if self.failing.take().is_some() {
            self.reset_soon();
        }
        Ok(true)
    }

    async fn beat(&mut self) -> Result<bool, ServiceError> {
        if !self.still_present().await? {
            return Ok(false);
        }
        // The passing of time causes no change.
        let lately = Instant::now().checked_sub(UNPROMPTED);
        self.dirty.tenants = self.dirty.tenants.or(lately.map(Unserved::at));
        self.dirty.access_log = true;
        let now = self.live.core.now();
        self.send(&LiveEvent::Alive { now });
        let Some(lately) = lately else {
            return Ok(true);
        };
        let (core, figures) = (&self.live.core, &self.live.figures);
        let look = self.view.has_other_user_sessions(core, figures, lately);
        if look.await? {
            self.reset_in_turn();
        }
        Ok(true)
    }

    async fn flush(&mut self) -> Result<(), ServiceError> {
        let core = self.live.core.clone();
        let (figures, board) = (self.live.figures.clone(), self.live.board.clone());
        let now = Instant::now();
        let resets = [self.dirty.reset, self.dirty.reset_in_turn];
        if resets.into_iter().flatten().any(|at| at <= now) {
            if self.dirty.reset_in_turn.is_some() {
                self.reset_in_turn_at = Some(now);
            }
            (self.dirty.reset, self.dirty.reset_in_turn) = (None, None);
            self.send(&LiveEvent::Reset);
        }
        if let Some(since) = self.dirty.session_counts
            && let Some((from, counts)) = figures.sessions(&core, since.first).await?
        {
            self.dirty.session_counts = since.after(from);
            self.tell_support_sessions(counts).await?;
        }
        if std::mem::take(&mut self.dirty.access_log)
            && let Some(event) = self.view.access_log(&core).await?
        {
            self.dirty.access_log = self.view.log_goes_on();
            self.send(&event);
        }
        let Some(since) = self.dirty.tenants else {
            return Ok(());
        };
        let look = self.view.tenants(&core, (&figures, &board), since.first);
        match look.await {
            Ok(Poll::Ready((from, event))) => {
                self.dirty.tenants = since.after(from);
                if let Some(event) = event {
                    self.send(&event);
                }
            }
            // All pages' tenants are read together. A page whose tenants were just read reads again
            // later.
            Ok(Poll::Pending) | Err(ServiceError::Store(StoreError::Busy)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn tell_support_sessions(
        &mut self,
        counts: SupportSessionCounts,
    ) -> Result<(), ServiceError> {
        let core = self.live.core.clone();
        let board = self.live.board.clone();
        let mut touched = std::mem::take(&mut self.dirty.support_sessions);
        // Read once for all streams of the node, also for those that show none.
        let read = board.sessions(&core, &touched).await?;
        let own = read
            .iter()
            .any(|session| session.staff_id == self.staff.staff_id);
        if let Some(act) = self.view.fetched_again_for_sessions(&read)
            && self.may(act)
        {
            self.reset_in_turn();
        }
        touched.retain(|session, _| self.view.wants(*session));
        for (session, at) in std::mem::take(&mut self.dirty.in_use) {
            touched.entry(session).or_insert(at);
        }
        let changed = self.view.support_sessions(&core, &board, &touched, counts);
        let event = match changed.await? {
            Some(LiveEvent::SupportSessions(change)) => {
                let mut ids = change.changed.iter().map(|session| session.id);
                self.dirty.access_log |= ids.any(|id| self.view.followed() == Some(id));
                Some(SupportSessionsChange { own, ..change })
            }
            _ if own => Some(SupportSessionsChange {
                changed: Vec::new(),
                counts,
                own,
                now: core.now(),
            }),
            _ => None,
        };
        if let Some(event) = event {
            self.send(&LiveEvent::SupportSessions(event));
        }
        Ok(())
    }

    /// Tells the page that something may have been missed: at once if few pages are open, otherwise
    /// after a random delay, so that not all pages fetch everything at once. The stream continues:
    /// always true.
    fn reset_soon(&mut self) -> bool {
        let at = self.after_others();
        self.dirty.reset.get_or_insert(at);
        true
    }

    /// The same, but not once per change.
    fn reset_in_turn(&mut self) {
        let at = in_turn(self.after_others(), self.reset_in_turn_at);
        self.dirty.reset_in_turn.get_or_insert(at);
    }

    fn after_others(&self) -> Instant {
        let spread = spread(self.live.open.count());
        Instant::now() + spread.mul_f64(fraction(&*self.live.core.entropy))
    }

    fn send(&mut self, event: &LiveEvent) {
        self.number += 1;
        let name = match event {
            LiveEvent::Hello { .. } => "hello",
            LiveEvent::Tenants { .. } => "tenants",
            LiveEvent::SupportSessions { .. } => "support_sessions",
            LiveEvent::AccessLog { .. } => "access_log",
            LiveEvent::Alive { .. } => "alive",
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
