//! Messages that a plain form leaves for the page to which it redirects: in memory, for a minute,
//! and read once.

mod sent;
mod turns;
mod typed;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::{
    domain::{
        ApiKeyId, StaffId, StaffSessionId, SupportSessionId, Timestamp,
        caller::{Caller, Context},
        flash::Flash,
        staff::StaffMember,
    },
    ports::FlashPort,
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use gateway::{clock::Clock, entropy::Entropy, token::Token};
use tokio::sync::OwnedMutexGuard;

pub use self::sent::Sent;
use self::{sent::SentForms, turns::Turns, typed::TypedForms};

/// How long a flash waits to be read.
const KEPT: TimeDelta = TimeDelta::seconds(60);
/// How many flashes may wait for one owner. The oldest is dropped first.
const PER_OWNER: usize = 8;
/// How many flashes of signed-in staff members wait at most.
const OF_STAFF: usize = 1024;
/// The most flashes for people who are not signed in. These are limited separately, so that a flood
/// of failed sign-ins can't displace a staff member's new token.
const OF_OTHERS: usize = 256;

/// The owner of a flash.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owner {
    StaffSession(StaffSessionId),
    /// Not signed in, as after a refused sign-in: the same IP address.
    Address(Option<String>),
    /// A person whose sign-in has ended: without a new one, the same IP address.
    Former(StaffId, Option<String>),
}

impl Owner {
    fn of(context: &Context) -> Self {
        match &context.caller {
            Caller::Staff(staff) => Self::StaffSession(staff.staff_session_id),
            _ => Self::Address(context.origin.ip.clone()),
        }
    }

    /// No outsider can be it.
    fn is_staff(&self) -> bool {
        !matches!(self, Self::Address(_))
    }

    fn is(&self, context: &Context) -> bool {
        match (self, &context.caller) {
            (Self::Former(person, _), Caller::Staff(staff)) => *person == staff.staff_id,
            (Self::Former(_, address), _) => *address == context.origin.ip,
            _ => *self == Self::of(context),
        }
    }
}

/// Whether a page with a waiting token may have been asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Never,
    /// The next click of the same form may have taken that page away before anybody saw it.
    Perhaps,
}

struct Waiting {
    owner: Owner,
    until: Timestamp,
    /// Grows with each flash.
    number: u64,
    /// Whether a token was read. It stays for the rest of its time, for a second submit of the same form.
    is_read: bool,
    flash: Flash,
}

#[derive(Default)]
struct Waitings {
    by_id: HashMap<String, Waiting>,
    last_number: u64,
}

/// Flashes that wait to be read. Cheap to clone. They may contain a new access token, so this has
/// no `Debug` and is never stored.
#[derive(Clone)]
pub struct Flashes {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    waiting: Arc<Mutex<Waitings>>,
    turns: Turns,
    typed: TypedForms,
    sent: SentForms,
}

