//! Sessions and records in memory.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use app::domain::{StaffId, SupportSessionId};
use async_trait::async_trait;
use chrono::TimeDelta;
use gateway::{
    browser::EntryLabel,
    clock::{Clock, ManualClock},
    ports::{
        Begun, BrowserSession, BrowserSessions, Completion, EndAsked, Ended, HeldSessions, Intent,
        KnownLimits, KnownSession, NewBrowserSession, NotEntered, PageShown, RecordError, Recorder,
        RefusedRequest, SessionCard, Sessions, StoreUnavailable, TunnelNote,
    },
    token::Token,
};
use tokio::sync::watch;
use uuid::Uuid;

/// The hash of the rules that are kept.
const KEPT: &str = "kept";

pub(crate) struct MemoryStore {
    clock: ManualClock,
    sessions: Mutex<HashMap<[u8; 32], KnownSession>>,
    /// Cookies: of which session, at which host.
    cookies: Mutex<HashMap<[u8; 32], (SupportSessionId, EntryLabel)>>,
    /// Codes with the state that each is for.
    codes: Mutex<HashMap<[u8; 32], Code>>,
    begun: Mutex<Vec<Intent>>,
    refused: Mutex<Vec<RefusedRequest>>,
    completed: watch::Sender<Vec<Completion>>,
    notes: watch::Sender<Vec<TunnelNote>>,
    without_banner: watch::Sender<Vec<PageShown>>,
    ended: Mutex<Vec<EndAsked>>,
    down: AtomicBool,
    rules: Mutex<Option<String>>,
    used_up: AtomicBool,
    records: Gate,
    entries: Gate,
    lookups: Gate,
}

/// The purpose of a code.
#[derive(Clone)]
struct Code {
    state: [u8; 32],
    session: SupportSessionId,
    label: EntryLabel,
}

/// Lets everything through unless it is closed.
struct Gate(watch::Sender<bool>);

impl Gate {
    fn open() -> Self {
        Self(watch::Sender::new(true))
    }

    async fn pass(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl MemoryStore {
    pub(crate) fn new(clock: ManualClock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            sessions: Mutex::default(),
            cookies: Mutex::default(),
            codes: Mutex::default(),
            begun: Mutex::default(),
            refused: Mutex::default(),
            completed: watch::Sender::default(),
            notes: watch::Sender::default(),
            without_banner: watch::Sender::default(),
            ended: Mutex::default(),
            down: AtomicBool::new(false),
            rules: Mutex::default(),
            used_up: AtomicBool::new(false),
            records: Gate::open(),
            entries: Gate::open(),
            lookups: Gate::open(),
        })
    }

    pub(crate) fn add(
        &self,
        token: &Token,
        organization: Option<&str>,
        scopes: &[&str],
    ) -> KnownSession {
        let mut sessions = self.sessions.lock().unwrap();
        let session = KnownSession {
            token_hash: [0; 32],
            id: SupportSessionId::from_uuid(Uuid::from_u128(7 + sessions.len() as u128)),
            tenant_id: "acme".parse().unwrap(),
            organization_id: organization.map(|id| id.parse().unwrap()),
            staff_id: StaffId::from_uuid(Uuid::from_u128(8)),
            staff_name: "Ada".into(),
            scopes: scopes.iter().map(|s| s.parse().unwrap()).collect(),
            rule_set: match &*self.rules.lock().unwrap() {
                Some(_) => KEPT.into(),
                None => String::new(),
            },
            expires_at: self.clock.now() + TimeDelta::minutes(15),
            ended: None,
            limits: KnownLimits::default(),
        };
        sessions.insert(*token.hash().as_bytes(), session.clone());
        session
    }

    /// A cookie of a session at a host.
    pub(crate) fn keep_cookie(&self, token: &Token, session: &KnownSession, label: &EntryLabel) {
        let hash = *token.hash().as_bytes();
        let kept = (session.id, label.clone());
        self.cookies.lock().unwrap().insert(hash, kept);
    }

