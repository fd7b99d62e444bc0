//! A method, a blank and a request target.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway::properties::request(bytes));