impl Flashes {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            clock,
            entropy,
            waiting: Arc::default(),
            turns: Turns::default(),
            typed: TypedForms::default(),
            sent: SentForms::default(),
        }
    }

    /// Leaves a flash for the caller and returns its ID for the page's URL. The ID alone is not
    /// enough: only the same staff session gets the flash.
    pub fn leave(&self, context: &Context, flash: Flash) -> String {
        self.leave_for(Owner::of(context), flash)
    }

    /// Leaves a flash for a staff session that has just begun.
    pub fn leave_for_staff_session(&self, id: StaffSessionId, flash: Flash) -> String {
        self.leave_for(Owner::StaffSession(id), flash)
    }

    /// Leaves a flash for this address, without a sign-in.
    pub fn leave_signed_out(&self, context: &Context, flash: Flash) -> String {
        self.leave_for(Owner::Address(context.origin.ip.clone()), flash)
    }

    /// Leaves a flash for a person whose sign-in has ended, who may have a new one by the time that the page is shown.
    pub fn leave_for_former(&self, person: StaffId, context: &Context, flash: Flash) -> String {
        self.leave_for(Owner::Former(person, context.origin.ip.clone()), flash)
    }

    /// Waits until no other submit of the caller's form with this key is in progress.
    pub async fn take_turn(&self, context: &Context, key: &str) -> OwnedMutexGuard<()> {
        self.turns.take(Self::of_caller(context, key)).await
    }

    /// A form that was sent with this token, as that of a sign-in.
    pub fn of_token(token: &str, form: &str) -> Option<String> {
        let token = Token::parse(token).ok()?;
        Some(format!("{:?} {form}", token.hash().as_bytes()))
    }

    /// A form of this sign-in, and of no other.
    pub fn of_caller(context: &Context, form: &str) -> String {
        format!("{:?} {form}", Owner::of(context))
    }

    /// The ID of the flash that waits for the caller with the token of this support session. Two
    /// clicks make two submits, and the browser shows the answer to the second. The token came with the first. The page
    /// also says what is `unused` of the second.
    pub fn waiting_token(
        &self,
        context: &Context,
        session: SupportSessionId,
        unused: &[String],
        seen: Seen,
    ) -> Option<String> {
        let (owner, now) = (Owner::of(context), self.clock.now());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = waiting.by_id.iter_mut().filter_map(|(id, waiting)| {
            let is_own = waiting.owner == owner && waiting.until > now;
            match &mut waiting.flash {
                Flash::Granted(granted)
                    if is_own && (seen == Seen::Perhaps || !waiting.is_read) =>
                {
                    Some((id, granted, &mut waiting.is_read))
                }
                _ => None,
            }
        });
        let (id, granted, is_read) =
            own.find(|(_, granted, _)| granted.session.id == session && granted.token.is_some())?;
        *is_read = false;
        granted.unused.extend_from_slice(unused);
        granted.unused.dedup();
        Some(id.clone())
    }

    /// The ID of the flash that waits for the caller with the secret of this API key, alike.
    pub fn waiting_secret(&self, context: &Context, key: ApiKeyId) -> Option<String> {
        self.waiting(context, |flash| match flash {
            Flash::KeyMade(made) => made.key.id == key && made.secret.is_some(),
            _ => false,
        })
    }

    /// The ID of the flash that waits for the caller with a one-time link for this staff member.
    pub fn waiting_link(
        &self,
        context: &Context,
        is_for: impl Fn(&StaffMember) -> bool,
    ) -> Option<String> {
        self.waiting(context, |flash| match flash {
            Flash::StaffLink(given) => is_for(&given.member),
            _ => false,
        })
    }

    fn waiting(&self, context: &Context, is_it: impl Fn(&Flash) -> bool) -> Option<String> {
        let (owner, now) = (Owner::of(context), self.clock.now());
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = waiting.by_id.iter().filter(|(_, waiting)| {
            is_it(&waiting.flash) && waiting.owner == owner && waiting.until > now
        });
        own.next().map(|(id, _)| id.clone())
    }

    fn leave_for(&self, owner: Owner, flash: Flash) -> String {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let id = URL_SAFE_NO_PAD.encode(random);
        let now = self.clock.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.by_id.retain(|_, waiting| waiting.until > now);
        waiting.make_room_for(&owner);
        waiting.last_number += 1;
        let new = Waiting {
            owner,
            until: now + KEPT,
            number: waiting.last_number,
            is_read: false,
            flash,
        };
        waiting.by_id.insert(id.clone(), new);
        id
    }

    fn take_now(&self, context: &Context, id: &str) -> Option<Flash> {
        let now = self.clock.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Another person's flash stays, so that guessing an id destroys nothing.
        let found = waiting.by_id.get_mut(id)?;
        if !found.owner.is(context) || found.is_read {
            return None;
        }
        if found.until > now && found.flash.has_token() {
            found.is_read = true;
            return Some(found.flash.clone());
        }
        let taken = waiting.by_id.remove(id)?;
        (taken.until > now).then_some(taken.flash)
    }
}

impl Waitings {
    fn make_room_for(&mut self, owner: &Owner) {
        let is_staff = owner.is_staff();
        let room = if is_staff { OF_STAFF } else { OF_OTHERS };
        self.drop_oldest(PER_OWNER - 1, |other| other == owner);
        self.drop_oldest(room - 1, |other| other.is_staff() == is_staff);
    }

    fn drop_oldest(&mut self, keep: usize, is_counted: impl Fn(&Owner) -> bool) {
        let mut counted: Vec<_> = self
            .by_id
            .iter()
            .filter(|(_, waiting)| is_counted(&waiting.owner))
            .map(|(id, waiting)| (waiting.number, id.clone()))
            .collect();
        counted.sort_unstable();
        let too_many = counted.len().saturating_sub(keep);
        for (_, id) in counted.into_iter().take(too_many) {
            self.by_id.remove(&id);
        }
    }
}

#[async_trait]
impl FlashPort for Flashes {
    async fn take(&self, context: &Context, id: &str) -> Option<Flash> {
        self.take_now(context, id)
    }
}

#[cfg(test)]
mod tests {
    use app::domain::{caller::Origin, caller::StaffCaller};
    use gateway::{clock::ManualClock, entropy::SeededEntropy};
    use uuid::Uuid;

