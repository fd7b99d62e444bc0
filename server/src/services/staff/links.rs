//! Invitations and resets: one-time links with which staff members choose a password.

use app::{
    domain::{
        StaffId,
        audit::AuditAction,
        caller::{Caller, Context},
        policy::Act,
        problem::{Problem, ProblemCode},
        staff::{LINK_LIFE, LinkPurpose, NewStaffMember, StaffAnswer, StaffLinkGiven, StaffMember},
    },
    paths,
};
use gateway::token::{Token, TokenKind};
use store::{Audited, ChangeKind, Lane, audit::Receipt};

use super::{
    GivenPassword, StaffService,
    access::keep_one_super_admin,
    new_link::{NewLink, set_link},
    not_found,
};
use crate::services::{
    ServiceError,
    staff_sessions::{account_subject, tell_of_ended},
};

impl StaffService {
    /// Adds someone who chooses their password with a one-time link.
    pub async fn invite(
        &self,
        context: &Context,
        new: NewStaffMember,
    ) -> Result<StaffLinkGiven, ServiceError> {
        let (token, link) = self.new_link();
        let (added, event) = self
            .add_with(context, new, GivenPassword::None, Some(link))
            .await?;
        Ok(self.given(added.staff, LinkPurpose::Invitation, &token, link, &event))
    }

    /// Gives a staff member a new link. A password they have ends with every sign-in of theirs.
    pub async fn make_link(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffLinkGiven, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        if matches!(&context.caller, Caller::Staff(by) if by.staff_id == id) {
            let detail = "Change your own password under your account.";
            return Err(Problem::new(ProblemCode::Conflict, detail).into());
        }
        let (token, link) = self.new_link();
        let unusable = self.hash_given(GivenPassword::None, "").await?.hash;
        let by_staff = matches!(context.caller, Caller::Staff(_));
        let make = self.core.act(context, unusable, move |unusable, mut act| {
            Box::pin(async move {
                act.tx.lock_all_staff().await?;
                let staff = act.tx.lock_staff(id).await?.ok_or_else(not_found)?;
                let member = staff.member;
                if member.deactivated_at.is_some() {
                    let detail = "This account is deactivated. Reactivate it first.";
                    return Err(Problem::new(ProblemCode::Conflict, detail).into());
                }
                let now = act.now();
                let (purpose, ended) = match staff.pending {
                    Some(purpose) => (purpose, Vec::new()),
                    None => {
                        if by_staff {
                            keep_one_super_admin(act.tx, &member, None).await?;
                        }
                        act.tx.set_staff_password(id, unusable, false).await?;
                        act.tx.await_staff(id).await?;
                        let account = account_subject(&member.email);
                        act.tx.forget_sign_in_failures(&account).await?;
                        let ended = act.tx.end_staff_sessions_of(id, now).await?;
                        (LinkPurpose::Reset, ended)
                    }
                };
                set_link(&mut act, id, purpose, link).await?;
                let action = AuditAction::StaffLinkMade {
                    email: member.email.clone(),
                    purpose,
                    expires_at: link.expires_at,
                    ended: ended.len() as u64,
                };
                let receipt = act.record(None, id, action);
                tell_of_ended(&mut act, &ended).await?;
                act.change(ChangeKind::Staff, id).await?;
                let made = (member, purpose, receipt.clone());
                Ok(Audited::new(made, receipt))
            })
        });
        let (member, purpose, event) = Lane::Ends.run(make).await?;
        Ok(self.given(member, purpose, &token, link, &event))
    }

    /// Revokes a staff member's link, if there is one.
    pub async fn revoke_link(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffAnswer, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let revoke = self.core.act(context, (), move |(), mut act| {
            Box::pin(async move {
                let staff = act.tx.lock_staff(id).await?.ok_or_else(not_found)?.member;
                let Some(purpose) = act.tx.revoke_staff_link(id).await? else {
                    return Ok(Audited::unchanged(StaffAnswer::nothing(staff)));
                };
                let email = staff.email.clone();
                let action = AuditAction::StaffLinkRevoked { email, purpose };
                let receipt = act.record(None, id, action);
                act.change(ChangeKind::Staff, id).await?;
                let answer = StaffAnswer {
                    audit_event_id: Some(receipt.event_id()),
                    ..StaffAnswer::nothing(staff)
                };
                Ok(Audited::new(answer, receipt))
            })
        });
        revoke.await
    }

    fn new_link(&self) -> (Token, NewLink) {
        let token = Token::generate(TokenKind::StaffLink, &*self.core.entropy);
        let link = NewLink {
            hash: token.hash(),
            expires_at: self.core.now() + LINK_LIFE,
        };
        (token, link)
    }

    fn given(
        &self,
        member: StaffMember,
        purpose: LinkPurpose,
        token: &Token,
        link: NewLink,
        event: &Receipt,
    ) -> StaffLinkGiven {
        let console = self.core.config.console.public_url.as_str();
        let console = console.trim_end_matches('/');
        StaffLinkGiven {
            member,
            purpose,
            link: format!("{console}{}#{}", paths::SET_PASSWORD, token.expose()),
            code: token.expose().to_owned(),
            expires_at: link.expires_at,
            audit_event_id: event.event_id(),
        }
    }
}
