//! A heap of keys for few pending events.
//!
//! Four children a node, so a tree of a thousand keys is five deep. The children of a node lie
//! side by side in a group of their own, padded with keys that never come, so that a walk down
//! looks at whole groups only. `pop` leaves a hole at the root; the next push fills it from
//! there, so a pop and the push that usually follows it cost one walk down instead of one down
//! and one up.

use std::hint::select_unpredictable;

/// Children of one node.
const ARITY: usize = 4;
/// After every key: holds the place of one that is not there.
const ABSENT: u128 = u128::MAX;

/// The children of one node, in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Group([u128; ARITY]);

/// Keys, the least first. Node 0 is the root, the children of node `n` are the nodes from
/// `ARITY * n + 1` on.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    root: u128,
    /// The children of node `n` are in `groups[n]`.
    groups: Vec<Group>,
    /// Nodes in use, the hole among them.
    nodes: usize,
    /// Whether the root has been popped and waits to be overwritten.
    hole: bool,
}

impl Default for Heap {
    fn default() -> Self {
        Self { root: ABSENT, groups: Vec::new(), nodes: 0, hole: false }
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
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.nodes - usize::from(self.hole)
    }

    /// Whether a key was popped and none put in since.
    #[inline]
    pub(super) fn has_hole(&self) -> bool {
        self.hole
    }

    /// Puts a key in where one was popped.
    #[inline]
    pub(super) fn fill(&mut self, key: u128) {
        debug_assert!(self.hole, "a hole was filled that is not there");
        self.hole = false;
        self.sink(key);
    }

    /// Puts a key in where there is no hole.
    #[inline]
    pub(super) fn append(&mut self, key: u128) {
        debug_assert!(!self.hole, "a key was appended and the hole left open");
        if self.nodes > 0 && (self.nodes - 1) / ARITY == self.groups.len() {
            self.groups.push(Group([ABSENT; ARITY]));
        }
        self.nodes += 1;
        self.rise(key);
    }

    /// Takes the least key out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u128> {
        if self.hole {
            self.close_hole();
        }
        self.hole = self.nodes > 0;
        self.hole.then_some(self.root)
    }

    /// The least key.
    pub(super) fn peek(&mut self) -> Option<u128> {
        if self.hole {
            self.close_hole();
        }
        (self.nodes > 0).then_some(self.root)
    }

    /// All keys, in no order.
    pub(super) fn keys(&self) -> Vec<u128> {
        let below = self.groups.iter().flat_map(|group| group.0).take(self.nodes.saturating_sub(1));
        let root = (self.len() == self.nodes && self.nodes > 0).then_some(self.root);
        root.into_iter().chain(below).collect()
    }

    /// Puts the last key into the hole, when no push came to fill it.
    #[inline]
    fn close_hole(&mut self) {
        self.hole = false;
        self.nodes -= 1;
        if let Some(last) = self.nodes.checked_sub(1) {
            let key = std::mem::replace(&mut self.groups[last / ARITY].0[last % ARITY], ABSENT);
            self.sink(key);
        }
    }

    /// Writes `key` where it belongs on the way down from the root, which is overwritten.
    #[inline]
    fn sink(&mut self, key: u128) {
        let groups = self.groups.as_mut_slice();
        let Some((mut child, least)) =
            groups.first().map(least_of).filter(|(_, least)| *least < key)
        else {
            self.root = key;
            return;
        };
        self.root = least;
        let mut group = 0;
        loop {
            let node = ARITY * group + 1 + child;
            let Some((next, least)) =
                groups.get(node).map(least_of).filter(|(_, least)| *least < key)
            else {
                break;
            };
            groups[group].0[child] = least;
            (group, child) = (node, next);
        }
        groups[group].0[child] = key;
    }

    /// Writes `key` where it belongs on the way up from the last node, which is overwritten.
    #[inline]
    fn rise(&mut self, key: u128) {
        let mut node = self.nodes - 1;
        while let Some(place) = node.checked_sub(1) {
            node = place / ARITY;
            let parent = match node.checked_sub(1) {
                None => self.root,
                Some(above) => self.groups[above / ARITY].0[above % ARITY],
            };
            if parent < key {
                self.groups[place / ARITY].0[place % ARITY] = key;
                return;
            }
            self.groups[place / ARITY].0[place % ARITY] = parent;
        }
        self.root = key;
    }
}

/// The least key of a group and its place.
#[inline]
fn least_of(group: &Group) -> (usize, u128) {
    let [a, b, c, d] = group.0;
    lesser(lesser((0, a), (1, b)), lesser((2, c), (3, d)))
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
