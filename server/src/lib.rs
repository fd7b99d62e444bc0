//! Support Console's server.
