//! One file per page. A page fetches its data through `crate::api` and renders it with
//! `crate::components`. Rules live in `crate::domain`.

pub mod audit_event;
pub mod audit_log;
pub mod change_password;
pub mod create_support_session;
pub mod force_logout;
pub mod help;
pub mod no_role;
pub mod not_found;
pub mod overview;
pub mod raise_budget;
pub mod replace_token;
pub mod revoke_support_session;
pub mod rules;
pub mod sign_in;
pub mod support_session;
pub mod support_sessions;
pub mod tenant;
