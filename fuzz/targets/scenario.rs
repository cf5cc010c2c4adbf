//! Bytes that claim to be a scenario.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sandbar_fuzz::scenario::check(bytes));
