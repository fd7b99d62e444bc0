//! Creating a support session, and replacing a lost token.

use app::{
    domain::{
        AuditEventId, OrganizationId, SupportSessionId, TenantId,
        audit::{AuditAction, SessionHolder},
        caller::{Caller, Context},
        named::{none_called, several_called},
        policy::Act,
        problem::{Problem, ProblemCode},
        scopes::ScopeName,
        support_sessions::{
            Grant, MAX_ACTIVE_PER_STAFF_MEMBER, NewSupportSession, SupportSession,
            SupportSessionDraft, SupportSessionForm, SupportSessionGranted,
        },
        tenants::{ORGANIZATIONS_SHOWN, Organization, SUGGESTED_MAX, TenantHealth},
        text::clean,
    },
    ports::{CreateSupportSessions, ReplaceTokens},
};
use async_trait::async_trait;
use gateway::{
    browser::EntryLabel,
    token::{Token, TokenKind},
};
use store::{
    Audited, ChangeKind, Lane, Tx,
    listing::{PageAt, Wanted},
    support_sessions::SupportSessionSecrets,
};
use uuid::Uuid;

use super::{SupportSessionsService, bars::Bar, staff_behind};
use crate::services::{
    Acting, ServiceError, core::SEARCH_MAX, gates::cut_replaced_now, telemetry::telemetry_state,
    tenants::find_tenant,
};

/// The path in the curl line of the confirmation.
const EXAMPLE_PATH: &str = "/v1/organizations";

