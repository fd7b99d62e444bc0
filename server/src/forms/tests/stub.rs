//! Stubs of the services behind the forms.

use super::*;

pub(super) const SESSION: &str = "01937e2c-7b6a-7cc0-8000-0000000000aa";
pub(super) const TOKEN: &str = "scst_secret";
pub(super) const EVENT: AuditEventId = AuditEventId::from_uuid(Uuid::from_u128(3));

/// A stub of the services behind the console. It decides by the policy, and notes its calls.
#[derive(Default)]
pub(super) struct Stub {
    pub(super) asked: Mutex<Vec<String>>,
}

impl Stub {
    fn note(&self, context: &Context, act: Act<'_>, what: String) -> Result<(), Problem> {
        authorise(&context.caller, act, noon())?;
        self.asked.lock().unwrap().push(what);
        Ok(())
    }
}

fn session() -> SupportSession {
    SupportSession {
        id: SESSION.parse().unwrap(),
        tenant_id: "acme".parse().unwrap(),
        tenant_name: "Acme".into(),
        organization_id: None,
        staff_id: StaffId::from_uuid(Uuid::from_u128(1)),
        staff_name: "ana".into(),
        scopes: vec![ScopeName::read_only()],
        reason: "Invoices are missing".into(),
        ticket: None,
        ip: String::new(),
        user_agent: String::new(),
        issued_at: noon(),
        expires_at: noon() + TimeDelta::minutes(15),
        revocation: None,
        requests_forwarded: 0,
        requests_refused: 0,
        rule_set: String::new(),
        limits: SessionLimits::default(),
    }
}

pub(super) fn granted() -> SupportSessionGranted {
    SupportSessionGranted {
        session: session(),
        token: Some(TOKEN.into()),
        audit_event_id: Some(EVENT),
        gateway_url: "http://127.0.0.1:3100".into(),
        example_path: "/".into(),
        open_url: None,
        unused: Vec::new(),
    }
}

#[async_trait]
impl CreateSupportSessions for Stub {
    async fn draft(&self, _: &Context, _: &TenantId) -> Result<SupportSessionDraft, Problem> {
        Err(Problem::not_found("draft"))
    }
    async fn create(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: SupportSessionForm,
    ) -> Result<SupportSessionGranted, Problem> {
        self.note(
            context,
            Act::CreateSupportSession,
            format!("create {tenant} {form:?}"),
        )?;
        let new = form.validate(false, Ok(None))?;
        // As the service: the token is given to the first submit alone.
        let told = format!("{:?}", form.idempotency_key);
        let mut asked = self.asked.lock().unwrap().clone();
        asked.retain(|asked| asked.starts_with("create") && asked.contains(&told));
        let mut granted = granted();
        if !form.idempotency_key.is_empty() && asked.len() > 1 {
            granted.token = None;
            let is_same = asked[0].contains(&format!("reason: {:?}", new.reason));
            granted.unused = if is_same {
                Vec::new()
            } else {
                vec!["reason".into()]
            };
        }
        Ok(granted)
    }
}