    /// A code that the console has given for a state.
    pub(crate) fn keep_code(
        &self,
        code: &Token,
        state: [u8; 32],
        session: &KnownSession,
        label: &EntryLabel,
    ) {
        let kept = Code {
            state,
            session: session.id,
            label: label.clone(),
        };
        let hash = *code.hash().as_bytes();
        self.codes.lock().unwrap().insert(hash, kept);
    }

    /// What holders have ended.
    pub(crate) fn ended_by_holder(&self) -> Vec<EndAsked> {
        self.ended.lock().unwrap().clone()
    }

    /// How many codes have not been taken.
    pub(crate) fn codes_left(&self) -> usize {
        self.codes.lock().unwrap().len()
    }

    fn session(&self, id: SupportSessionId) -> Option<KnownSession> {
        let sessions = self.sessions.lock().unwrap();
        sessions.values().find(|s| s.id == id).cloned()
    }

    /// Sessions added from now on were created under these rules.
    pub(crate) fn keep_rules(&self, text: &str) {
        *self.rules.lock().unwrap() = Some(text.to_owned());
    }

    pub(crate) fn revoke(&self, id: SupportSessionId) {
        for session in self.sessions.lock().unwrap().values_mut() {
            if session.id == id {
                session.ended = Some(Ended::Revoked);
            }
        }
    }

