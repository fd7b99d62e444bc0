//! Content that waits for a resource.

use leptos::{prelude::*, reactive::computed::ScopedFuture};

use super::empty::Loading;

/// Shows what a resource gives, and shows it anew whenever the resource has been fetched again.
///
/// Until the new content is there the old one stays whole and alive. A bare `Suspend` under a
/// `<Transition>` disposes of the old content's signals as soon as fetching begins, and a clock or
/// the live stream that ticks in between then reads a signal that is gone, which is a panic.
#[component]
pub fn Settled<T, F, V>(
    /// What is waited for.
    resource: Resource<T>,
    /// The content.
    show: F,
    /// What to say while the first fetch takes longer than a moment: `Loading tenants…`
    #[prop(into, optional)]
    loading: Option<String>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let fallback = move || loading.clone().map(|label| view! { <Loading label/> });
    view! {
        <Transition fallback>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    let first = ScopedFuture::new_untracked(async move { resource.await }).await;
                    let settled = RwSignal::new(first);
                    Effect::new(move |is_first: Option<()>| {
                        if let Some(next) = resource.get()
                            && is_first.is_some()
                        {
                            settled.set(next);
                        }
                    });
                    move || show(settled.get()).into_any()
                })
            }}
        </Transition>
    }
}
