//! Bytes that claim to be a file of a savepoint.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sandbar_fuzz::savepoint::check(bytes));
