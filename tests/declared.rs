//! What an operator of the user's own declares of its output is tried without any fault: one that declares more than it keeps is
//! told so, and one that forgets what it had is not.

use sandbar::operators::{Equality, KeyedId, Value};
use sandbar::{Catalogue, Context, Entry, Judgement, Operator, Played, Scenario, Setup, play_out};
use std::sync::Arc;

/// Emits the value that a key came with first, which hangs on the order in which inputs come.
#[derive(Clone, Default)]
struct First {
    seen: Option<KeyedId>,
}

impl Operator for First {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.seen = Some(context.keyed_state("seen"));
    }
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let seen = context.keyed(self.seen.expect("declared"));
        if seen.is_none() {
            *seen = Some(Value::Int(1));
            context.emit(value);
        }
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Numbers the values of a subtask, in a field that no snapshot holds.
#[derive(Clone, Default)]
struct Forgets {
    count: i64,
}

impl Operator for Forgets {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
        self.count += 1;
        context.emit(Value::row([Value::Int(0), Value::Int(self.count)]));
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn catalogue(equality: Equality) -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let first = Entry::new("the first value of a key", |_| Box::new(First::default()));
    let first = Entry { equality, keyed: true, stateful: true, ..first };
    catalogue.add("map", "first", first);
    let forgets = Entry::new("numbers its values", |_| Box::new(Forgets::default()));
    let forgets = Entry { stateful: true, ..forgets };
    catalogue.add("map", "forgets", forgets);
    catalogue
}

fn played(equality: Equality, operator: &str, step: &str) -> Played {
    let text = format!(
        r#"
seed = 3
[network]
channel-latency = "100us..20ms"
[input.rows]
generate = {{ records = 200, keys = 10 }}
partitions = 2
every = "1ms"
[job.j]
checkpoint = {{ interval = "30ms" }}
restart = {{ fixed-delay = {{ attempts = 3, delay = "10ms" }} }}
operators = [
  {{ name = "src", source = "rows", parallelism = 2 }},
  {{ name = "op", map = "{operator}", key-by = 0 }},
  {{ name = "out", sink = "two-phase" }},
]
{step}"#
    );
    let catalogue = Arc::new(catalogue(equality));
    let scenario = Scenario::parse(&text, "story.toml", &catalogue).expect("it can be read");
    play_out(Setup::of(Arc::new(scenario), catalogue).expect("it reads no file"))
}

const KILL: &str = "[[step]]\nat = \"120ms\"\ndo = { kill = \"op/0\" }\n";

#[test]
fn who_declares_more_than_it_keeps_is_told_so() {
    let played = played(Equality::LastPerKey, "first", "");
    assert_eq!(played.judgement(), Judgement::Broken);
    let why = played.why().expect("it does not hold");
    assert!(why.contains("`first` declares more than it keeps"), "{why}");
}

#[test]
fn who_declares_what_it_keeps_holds() {
    let played = played(Equality::Accounted, "first", KILL);
    assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
}

#[test]
fn who_forgets_its_state_declares_nothing_wrong() {
    let calm = played(Equality::Multiset, "forgets", "");
    assert_eq!(calm.judgement(), Judgement::Holds, "{:?}", calm.unmet);
    let killed = played(Equality::Multiset, "forgets", KILL);
    assert_eq!(killed.judgement(), Judgement::Broken);
    assert!(!killed.unmet.iter().any(|told| told.contains("declares more")), "{:?}", killed.unmet);
}
