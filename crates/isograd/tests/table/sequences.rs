//! Blocks of sequences: embedding, positions, attention, Transformer layers.

use super::differences::{SEQUENCE, differences};
use super::item::Item;
use super::torch::torch;

pub(crate) fn sequences() -> Vec<Item> {
    let family = "sequence";
    let torch = |name, path| torch(family, name, path);
    let differences = |name, layers| differences(family, name, layers, SEQUENCE);
    let end = r#""flatten", { dense = 3 }"#;
    let ending = |layers: &str| format!("{layers}, {end}");
    vec![
        torch("embedding, ids", "sequences/embedding-ids"),
        torch("embedding, one-hot", "sequences/embedding-one-hot"),
        torch("positions, sinusoidal", "sequences/positions-sinusoidal"),
        torch("positions, learned", "sequences/positions-learned"),
        torch("patches", "sequences/patches"),
        torch("queries", "sequences/queries"),
        torch("attention", "sequences/attention"),
        torch("attention, one head", "sequences/attention-one-head"),
        torch("attention, causal", "sequences/attention-causal"),
        torch(
            "attention, without bias",
            "sequences/attention-without-bias",
        ),
        differences(
            "global_avg_pool, sequences",
            r#"{ dense = 4 }, "tanh", "global_avg_pool", { dense = 3 }"#,
        ),
        differences(
            "global_max_pool, sequences",
            r#"{ dense = 4 }, "tanh", "global_max_pool", { dense = 3 }"#,
        ),
        differences(
            "attention, dropout",
            &ending("{ attention = 3, rate = 0.3 }"),
        ),
        differences(
            "attention, to a memory",
            &ending(r#"{ dense = 4, name = "m" }, { dense = 6 }, { attention = 2, memory = "m" }"#),
        ),
        torch("transformer, pre", "sequences/transformer-pre"),
        torch("transformer, post", "sequences/transformer-post"),
        torch("transformer, post, relu", "sequences/transformer-post-relu"),
        torch(
            "transformer, pre, causal",
            "sequences/transformer-pre-causal",
        ),
        torch("transformer, pre, 6 layers", "sequences/transformer-pre-6"),
        torch(
            "transformer, decoder, pre",
            "sequences/transformer-decoder-pre",
        ),
        torch(
            "transformer, decoder, post",
            "sequences/transformer-decoder-post",
        ),
        torch("transformer, deep", "sequences/transformer-deep"),
        torch(
            "transformer, decoder, deep",
            "sequences/transformer-decoder-deep",
        ),
        differences(
            "transformer, pre, dropout",
            &ending("{ dense = 4 }, { transformer = 2, ff = 6, count = 2, rate = 0.2 }"),
        ),
        differences(
            "transformer, none",
            &ending(r#"{ dense = 4 }, { transformer = 2, ff = 6, norm = "none" }"#),
        ),
        differences(
            "transformer, encoder and decoder",
            &ending(
                r#""positions", { transformer = 3, ff = 5, norm = "deep", decoder_depth = 1, name = "encoder" }, { queries = 2 }, { transformer = 3, ff = 5, norm = "deep", memory = "encoder" }"#,
            ),
        ),
    ]
}
