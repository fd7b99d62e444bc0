//! What a client sends on a connection of HTTP/1.1 whose heads may be too long.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::properties::short_heads(bytes));
