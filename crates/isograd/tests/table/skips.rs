//! Where paths meet: residuals and their options, highways, concatenations, gates, ready networks.

use super::differences::{FLAT, IMAGE, SEQUENCE, differences};
use super::item::Item;

pub(crate) fn skips() -> Vec<Item> {
    let differences = |name, layers, input| differences("architecture", name, layers, input);
    vec![
        differences(
            "residual, scale",
            r#"{ dense = 6 }, { residual = { layers = [ { dense = 6 }, "tanh" ], scale = 0.3 } }, { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "residual, 1/√L",
            r#"{ dense = 6 }, { repeat = 3, layers = [ { residual = { layers = [ { dense = 6 }, "tanh" ], scale = "inverse_sqrt_depth" } } ] }, { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "residual, skip_scale",
            r#"{ dense = 6 }, { residual = { layers = [ { dense = 6 }, "tanh" ], skip_scale = 1.7 } }, "layer_norm", { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "residual, drop",
            r#"{ dense = 6 }, { repeat = 3, layers = [ { residual = { layers = [ { dense = 6 }, "tanh" ], drop = 0.5 } } ] }, { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "residual, drop by batch",
            r#"{ conv2d = 4 }, { repeat = 3, layers = [ { residual = { layers = [ { conv2d = 4 }, "tanh" ], drop = 0.4, drop_rule = "constant", drop_per = "batch" } } ] }, "global_avg_pool", { dense = 3 }"#,
            IMAGE,
        ),
        differences(
            "residual, rezero",
            r#"{ dense = 6 }, { residual = { layers = [ { dense = 6 }, "tanh" ], rezero = true } }, { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "residual, layer_scale",
            r#"{ dense = 6 }, { residual = { layers = [ { dense = 6 }, "tanh" ], layer_scale = 0.1 } }, "flatten", { dense = 3 }"#,
            SEQUENCE,
        ),
        differences(
            "residual, layer_scale, images",
            r#"{ conv2d = 4 }, { residual = { layers = [ { conv2d = 4 }, "tanh" ], layer_scale = 0.1 } }, "global_avg_pool", { dense = 3 }"#,
            IMAGE,
        ),
        differences(
            "residual, fixup",
            r#"{ conv2d = 4 }, { repeat = 2, layers = [ { residual = { layers = [ { conv2d = 4 }, "tanh", { conv2d = 4 } ], fixup = true } } ] }, "global_avg_pool", { dense = 3, init = "glorot_uniform" }"#,
            IMAGE,
        ),
        differences(
            "residual, padding shortcut",
            r#"{ residual = { layers = [ { conv2d = 5, stride = 2 }, "tanh" ], shortcut = "pad" } }, "global_avg_pool", { dense = 3 }"#,
            IMAGE,
        ),
        differences(
            "multiplier",
            r#"{ dense = 6 }, { multiplier = 0.7 }, "tanh", { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "multiplier, by unit",
            r#"{ dense = 4 }, { multiplier = 0.7, per = "unit" }, "tanh", "flatten", { dense = 3 }"#,
            SEQUENCE,
        ),
        differences(
            "offset",
            r#"{ dense = 6 }, { offset = 0.2 }, "tanh", { dense = 3 }"#,
            FLAT,
        ),
        differences(
            "offset, by unit",
            r#"{ conv2d = 3 }, { offset = 0.2, per = "unit" }, "tanh", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        differences(
            "drop_path",
            r#"{ dense = 6 }, { drop_path = 0.3 }, "tanh", { dense = 3 }"#,
            FLAT,
        ),
    ]
}
