//! Augmentations of training batches.

use super::data::Augment;
use super::kind::{Bounds, Kind};
use super::registry::{Entry, Field};

const fn probability(doc: &'static str) -> Field {
    Field::or("probability", Kind::Number(Bounds::SHARE), "0.5", doc)
}

/// All augmentations.
pub(crate) const ENTRIES: &[Entry<Augment>] = &[
    Entry::new(
        "uniform_noise",
        "Adds U(−delta, delta) to elements",
        &[
            probability("of each element"),
            Field::required("delta", Kind::Number(Bounds::NOT_NEGATIVE), "half width"),
        ],
        r#"[{ name = "uniform_noise", probability = 0.5, delta = 0.1 }]"#,
        |a| {
            Ok(Augment::UniformNoise {
                probability: a.number("probability")?,
                delta: a.number("delta")?,
            })
        },
    ),
    Entry::new(
        "erase_box",
        "Sets one box, the same for the whole batch, to a value",
        &[
            probability("that a batch gets one"),
            Field::or(
                "area",
                Kind::Interval(Bounds::SHARE),
                "[0.02, 0.33]",
                "share of the image's area",
            ),
            Field::or(
                "aspect",
                Kind::Interval(Bounds::POSITIVE),
                "[0.3, 3.3]",
                "height over width",
            ),
            Field::or(
                "value",
                Kind::Number(Bounds::ANY),
                "0.0",
                "what the box is set to",
            ),
        ],
        r#"[{ name = "erase_box", probability = 0.5, area = [0.1, 0.2] }]"#,
        |a| {
            Ok(Augment::EraseBox {
                probability: a.number("probability")?,
                area: a.interval("area")?,
                aspect: a.interval("aspect")?,
                value: a.number("value")?,
            })
        },
    ),
    Entry::new(
        "flip_horizontal",
        "Mirrors images left to right",
        &[probability("of each image")],
        r#"["flip_horizontal"]"#,
        |a| {
            Ok(Augment::FlipHorizontal {
                probability: a.number("probability")?,
            })
        },
    ),
    Entry::new(
        "shift",
        "Moves each image by up to so many pixels each way, filled with zeros",
        &[Field::or("pixels", Kind::Count(0), "2", "largest shift")],
        r#"[{ name = "shift", pixels = 3 }, "flip_horizontal"]"#,
        |a| {
            Ok(Augment::Shift {
                pixels: a.count("pixels")?,
            })
        },
    ),
];
