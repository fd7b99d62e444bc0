//! Whether frames must be masked, and what one side of a WebSocket sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::properties::frames(bytes));
