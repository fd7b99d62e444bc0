//! The middleware of the console. `router` has its order.

pub mod body_limit;
pub(crate) mod compress;
pub mod context;
pub mod cookie;
pub mod lane;
pub(crate) mod limit;
pub(crate) mod reading;
pub mod request_log;
pub mod same_origin;
