//! The built-in operators a second time, from what they are by definition. Shares no code with the first.

use crate::job::{
    EventTime, OperatorNode, Registration, Value, WindowFunction, WindowOptions, WindowTime,
};
use crate::operator::{Context, Definition, Fold, Operator};
use crate::state::{BroadcastId, KeyedId, Timer, TimerKind};

/// An operator that is computed from its definition.
#[derive(Clone)]
pub(super) struct Defined {
    definition: Definition,
    column: Option<u16>,
    /// The name of its keyed state, where it was told one.
    name: Option<String>,
    window: WindowOptions,
    keyed: Vec<KeyedId>,
    rules: Option<BroadcastId>,
    /// How long records are held back, in milliseconds.
    delay: i64,
}

impl Defined {
    /// The operator of a node; none if nothing defines it but its code.
    pub(super) fn of(node: &OperatorNode, definition: Definition) -> Option<Box<dyn Operator>> {
        let told = node.options.keyed_state.as_ref().and_then(|told| told.name.as_deref());
        let defined = Self {
            definition,
            column: node.options.column,
            name: told.map(str::to_owned),
            window: node.options.window.unwrap_or_default(),
            keyed: Vec::new(),
            rules: None,
            delay: node.options.delay.unwrap_or_default().by,
        };
        (definition != Definition::ItsCode).then(|| -> Box<dyn Operator> { Box::new(defined) })
    }

    /// The names of its keyed states.
    fn states(&self) -> Vec<&str> {
        let own = |name: &'static str| self.name.as_deref().unwrap_or(name);
        match self.definition {
            Definition::Folds(fold) => vec![own(match fold {
                Fold::Count => "count",
                Fold::Sum => "sum",
                Fold::Max => "max",
                Fold::Min => "min",
                Fold::Xor => "xor",
                Fold::Last => "last",
            })],
            Definition::Statistics => vec!["statistics"],
            Definition::Distinct => vec!["seen"],
            Definition::Join => vec!["left", "right"],
            Definition::Windows(_) => vec!["window-contents"],
            Definition::Delay(_) => vec!["held"],
            Definition::ItsCode
            | Definition::AsItIs
            | Definition::FirstInput
            | Definition::Upper
            | Definition::Lower
            | Definition::Increment
            | Definition::Swap
            | Definition::Pair
            | Definition::Even
            | Definition::NonEmpty
            | Definition::Words
            | Definition::Twice
            | Definition::Halves
            | Definition::Digits
            | Definition::Tag
            | Definition::Rules => Vec::new(),
        }
    }

    fn join(&self, input: u8, value: Value, context: &mut dyn Context) {
        let (own, other) = (self.keyed[usize::from(input)], self.keyed[usize::from(1 - input)]);
        let partners = columns(context.keyed(other).as_ref());
        let mut mine = columns(context.keyed(own).as_ref());
        mine.push(value.clone());
        *context.keyed(own) = Some(Value::row_of(mine));
        for partner in partners {
            let (left, right) = if input == 0 { (&value, &partner) } else { (&partner, &value) };
            let mut row = columns_or_itself(context.key());
            row.extend(columns_or_itself(left));
            row.extend(columns_or_itself(right));
            context.emit(Value::row_of(row));
        }
    }

