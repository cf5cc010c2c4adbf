//! An operator that every restore finds out.

use sandbar::operators::Value;
use sandbar::{Catalogue, Context, Entry, Operator};

/// Counts in a field, which no restore brings back.
#[derive(Clone, Default)]
struct Forgetful {
    seen: std::collections::BTreeMap<Value, i64>,
}

impl Operator for Forgetful {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
        let key = context.key().clone();
        let seen = self.seen.entry(key.clone()).or_default();
        *seen += 1;
        let seen = Value::Int(*seen);
        context.emit(Value::row([key, seen]));
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// The built-in operators, and it: `aggregate = "forgetful"`.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let entry = Entry::new("counts in a field", |_| Box::new(Forgetful::default()));
    catalogue.add("aggregate", "forgetful", Entry { keyed: true, stateful: true, ..entry });
    catalogue
}
