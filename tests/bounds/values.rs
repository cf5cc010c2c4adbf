//! Values that an operator of the user's nests in one another.

use sandbar::operators::{Emits, Equality, Value};
use sandbar::{Catalogue, Context, Entry, Judgement, Operator, Scenario, Setup, play_out};
use std::sync::Arc;

/// Nests each value in so many rows.
#[derive(Clone)]
struct Nest(u32);

impl Operator for Nest {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let nested = (0..self.0).fold(value, |value, _| Value::row([value]));
        context.emit(nested);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Doubles each value so many times: it shares its parts, and spelled out has two to that power.
#[derive(Clone)]
struct Double(u32);

impl Operator for Double {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let doubled = (0..self.0).fold(value, |value, _| Value::row([value.clone(), value]));
        context.emit(doubled);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn catalogue() -> Catalogue {
    let entry = Entry {
        equality: Equality::Multiset,
        emits: Emits::OneForOne,
        ..Entry::new("nests each value", |_| Box::new(Nest(200_000)))
    };
    let mut catalogue = Catalogue::built_in();
    catalogue.add("map", "nest-126", Entry { make: |_| Box::new(Nest(126)), ..entry.clone() });
    catalogue.add("map", "nest-128", Entry { make: |_| Box::new(Nest(128)), ..entry.clone() });
    catalogue.add("map", "double-40", Entry { make: |_| Box::new(Double(40)), ..entry.clone() });
    catalogue.add("map", "nest-200000", entry);
    catalogue
}

/// A job that counts what the operator makes of rows, keeps it in state and in savepoints, and prints it.
fn play(function: &str) -> Result<Judgement, String> {
    let text = format!(
        "
        [input.rows]
        generate = {{ records = 30, keys = 3 }}
        every = '20ms'
        [job.nest]
        checkpoint = {{ interval = '100ms' }}
        operators = [
          {{ name = 'rows', source = 'rows' }},
          {{ name = 'nest', map = '{function}' }},
          {{ name = 'counts', aggregate = 'count', key-by = 'value', parallelism = 2 }},
          {{ name = 'out', sink = 'two-phase' }},
        ]
        "
    );
    let catalogue = Arc::new(catalogue());
    let scenario = Scenario::parse(&text, "nest.toml", &catalogue).expect("it is a scenario");
    let mut setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
    setup.keeps_trace = true;
    let played = play_out(setup);
    for sink in &played.outcome.externals {
        let _shown = format!("{sink:?}");
    }
    match &played.outcome.panicked {
        Some(panic) => Err(panic.message.to_string()),
        None => Ok(played.judgement()),
    }
}

#[test]
fn rows_as_deep_as_the_bound_are_keys_state_and_output() {
    // A row of the input is one level, and the count and its key are another row.
    assert_eq!(play("nest-126"), Ok(Judgement::Holds));
}

#[test]
fn a_row_that_is_deeper_than_the_bound_fails_the_operator_that_makes_it() {
    let told =
        play("nest-128").expect_err("a row of the input is one level, and these are 128 more");
    assert!(told.contains("nested in more than 128 rows"), "{told}");
}

#[test]
fn a_row_nested_two_hundred_thousand_times_does_not_overflow_the_stack() {
    let told = play("nest-200000").expect_err("it is deeper than a value may be");
    assert!(told.contains("nested in more than 128 rows"), "{told}");
}

#[test]
fn a_row_that_would_fill_the_memory_when_spelled_out_is_refused_where_it_is_made() {
    let told = play("double-40").expect_err("spelled out it has 2^41 columns");
    assert!(told.contains("more than 16777215 columns"), "{told}");
}
