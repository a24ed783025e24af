//! Networks with a block taken out or two exchanged (Veit et al. 2016, §4): what is lost says how
//! much a network leans on each.

use super::plan::{NodeId, Op, Plan};

/// A plan with a lesion. Its nodes keep their positions, so the parameters are those of the network
/// that was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesion {
    /// What was done: `without residual3`, `residual3 and residual4 exchanged`.
    pub name: String,
    /// What is left.
    pub plan: Plan,
}

/// Nodes next to each other on the outermost chain that can be taken out together.
struct Unit {
    start: usize,
    end: usize,
    name: String,
}

/// Every lesion of one unit, then every exchange of two neighbours of one shape.
///
/// A unit is a block in which paths meet (a residual, a highway), or a weighted layer with the
/// normalisation and activation behind it, where its output has the shape of its input: without it,
/// what came in goes on. Of a concatenation the body's output is set to zero, so that the shape stays.
pub fn lesions(plan: &Plan) -> Vec<Lesion> {
    let units = units(plan);
    let mut all = Vec::new();
    for unit in &units {
        let mut plan = plan.clone();
        let first = plan.chain[unit.start];
        if matches!(plan.nodes[first].op, Op::Concat { .. }) {
            silence(&mut plan, first);
        } else {
            plan.chain.drain(unit.start..unit.end);
        }
        all.push(Lesion {
            name: format!("without {}", unit.name),
            plan,
        });
    }
    for pair in units.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let keeps = |unit: &Unit| {
            let first = &plan.nodes[plan.chain[unit.start]];
            first.input == plan.nodes[plan.chain[unit.end - 1]].output
        };
        let same = plan.nodes[plan.chain[a.start]].input == plan.nodes[plan.chain[b.start]].input;
        if !(same && keeps(a) && keeps(b)) {
            continue;
        }
        let mut plan = plan.clone();
        let mut middle: Vec<NodeId> = plan.chain[b.start..b.end].to_vec();
        middle.extend_from_slice(&plan.chain[a.end..b.start]);
        middle.extend_from_slice(&plan.chain[a.start..a.end]);
        plan.chain.splice(a.start..b.end, middle);
        all.push(Lesion {
            name: format!("{} and {} exchanged", a.name, b.name),
            plan,
        });
    }
    all
}

fn units(plan: &Plan) -> Vec<Unit> {
    let node = |position: usize| &plan.nodes[plan.chain[position]];
    let weighted = |op: &Op| matches!(op, Op::Dense { .. } | Op::Conv1d { .. } | Op::Conv2d { .. });
    let mut units = Vec::new();
    let mut at = 0;
    while at < plan.chain.len() {
        let start = at;
        let first = node(start);
        at += 1;
        if first.op.joins_paths() {
            // As it is.
        } else if weighted(&first.op) {
            while at < plan.chain.len()
                && !weighted(&node(at).op)
                && !node(at).op.joins_paths()
                && node(at).input == node(at).output
            {
                at += 1;
            }
        } else {
            continue;
        }
        let same = first.input == node(at - 1).output;
        if same || matches!(first.op, Op::Concat { .. }) {
            units.push(Unit {
                start,
                end: at,
                name: first.name.clone(),
            });
        }
    }
    units
}

/// Puts a factor of zero behind the body of a concatenation.
fn silence(plan: &mut Plan, concat: NodeId) {
    let id = plan.nodes.len();
    let mut zero = plan.nodes[concat].clone();
    let Op::Concat { body } = &mut plan.nodes[concat].op else {
        return;
    };
    let Some(&last) = body.last() else { return };
    body.push(id);
    let shape = plan.nodes[last].output;
    zero.id = id;
    zero.name.push_str(".silence");
    zero.op = Op::Multiplier {
        count: 1,
        value: 0.0,
        learned: false,
    };
    (zero.input, zero.output) = (shape, shape);
    zero.parent = Some(concat);
    plan.nodes.push(zero);
}
