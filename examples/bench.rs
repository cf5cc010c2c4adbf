//! Throwaway.
use sandbar::{kernel::*, operator::*, scenario::*, search::*};
use std::sync::Arc;
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let worlds: u64 = std::env::args().nth(2).map_or(1, |a| a.parse().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    let catalogue = Arc::new(Catalogue::built_in());
    let s = Arc::new(Scenario::parse(&text, &file, &catalogue).unwrap_or_else(|e| panic!("{e}")));
    let choices = Choices::new(s.seed);
    let t = std::time::Instant::now();
    let inputs =
        open(&s, std::path::Path::new(&file).parent().unwrap(), &Default::default(), &choices)
            .unwrap();
    println!("inputs {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let mut events = 0;
    for seed in 0..worlds {
        let setup = Setup {
            scenario: s.clone(),
            catalogue: catalogue.clone(),
            inputs: inputs.clone(),
            choices: Choices::new(seed),
            start: None,
            keeps_trace: false,
            keeps_records: false,
            wants_sometimes: true,
        };
        let p = play(setup, |_| Ok::<(), ()>(())).unwrap();
        assert!(p.verdict.holds());
        events += p.outcome.events;
    }
    let e = t.elapsed();
    println!("events {} in {:?} {:.1} ns/event", events, e, e.as_nanos() as f64 / events as f64);
}
