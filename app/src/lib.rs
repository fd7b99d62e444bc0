//! The code that browser and server of Support Console share.
//!
//! * [`domain`] — types and rules. Compiles alone, without features, for any Rust code that talks
//!   to Support Console.
//! * `identity` — the identity that the gateway signs for each request it forwards, and its
//!   verifier for upstreams (feature `identity`, which brings no user interface).
//! * [`paths`], [`query`] — the addresses of the console.
//! * `ports` — the services that the user interface uses (feature `ssr`).
//! * `design` — the components in their states, in debug builds of the server.
//! * `api`, `live`, `answer`, `components`, `signed_in`, `pages`, `shell` — the user
//!   interface (features `ssr` and `hydrate`).

// Views are types as deep as the page.
#![recursion_limit = "256"]

#[cfg(feature = "ui")]
pub mod answer;
#[cfg(feature = "ui")]
pub mod api;
#[cfg(feature = "ui")]
pub mod components;
#[cfg(all(feature = "ssr", debug_assertions))]
pub mod design;
pub mod domain;
#[cfg(feature = "identity")]
pub mod identity;
#[cfg(feature = "ui")]
pub mod live;
#[cfg(feature = "ui")]
pub mod pages;
pub mod paths;
#[cfg(feature = "ssr")]
pub mod ports;
pub mod query;
#[cfg(feature = "ui")]
pub mod shell;
#[cfg(feature = "ui")]
pub mod signed_in;
