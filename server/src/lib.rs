//! Support Console's server.

pub mod pages;
