//! Bytes that decide what stands in a scenario by a grammar, which is played.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    sandbar_fuzz::absurd::check(&sandbar_fuzz::absurd::text(bytes));
});
