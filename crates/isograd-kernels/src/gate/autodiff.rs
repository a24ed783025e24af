//! The gate in a graph: one node with three parents.

use super::GateBackend;
use crate::probe::Watch;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};

impl<B: GateBackend, C: CheckpointStrategy> GateBackend for Autodiff<B, C> {
    fn gate(
        h: FloatTensor<Self>,
        t: FloatTensor<Self>,
        x: FloatTensor<Self>,
        watch: Option<Watch>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct GateBack;

        impl<B: GateBackend> Backward<B, 3> for GateBack {
            type State = (
                FloatTensor<B>,
                FloatTensor<B>,
                FloatTensor<B>,
                Option<Watch>,
            );

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (h, t, x, watch) = ops.state;
                let (dh, dt, dx) = B::gate_backward(h, t, x, gradient, watch);
                for (node, gradient) in ops.parents.into_iter().zip([dh, dt, dx]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let (h, on_h) = h.into_parts();
        let (t, on_t) = t.into_parts();
        let (x, on_x) = x.into_parts();
        match GateBack
            .prepare::<C>([on_h, on_t, on_x])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let y = B::gate(h.clone(), t.clone(), x.clone(), watch.clone());
                prep.finish((h, t, x, watch), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::gate(h, t, x, watch)),
        }
    }

    fn gate_backward(
        h: FloatTensor<Self>,
        t: FloatTensor<Self>,
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        // Gradients of gradients are not taken of a fused operation.
        let (dh, dt, dx) = B::gate_backward(
            h.into_primitive(),
            t.into_primitive(),
            x.into_primitive(),
            gradient.into_primitive(),
            watch,
        );
        (
            <Self as AutodiffBackend>::from_inner(dh),
            <Self as AutodiffBackend>::from_inner(dt),
            <Self as AutodiffBackend>::from_inner(dx),
        )
    }
}
