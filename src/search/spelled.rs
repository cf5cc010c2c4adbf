//! Lists in messages, as a scenario file spells them: what was found can be copied into `[expect]`.

use serde::Serialize;
use std::sync::Arc;

/// An item of a list.
pub(super) trait Spelled {
    /// As a file spells it.
    fn spelled(&self) -> String;
}

impl Spelled for u64 {
    fn spelled(&self) -> String {
        self.to_string()
    }
}

impl Spelled for String {
    fn spelled(&self) -> String {
        self.as_str().spelled()
    }
}

impl Spelled for Arc<str> {
    fn spelled(&self) -> String {
        (&**self).spelled()
    }
}

impl Spelled for &str {
    fn spelled(&self) -> String {
        serde_json::Value::from(*self).to_string()
    }
}

/// A checkpoint's number and a word about it.
impl<W: Serialize> Spelled for (u64, W) {
    fn spelled(&self) -> String {
        let word = serde_json::to_value(&self.1).expect("it is a word");
        format!("{} {}", self.0, word.as_str().expect("it is a word")).spelled()
    }
}

/// `[1, 2]`, `["a", "b"]`, `["2 expired"]`.
pub(super) fn list(items: &[impl Spelled]) -> String {
    let items: Vec<String> = items.iter().map(Spelled::spelled).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::AbortReason;

    #[test]
    fn a_list_is_spelled_as_a_file_spells_it() {
        assert_eq!(list(&[1_u64, 2]), "[1, 2]");
        assert_eq!(list(&[0_u64; 0]), "[]");
        assert_eq!(list(&["a", "says \"b\""]), r#"["a", "says \"b\""]"#);
        let aborted = [(2_u64, AbortReason::Expired), (3, AbortReason::NotAllTasksRunning)];
        assert_eq!(list(&aborted), r#"["2 expired", "3 not-all-tasks-running"]"#);
    }
}
