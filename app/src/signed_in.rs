//! The signed-in staff member, fetched once for the frame and every page.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::{Settled, use_viewer},
    domain::signed_in::SignedIn,
};

#[derive(Debug, Clone, Copy)]
pub struct SignedInStaff(Resource<Result<Option<SignedIn>, ApiError>>);

impl SignedInStaff {
    /// The signed-in staff member, if any. `None` also if the lookup failed.
    pub async fn get(self) -> Option<SignedIn> {
        self.0.await.ok().flatten()
    }

    /// The last answer in the browser. It stays while the server is asked again, and if that fails.
    pub fn latest(self) -> RwSignal<Option<SignedIn>> {
        let latest = RwSignal::new(None);
        Effect::new(move || {
            if let Some(Ok(signed_in)) = self.0.get() {
                latest.set(signed_in);
            }
        });
        latest
    }

    /// Fetches again, for example after a change that the frame shows.
    pub fn refetch(self) {
        self.0.refetch();
    }
}

/// Asks who is signed in, once, at the root of the router.
pub fn provide_signed_in() {
    let signed_in = SignedInStaff(Resource::new(|| (), |()| api::signed_in()));
    provide_context(signed_in);
    let viewer = use_viewer();
    Effect::new(move || {
        if let Some(Ok(Some(signed_in))) = signed_in.0.get() {
            viewer.synchronise(signed_in.now);
        }
    });
    Effect::new(move |seen: Option<u32>| {
        let jumps = viewer.jumps();
        if seen.is_some_and(|seen| seen != jumps) {
            signed_in.refetch();
        }
        jumps
    });
}

pub fn use_signed_in() -> SignedInStaff {
    expect_context()
}

/// Content for the person who is signed in, made anew whenever that is asked again.
#[component]
pub fn WhileSignedIn<F, V>(show: F) -> impl IntoView
where
    F: Fn(SignedIn) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let SignedInStaff(resource) = use_signed_in();
    view! {
        <Settled
            resource
            show=move |signed_in| Some(show(signed_in.ok().flatten()?))
        />
    }
}