#[async_trait]
impl ReplaceTokens for Stub {
    async fn replace_token(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem> {
        let act = Act::ReplaceToken(session().staff_id);
        self.note(context, act, format!("replace {id}"))?;
        Ok(granted())
    }
}

#[async_trait]
impl RaiseBudgets for Stub {
    async fn raise_budget(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: RaiseBudgetForm,
    ) -> Result<BudgetAnswer, Problem> {
        let act = Act::RaiseBudget(session().staff_id);
        self.note(context, act, format!("raise {id} {form:?}"))?;
        let raised = form.validate(100)?;
        let mut session = session();
        session.limits.requests_total = Some(raised.requests_total);
        let asked = self.asked.lock().unwrap();
        let raised = asked.iter().filter(|asked| asked.starts_with("raise"));
        Ok(BudgetAnswer {
            session,
            audit_event_id: (raised.count() == 1).then_some(EVENT),
        })
    }
}

#[async_trait]
impl RevokeSupportSessions for Stub {
    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<RevokeAnswer, Problem> {
        let act = Act::RevokeSupportSession(session().staff_id);
        self.note(context, act, format!("revoke {id} {reason:?}"))?;
        Ok(RevokeAnswer {
            session: session(),
            audit_event_id: EVENT,
        })
    }
}

#[async_trait]
impl RevokeSelected for Stub {
    async fn selected(
        &self,
        _: &Context,
        _: RevokeSelectedForm,
    ) -> Result<SelectedSessions, Problem> {
        Err(Problem::not_found("support session"))
    }
    async fn revoke_selected(
        &self,
        context: &Context,
        form: RevokeSelectedForm,
    ) -> Result<RevokedSelected, Problem> {
        let act = Act::RevokeSelectedSessions;
        self.note(
            context,
            act,
            format!("revoke {:?} {:?}", form.id, form.reason),
        )?;
        form.validate()?;
        Ok(RevokedSelected {
            revoked: vec![session()],
            ended: Vec::new(),
        })
    }
}

#[async_trait]
impl ReadSupportSessions for Stub {
    async fn list(
        &self,
        _: &Context,
        _: SupportSessionFilter,
        _: PageRequest,
    ) -> Result<SupportSessionList, Problem> {
        Err(Problem::not_found("list"))
    }
    async fn staff_named(
        &self,
        _: &Context,
        _: &str,
    ) -> Result<app::domain::staff::StaffRef, Problem> {
        Err(Problem::not_found("staff member"))
    }
    async fn detail(
        &self,
        _: &Context,
        _: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem> {
        Err(Problem::not_found("support session"))
    }
    async fn access_log(
        &self,
        _: &Context,
        _: SupportSessionId,
        _: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem> {
        Err(Problem::not_found("support session"))
    }
    async fn by_day(
        &self,
        _: &Context,
    ) -> Result<Vec<app::domain::support_sessions::SessionsOfDay>, Problem> {
        Err(Problem::not_found("support session"))
    }
}

#[async_trait]
impl UserSessionsPort for Stub {
    async fn draft(&self, _: &Context, _: &TenantId) -> Result<ForceLogoutDraft, Problem> {
        Err(Problem::not_found("draft"))
    }
    async fn force_logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: ForceLogoutForm,
    ) -> Result<ForceLogoutAnswer, Problem> {
        let ForceLogoutForm {
            slug,
            idempotency_key: key,
        } = form;
        self.note(
            context,
            Act::ForceLogout,
            format!("logout {tenant} {slug} {key}"),
        )?;
        if slug != "acme" {
            return Err(Problem::invalid_field(
                "slug",
                "is not the slug of this tenant",
            ));
        }
        let result = ForceLogoutResult {
            tenant_id: tenant.clone(),
            ended: 214,
            at: noon(),
            audit_event_id: EVENT,
        };
        Ok(ForceLogoutAnswer {
            result,
            again: None,
        })
    }
}

#[async_trait]
impl TenantsPort for Stub {
    async fn overview(
        &self,
        _: &Context,
        _: TenantFilter,
        _: PageRequest,
    ) -> Result<Overview, Problem> {
        Err(Problem::not_found("overview"))
    }
    async fn detail(&self, _: &Context, _: &TenantId) -> Result<TenantDetail, Problem> {
        Err(Problem::not_found("tenant"))
    }
    async fn history(&self, _: &Context) -> Result<Vec<app::domain::tenants::HealthAt>, Problem> {
        Ok(Vec::new())
    }
    async fn suggest(&self, _: &Context, _: &str) -> Result<Vec<TenantRef>, Problem> {
        Ok(Vec::new())
    }
    async fn named(&self, _: &Context, text: &str) -> Result<ChosenTenant, Problem> {
        Err(no_tenant(text))
    }
    async fn names(&self, _: &Context, _: Vec<TenantId>) -> Result<Vec<TenantRef>, Problem> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl AuditPort for Stub {
    async fn list(
        &self,
        _: &Context,
        _: AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEvent>, Problem> {
        Err(Problem::not_found("list"))
    }
    async fn event(&self, _: &Context, _: AuditEventId) -> Result<AuditEvent, Problem> {
        Err(Problem::not_found("event"))
    }
    async fn answers(
        &self,
        _: &Context,
        _: &[AuditEvent],
    ) -> Result<BTreeMap<String, RequestAnswer>, Problem> {
        Ok(BTreeMap::new())
    }
    fn span(&self, _: &Context, _: TimePreset) -> TimeSpan {
        TimeSpan::default()
    }
}

#[async_trait]
impl FindPort for Stub {
    async fn by_name(&self, _: &Context, _: &str) -> Result<Matches, Problem> {
        Ok(Matches::default())
    }
    async fn by_id(&self, _: &Context, _: &str) -> Result<Option<Found>, Problem> {
        Ok(None)
    }
    async fn request(&self, _: &Context, _: RequestId) -> Result<RecordedRequest, Problem> {
        Err(Problem::not_found("request"))
    }
}

#[async_trait]
impl SavedViewsPort for Stub {
    async fn list(&self, _: &Context, _: FilteredList) -> Result<Vec<SavedView>, Problem> {
        Ok(Vec::new())
    }
    async fn change(&self, context: &Context, form: SavedViewForm) -> Result<String, Problem> {
        self.note(
            context,
            Act::ReadTenants,
            format!("view {} {:?}", form.list, form.name),
        )?;
        form.validate()?;
        Ok("View saved.".into())
    }
}

#[async_trait]
impl RulesPort for Stub {
    async fn in_force(&self, _: &Context) -> Result<Option<RulesInForce>, Problem> {
        Ok(None)
    }
    async fn dry_run(&self, context: &Context, form: DryRunForm) -> Result<DryRun, Problem> {
        let DryRunForm { rules, requests } = form;
        let what = format!("dry run {rules} {requests}");
        self.note(context, Act::ReadSupportSessions, what)?;
        Ok(DryRun {
            hash: String::new(),
            requests: 0,
            unchanged: 0,
            newly_refused: 0,
            newly_permitted: 0,
            not_judged: 0,
            changes: Vec::new(),
            warnings: Vec::new(),
        })
    }
}
