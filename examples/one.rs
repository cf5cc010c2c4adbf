//! Throwaway.
use sandbar::{kernel::*, operator::Catalogue, scenario::*, search::*};
use std::sync::Arc;
fn main() {
    let seed: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let catalogue = Arc::new(Catalogue::built_in());
    let s = Arc::new(Scenario::draw(&Choices::new(seed), &Profile::default()));
    println!("{}", s.to_text());
    let mut setup = Setup::of(s, catalogue).unwrap();
    setup.keeps_trace = true;
    let p = play(setup, |_| Ok::<(), ()>(())).unwrap();
    for e in &p.trace.entries {
        println!("{:>12} {:>4} {:>4} {:?}", e.at.to_string(), e.number, e.cause, e.event);
    }
    println!("{:?} {:?}", p.judgement(), p.unmet);
}
