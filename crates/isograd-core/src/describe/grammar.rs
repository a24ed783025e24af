//! The tables of a description and their fields.

use super::kind::{Bounds, Kind, Word};
use super::registry::{Field, Info};
use super::{blocks, loss, optimizer, schedule, source};

const TARGETS: &[Word] = &[
    ("index", "a class number, used as it is"),
    ("one_hot", "a class number, one-hot in the loss"),
    ("binary", "0 or 1"),
    ("multi_hot", "several 0 or 1"),
    ("real", "real numbers"),
];
const METRICS: &[Word] = &[
    (
        "accuracy",
        "share of examples whose largest output is the right class",
    ),
    (
        "binary_accuracy",
        "share of outputs on the right side of ½ (0 on logits)",
    ),
    ("mae", "mean absolute error"),
    ("mse", "mean squared error"),
    ("r2", "1 − residual variance ÷ variance"),
];

const fn section(name: &'static str, doc: &'static str, fields: &'static [Field]) -> Info {
    Info {
        name,
        aka: &[],
        doc,
        fields,
        common: &[],
        main: None,
        example: "",
    }
}

/// The whole description.
pub(crate) const ROOT: Info = section(
    "description",
    "What the data, the network and its training are",
    &[
        Field::optional(
            "name",
            Kind::Text,
            "name; default the file's, without .toml",
        ),
        Field::or("seed", Kind::Seed, "1", "seed of every random number"),
        Field::required("data", Kind::Data, "where the examples come from"),
        Field::required("network", Kind::Network, "the layers"),
        Field::required("train", Kind::Train, "loss, optimiser and budget"),
    ],
);

/// The `[data]` table.
pub(crate) const DATA: Info = section(
    "data",
    "Where the examples come from",
    &[
        Field::required(
            "source",
            Kind::Source,
            "generator, named set or file format",
        ),
        Field::optional("train", Kind::Part, "the training part; files need it"),
        Field::or(
            "valid",
            Kind::HeldOut,
            "0.2",
            "the validation part; a share is drawn with the seed and taken out of the training part",
        ),
        Field::optional(
            "test",
            Kind::HeldOut,
            "the test part; default: that of a named set, else none",
        ),
        Field::optional(
            "target",
            Kind::Word(TARGETS),
            "what the targets are; default: what the source says",
        ),
        Field::optional(
            "outputs",
            Kind::Count(1),
            "classes, labels or targets of an example; default: what the training part has",
        ),
        Field::optional(
            "shape",
            Kind::Sizes,
            "shape an example is read as; default: what the source says",
        ),
        Field::or(
            "scale",
            Kind::Scale,
            "\"none\"",
            "scaling of the inputs, fitted on the training part: \"standard\": zero mean, unit \
             deviation (by column of a table, by channel of an image, over all of a sequence); \
             \"min_max\": into [0, 1]; \"1/255\": divided by 255",
        ),
        Field::or(
            "target_scale",
            Kind::Word(&[
                ("none", "as they are"),
                (
                    "standard",
                    "zero mean and unit deviation on the training part",
                ),
                ("min_max", "into [0, 1] on the training part"),
            ]),
            "\"none\"",
            "scaling of real targets; metrics stay in the original unit",
        ),
        Field::or(
            "augment",
            Kind::Augments,
            "[]",
            "what is done to the inputs of every training batch, in order",
        ),
        Field::or(
            "shuffle",
            Kind::Flag,
            "true",
            "training order is drawn anew every epoch",
        ),
        Field::or(
            "label_noise",
            Kind::Number(Bounds::SHARE),
            "0.0",
            "probability that the label of a training example is replaced by one of the other classes, \
             drawn evenly with the seed; validation and test keep theirs",
        ),
    ],
);

/// One part of the data.
pub(crate) const PART: Info = section(
    "part",
    "One part of the data; a text alone is its file, of a named set its split",
    &[
        Field::optional("file", Kind::File, "its file, plain or gzip"),
        Field::optional(
            "split",
            Kind::Text,
            "which part of a named set; default: the one of the same name",
        ),
        Field::optional(
            "first",
            Kind::Count(1),
            "only the first so many rows (after `rows`)",
        ),
        Field::optional(
            "rows",
            Kind::File,
            "a file of row numbers to take (CSV with header, first column, counted from 0)",
        ),
        Field::optional(
            "labels",
            Kind::File,
            "the file of labels that belongs to `file`, or a CSV that replaces the labels",
        ),
        Field::optional(
            "targets",
            Kind::File,
            "a file of real targets that replaces the targets",
        ),
        Field::optional(
            "scores",
            Kind::File,
            "a file with the difficulty of each row, for `train.curriculum`",
        ),
        Field::optional(
            "scale",
            Kind::Scale,
            "scaling of this part's inputs, where it is not that of the others",
        ),
    ],
);

/// The `[network]` table.
pub(crate) const NETWORK: Info = section(
    "network",
    "The layers",
    &[
        Field::or(
            "init",
            Kind::Init,
            "\"glorot_uniform\"",
            "initialisation of weights that have none of their own",
        ),
        Field::or(
            "bias_init",
            Kind::Init,
            "\"zeros\"",
            "initialisation of biases that have none of their own",
        ),
        Field::required("layers", Kind::Layers, "the blocks, in order"),
    ],
);

