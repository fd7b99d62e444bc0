//! What the browser and the server of Support Console share.
//!
//! * [`domain`] — types and rules. Compiles alone, without features, for any Rust code that talks
//!   to Support Console.
//! * `ports` — what the user interface asks of the server (feature `ssr`).
//! * `api`, `live`, `url`, `components`, `pages`, `routes` — the user interface (features `ssr` and
//!   `hydrate`).

#[cfg(feature = "ui")]
pub mod api;
pub mod domain;
#[cfg(feature = "ui")]
pub mod live;
#[cfg(feature = "ssr")]
pub mod ports;
#[cfg(feature = "ui")]
pub mod url;
