//! What is stored of a new one-time link.

use app::domain::{StaffId, Timestamp, staff::LinkPurpose};
use gateway::token::TokenHash;

use crate::services::{Acting, ServiceError};

/// A new link: what is stored of it.
#[derive(Clone, Copy)]
pub(super) struct NewLink {
    pub(super) hash: TokenHash,
    pub(super) expires_at: Timestamp,
}

/// Stores a link in place of any other of this staff member.
pub(super) async fn set_link(
    act: &mut Acting<'_, '_>,
    id: StaffId,
    purpose: LinkPurpose,
    link: NewLink,
) -> Result<(), ServiceError> {
    let now = act.now();
    let NewLink { hash, expires_at } = link;
    act.tx
        .set_staff_link(id, hash, purpose, now, expires_at)
        .await?;
    Ok(())
}
