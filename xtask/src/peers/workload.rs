//! What is trained.

/// A network that both programs train, and how long a block of it is at least.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    /// Also the name of its description.
    pub(super) name: &'static str,
    /// Tens of steps in a block: the default schedule measures every tenth step.
    pub(super) tens: u64,
}

/// All of them, shallow to deep, then by kind.
pub(super) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "mlp-100x128",
        tens: 4,
    },
    Workload {
        name: "mlp-1000x64",
        tens: 1,
    },
    Workload {
        name: "mlp-10000x32",
        tens: 1,
    },
    Workload {
        name: "resnet-20",
        tens: 1,
    },
    Workload {
        name: "densenet-40",
        tens: 1,
    },
    Workload {
        name: "transformer-6x128",
        tens: 1,
    },
    Workload {
        name: "ln-lstm-128",
        tens: 1,
    },
    Workload {
        name: "highway-50x64",
        tens: 4,
    },
];