    use super::*;

    pub(super) fn flashes() -> (Flashes, ManualClock) {
        let clock = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let flashes = Flashes::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(1)));
        (flashes, clock)
    }

    fn signed_in(number: u128) -> Context {
        person_signed_in(1, number)
    }

    fn person_signed_in(person: u128, number: u128) -> Context {
        let caller = Caller::Staff(StaffCaller {
            staff_id: StaffId::from_uuid(Uuid::from_u128(person)),
            name: "Ana".into(),
            roles: Vec::new(),
            staff_session_id: StaffSessionId::from_uuid(Uuid::from_u128(number)),
            signed_in_at: Timestamp::UNIX_EPOCH,
            must_change_password: false,
        });
        Context {
            caller,
            origin: Origin::default(),
        }
    }

    fn from_address(ip: &str) -> Context {
        Context {
            caller: Caller::Anonymous,
            origin: Origin {
                ip: Some(ip.into()),
                ..Origin::default()
            },
        }
    }

    fn done(message: &str) -> Flash {
        Flash::done(message)
    }

    #[tokio::test]
    async fn a_flash_is_read_once() {
        let (flashes, _) = flashes();
        let id = flashes.leave(&signed_in(1), done("a"));
        assert_eq!(flashes.take(&signed_in(1), &id).await, Some(done("a")));
        assert_eq!(flashes.take(&signed_in(1), &id).await, None);
    }

    #[tokio::test]
    async fn a_flash_is_gone_after_a_minute() {
        let (flashes, clock) = flashes();
        let id = flashes.leave(&signed_in(1), done("a"));
        let other = flashes.leave(&signed_in(1), done("b"));
        clock.advance(TimeDelta::milliseconds(59_999));
        assert!(flashes.take(&signed_in(1), &id).await.is_some());
        clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(flashes.take(&signed_in(1), &other).await, None);
    }

    #[tokio::test]
    async fn no_one_else_reads_it_or_destroys_it() {
        let (flashes, _) = flashes();
        let id = flashes.leave(&signed_in(1), done("a"));
        assert_eq!(flashes.take(&signed_in(2), &id).await, None);
        assert_eq!(flashes.take(&from_address("203.0.113.7"), &id).await, None);
        assert!(flashes.take(&signed_in(1), &id).await.is_some());
        let id = flashes.leave(&from_address("203.0.113.7"), done("a"));
        assert_eq!(flashes.take(&from_address("203.0.113.8"), &id).await, None);
        assert!(
            flashes
                .take(&from_address("203.0.113.7"), &id)
                .await
                .is_some()
        );
    }

    #[tokio::test]
    async fn what_a_former_sign_in_left_is_for_its_person_and_no_other_at_the_same_address() {
        let (flashes, _) = flashes();
        let at_address = |mut context: Context| {
            context.origin.ip = Some("203.0.113.7".into());
            context
        };
        let person = StaffId::from_uuid(Uuid::from_u128(1));
        let here = from_address("203.0.113.7");
        for reader in [here.clone(), signed_in(2)] {
            let id = flashes.leave_for_former(person, &here, done("a"));
            let another = at_address(person_signed_in(2, 3));
            assert_eq!(flashes.take(&another, &id).await, None);
            assert_eq!(flashes.take(&from_address("203.0.113.8"), &id).await, None);
            assert_eq!(flashes.take(&reader, &id).await, Some(done("a")));
        }
        // What was left for nobody in particular is for nobody who has signed in.
        let id = flashes.leave_signed_out(&here, done("a"));
        assert_eq!(flashes.take(&at_address(signed_in(1)), &id).await, None);
    }

    #[tokio::test]
    async fn a_flood_from_outside_pushes_out_no_staff_members_flash() {
        let (flashes, _) = flashes();
        let id = flashes.leave(&signed_in(1), done("a"));
        for n in 0..2_000 {
            flashes.leave(&from_address(&format!("192.0.2.{n}")), done("x"));
        }
        assert!(flashes.waiting.lock().unwrap().by_id.len() <= OF_OTHERS + 1);
        assert!(flashes.take(&signed_in(1), &id).await.is_some());
    }

    #[tokio::test]
    async fn one_owner_keeps_the_newest() {
        let (flashes, _) = flashes();
        let ids: Vec<_> = (0..=PER_OWNER)
            .map(|n| flashes.leave(&signed_in(1), done(&n.to_string())))
            .collect();
        assert_eq!(flashes.take(&signed_in(1), &ids[0]).await, None);
        for id in &ids[1..] {
            assert!(flashes.take(&signed_in(1), id).await.is_some());
        }
    }
}
