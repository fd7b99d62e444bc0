//! Content that waits for a resource.

use leptos::{prelude::*, reactive::computed::ScopedFuture};

use super::empty::Loading;

/// Shows a resource's value, and updates it whenever the resource is fetched again.
///
/// The old content stays complete and alive until the new content is there. A bare `Suspend` under
/// a `<Transition>` disposes of the old content's signals as soon as fetching begins. A clock or
/// live stream that ticks in between then reads a disposed signal, which panics.
#[component]
pub fn Settled<T, F, V>(
    resource: Resource<T>,
    show: F,
    /// The message while the first fetch takes longer than a moment: `Loading tenants…`
    #[prop(into, optional)]
    loading: Option<String>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let show = move |settled: RwSignal<T>| {
        let show = show.clone();
        move || show(settled.get()).into_any()
    };
    view! { <Following resource show loading/> }
}

/// The same, but the content is made once and follows the value: what people are typing into stays.
#[component]
pub fn Following<T, F, V>(
    resource: Resource<T>,
    show: F,
    #[prop(optional_no_strip)] loading: Option<String>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(RwSignal<T>) -> V + Clone + Send + Sync + 'static,
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
                    show(settled)
                })
            }}
        </Transition>
    }
}