/// The `[train]` table.
pub(crate) const TRAIN: Info = section(
    "train",
    "Loss, optimiser and budget",
    &[
        Field::required("loss", Kind::Loss, "what is minimised"),
        Field::required("optimizer", Kind::Optimizer, "how"),
        Field::or(
            "batch",
            Kind::Count(1),
            "128",
            "examples a step; the last batch of an epoch may be smaller",
        ),
        Field::or(
            "epochs",
            Kind::Count(1),
            "10",
            "passes over the training part",
        ),
        Field::optional(
            "steps",
            Kind::Count(1),
            "stops after this many steps, if the epochs have not ended before",
        ),
        Field::or(
            "clip",
            Kind::Clip,
            "{}",
            "clipping of gradients: by value, each tensor's norm, adaptive, then the global norm",
        ),
        Field::or(
            "schedule",
            Kind::Schedule,
            "\"constant\"",
            "the learning rate over time",
        ),
        Field::or(
            "accumulate",
            Kind::Count(1),
            "1",
            "batches whose gradients make one step, as one batch so many times as large (batch \
             normalisation still sees the small ones)",
        ),
        Field::or(
            "checkpoint",
            Kind::Checkpoint,
            "false",
            "gradient checkpointing: the network is cut into so many pieces (true: ⌈√layers⌉), of \
             which only the inputs are kept, and each is computed a second time in front of its \
             backward pass: the same numbers in about 4/3 of the time, and memory that grows with \
             the square root of the depth",
        ),
        Field::or(
            "l1",
            Kind::Number(Bounds::NOT_NEGATIVE),
            "0.0",
            "L1 penalty λ·Σ|w| on every weight matrix and kernel, beside a block's own",
        ),
        Field::or(
            "l2",
            Kind::Number(Bounds::NOT_NEGATIVE),
            "0.0",
            "L2 penalty λ·Σw² on every weight matrix and kernel, beside a block's own",
        ),
        Field::optional(
            "curriculum",
            Kind::Curriculum,
            "which examples are drawn from at each step; default all",
        ),
        Field::optional(
            "metric",
            Kind::Word(METRICS),
            "what is reported on the validation part; default: what fits the task",
        ),
    ],
);

/// The table of clipping.
pub(crate) const CLIP: Info = section(
    "clip",
    "Clipping of gradients",
    &[
        Field::optional(
            "global_norm",
            Kind::Number(Bounds::POSITIVE),
            "scaled down when the norm over all parameters together exceeds this",
        ),
        Field::optional(
            "value",
            Kind::Number(Bounds::POSITIVE),
            "every element into [−value, value]",
        ),
        Field::optional(
            "norm",
            Kind::Number(Bounds::POSITIVE),
            "each tensor is scaled down by itself when its norm exceeds this",
        ),
        Field::optional(
            "adaptive",
            Kind::Number(Bounds::POSITIVE),
            "the gradient of each unit of matrices and kernels is scaled down when its norm exceeds \
             this share of the norm of the unit's weights (1e-3 at least), the last matrix excepted \
             (Brock et al. 2021)",
        ),
    ],
);

/// All tables.
pub(crate) const SECTIONS: &[&Info] = &[&ROOT, &DATA, &PART, &NETWORK, &TRAIN, &CLIP];

/// Where a key that is not known here, in a block or elsewhere, belongs.
pub(crate) fn home_of(key: &str, in_block: bool) -> Option<String> {
    if in_block && key.contains("activation") {
        return Some(
            "no block, an activation is a block of its own: { dense = 64 }, \"relu\"".into(),
        );
    }
    let has = |info: &Info| info.all_fields().any(|field| field.name == key);
    let block = || {
        let entry = blocks::entries().find(|entry| has(&entry.info))?;
        Some(format!("other blocks, such as `{}`", entry.info.name))
    };
    if in_block && let Some(home) = block() {
        return Some(home);
    }
    if let Some(home) = [&DATA, &NETWORK, &TRAIN, &CLIP, &PART]
        .iter()
        .find(|info| info.fields.iter().any(|field| field.name == key))
    {
        return Some(match home.name {
            "clip" => "`train.clip`".to_owned(),
            "part" => "a part of the data: `data.train`, `data.valid` or `data.test`".to_owned(),
            name => format!("`{name}`"),
        });
    }
    if loss::ENTRIES.iter().any(|entry| has(&entry.info)) {
        return Some("`train.loss`".into());
    }
    if let Some(entry) = optimizer::ENTRIES.iter().find(|entry| has(&entry.info)) {
        return Some(format!("`train.optimizer`, as in {}", entry.info.example));
    }
    if let Some(entry) = schedule::ENTRIES.iter().find(|entry| has(&entry.info)) {
        return Some(format!("`train.schedule`, as in {}", entry.info.example));
    }
    if let Some(entry) = source::ENTRIES.iter().find(|entry| has(&entry.info)) {
        return Some(format!("`data.source`, as in {}", entry.info.example));
    }
    block()
}
