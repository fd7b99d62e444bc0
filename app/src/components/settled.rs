//! Content that waits for a resource.

use std::{future::poll_fn, mem, task::Poll};

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
                let first = ScopedFuture::new_untracked(resource.into_future());
                suspend(first, move |first| {
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

/// Content for a `<Suspense>`, made of data once they are there.
///
/// To find what a `<Suspense>` waits for, the server runs what is inside of it two or three times,
/// depending on how fast the data are there. A resource made in there would be fetched each time,
/// and get a number under which the browser doesn't look for it. So the first polls stop short of
/// the content: it is made only when it is rendered.
pub fn suspend<D, V>(data: D, show: impl FnOnce(D::Output) -> V + Send + 'static) -> Suspend<V>
where
    D: IntoFuture<Output: Send, IntoFuture: Send> + Send + 'static,
    V: 'static,
{
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    Suspend::new(async move {
        let data = data.await;
        if cfg!(feature = "ssr") {
            polled_again().await;
        }
        show(data)
    })
}

/// Is pending once.
async fn polled_again() {
    let mut is_second = false;
    poll_fn(|context| match mem::replace(&mut is_second, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
