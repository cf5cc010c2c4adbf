//! Plays a story that a test has written.

use sandbar::{Catalogue, Judgement, Played, Scenario, Setup, play_out};
use std::sync::Arc;

/// A story that generates its inputs, played with a trace; every check and expectation holds.
pub(crate) fn played(text: &str) -> Played {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(text, "story.toml", &catalogue);
    let scenario = Arc::new(scenario.unwrap_or_else(|error| panic!("{error}")));
    let setup = Setup::of(scenario, catalogue).expect("it generates its input");
    let played = play_out(Setup { keeps_trace: true, ..setup });
    assert_eq!(played.judgement(), Judgement::Holds, "{:#?}\n{text}", played.unmet);
    played
}
