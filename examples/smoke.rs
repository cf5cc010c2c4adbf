//! Throwaway.
use sandbar::{kernel::*, operator::*, scenario::*, search::*};
use std::sync::Arc;
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let catalogue = Arc::new(Catalogue::built_in());
    let s = Arc::new(Scenario::parse(&text, &file, &catalogue).unwrap_or_else(|e| panic!("{e}")));
    let seed = std::env::args().nth(2).map_or(s.seed, |a| a.parse().unwrap());
    let choices = Choices::new(seed);
    let inputs =
        open(&s, std::path::Path::new(&file).parent().unwrap(), &Default::default(), &choices)
            .unwrap();
    let setup = Setup {
        scenario: s,
        catalogue,
        inputs,
        choices,
        start: None,
        keeps_trace: true,
        keeps_records: false,
        wants_sometimes: true,
    };
    let p = play(setup, |_| Ok::<(), ()>(())).unwrap();
    if std::env::args().nth(3).is_some() {
        for e in &p.trace.entries {
            println!("{:>12} {:>4} {:>4} {:?}", e.at.to_string(), e.number, e.cause, e.event);
        }
    }
    println!(
        "{:?} {} events {} digest {:032x}",
        p.judgement(),
        p.outcome.ended,
        p.outcome.events,
        p.outcome.digest
    );
    println!("{:#?}\n{:#?}", p.verdict, p.unmet);
    for x in &p.outcome.externals {
        println!(
            "{} committed {} open {} prepared {} done {}",
            x.name,
            x.committed.len(),
            x.open.len(),
            x.prepared.len(),
            x.done.len()
        );
    }
}
