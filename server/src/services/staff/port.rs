//! The user interface's view of the signed-in staff member.

use app::{
    domain::{
        StaffId,
        caller::{Caller, Context},
        nodes::rules_differ,
        page::PageRequest,
        policy::Act,
        problem::Problem,
        signed_in::{LostSignIn, SignedIn},
        staff::{
            InviteForm, OwnSignIns, RolesForm, StaffAnswer, StaffDetail, StaffFilter,
            StaffLinkGiven, StaffList,
        },
    },
    ports::StaffPort,
};
use async_trait::async_trait;

use super::StaffService;
use crate::services::staff_sessions::{own_sign_ins, why_ended};

#[async_trait]
impl StaffPort for StaffService {
    async fn signed_in(&self, context: &Context) -> Result<Option<SignedIn>, Problem> {
        let Caller::Staff(caller) = &context.caller else {
            return Ok(None);
        };
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let Some(record) = db.lookup_staff(caller.staff_id).await? else {
            return Ok(None);
        };
        if record.member.deactivated_at.is_some() {
            return Ok(None);
        }
        // Nothing is shown before the person may do something.
        let may_see = record.member.may_enter() && !record.must_change_password;
        let (own_active, active_support_sessions, nodes) = if may_see {
            let own = db
                .list_active_support_sessions_of(record.member.id, now)
                .await?;
            let active = db.count_active_support_sessions(now).await?;
            (own, active, db.list_rules_of_nodes(now).await?)
        } else {
            (Vec::new(), 0, Vec::new())
        };
        Ok(Some(SignedIn {
            staff: record.member,
            signed_in_at: caller.signed_in_at,
            must_change_password: record.must_change_password,
            own_active,
            active_support_sessions,
            rules_differ: if rules_differ(&nodes) {
                nodes
            } else {
                Vec::new()
            },
            record_outage: may_see.then(|| self.core.record_outage()).flatten(),
            now,
        }))
    }

    async fn why_signed_out(&self, token: &str) -> Option<LostSignIn> {
        // Without a store there is a sign-in page all the same, which then says nothing.
        why_ended(&self.core, token).await.ok().flatten()
    }

    async fn list(
        &self,
        context: &Context,
        filter: StaffFilter,
        page: PageRequest,
    ) -> Result<StaffList, Problem> {
        Ok(self.list_page(context, filter, &page).await?)
    }

    async fn detail(&self, context: &Context, id: StaffId) -> Result<StaffDetail, Problem> {
        Ok(self.detail_of(context, id).await?)
    }

    async fn own_sign_ins(&self, context: &Context) -> Result<OwnSignIns, Problem> {
        Ok(own_sign_ins(&self.core, context).await?)
    }

    async fn set_roles(
        &self,
        context: &Context,
        id: StaffId,
        form: RolesForm,
    ) -> Result<StaffAnswer, Problem> {
        Ok(self.set_shown_roles(context, id, &form).await?)
    }

    async fn deactivate(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem> {
        Ok(Self::deactivate(self, context, id).await?)
    }

    async fn reactivate(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem> {
        Ok(Self::reactivate(self, context, id).await?)
    }

    async fn invite(&self, context: &Context, form: InviteForm) -> Result<StaffLinkGiven, Problem> {
        self.core.authorise(context, Act::ManageStaff)?;
        Ok(Self::invite(self, context, form.read()?).await?)
    }

    async fn make_link(&self, context: &Context, id: StaffId) -> Result<StaffLinkGiven, Problem> {
        Ok(Self::make_link(self, context, id).await?)
    }

    async fn revoke_link(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem> {
        Ok(Self::revoke_link(self, context, id).await?)
    }

    async fn end_sign_ins(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem> {
        Ok(Self::end_sign_ins(self, context, id).await?)
    }

    async fn any_staff(&self) -> Result<bool, Problem> {
        let mut reader = self.core.store.read().await?;
        let count = reader.db().count_staff().await?;
        Ok(count > 0)
    }
}
