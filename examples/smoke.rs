use sandbar::{cluster::*, kernel::*, operator::*, scenario::*, trace::*};
use std::sync::Arc;
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let catalogue = Arc::new(Catalogue::built_in());
    let s = Arc::new(Scenario::parse(&text, &file, &catalogue).unwrap_or_else(|e| panic!("{e}")));
    let mut inputs = vec![];
    for (i, input) in s.inputs.iter().enumerate() {
        let entries = match &input.kind {
            InputKind::Text(path) => Log::text_entries(
                &std::fs::read(std::path::Path::new(&file).parent().unwrap().join(path)).unwrap(),
            ),
            InputKind::Generate { .. } => todo!(),
        };
        inputs.push(Arc::new(Log::new(
            sandbar::job::InputId::new(i),
            input.partitions,
            input.every,
            entries.into(),
        )));
    }
    let given = Given {
        catalogue,
        inputs: inputs.into(),
        choices: Choices::new(s.seed),
        clock: SimTime::ZERO,
        externals: vec![],
        from: None,
    };
    let mut c = Cluster::new(s, given);
    let mut t = Trace::default();
    c.run(&mut t);
    for e in &t.entries {
        println!("{:>12} {:>4} {:>4} {:?}", e.at.to_string(), e.number, e.cause, e.event);
    }
    let o = c.outcome();
    println!(
        "{:?} {} {} {:032x} {:?} {:?} {:?}",
        o.end, o.ended, o.events, o.digest, o.jobs, o.refusals, o.never
    );
    for x in &o.externals {
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
