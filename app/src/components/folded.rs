use leptos::{ev::Event, prelude::*, wasm_bindgen::JsCast as _, web_sys::HtmlDetailsElement};

/// A card of which only the title stands on the page until someone opens it.
#[component]
pub fn Folded(
    /// The `id` of the title, unique on the page.
    id: &'static str,
    title: &'static str,
    /// What stands beside the title, also while it is folded.
    #[prop(into)]
    beside: ViewFn,
    /// Follows the person's choice.
    is_open: RwSignal<bool>,
    /// What stands below, also while it is folded.
    #[prop(into, optional)]
    below: ViewFn,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card folded" aria-labelledby=id>
            <details on:toggle=move |event| is_open.set(is_open_now(&event))>
                <summary>
                    <h2 id=id>{title}</h2>
                    <span class="muted num">{move || beside.run()}</span>
                </summary>
                {children()}
            </details>
            {move || below.run()}
        </section>
    }
    .into_any()
}

fn is_open_now(event: &Event) -> bool {
    let details = event.current_target();
    let details = details.and_then(|details| details.dyn_into::<HtmlDetailsElement>().ok());
    details.is_some_and(|details| details.open())
}