#[async_trait]
impl CreateSupportSessions for SupportSessionsService {
    async fn draft(
        &self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<SupportSessionDraft, Problem> {
        // A sign-in that is too old is reported when the form is sent, because then the input is
        // kept.
        self.core.authorise(context, Act::ReadTenant(tenant))?;
        staff_behind(context)?;
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let stored = db.lookup_tenant(tenant).await?;
        let stored = stored.ok_or_else(|| Problem::not_found("tenant"))?;
        let organizations = PageAt::first(ORGANIZATIONS_SHOWN);
        let organizations = db.list_organizations(tenant, &organizations).await?;
        let reception = db.telemetry_reception().await?;
        let now = self.core.now();
        let may_write = stored.settings.support_may_write;
        let scopes = self.settings.scopes.iter();
        let scopes = scopes.filter(|scope| may_write || !scope.writes).cloned();
        let bar = Bar::of_status(&self.core, stored.tenant.status);
        let barred = organizations.items.iter();
        let barred = barred.filter(|one| Bar::of_organization(&self.core, one.status).is_some());
        Ok(SupportSessionDraft {
            barred: bar.map(|bar| bar.refuses_creation().detail),
            support_may_write: may_write,
            verdict: stored.verdict(),
            tenant: TenantHealth::from(stored),
            stale: telemetry_state(&self.core, reception).stale,
            barred_organizations: barred.map(|one| one.id.clone()).collect(),
            organizations: organizations.items,
            scopes: scopes.collect(),
            require_ticket: self.settings.require_ticket,
            ip: context.origin.ip.clone().unwrap_or_default(),
            idempotency_key: self.core.new_uuid().to_string(),
            now,
        })
    }

    async fn create(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: SupportSessionForm,
    ) -> Result<SupportSessionGranted, Problem> {
        self.core.authorise(context, Act::CreateSupportSession)?;
        let staff = staff_behind(context)?;
        self.core.authorise(context, Act::ReadTenant(tenant))?;
        let stored = find_tenant(&self.core, tenant).await?;
        let organization = self.named_organization(tenant, &form.organization_id);
        let new = form.validate(self.settings.require_ticket, organization.await?)?;
        self.check_scopes(&new.scopes)?;
        let idempotency_key = self.idempotency_key(&form.idempotency_key)?;
        check_address(context, &new)?;

        let token = Token::generate(TokenKind::SupportSession, &*self.core.entropy);
        let budgets = &self.core.config.support_sessions;
        let to = Grant {
            id: SupportSessionId::from_uuid(self.core.new_uuid()),
            tenant_id: tenant.clone(),
            tenant_name: stored.tenant.name,
            staff_id: staff.staff_id,
            staff_name: staff.name.clone(),
            ip: context.origin.ip.clone().unwrap_or_default(),
            user_agent: context.origin.user_agent.clone().unwrap_or_default(),
            rule_set: self.settings.rule_set.clone(),
            // A later change of the budgets is for later sessions.
            requests_total: budgets.requests_total(),
            requests_per_minute: budgets.requests_per_minute(),
        };
        let session = new.clone().grant(to, self.core.now());
        let secrets = SupportSessionSecrets {
            token_hash: *token.hash().as_bytes(),
            idempotency_key,
        };
        match self.add(context, session, secrets).await? {
            Added::New(session, event) => {
                self.granted(context, session, Some((&token, event))).await
            }
            Added::Before(session) if session.tenant_id == *tenant => {
                let unused = session.unused_of(&new);
                let granted = self.granted(context, session, None).await?;
                Ok(SupportSessionGranted { unused, ..granted })
            }
            Added::Before(_) => Err(invalid_idempotency_key()),
        }
    }
}

impl SupportSessionsService {
    pub(super) async fn add(
        &self,
        context: &Context,
        session: SupportSession,
        secrets: SupportSessionSecrets,
    ) -> Result<Added, ServiceError> {
        let add = self.core.act(
            context,
            (session, secrets),
            |(session, secrets), mut act| {
                Box::pin(async move {
                    if let Some(before) = before_or_refused(act.tx, session, secrets).await? {
                        return Ok(Audited::unchanged(Added::Before(before)));
                    }
                    if let Some(bar) = bar_of(&mut act, session).await? {
                        return Err(bar.refuses_creation().into());
                    }
                    act.tx.add_support_session(session, secrets).await?;
                    let label = EntryLabel::generate(&*act.core.entropy);
                    act.tx.set_entry_label(session.id, label.as_str()).await?;
                    let (id, tenant) = (session.id, Some(&session.tenant_id));
                    let created = created(act.context, session);
                    let receipt = act.record(tenant, id, created);
                    act.change(ChangeKind::SupportSession, id).await?;
                    let added = Added::New(session.clone(), receipt.event_id());
                    Ok(Audited::new(added, receipt))
                })
            },
        );
        add.await
    }
}

#[async_trait]
impl ReplaceTokens for SupportSessionsService {
    async fn replace_token(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem> {
        let session = self.find(context, id).await?;
        self.core
            .authorise(context, Act::ReplaceToken(session.staff_id))?;
        self.require_active(&session)?;
        let token = Token::generate(TokenKind::SupportSession, &*self.core.entropy);
        let token_hash = *token.hash().as_bytes();
        let closed = self.gates.close(id).await;
        let given = session.clone();
        let replace = self.core.act(context, given, move |session, mut act| {
            Box::pin(async move {
                if let Some(bar) = bar_of(&mut act, session).await? {
                    return Err(bar.refuses_token().into());
                }
                let now = act.now();
                if !act.tx.replace_support_token(id, token_hash, now).await? {
                    return Err(super::revoke::ended_meanwhile().into());
                }
                let action = AuditAction::SupportSessionTokenReplaced {};
                let receipt = act.record(Some(&session.tenant_id), id, action);
                act.change(ChangeKind::SupportSession, id).await?;
                Ok(Audited::new(receipt.event_id(), receipt))
            })
        });
        let event = Lane::Ends.run(replace).await?;
        // Requests with the old token end with it, before the gate reopens.
        let cut = cut_replaced_now(&self.core, &self.gates, id).await;
        drop(closed);
        tracing::info!(support_session.id = %id, requests.cut = cut, "token replaced");
        self.granted(context, session, Some((&token, event))).await
    }
}

impl SupportSessionsService {
    async fn granted(
        &self,
        context: &Context,
        session: SupportSession,
        granted: Option<(&Token, AuditEventId)>,
    ) -> Result<SupportSessionGranted, Problem> {
        Ok(SupportSessionGranted {
            open_url: self.open_url(context, &session, self.core.now()).await?,
            session,
            token: granted.map(|(token, _)| token.expose().to_owned()),
            audit_event_id: granted.map(|(_, event)| event),
            gateway_url: self.settings.gateway_url.clone(),
            example_path: EXAMPLE_PATH.to_owned(),
            unused: Vec::new(),
        })
    }

    pub(super) fn check_scopes(&self, scopes: &[ScopeName]) -> Result<(), Problem> {
        let unknown = scopes
            .iter()
            .find(|name| !self.settings.scopes.iter().any(|s| s.name == **name));
        match unknown {
            None => Ok(()),
            Some(name) => Err(Problem {
                code: ProblemCode::UnknownScope,
                ..Problem::invalid_field("scopes", format!("unknown scope {name}"))
            }),
        }
    }

