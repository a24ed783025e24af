//! The layer in a graph: one node, whose parents are its input and its parameters.

use super::{Dense, DenseBackend};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};

impl<B: DenseBackend, C: CheckpointStrategy> DenseBackend for Autodiff<B, C> {
    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        biased: bool,
        layer: Dense,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct DenseBack;

        impl<B: DenseBackend> Backward<B, 3> for DenseBack {
            type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, Dense);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (x, weight, saved, layer) = ops.state;
                let needed = ops.parents.each_ref().map(Option::is_some);
                let (dx, dw, db) = B::dense_backward(x, weight, saved, gradient, needed, &layer);
                for (node, gradient) in ops.parents.into_iter().zip([dx, dw, db]) {
                    if let (Some(node), Some(gradient)) = (node, gradient) {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let (x, on_x) = x.into_parts();
        let (weight, on_weight) = weight.into_parts();
        let (bias, on_bias) = bias.into_parts();
        match DenseBack
            .prepare::<C>([on_x, on_weight, on_bias])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let (y, saved) = B::dense_saving(x.clone(), weight.clone(), bias, biased, &layer);
                prep.finish((x, weight, saved, layer), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::dense(x, weight, bias, biased, layer)),
        }
    }

    // Gradients of gradients are not taken of a fused operation.

    fn dense_saving(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        biased: bool,
        layer: &Dense,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (y, saved) = B::dense_saving(
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
            biased,
            layer,
        );
        (
            <Self as AutodiffBackend>::from_inner(y),
            <Self as AutodiffBackend>::from_inner(saved),
        )
    }

    fn dense_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        saved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        needed: [bool; 3],
        layer: &Dense,
    ) -> (
        Option<FloatTensor<Self>>,
        Option<FloatTensor<Self>>,
        Option<FloatTensor<Self>>,
    ) {
        let (dx, dw, db) = B::dense_backward(
            x.into_primitive(),
            weight.into_primitive(),
            saved.into_primitive(),
            gradient.into_primitive(),
            needed,
            layer,
        );
        let outer = |d: Option<FloatTensor<B>>| d.map(<Self as AutodiffBackend>::from_inner);
        (outer(dx), outer(dw), outer(db))
    }
}
