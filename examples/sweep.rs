use sandbar::rules::Mutation;
use sandbar::{operator::Catalogue, scenario::Profile, search::*};
use std::sync::Arc;
fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let (from, to) = (args.next().unwrap(), args.next().unwrap());
    let mutations: Vec<Mutation> =
        args.next().map(|m| Mutation::ALL[m as usize]).into_iter().collect();
    println!("{mutations:?}");
    let catalogue = Arc::new(Catalogue::built_in());
    let mut totals = SweepTotals::default();
    let mut events = Vec::new();
    let mut why: std::collections::BTreeMap<String, u64> = Default::default();
    let mut ends: std::collections::BTreeMap<String, u64> = Default::default();
    for seed in from..to {
        let r = std::panic::catch_unwind(|| {
            play_drawn(seed, &Profile::default(), &mutations, &catalogue)
        });
        match r {
            Ok((s, p)) => {
                totals.add(&p);
                events.push(p.outcome.events);
                *why.entry(format!(
                    "{:?} {}",
                    p.judgement(),
                    p.unmet
                        .first()
                        .map(|u| u.chars().take(60).collect::<String>())
                        .unwrap_or_default()
                ))
                .or_default() += 1;
                let plain = |n: &sandbar::job::OperatorNode| matches!(&n.kind, sandbar::job::OperatorKind::Sink { kind } if kind == "plain");
                let sink = |n: &sandbar::job::OperatorNode| {
                    matches!(&n.kind, sandbar::job::OperatorKind::Sink { .. })
                };
                if s.jobs[0].graph.operators.iter().filter(|n| sink(n)).all(|n| plain(n)) {
                    *why.entry("only plain".into()).or_default() += 1;
                }
                let mut fin = String::new();
                for name in &p.verdict.sometimes {
                    if *name == "job-manager-killed" {
                        fin.push_str("jm-killed");
                    }
                }
                *ends
                    .entry(format!(
                        "{:?} {fin}",
                        p.outcome
                            .jobs
                            .last()
                            .map(|j| format!("{j:?}").chars().take(150).collect::<String>())
                    ))
                    .or_default() += 1;
            }
            Err(_) => println!("PANIC seed {seed}"),
        }
    }
    events.sort();
    let n = events.len();
    println!(
        "events p5 {} p25 {} p50 {} p75 {} p95 {} max {}",
        events[n / 20],
        events[n / 4],
        events[n / 2],
        events[n * 3 / 4],
        events[n * 19 / 20],
        events[n - 1]
    );
    for g in totals.goals() {
        println!(
            "{} {}/{} want {}{} {}",
            g.name,
            g.worlds,
            n,
            if g.is_most { "<=" } else { ">=" },
            g.percent,
            g.is_met(n as u64)
        );
    }
    println!("{:?}\nbroken {:?}", totals.sometimes, totals.broken);
    println!("failed {} {:#?}", totals.failed, totals.failures);
    for (w, c) in why {
        println!("{c:4} {w}");
    }
    for (w, c) in ends.iter().take(12) {
        println!("{c:4} {w}");
    }
}