    /// From now on nothing can be written.
    pub(crate) fn break_down(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    /// Sets what bounds every session.
    pub(crate) fn bound(&self, set: impl Fn(&mut KnownLimits)) {
        for session in self.sessions.lock().unwrap().values_mut() {
            set(&mut session.limits);
        }
    }

    /// From now on no session has a request left.
    pub(crate) fn use_up(&self) {
        self.used_up.store(true, Ordering::SeqCst);
    }

    /// The sessions have requests left again.
    pub(crate) fn raise(&self) {
        self.used_up.store(false, Ordering::SeqCst);
    }

    /// From now on records wait.
    pub(crate) fn hold_records(&self) {
        self.records.0.send_replace(false);
    }

    pub(crate) fn release_records(&self) {
        self.records.0.send_replace(true);
    }

    /// From now on browsers with a code wait.
    pub(crate) fn hold_entries(&self) {
        self.entries.0.send_replace(false);
    }

    /// Once a browser with a code waits.
    pub(crate) async fn entry_waits(&self) {
        while self.entries.0.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn release_entries(&self) {
        self.entries.0.send_replace(true);
    }

    /// From now on nobody is found, nor not found.
    pub(crate) fn hold_lookups(&self) {
        self.lookups.0.send_replace(false);
    }

    pub(crate) fn begun(&self) -> Vec<Intent> {
        self.begun.lock().unwrap().clone()
    }

    pub(crate) fn refused(&self) -> Vec<RefusedRequest> {
        self.refused.lock().unwrap().clone()
    }

    /// The notes of tunnels, once there are `count` of them.
    pub(crate) async fn noted(&self, count: usize) -> Vec<TunnelNote> {
        let mut notes = self.notes.subscribe();
        let wait = notes.wait_for(|all| all.len() >= count);
        let wait = tokio::time::timeout(std::time::Duration::from_secs(10), wait);
        wait.await.expect("a note is missing").unwrap().clone()
    }

    /// The pages that had no banner, once there are `count` of them.
    pub(crate) async fn without_banner(&self, count: usize) -> Vec<PageShown> {
        let mut pages = self.without_banner.subscribe();
        let wait = pages.wait_for(|all| all.len() >= count);
        let wait = tokio::time::timeout(std::time::Duration::from_secs(10), wait);
        wait.await.expect("a page is missing").unwrap().clone()
    }

    /// The completions, once there are `count` of them.
    pub(crate) async fn completed(&self, count: usize) -> Vec<Completion> {
        let mut completed = self.completed.subscribe();
        let wait = completed.wait_for(|all| all.len() >= count);
        let wait = tokio::time::timeout(std::time::Duration::from_secs(10), wait);
        let all = wait.await.expect("a completion is missing").unwrap();
        all.clone()
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn lookup(&self, hash: [u8; 32]) -> Result<Option<KnownSession>, StoreUnavailable> {
        self.lookups.pass().await;
        Ok(self.sessions.lock().unwrap().get(&hash).cloned())
    }

    async fn rule_set(&self, hash: &str) -> Result<Option<String>, StoreUnavailable> {
        assert_eq!(hash, KEPT);
        Ok(self.rules.lock().unwrap().clone())
    }
}

#[async_trait]
impl BrowserSessions for MemoryStore {
    async fn lookup(&self, hash: [u8; 32]) -> Result<Option<BrowserSession>, StoreUnavailable> {
        let kept = self.cookies.lock().unwrap().get(&hash).cloned();
        Ok(kept.and_then(|(id, label)| {
            let session = KnownSession {
                token_hash: hash,
                ..self.session(id)?
            };
            Some(BrowserSession { session, label })
        }))
    }

    async fn enter(&self, new: NewBrowserSession) -> Result<(), NotEntered> {
        self.entries.pass().await;
        if !new.waits.still() {
            return Err(NotEntered::Unavailable);
        }
        let mut codes = self.codes.lock().unwrap();
        let found = codes.get(&new.code_hash).cloned();
        let is_for = |code: &Code| code.state == new.state_hash && code.label == new.label;
        let Some(code) = found.filter(is_for) else {
            return Err(NotEntered::Code);
        };
        let ended = self.session(code.session).and_then(|s| s.ended_at(new.at));
        if let Some(ended) = ended {
            return Err(NotEntered::Ended(ended));
        }
        codes.remove(&new.code_hash);
        self.cookies
            .lock()
            .unwrap()
            .insert(new.token_hash, (code.session, code.label));
        Ok(())
    }
}

#[async_trait]
impl HeldSessions for MemoryStore {
    async fn card(&self, id: SupportSessionId) -> Result<Option<SessionCard>, StoreUnavailable> {
        Ok(self.session(id).map(|_| SessionCard {
            tenant_name: "Acme Corporation".into(),
            reason: "Attestations fail with 503".into(),
        }))
    }

    async fn end(&self, asked: EndAsked) -> Result<(), StoreUnavailable> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreUnavailable);
        }
        self.revoke(asked.support_session_id);
        self.ended.lock().unwrap().push(asked);
        Ok(())
    }
}

#[async_trait]
impl Recorder for MemoryStore {
    async fn begin(&self, intent: Intent) -> Result<Begun, RecordError> {
        self.records.pass().await;
        if self.used_up.load(Ordering::SeqCst) {
            return Err(RecordError::BudgetExhausted);
        }
        if self.down.load(Ordering::SeqCst) {
            return Err(RecordError::Unavailable);
        }
        let sessions = self.sessions.lock().unwrap();
        let session = sessions
            .values()
            .find(|s| s.id == intent.support_session_id);
        if let Some(ended) = session.and_then(|s| s.ended_at(self.clock.now())) {
            return Err(RecordError::SessionEnded(ended));
        }
        let mut begun = self.begun.lock().unwrap();
        begun.push(intent);
        Ok(Begun {
            seq: begun.len() as u64,
        })
    }

    async fn refuse(&self, refused: RefusedRequest) {
        self.refused.lock().unwrap().push(refused);
    }

    fn note(&self, note: TunnelNote) {
        self.notes.send_modify(|all| all.push(note));
    }

    fn without_banner(&self, page: PageShown) {
        self.without_banner.send_modify(|all| all.push(page));
    }

    fn complete(&self, completion: Completion) {
        self.completed.send_modify(|all| all.push(completion));
    }
}
