//! A heap of keys for few pending events.
//!
//! Four children a node, so a tree of a thousand keys is five deep. `pop` leaves a hole at the
//! root; the next `push` fills it from there, so a pop and the push that usually follows it cost
//! one walk down instead of one down and one up.

use std::hint::select_unpredictable;

/// Children of one node.
const ARITY: usize = 4;

/// Keys, the least first.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap {
    keys: Vec<u128>,
    /// Whether `keys[0]` has been popped and waits to be overwritten.
    hole: bool,
}

impl Heap {
    /// A heap of keys that are sorted already: such a list is a heap as it is.
    pub(super) fn new(ascending: Vec<u128>) -> Self {
        debug_assert!(ascending.is_sorted(), "a heap was built from keys out of order");
        Self { keys: ascending, hole: false }
    }

    /// How many keys are in it.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.keys.len() - usize::from(self.hole)
    }

    /// Puts a key in.
    #[inline]
    pub(super) fn push(&mut self, key: u128) {
        if self.hole {
            self.hole = false;
            self.sink(key);
        } else {
            self.keys.push(key);
            self.rise(key);
        }
    }

    /// Takes the least key out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u128> {
        self.fill_hole();
        let least = *self.keys.first()?;
        self.hole = true;
        Some(least)
    }

    /// The least key.
    pub(super) fn peek(&mut self) -> Option<u128> {
        self.fill_hole();
        self.keys.first().copied()
    }

    /// Takes all keys out, in no order.
    pub(super) fn take(&mut self) -> Vec<u128> {
        self.fill_hole();
        std::mem::take(&mut self.keys)
    }

    /// Closes the hole with the last key, when no push came to fill it.
    #[inline]
    fn fill_hole(&mut self) {
        if self.hole {
            self.hole = false;
            if let Some(last) = self.keys.pop()
                && !self.keys.is_empty()
            {
                self.sink(last);
            }
        }
    }

    /// Writes `key` where it belongs on the way down from the root, which is overwritten.
    #[inline]
    fn sink(&mut self, key: u128) {
        let keys = self.keys.as_mut_slice();
        let mut node = 0;
        loop {
            let first = ARITY * node + 1;
            let Some(children) = keys.get(first..) else { break };
            let (child, least) = match children.first_chunk::<ARITY>() {
                Some(&[a, b, c, d]) => {
                    let left = lesser((0, a), (1, b));
                    let right = lesser((2, c), (3, d));
                    lesser(left, right)
                }
                None => {
                    let Some((child, &least)) =
                        children.iter().enumerate().min_by_key(|child| child.1)
                    else {
                        break;
                    };
                    (child, least)
                }
            };
            if key < least {
                break;
            }
            keys[node] = least;
            node = first + child;
        }
        keys[node] = key;
    }

    /// Writes `key` where it belongs on the way up from the last place, which is overwritten.
    #[inline]
    fn rise(&mut self, key: u128) {
        let keys = self.keys.as_mut_slice();
        let mut node = keys.len() - 1;
        while node > 0 {
            let parent = (node - 1) / ARITY;
            if keys[parent] < key {
                break;
            }
            keys[node] = keys[parent];
            node = parent;
        }
        keys[node] = key;
    }
}

/// The one with the lesser key. Which one it is cannot be foretold, so a branch would cost more
/// than choosing without one.
#[inline]
fn lesser(left: (usize, u128), right: (usize, u128)) -> (usize, u128) {
    let is_right = right.1 < left.1;
    (select_unpredictable(is_right, right.0, left.0), select_unpredictable(is_right, right.1, left.1))
}