    /// Adds a value to its window, and has that fire once its time has come.
    fn fill_window(&self, value: &Value, time: WindowTime, context: &mut dyn Context) {
        let (size, offset) = (self.window.windows.size(), self.window.windows.offset());
        let happened = match time {
            WindowTime::Event => context.timestamp().millis(),
            WindowTime::Processing => millis_of(context),
        };
        // Wide enough for the ends of time.
        let wide = i128::from(happened);
        let into = (wide - i128::from(offset)).rem_euclid(i128::from(size));
        let start = i64::try_from(wide - into).unwrap_or(i64::MIN);
        let last = start.saturating_add(size - 1);
        let mut windows = columns(context.keyed(self.keyed[0]).as_ref());
        let end = last.saturating_add(1);
        let place = windows.iter().position(|window| ends_of(window) == Some((start, end)));
        let place = place.unwrap_or_else(|| {
            windows.push(Value::row([Value::Int(start), Value::Int(end)]));
            windows.len() - 1
        });
        let before = columns(Some(&windows[place]));
        let aggregates = self.window.aggregates.as_slice();
        let mut row = vec![Value::Int(start), Value::Int(end)];
        for (aggregate, column) in aggregates.iter().zip(2..) {
            let before = before.get(column).and_then(Value::as_int);
            let number = number_in(worked_on(value, aggregate.column));
            let now = match (aggregate.function, before, number) {
                (WindowFunction::Count, before, _) => Some(before.unwrap_or(0).wrapping_add(1)),
                (WindowFunction::Sum, before, number) => {
                    Some(before.unwrap_or(0).wrapping_add(number.unwrap_or(0)))
                }
                (WindowFunction::Min, Some(one), Some(other)) => Some(one.min(other)),
                (WindowFunction::Max, Some(one), Some(other)) => Some(one.max(other)),
                (WindowFunction::Min | WindowFunction::Max, one, other) => one.or(other),
            };
            row.push(now.map_or(Value::Bool(false), Value::Int));
        }
        windows[place] = Value::row_of(row);
        *context.keyed(self.keyed[0]) = Some(Value::row_of(windows));
        let (kind, due) = match time {
            WindowTime::Event => (TimerKind::Event, last),
            WindowTime::Processing => {
                (TimerKind::Processing, last.saturating_add(1).saturating_mul(1_000_000))
            }
        };
        context.register_timer(kind, due, start);
    }

    /// Emits what is in the window that starts there and ends when it is due; it is gone then.
    fn fire(&self, start: i64, due: impl Fn(i64) -> bool, context: &mut dyn Context) {
        let mut windows = columns(context.keyed(self.keyed[0]).as_ref());
        let is_due = |window: &Value| {
            ends_of(window).is_some_and(|(begins, end)| begins == start && due(end))
        };
        let Some(place) = windows.iter().position(is_due) else { return };
        let window = windows.remove(place);
        let left = (!windows.is_empty()).then(|| Value::row_of(windows));
        *context.keyed(self.keyed[0]) = left;
        let Some((_, end)) = ends_of(&window) else { return };
        context.set_timestamp(EventTime::from_millis(end.saturating_sub(1)));
        let mut row = columns(Some(&window));
        row.remove(1);
        row[0] = Value::row([context.key().clone(), Value::Int(start)]);
        context.emit(Value::row_of(row));
    }
}

impl Defined {
    /// Keeps a value with all that go on when it does.
    fn hold(&self, value: Value, time: WindowTime, context: &mut dyn Context) {
        let (kind, due) = match time {
            WindowTime::Event => {
                (TimerKind::Event, context.timestamp().millis().saturating_add(self.delay))
            }
            WindowTime::Processing => {
                let now = i64::try_from(context.now().nanos()).unwrap_or(i64::MAX);
                let delay = self.delay.saturating_mul(1_000_000);
                (TimerKind::Processing, now.saturating_add(delay))
            }
        };
        let mut held = columns(context.keyed(self.keyed[0]).as_ref());
        held.push(Value::row([Value::Int(due), value]));
        *context.keyed(self.keyed[0]) = Some(Value::row_of(held));
        context.register_timer(kind, due, 0);
    }

    /// Sends on what is held until then.
    fn let_go(&self, due: i64, context: &mut dyn Context) {
        let held = columns(context.keyed(self.keyed[0]).as_ref());
        let is_due = |waiting: &Value| columns(Some(waiting)).first() == Some(&Value::Int(due));
        let (goes, stays): (Vec<Value>, Vec<Value>) = held.into_iter().partition(is_due);
        *context.keyed(self.keyed[0]) = (!stays.is_empty()).then(|| Value::row_of(stays));
        let values = goes.iter().flat_map(|waiting| columns(Some(waiting)).into_iter().skip(1));
        values.for_each(|value| context.emit(value));
    }
}

