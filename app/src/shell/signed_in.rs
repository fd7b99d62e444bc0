//! Who is signed in, asked once for the frame and every page.

use leptos::prelude::*;

use super::use_frame_live;
use crate::{
    api::{self, ApiError},
    components::use_viewer,
    domain::staff::SignedIn,
};

/// Who is signed in.
#[derive(Debug, Clone, Copy)]
pub struct SignedInStaff(Resource<Result<Option<SignedIn>, ApiError>>);

impl SignedInStaff {
    /// Who is signed in; `None` for nobody, and when it could not be found out.
    pub async fn get(self) -> Option<SignedIn> {
        self.0.await.ok().flatten()
    }

    /// The answer, for content that waits for it and follows it.
    pub fn resource(self) -> Resource<Result<Option<SignedIn>, ApiError>> {
        self.0
    }

    /// Asks again, as after an act that changed what the frame shows.
    pub fn refetch(self) {
        self.0.refetch();
    }
}

pub(super) fn provide_signed_in() {
    let signed_in = SignedInStaff(Resource::new(|| (), |()| api::signed_in()));
    provide_context(signed_in);
    let viewer = use_viewer();
    Effect::new(move || {
        if let Some(Ok(Some(signed_in))) = signed_in.0.get() {
            viewer.synchronise(signed_in.now);
        }
    });
}

/// Who is signed in.
pub fn use_signed_in() -> SignedInStaff {
    expect_context()
}

/// Asks again whenever support sessions change: the count beside "View Sessions", and the band.
pub(super) fn follow_support_sessions() -> crate::live::LiveHandle {
    let live = use_frame_live();
    let signed_in = use_signed_in();
    Effect::new(move |seen: Option<bool>| {
        let changed = live.support_sessions.with(Option::is_some) || live.resets.get() > 0;
        if seen.is_some() && changed {
            signed_in.refetch();
        }
        changed
    });
    live
}
