//! What is broken never holds: operators and sinks of the user's own that forget, lose or repeat, and what cannot be
//! compared.

use sandbar::operators::{ExternalRequest, Value, Writes};
use sandbar::{
    Catalogue, CheckName, Compared, Context, Entry, Finding, Judgement, Operator, Played, Scenario,
    Setup, Skipped, play_out,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Emits each key when it first comes, and keeps which it has seen in a field, which is in no snapshot.
#[derive(Clone, Default)]
struct Forgetful {
    seen: BTreeSet<Value>,
}

impl Operator for Forgetful {
    fn initialize(&mut self, context: &mut dyn Context) {
        context.keyed_state("declared-and-never-used");
    }
    fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
        let key = context.key().clone();
        if self.seen.insert(key.clone()) {
            context.emit(key);
        }
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// The same, remembered.
#[derive(Clone, Default)]
struct Remembering(Option<sandbar::operators::KeyedId>);

impl Operator for Remembering {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.0 = Some(context.keyed_state("seen"));
    }
    fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
        let seen = self.0.expect("`initialize` declared it");
        if context.keyed(seen).replace(Value::Bool(true)).is_none() {
            context.emit(context.key().clone());
        }
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// A sink that drops every third row of a subtask, and writes every second one twice.
#[derive(Clone, Default)]
struct Careless {
    given: BTreeMap<u32, u64>,
}

impl Operator for Careless {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let given = self.given.entry(context.subtask()).or_default();
        *given += 1;
        let times = match *given % 6 {
            0 | 3 => 0,
            2 | 4 => 2,
            _ => 1,
        };
        for _ in 0..times {
            context.external(ExternalRequest::Append(value.clone()));
        }
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// A sink that writes each row as often as it says.
#[derive(Clone)]
struct Times(u32);

impl Operator for Times {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        (0..self.0).for_each(|_| context.external(ExternalRequest::Append(value.clone())));
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let keyed = |entry| Entry { keyed: true, stateful: true, ..entry };
    let forgetful = Entry::new("forgets", |_| Box::new(Forgetful::default()));
    let remembering = Entry::new("remembers", |_| Box::new(Remembering::default()));
    catalogue.add("aggregate", "forgetful", keyed(forgetful));
    catalogue.add("aggregate", "remembering", keyed(remembering));
    let plain = |entry| Entry { writes: Writes::Plain, ..entry };
    let careless = Entry::new("drops and doubles", |_| Box::new(Careless::default()));
    catalogue.add("sink", "careless-undeclared", careless.clone());
    catalogue.add("sink", "careless", plain(careless));
    catalogue.add("sink", "once", plain(Entry::new("once", |_| Box::new(Times(1)))));
    catalogue.add("sink", "twice", plain(Entry::new("twice", |_| Box::new(Times(2)))));
    catalogue
}

fn played(text: &str) -> Played {
    let catalogue = Arc::new(catalogue());
    let scenario = Scenario::parse(text, "story.toml", &catalogue).expect("the story is sound");
    play_out(Setup::of(Arc::new(scenario), catalogue).expect("it reads no files"))
}

fn output(played: &Played) -> &Finding {
    let mut checks = played.verdict.checks.iter();
    let found = checks.find(|(check, _)| *check == CheckName::OutputEquivalence);
    &found.expect("every check is listed").1
}

/// A job of one keyed operator, and what becomes of it.
fn keyed(function: &str, then: &str) -> String {
    format!(
        r#"
[input.clicks]
generate = {{ records = 400, keys = 10 }}
every = "5ms"
[job.first]
checkpoint = {{ interval = "100ms" }}
restart = {{ fixed-delay = {{ attempts = 3, delay = "10ms" }} }}
operators = [
  {{ name = "clicks", source = "clicks", uid = "clicks" }},
  {{ name = "keys", aggregate = "{function}", key-by = 0, parallelism = 2, uid = "keys" }},
  {{ name = "out", sink = "two-phase", uid = "out" }},
]
{then}"#
    )
}

const STOP_AND_RESTORE: &str = r#"
[job.again]
extends = "first"
[[step]]
at = "1s"
do = { stop = { job = "first", as = "sp" } }
[[step]]
when = { finished = "first" }
do = { run = { job = "again", from = "sp" } }
"#;

const KILL: &str = r#"
[[step]]
when = { completed = 3 }
do = { kill = "keys/0" }
"#;

const RESCALE: &str = r#"
[job.again]
extends = "first"
set = { keys = { parallelism = 3 } }
[[step]]
at = "1s"
do = { cancel = { job = "first", with-savepoint = true, as = "sp" } }
[[step]]
when = { canceled = "first" }
do = { run = { job = "again", from = "sp" } }
"#;

#[test]
fn an_operator_that_forgets_what_it_kept_in_a_field_is_caught_wherever_it_comes_back() {
    for (how, then) in
        [("a stop with savepoint", STOP_AND_RESTORE), ("a kill", KILL), ("a rescale", RESCALE)]
    {
        let forgets = played(&keyed("forgetful", then));
        assert!(output(&forgets).is_broken(), "{how} holds: {:?}", output(&forgets));
        let remembers = played(&keyed("remembering", then));
        assert_eq!(remembers.judgement(), Judgement::Holds, "{how}: {:?}", output(&remembers));
    }
}

/// Rows into a sink of one's own, with a kill.
fn into(sink: &str) -> String {
    format!(
        r#"
[input.rows]
generate = {{ records = 400, keys = 10 }}
every = "5ms"
[job.j]
checkpoint = {{ interval = "100ms" }}
operators = [
  {{ name = "rows", source = "rows", uid = "rows" }},
  {{ name = "out", sink = "{sink}", uid = "out" }},
]
"#
    )
}

#[test]
fn a_sink_of_ones_own_is_held_to_what_it_declares() {
    assert_eq!(output(&played(&into("once"))), &Finding::Held);
    for sink in ["careless", "twice"] {
        assert!(output(&played(&into(sink))).is_broken(), "`{sink}` holds");
    }
}

#[test]
fn a_sink_that_declares_nothing_is_skipped_and_says_why() {
    let played = played(&into("careless-undeclared"));
    assert_eq!(output(&played), &Finding::Skipped(Skipped::NoSinkCompared));
    let [(name, how)] = &played.verdict.sinks[..] else { panic!("{:?}", played.verdict.sinks) };
    assert_eq!(
        (name.as_str(), how.to_string().as_str()),
        ("out", "not compared: its entry does not declare how it writes")
    );
}

#[test]
fn what_depends_on_order_is_skipped_and_names_the_operator() {
    let played = played(
        r#"
mutations = ["committables-forgotten"]
seed = 5
[input.rows]
generate = { records = 200, keys = 20 }
partitions = 3
every = "20ms"
[job.copy]
checkpoint = { interval = "250ms" }
restart = { fixed-delay = { attempts = 3, delay = "100ms" } }
operators = [
  { name = "rows", source = "rows", parallelism = 3, uid = "rows-id" },
  { name = "sums", aggregate = "sum", key-by = 0, parallelism = 3, uid = "sums-id" },
  { name = "even", filter = "even", parallelism = 3 },
  { name = "writers", writer = "transactions", parallelism = 3, uid = "writers-id" },
  { name = "out", sink = "committer", parallelism = 2, uid = "out-id" },
]
[[step]]
at = "0s"
do = { lose = { notify-complete = "out/0", checkpoint = 3 } }
[[step]]
when = { completed = 3 }
after = "1ms"
do = { kill = "writers/1" }
"#,
    );
    assert_eq!(output(&played), &Finding::Skipped(Skipped::NoSinkCompared));
    let how: Vec<String> = played.verdict.sinks.iter().map(|(_, how)| how.to_string()).collect();
    assert_eq!(
        how,
        ["not compared: `even` decides by values that depend on order or on the clock"]
    );
    assert!(!played.verdict.sinks.iter().any(|(_, how)| *how >= Compared::ByOrigin));
}

/// Worlds that were drawn once and judged wrongly, or in which the engine was wrong: each holds now, or breaks only what its
/// release breaks by its own rules.
#[test]
fn worlds_that_once_failed_hold() {
    let catalogue = Arc::new(Catalogue::built_in());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/worlds");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|file| file.expect("one").path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "worlds are missing: {files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it is text");
        let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
        let scenario = Scenario::parse(&text, &name, &catalogue).expect("the world is sound");
        let setup =
            Setup::of(Arc::new(scenario), Arc::clone(&catalogue)).expect("it reads no files");
        let played = play_out(setup);
        let is_known = played.known_break().is_some();
        assert!(
            is_known || played.judgement() == Judgement::Holds,
            "{name}: {:?} {:?}",
            played.unmet,
            played.verdict.violations().collect::<Vec<_>>()
        );
    }
}

/// A job is stopped with a savepoint and comes back with other states.
fn changed(before: &str, after: &str, expected: &str) -> String {
    format!(
        r#"
[input.rows]
generate = {{ records = 100, keys = 5 }}
every = "5ms"
[job.first]
checkpoint = {{ interval = "100ms" }}
operators = [
  {{ name = "rows", source = "rows", uid = "rows" }},
  {{ name = "counts", {before}, key-by = 0, parallelism = 2, uid = "counts" }},
  {{ name = "out", sink = "two-phase", uid = "out" }},
]
[job.second]
checkpoint = {{ interval = "100ms" }}
operators = [
  {{ name = "rows", source = "rows", uid = "rows" }},
  {{ name = "counts", {after}, key-by = 0, parallelism = 2, uid = "counts" }},
  {{ name = "out", sink = "two-phase", uid = "out" }},
]
[[step]]
at = "250ms"
do = {{ stop = {{ job = "first", as = "sp" }} }}
[[step]]
when = {{ finished = "first" }}
do = {{ run = {{ job = "second", from = "sp" }} }}
{expected}"#
    )
}

#[test]
fn a_state_that_nobody_declares_any_more_was_not_restored() {
    let named = |name: &str| format!(r#"aggregate = "count", keyed-state = {{ name = "{name}" }}"#);
    let played = self::played(&changed(&named("n"), &named("m"), ""));
    let [told] = &played.restores.told()[..] else { panic!("{:?}", played.restores.told()) };
    assert_eq!(told.unread, ["counts.n"]);
    assert_eq!(told.fresh, ["counts.m"]);
    assert!(!told.restored.contains(&"counts.n".to_owned()), "{:?}", told.restored);
    let played = self::played(&changed(&named("n"), &named("n"), ""));
    let [told] = &played.restores.told()[..] else { panic!("{:?}", played.restores.told()) };
    assert_eq!((told.unread.len(), told.fresh.len()), (0, 0));
    assert!(told.restored.contains(&"counts.n".to_owned()), "{:?}", told.restored);
}

#[test]
fn an_aggregate_that_became_another_tells_whose_state_is_not_read() {
    let played = played(&changed(r#"aggregate = "count""#, r#"aggregate = "sum""#, ""));
    let [told] = &played.restores.told()[..] else { panic!("{:?}", played.restores.told()) };
    assert_eq!(
        (&told.unread[..], &told.fresh[..]),
        (&["counts.count".to_owned()][..], &["counts.sum".to_owned()][..])
    );
}

#[test]
fn an_expectation_on_what_is_restored_asks_the_tasks() {
    let expected = "[expect]\nrestored = { second = [\"counts.count\", \"out.transactions\", \"rows.positions\"] }\n";
    let (count, sum) = (r#"aggregate = "count""#, r#"aggregate = "sum""#);
    assert_eq!(played(&changed(count, count, expected)).unmet, Vec::<String>::new());
    let unmet = played(&changed(count, sum, expected)).unmet;
    assert!(unmet.iter().any(|why| why.contains("restored should be")), "{unmet:?}");
}

#[test]
fn a_job_that_fails_in_its_restore_took_nothing() {
    // Flink refuses until 1.18 that values begin to expire.
    let counts =
        |more: &str| format!(r#"aggregate = "count", keyed-state = {{ type = "long"{more} }}"#);
    let text = changed(&counts(""), &counts(r#", ttl = "1s""#), "");
    let text = text.replace("do = { stop = {", "do = { cancel = { with-savepoint = true,");
    let text = text.replace("when = { finished", "when = { canceled");
    let played = self::played(&format!("flink = \"1.7\"\n{text}"));
    let told = played.restores.told();
    let told = told.iter().find(|told| told.run == "second#0").expect("it was mapped");
    assert_eq!(told.untaken, ["counts.count"], "{told:?}");
    assert!(!told.restored.contains(&"counts.count".to_owned()), "{told:?}");
}
