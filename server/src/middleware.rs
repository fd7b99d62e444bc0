//! The middleware of the console. `router` has its order.

pub(crate) mod address;
pub mod body_limit;
pub(crate) mod compress;
pub mod context;
pub mod cookie;
pub mod lane;
pub(crate) mod limit;
pub(crate) mod reading;
pub(crate) mod refusals;
pub mod request_log;
pub mod same_origin;
