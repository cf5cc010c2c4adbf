//! A program of one's own: the whole `sandbar` command, with one operator more.
//!
//! `cargo run --example own_operator -- run examples/own_operator.toml`

use sandbar::operators::{KeyedId, Value};
use sandbar::{Catalogue, Context, Entry, Operator};
use std::process::ExitCode;

/// Emits every third value of a key, and remembers in keyed state how many it has seen.
#[derive(Clone, Default)]
struct EveryThird {
    seen: Option<KeyedId>,
}

impl Operator for EveryThird {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.seen = Some(context.keyed_state("seen"));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let Some(number) = value.as_row().and_then(|columns| columns.get(1)?.as_int()) else {
            // The task fails, as with an exception in Flink.
            return context.fail(&format!("`{value}` has no number"));
        };
        let seen = context.keyed(self.seen.expect("`initialize` declared it"));
        let count = seen.as_ref().and_then(Value::as_int).unwrap_or(0) + 1;
        *seen = Some(Value::Int(count));
        if count % 3 == 0 {
            let key = context.key().clone();
            context.emit(Value::row([key, Value::Int(number)]));
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn main() -> ExitCode {
    let mut catalogue = Catalogue::built_in();
    let entry = Entry::new("every third value of a key", |_| Box::new(EveryThird::default()));
    catalogue.add("filter", "every-third", Entry { keyed: true, stateful: true, ..entry });
    sandbar::cli::main(catalogue)
}