    /// The one organization that a text names, or what is wrong with the text. Nothing is guessed, because the session is
    /// confined to it.
    async fn named_organization(
        &self,
        tenant: &TenantId,
        text: &str,
    ) -> Result<Result<Option<OrganizationId>, String>, Problem> {
        let text = match clean(text, 0, SEARCH_MAX, false) {
            Ok(text) if text.is_empty() => return Ok(Ok(None)),
            Ok(text) => text,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        // An ID is unmistakable: it wins over names.
        if let Ok(id) = text.parse()
            && let Some(found) = db.lookup_organization(tenant, &id).await?
        {
            return Ok(Ok(Some(found.id)));
        }
        let found = db.find_organizations_by_name(tenant, &text).await?;
        if let [one] = found.as_slice() {
            return Ok(Ok(Some(one.id.clone())));
        }
        if !found.is_empty() {
            let ids: Vec<_> = found.iter().map(|one| one.id.to_string()).collect();
            return Ok(Err(several_called("organizations", &text, &ids)));
        }
        let page = Wanted::from(PageAt::first(SUGGESTED_MAX)).uncounted();
        let alike = db.find_organizations(tenant, Some(&text), page).await?;
        let alike = alike.items.into_iter();
        let alike: Vec<_> = alike
            .map(|one: Organization| (one.name, one.id.to_string()))
            .collect();
        Ok(Err(none_called("organization", &text, &alike)))
    }

    fn idempotency_key(&self, text: &str) -> Result<String, Problem> {
        if text.is_empty() {
            return Ok(self.core.new_uuid().to_string());
        }
        match Uuid::try_parse(text) {
            Ok(key) => Ok(key.to_string()),
            Err(_) => Err(invalid_idempotency_key()),
        }
    }
}

fn created(context: &Context, session: &SupportSession) -> AuditAction {
    // The event already names the actor if that is the holder.
    let is_holder = matches!(context.caller, Caller::Staff(_));
    let holder = (!is_holder).then(|| SessionHolder::from(session));
    AuditAction::SupportSessionCreated(session.created(holder))
}

/// The result of adding a support session.
pub(super) enum Added {
    New(SupportSession, AuditEventId),
    Before(SupportSession),
}

/// The result of an earlier submit, or the refusal if the staff member has too many already.
async fn before_or_refused(
    tx: &mut Tx<'_>,
    session: &SupportSession,
    secrets: &SupportSessionSecrets,
) -> Result<Option<SupportSession>, ServiceError> {
    // Read again under a lock: two forms of one person are handled one after the other, and a
    // person who was just deactivated can't create more.
    let staff = tx.lock_staff(session.staff_id).await?;
    if !staff.is_some_and(|staff| staff.member.may_enter()) {
        return Err(Problem::forbidden("You can no longer create support sessions. You need the role support_admin or super_admin for this.").into());
    }
    let before = tx
        .find_support_session_by_idempotency_key(session.staff_id, &secrets.idempotency_key)
        .await?;
    if before.is_some() {
        return Ok(before);
    }
    let open = tx
        .count_active_support_sessions_of(session.staff_id, session.issued_at)
        .await?;
    if open >= MAX_ACTIVE_PER_STAFF_MEMBER {
        let detail = format!(
            "You already have {MAX_ACTIVE_PER_STAFF_MEMBER} active support sessions. End one first."
        );
        return Err(Problem::new(ProblemCode::TooManySupportSessions, detail).into());
    }
    Ok(None)
}

/// What keeps a session from its tenant, if anything does. Read under the tenant's lock, so that a
/// concurrent change finds the session, or is found.
async fn bar_of(
    act: &mut Acting<'_, '_>,
    session: &SupportSession,
) -> Result<Option<Bar>, ServiceError> {
    match act.tx.lock_tenant(&session.tenant_id).await? {
        Some(stored) => Ok(Bar::of(act.core, act.tx, &stored, session).await?),
        None => Ok(None),
    }
}

fn check_address(context: &Context, new: &NewSupportSession) -> Result<(), Problem> {
    if new.creator_ip_only && context.origin.ip.is_none() {
        let message = "is not available: your IP address is unknown";
        return Err(Problem::invalid_field("creator_ip_only", message));
    }
    Ok(())
}

fn invalid_idempotency_key() -> Problem {
    Problem::invalid_field("idempotency_key", "must be the one that came with the form")
}
