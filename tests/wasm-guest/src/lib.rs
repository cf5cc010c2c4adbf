//! The library as a WebAssembly module: bytes in, bytes out, nothing else imported or exported.
//!
//! The host asks for memory with [`allocate`], writes into it, and hands it back with a call. An answer is where its text
//! lies: the address in the upper half, the length in the lower half.

use sandbar::{Catalogue, Choices, Profile, Scenario, Setup};
use sandbar::internals::{generated, play as play_world};
use sandbar::operators::{InputId, Log};
use sandbar::story::InputKind;
use std::convert::Infallible;
use std::sync::Arc;

/// Memory for so many bytes, which a later call takes back.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// The scenario that this seed draws, as a file.
#[unsafe(no_mangle)]
pub extern "C" fn draw(seed: u64) -> u64 {
    answer(Scenario::draw(&Choices::new(seed), &Profile::default()).to_text())
}

/// Plays a scenario, whose text inputs all hold the same bytes: digest, virtual end, events.
///
/// # Safety
///
/// Both ranges come from [`allocate`], and nobody uses them any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn play(
    text: *mut u8,
    text_length: usize,
    input: *mut u8,
    input_length: usize,
) -> u64 {
    // SAFETY: the host hands back what `allocate` gave it, once, with the length it asked for.
    let (text, input) = unsafe {
        (
            Vec::from_raw_parts(text, text_length, text_length),
            Vec::from_raw_parts(input, input_length, input_length),
        )
    };
    let text = String::from_utf8(text).expect("a scenario is text");
    answer(played(&text, &input))
}

fn played(text: &str, input: &[u8]) -> String {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = match Scenario::parse(text, "scenario", &catalogue) {
        Ok(scenario) => Arc::new(scenario),
        Err(error) => return error.to_string(),
    };
    let choices = Choices::new(scenario.seed);
    let inputs = match generated(&scenario, &choices) {
        Some(inputs) => inputs,
        None => read(&scenario, input),
    };
    let setup = Setup::new(scenario, catalogue, inputs, choices);
    match play_world(setup, |_| Ok::<(), Infallible>(())) {
        Ok(played) => {
            let outcome = played.outcome;
            format!("{:032x} {} {}", outcome.digest, outcome.ended, outcome.events)
        }
        Err(never) => match never {},
    }
}

/// The inputs of a scenario that reads nothing but text.
fn read(scenario: &Scenario, bytes: &[u8]) -> Arc<[Arc<Log>]> {
    let inputs = scenario.inputs.iter().enumerate();
    let log = |(place, input): (usize, &sandbar::story::Input)| {
        assert!(matches!(input.kind, InputKind::Text(_)), "`{}` is no text", input.name);
        let entries = Log::text_entries(bytes).into();
        Arc::new(Log::new(InputId::new(place), input.partitions, input.every, entries))
    };
    inputs.map(log).collect()
}

fn answer(text: String) -> u64 {
    let bytes = Box::leak(text.into_bytes().into_boxed_slice());
    let number = |number: usize| u64::try_from(number).expect("addresses have 32 bits");
    number(bytes.as_ptr().addr()) << 32 | number(bytes.len())
}
