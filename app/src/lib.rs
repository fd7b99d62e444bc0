//! What the browser and the server of Support Console share.
//!
//! * [`domain`] — types and rules. Compiles alone, without features, for any Rust code that talks
//!   to Support Console.
//! * `ports` — what the user interface asks of the server (feature `ssr`).
//! * `api`, `live`, `query`, `url`, `answer`, `components`, `pages`, `routes`, `shell` — the user
//!   interface (features `ssr` and `hydrate`).

// Views are types as deep as the page.
#![recursion_limit = "256"]

#[cfg(feature = "ui")]
pub mod answer;
#[cfg(feature = "ui")]
pub mod api;
#[cfg(feature = "ui")]
pub mod components;
pub mod domain;
#[cfg(feature = "ui")]
pub mod live;
#[cfg(feature = "ui")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod ports;
#[cfg(feature = "ui")]
pub mod query;
#[cfg(feature = "ui")]
pub mod routes;
#[cfg(feature = "ui")]
pub mod shell;
#[cfg(feature = "ui")]
pub mod url;