impl Operator for Defined {
    fn initialize(&mut self, context: &mut dyn Context) {
        // Nothing expires where time stands still.
        let registered = Registration::default();
        let keyed = self.states().into_iter().map(|name| context.register_keyed(name, registered));
        self.keyed = keyed.collect();
        if self.definition == Definition::Rules {
            self.rules = Some(context.broadcast_state("rules"));
        }
    }

    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        match self.definition {
            Definition::ItsCode => unreachable!("it is evaluated by its own code"),
            Definition::AsItIs => context.emit(value),
            Definition::FirstInput if input == 0 => context.emit(value),
            Definition::FirstInput => {}
            Definition::Upper => context.emit(in_text(&value, |text| text.to_uppercase())),
            Definition::Lower => context.emit(in_text(&value, |text| text.to_lowercase())),
            Definition::Increment => {
                let next = value.as_int().map(|number| Value::Int(number.wrapping_add(1)));
                context.emit(next.unwrap_or(value));
            }
            Definition::Swap => {
                let mut columns = columns(Some(&value));
                let is_pair = columns.len() == 2;
                columns.reverse();
                context.emit(if is_pair { Value::row_of(columns) } else { value });
            }
            Definition::Pair => context.emit(Value::row([value, Value::Int(1)])),
            Definition::Even => match number_in(&value) {
                Some(number) if number & 1 == 0 => context.emit(value),
                Some(_) | None => context.emit_side(value),
            },
            Definition::NonEmpty => {
                let is_empty = match &value {
                    Value::Text(text) => text.is_empty(),
                    Value::Bytes(bytes) => bytes.is_empty(),
                    Value::Row(columns, ..) => columns.is_empty(),
                    Value::Int(_) | Value::Bool(_) => false,
                };
                if is_empty { context.emit_side(value) } else { context.emit(value) }
            }
            Definition::Words => words(&value).into_iter().for_each(|word| context.emit(word)),
            Definition::Twice => {
                context.emit(value.clone());
                context.emit(value);
            }
            Definition::Halves => match number_in(&value) {
                Some(number) => [number >> 1, number - (number >> 1)]
                    .into_iter()
                    .for_each(|half| context.emit(in_number(&value, half))),
                None => context.emit(value),
            },
            Definition::Digits => {
                let digits = bytes_of(&value).iter().filter(|byte| (48..58).contains(*byte));
                digits.for_each(|byte| context.emit(Value::Int(i64::from(*byte) - 48)));
            }
            Definition::Tag => {
                let mut row = columns_or_itself(&value);
                row.push(Value::Int(input.into()));
                context.emit(Value::row_of(row));
            }
            Definition::Rules => self.rules(input, &value, context),
            Definition::Folds(fold) => self.folds(fold, &value, context),
            Definition::Statistics => self.statistics(&value, context),
            Definition::Distinct => {
                if context.keyed(self.keyed[0]).is_none() {
                    *context.keyed(self.keyed[0]) = Some(Value::Bool(true));
                    context.emit(context.key().clone());
                }
            }
            Definition::Join => self.join(input, value, context),
            Definition::Windows(time) => self.fill_window(&value, time, context),
            Definition::Delay(time) => self.hold(value, time, context),
        }
    }

    fn on_timer(&mut self, kind: TimerKind, timer: &Timer, context: &mut dyn Context) {
        let due = timer.time;
        match (kind, self.definition) {
            (_, Definition::Delay(_)) => self.let_go(due, context),
            (TimerKind::Event, Definition::Windows(WindowTime::Event)) => {
                self.fire(timer.namespace, |end| end.saturating_sub(1) == due, context);
            }
            (TimerKind::Processing, Definition::Windows(WindowTime::Processing)) => {
                self.fire(timer.namespace, |end| end.saturating_mul(1_000_000) == due, context);
            }
            // Nobody waits for the other clock.
            (TimerKind::Event | TimerKind::Processing, _) => {}
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

impl Defined {
    fn folds(&self, fold: Fold, value: &Value, context: &mut dyn Context) {
        let value = worked_on(value, self.column);
        let slot = context.keyed(self.keyed[0]);
        let before = slot.take();
        let so_far = before.as_ref().and_then(Value::as_int).unwrap_or(0);
        let number = number_in(value).unwrap_or(0);
        let content = || last_column(value).unwrap_or(value).clone();
        let now = match (fold, before) {
            (Fold::Count, _) => Value::Int(so_far.wrapping_add(1)),
            (Fold::Sum, _) => Value::Int(so_far.wrapping_add(number)),
            (Fold::Xor, _) => Value::Int(so_far ^ number),
            (Fold::Max, Some(before)) if before > content() => before,
            (Fold::Min, Some(before)) if before < content() => before,
            (Fold::Max | Fold::Min | Fold::Last, _) => content(),
        };
        *slot = Some(now.clone());
        context.emit(Value::row([context.key().clone(), now]));
    }

    fn statistics(&self, value: &Value, context: &mut dyn Context) {
        let number = number_in(worked_on(value, self.column));
        let slot = context.keyed(self.keyed[0]);
        let before: Vec<i64> = columns(slot.as_ref()).iter().filter_map(Value::as_int).collect();
        let of = |place: usize| before.get(place).copied();
        let mut row = vec![
            of(0).unwrap_or(0).wrapping_add(1),
            of(1).unwrap_or(0).wrapping_add(number.unwrap_or(0)),
        ];
        if let Some(least) = of(2).into_iter().chain(number).min() {
            row.push(least);
        }
        if let Some(greatest) = of(3).into_iter().chain(number).max() {
            row.push(greatest);
        }
        let row: Vec<Value> = row.into_iter().map(Value::Int).collect();
        *slot = Some(Value::row_of(row.clone()));
        let mut emitted = vec![context.key().clone()];
        emitted.extend(row);
        context.emit(Value::row_of(emitted));
    }

    fn rules(&self, input: u8, value: &Value, context: &mut dyn Context) {
        let rules = context.broadcast(self.rules.expect("`initialize` declared the rules"));
        let mut row = columns_or_itself(value);
        let key = row.first().unwrap_or(value).clone();
        if input == 1 {
            let says = Value::Int(number_in(value).unwrap_or(0));
            if rules.get(&key).is_none_or(|said| *said < says) {
                rules.insert(key, says);
            }
            return;
        }
        row.push(rules.get(&key).cloned().unwrap_or(Value::Int(0)));
        context.emit(Value::row_of(row));
    }
}

/// Virtual time in milliseconds.
fn millis_of(context: &dyn Context) -> i64 {
    i64::try_from(context.now().nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The columns of a row; of anything else none.
fn columns(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Row(columns, ..)) => columns.to_vec(),
        Some(Value::Int(_) | Value::Bool(_) | Value::Text(_) | Value::Bytes(_)) | None => {
            Vec::new()
        }
    }
}

/// The last column of a row that has one.
fn last_column(value: &Value) -> Option<&Value> {
    if let Value::Row(columns, ..) = value { columns.last() } else { None }
}

/// The columns of a row; anything else is one.
fn columns_or_itself(value: &Value) -> Vec<Value> {
    match value {
        Value::Row(columns, ..) => columns.to_vec(),
        Value::Int(_) | Value::Bool(_) | Value::Text(_) | Value::Bytes(_) => vec![value.clone()],
    }
}

/// What an operator is told to work on: a column of a row, else the value.
fn worked_on(value: &Value, column: Option<u16>) -> &Value {
    match (value, column) {
        (Value::Row(columns, ..), Some(column)) => {
            columns.get(usize::from(column)).unwrap_or(value)
        }
        (_, Some(_) | None) => value,
    }
}

/// The integer that a value is, or the last one among its columns.
fn number_in(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Row(columns, ..) => columns.iter().filter_map(Value::as_int).next_back(),
        Value::Bool(_) | Value::Text(_) | Value::Bytes(_) => None,
    }
}

/// The value with another number in it.
fn in_number(value: &Value, number: i64) -> Value {
    let mut columns = columns(Some(value));
    match columns.iter_mut().rev().find(|column| column.as_int().is_some()) {
        Some(column) => {
            *column = Value::Int(number);
            Value::row_of(columns)
        }
        None => Value::Int(number),
    }
}

/// Where a window begins and ends, as its row tells it.
fn ends_of(window: &Value) -> Option<(i64, i64)> {
    let columns = columns(Some(window));
    Some((columns.first()?.as_int()?, columns.get(1)?.as_int()?))
}

/// Text that is changed; other values as they are.
fn in_text(value: &Value, change: impl Fn(&str) -> String) -> Value {
    if let Value::Text(text) = value { Value::text(change(text)) } else { value.clone() }
}

/// The bytes of text and of bytes.
fn bytes_of(value: &Value) -> &[u8] {
    match value {
        Value::Text(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        Value::Int(_) | Value::Bool(_) | Value::Row(..) => &[],
    }
}

/// The runs of ASCII letters, in lower case.
fn words(value: &Value) -> Vec<Value> {
    let mut words = Vec::new();
    let mut word = String::new();
    for byte in bytes_of(value).iter().chain(b" ") {
        match byte {
            b'a'..=b'z' => word.push(char::from(*byte)),
            b'A'..=b'Z' => word.push(char::from(*byte + 32)),
            _ if word.is_empty() => {}
            _ => words.push(Value::text(std::mem::take(&mut word))),
        }
    }
    words
}
