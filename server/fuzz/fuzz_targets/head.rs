//! What a client sends on a connection of HTTP/1.1.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::properties::head(bytes));
