//! Heaps of 16-byte keys with the payload in a slab; a pop leaves a hole that the next push
//! fills.

use crate::workload::PendingSet;

/// A heap of `ARITY` children a node, each group of children side by side in one line, so that
/// a group needs one look at the bounds.
pub(crate) struct GroupHeap<const ARITY: usize> {
    root: u128,
    /// The children of node `i` are in `groups[i]`; node 0 is the root, the children of the
    /// root are nodes 1 to `ARITY`. Unused places hold `u128::MAX`.
    groups: Vec<[u128; ARITY]>,
    length: usize,
    hole: bool,
    slab: Vec<[u64; 2]>,
    free: Vec<u32>,
}

pub(crate) type Heap = GroupHeap<4>;
pub(crate) type BinaryHeap = GroupHeap<2>;

impl<const ARITY: usize> GroupHeap<ARITY> {
    #[inline(never)]
    fn sink(&mut self, key: u128) {
        let mut node = 0;
        let mut place: Option<(usize, usize)> = None;
        while let Some(group) = self.groups.get(node) {
            let mut child = 0;
            let mut least = group[0];
            for (other, &candidate) in group.iter().enumerate().skip(1) {
                let is_less = candidate < least;
                least = std::hint::select_unpredictable(is_less, candidate, least);
                child = std::hint::select_unpredictable(is_less, other, child);
            }
            if least >= key {
                break;
            }
            self.set(place, least);
            place = Some((node, child));
            node = node * ARITY + 1 + child;
        }
        self.set(place, key);
    }

    #[inline(always)]
    fn set(&mut self, place: Option<(usize, usize)>, key: u128) {
        match place {
            None => self.root = key,
            Some((group, child)) => self.groups[group][child] = key,
        }
    }

    #[inline(never)]
    fn rise(&mut self, mut node: usize, key: u128) {
        while node > 0 {
            let group = (node - 1) / ARITY;
            let parent = if group == 0 {
                self.root
            } else {
                self.groups[(group - 1) / ARITY][(group - 1) % ARITY]
            };
            if parent <= key {
                break;
            }
            self.groups[group][(node - 1) % ARITY] = parent;
            node = group;
        }
        let place = node.checked_sub(1).map(|below| (below / ARITY, below % ARITY));
        self.set(place, key);
    }

    #[inline(always)]
    fn close_hole(&mut self) {
        if !self.hole {
            return;
        }
        self.hole = false;
        self.length -= 1;
        let Some(last) = self.length.checked_sub(1) else { return };
        let key = std::mem::replace(&mut self.groups[last / ARITY][last % ARITY], u128::MAX);
        self.sink(key);
    }
}

impl<const ARITY: usize> PendingSet for GroupHeap<ARITY> {
    fn new() -> Self {
        Self {
            root: u128::MAX,
            groups: Vec::new(),
            length: 0,
            hole: false,
            slab: Vec::new(),
            free: Vec::new(),
        }
    }

    #[inline(always)]
    fn push(&mut self, at: u64, sequence: u64, payload: [u64; 2]) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize] = payload;
                slot
            }
            None => {
                self.slab.push(payload);
                self.slab.len() as u32 - 1
            }
        };
        let key = u128::from(at) << 64 | u128::from(sequence << 24 | u64::from(slot));
        if self.hole {
            self.hole = false;
            self.sink(key);
            return;
        }
        if self.length > 0 && (self.length - 1) / ARITY >= self.groups.len() {
            self.groups.push([u128::MAX; ARITY]);
        }
        let node = self.length;
        self.length += 1;
        self.rise(node, key);
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<(u64, [u64; 2])> {
        self.close_hole();
        if self.length == 0 {
            return None;
        }
        self.hole = true;
        let slot = (self.root & 0xFF_FFFF) as u32;
        self.free.push(slot);
        Some(((self.root >> 64) as u64, self.slab[slot as usize]))
    }
}
