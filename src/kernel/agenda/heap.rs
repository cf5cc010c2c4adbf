//! A heap of keys for few pending events.
//!
//! Two children a node: with some hundred keys at most, that was measured to be as fast as four
//! for 25 of them and faster for a hundred. The list is padded with keys that never come, so that
//! a walk down looks at whole groups of children only. `pop` leaves a hole at the root; the next
//! push fills it from there, so a pop and the push that usually follows it cost one walk down
//! instead of one down and one up.

// Inlining is forced here, and walking kept out of line: a push and a pop are a few instructions
// around one walk, and where the compiler judged otherwise a short world took a tenth longer.

use std::hint::select_unpredictable;

/// Children of one node.
const ARITY: usize = 2;
/// Where the root is. The children of the node at `p` are the group `p - (ROOT - 1)`, so that a
/// group of children begins at a multiple of `ARITY`.
const ROOT: usize = ARITY - 1;
/// After every key: holds the place of one that is not there.
const ABSENT: u128 = u128::MAX;

/// Keys, the least first.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    /// From `ROOT` on; whole groups.
    keys: Vec<u128>,
    /// Behind the last node; `ROOT` when there is none. The hole is a node.
    end: usize,
    /// Whether the root has been popped and waits to be overwritten.
    hole: bool,
}

impl Default for Heap {
    fn default() -> Self {
        Self { keys: vec![ABSENT; ARITY], end: ROOT, hole: false }
    }
}

impl Heap {
    /// A heap of keys that are sorted already: such a list is a heap as it is.
    pub(super) fn new(ascending: &[u128]) -> Self {
        assert!(ascending.is_sorted(), "a heap was built from keys out of order");
        let mut heap = Self::default();
        ascending.iter().for_each(|&key| heap.append(key));
        heap
    }

    /// How many keys are in it.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.end - ROOT - usize::from(self.hole)
    }

    /// Whether a key was popped and none put in since.
    #[inline(always)]
    pub(super) fn has_hole(&self) -> bool {
        self.hole
    }

    /// Puts a key in where one was popped.
    #[inline(always)]
    pub(super) fn fill(&mut self, key: u128) {
        debug_assert!(self.hole, "a hole was filled that is not there");
        self.hole = false;
        self.sink(key);
    }

    /// Puts a key in where there is no hole.
    #[inline(always)]
    pub(super) fn append(&mut self, key: u128) {
        debug_assert!(!self.hole, "a key was appended and the hole left open");
        if self.end == self.keys.len() {
            self.keys.extend([ABSENT; ARITY]);
        }
        self.end += 1;
        self.rise(key);
    }

    /// Takes the least key out.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<u128> {
        if self.hole {
            self.close_hole();
        }
        self.hole = self.end > ROOT;
        self.hole.then(|| self.keys[ROOT])
    }

    /// All keys, in no order.
    pub(super) fn keys(&mut self) -> &[u128] {
        if self.hole {
            self.close_hole();
        }
        &self.keys[ROOT..self.end]
    }

    /// Puts the last key into the hole, when no push came to fill it.
    #[inline(always)]
    fn close_hole(&mut self) {
        self.hole = false;
        self.end -= 1;
        let last = std::mem::replace(&mut self.keys[self.end], ABSENT);
        if self.end > ROOT {
            self.sink(last);
        }
    }

    /// Writes `key` where it belongs on the way down from the root, which is overwritten.
    #[inline(never)]
    fn sink(&mut self, key: u128) {
        let keys = self.keys.as_mut_slice();
        let mut place = ROOT;
        while let Some(group) = keys.as_chunks::<ARITY>().0.get(place - (ROOT - 1)) {
            let (child, least) = least_of(group);
            if least >= key {
                break;
            }
            keys[place] = least;
            place = (place - (ROOT - 1)) * ARITY + child;
        }
        keys[place] = key;
    }

    /// Writes `key` where it belongs on the way up from the last node, which is overwritten.
    #[inline(never)]
    fn rise(&mut self, key: u128) {
        let keys = self.keys.as_mut_slice();
        let mut place = self.end - 1;
        while place > ROOT {
            let parent = place / ARITY + (ROOT - 1);
            if keys[parent] < key {
                break;
            }
            keys[place] = keys[parent];
            place = parent;
        }
        keys[place] = key;
    }
}

/// The least key of a group and its place.
#[inline]
fn least_of(group: &[u128; ARITY]) -> (usize, u128) {
    let [left, right] = *group;
    lesser((0, left), (1, right))
}

/// The one with the lesser key. Which one it is cannot be foretold, so a branch would cost more
/// than choosing without one.
#[inline]
fn lesser(left: (usize, u128), right: (usize, u128)) -> (usize, u128) {
    let is_right = right.1 < left.1;
    (
        select_unpredictable(is_right, right.0, left.0),
        select_unpredictable(is_right, right.1, left.1),
    )
}
