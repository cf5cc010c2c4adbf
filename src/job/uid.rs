//! The ids that state is stored under: of a uid, or generated from the shape of the graph.

use super::wiring::Wiring;
use super::{GraphError, JobGraph, OperatorId, OperatorIndex};
use crate::rules::IdScheme;
use std::collections::{BTreeMap, VecDeque};
use std::io::Cursor;

/// The id of an operator with this uid, the same in every release.
pub fn operator_id_of_uid(uid: &str) -> OperatorId {
    hash_of(uid.as_bytes())
}

/// Murmur3 x64 128 with seed 0; the first word little-endian, then the second, as Guava's `asBytes`.
fn hash_of(bytes: &[u8]) -> OperatorId {
    let hash =
        murmur3::murmur3_x64_128(&mut Cursor::new(bytes), 0).expect("reading memory does not fail");
    OperatorId(hash.to_le_bytes())
}

/// The id of each operator: of its uid if it has one, else generated from its rank in a breadth-first traversal, from the
/// outputs that are chained to it, and from the ids of its inputs; in the older scheme (`StreamGraphHasherV1`) also from its
/// parallelism and class name and those of the operators chained to it, in the newer one (`StreamGraphHasherV2`) not.
pub(super) fn generated_ids(
    wiring: &Wiring<'_>,
    scheme: IdScheme,
) -> Result<Vec<OperatorId>, GraphError> {
    let graph = wiring.graph;
    let sources =
        (0..graph.operators.len()).filter(|&operator| graph.operators[operator].is_source());
    let mut remaining: VecDeque<OperatorIndex> = sources.map(OperatorIndex::new).collect();
    let by_operator = vec![None; graph.operators.len()];
    let mut ids = Ids { wiring, by_operator, owners: BTreeMap::new(), rank: 0, scheme };
    let mut visited = vec![false; graph.operators.len()];
    remaining.iter().for_each(|source| visited[source.index()] = true);
    while let Some(operator) = remaining.pop_front() {
        // 1. An operator without uid whose inputs are not all hashed is dropped; the last input brings it back.
        let Some(id) = ids.hash(operator) else {
            visited[operator.index()] = false;
            continue;
        };
        // 2. The others take their rank.
        ids.take(operator, id)?;
        for &wire in &wiring.outputs[operator.index()] {
            let receiver = wiring.wires[wire].to;
            if !visited[receiver.index()] {
                visited[receiver.index()] = true;
                remaining.push_back(receiver);
            }
        }
    }
    Ok(ids
        .by_operator
        .into_iter()
        .map(|id| id.expect("every operator is downstream of a source"))
        .collect())
}

/// No operator that is chained to its input has a uid, which would name no chain.
pub(super) fn check_uids_name_chains(wiring: &Wiring<'_>) -> Result<(), GraphError> {
    for (node, inputs) in wiring.graph.operators.iter().zip(&wiring.inputs) {
        if let Some(uid) = &node.uid
            && inputs.iter().any(|&wire| wiring.wires[wire].is_chained)
        {
            let (operator, uid) = (node.name.clone(), uid.clone());
            return Err(GraphError::UidInChain { operator, uid });
        }
    }
    Ok(())
}

/// The ids given so far.
struct Ids<'w> {
    wiring: &'w Wiring<'w>,
    by_operator: Vec<Option<OperatorId>>,
    owners: BTreeMap<OperatorId, usize>,
    /// How many were given.
    rank: u32,
    scheme: IdScheme,
}

impl Ids<'_> {
    /// The id of an operator, or none if an input that it depends on has none yet.
    fn hash(&self, operator: OperatorIndex) -> Option<OperatorId> {
        let Self { wiring, .. } = self;
        if let Some(uid) = &wiring.graph.operators[operator.index()].uid {
            return Some(operator_id_of_uid(uid));
        }
        let inputs: Vec<OperatorId> = wiring
            .senders(operator)
            .map(|sender| self.by_operator[sender.index()])
            .collect::<Option<_>>()?;
        let chained = wiring.chained(operator).map(|wire| wire.to);
        // The chained outputs are written with the rank of this operator, not with one of their own.
        let mut bytes = Vec::new();
        for written in std::iter::once(operator).chain(chained) {
            bytes.extend(self.rank.to_le_bytes());
            if self.scheme == IdScheme::WithClassNames {
                let node = &wiring.graph.operators[written.index()];
                bytes.extend(node.parallelism.to_le_bytes());
                bytes.extend(node.class_name().bytes());
            }
        }
        let OperatorId(mut hash) = hash_of(&bytes);
        for OperatorId(input) in inputs {
            for (byte, other) in hash.iter_mut().zip(input) {
                *byte = byte.wrapping_mul(37) ^ other;
            }
        }
        Some(OperatorId(hash))
    }

    /// Writes down an id, which must be new.
    fn take(&mut self, operator: OperatorIndex, id: OperatorId) -> Result<(), GraphError> {
        assert!(
            self.by_operator[operator.index()].is_none(),
            "operator {operator:?} was visited twice"
        );
        if let Some(other) = self.owners.insert(id, operator.index()) {
            return Err(collision(self.wiring.graph, operator.index(), other));
        }
        self.by_operator[operator.index()] = Some(id);
        self.rank += 1;
        Ok(())
    }
}

/// Two operators have one id, so one of them got it from a uid.
fn collision(graph: &JobGraph, one: usize, other: usize) -> GraphError {
    let (one, other) = (&graph.operators[one], &graph.operators[other]);
    let (owner, victim) = if one.uid.is_some() { (one, other) } else { (other, one) };
    GraphError::UidCollision {
        uid: owner.uid.as_deref().unwrap_or_default().escape_debug().to_string(),
        operator: owner.name.clone(),
        other: victim.name.clone(),
    }
}
