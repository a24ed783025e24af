//! What is trained.

/// Names of the descriptions of the networks that both programs train, shallow to deep, then by kind.
pub(super) const WORKLOADS: &[&str] = &[
    "mlp-100x128",
    "mlp-1000x64",
    "mlp-10000x32",
    "resnet-20",
    "densenet-40",
    "transformer-6x128",
    "ln-lstm-128",
    "highway-50x64",
];
