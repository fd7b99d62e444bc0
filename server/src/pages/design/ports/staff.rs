//! Sample staff members.

use app::{
    domain::{
        StaffId, StaffSessionId,
        caller::Context,
        page::PageRequest,
        problem::Problem,
        signed_in::{LostSignIn, SignedIn},
        staff::{
            InviteForm, OwnSignIns, RolesForm, SignIn, StaffAnswer, StaffDetail, StaffFilter,
            StaffLinkGiven, StaffList, StaffRow,
        },
    },
    ports::StaffPort,
};
use async_trait::async_trait;
use uuid::Uuid;

use super::only_a_sample;
use crate::pages::design::samples::{Samples, now};

fn sign_ins() -> Vec<SignIn> {
    let of = |number, device: &str, is_this| SignIn {
        id: StaffSessionId::from_uuid(Uuid::from_u128(number)),
        device: device.to_owned(),
        ip: "203.0.113.7".to_owned(),
        signed_in_at: now(),
        last_used_at: now(),
        is_this,
    };
    vec![
        of(1, "Firefox on Windows", true),
        of(2, "Safari on iPhone", false),
    ]
}

#[async_trait]
impl StaffPort for Samples {
    async fn signed_in(&self, _: &Context) -> Result<Option<SignedIn>, Problem> {
        Ok(Samples::signed_in(*self))
    }
    async fn any_staff(&self) -> Result<bool, Problem> {
        Ok(!self.is_empty())
    }
    async fn why_signed_out(&self, _: &str) -> Option<LostSignIn> {
        None
    }
    async fn list(
        &self,
        _: &Context,
        _: StaffFilter,
        _: PageRequest,
    ) -> Result<StaffList, Problem> {
        let row = StaffRow {
            member: self.told()?.staff.clone(),
            last_signed_in_at: Some(now()),
            active_support_sessions: 2,
            pending: None,
        };
        Ok(StaffList {
            staff: self.rows(&[row], 1),
            now: now(),
        })
    }
    async fn detail(&self, _: &Context, _: StaffId) -> Result<StaffDetail, Problem> {
        Ok(StaffDetail {
            row: StaffRow {
                member: self.told()?.staff.clone(),
                last_signed_in_at: Some(now()),
                active_support_sessions: 2,
                pending: None,
            },
            link: None,
            sign_ins: sign_ins(),
            events: Vec::new(),
            is_own: true,
            is_last_super_admin: true,
            now: now(),
        })
    }
    async fn own_sign_ins(&self, _: &Context) -> Result<OwnSignIns, Problem> {
        self.told()?;
        Ok(OwnSignIns {
            sign_ins: sign_ins(),
            now: now(),
        })
    }
    async fn set_roles(
        &self,
        _: &Context,
        _: StaffId,
        _: RolesForm,
    ) -> Result<StaffAnswer, Problem> {
        Err(only_a_sample())
    }
    async fn deactivate(&self, _: &Context, _: StaffId) -> Result<StaffAnswer, Problem> {
        Err(only_a_sample())
    }
    async fn reactivate(&self, _: &Context, _: StaffId) -> Result<StaffAnswer, Problem> {
        Err(only_a_sample())
    }
    async fn invite(&self, _: &Context, _: InviteForm) -> Result<StaffLinkGiven, Problem> {
        Err(only_a_sample())
    }
    async fn make_link(&self, _: &Context, _: StaffId) -> Result<StaffLinkGiven, Problem> {
        Err(only_a_sample())
    }
    async fn revoke_link(&self, _: &Context, _: StaffId) -> Result<StaffAnswer, Problem> {
        Err(only_a_sample())
    }
    async fn end_sign_ins(&self, _: &Context, _: StaffId) -> Result<StaffAnswer, Problem> {
        Err(only_a_sample())
    }
}
