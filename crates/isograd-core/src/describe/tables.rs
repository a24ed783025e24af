//! Reading the tables of a description.

use super::args::Args;
use super::data::{DataSpec, HeldOut, PartSpec, Scale, Source, TargetKind, TargetScale};
use super::error::{DescribeError, ErrorKind};
use super::grammar::{CLIP, DATA, NETWORK, PART, ROOT, TRAIN};
use super::kind::{Bounds, Kind};
use super::network::{Init, NetworkSpec};
use super::read::{Input, Result, named};
use super::registry::Info;
use super::train::{Checkpoint, ClipSpec, Metric, TrainSpec};
use super::{Description, augment, curriculum, init, loss, optimizer, schedule, source};
use std::path::PathBuf;
use toml::de::DeValue;

/// Opens a table with the fields of `info`.
fn open<'a>(input: &Input<'a>, info: &Info, kind: Kind) -> Result<Args<'a>> {
    let what = match info.name {
        "description" => "the description".to_owned(),
        "part" => format!("`{}`", input.path),
        name => format!("[{name}]"),
    };
    let mut args = Args::new(what, info, input.clone());
    args.take(input.table(kind)?, &input.path, &[])?;
    Ok(args)
}

/// Reads the whole description.
pub(crate) fn read(root: &Input<'_>, name: &str) -> Result<Description> {
    let args = open(root, &ROOT, Kind::Data)?;
    Ok(Description {
        name: args.maybe_text("name")?.unwrap_or_else(|| name.to_owned()),
        seed: args.seed("seed")?,
        data: args.get("data", read_data)?,
        network: args.get("network", read_network)?,
        train: args.get("train", read_train)?,
    })
}

fn read_network(input: &Input<'_>) -> Result<NetworkSpec> {
    let args = open(input, &NETWORK, Kind::Network)?;
    let read = |input: &Input<'_>| named(input, "initialisation", Kind::Init, init::ENTRIES);
    let init: Init = args.get("init", read)?;
    let bias_init = args.get("bias_init", read)?;
    let layers = args.layers("layers")?;
    Ok(NetworkSpec {
        init,
        bias_init,
        layers,
    })
}

fn read_train(input: &Input<'_>) -> Result<TrainSpec> {
    let args = open(input, &TRAIN, Kind::Train)?;
    Ok(TrainSpec {
        loss: args.get("loss", |input| {
            named(input, "loss", Kind::Loss, loss::ENTRIES)
        })?,
        optimizer: args.get("optimizer", |input| {
            named(input, "optimizer", Kind::Optimizer, optimizer::ENTRIES)
        })?,
        batch: args.count("batch")?,
        epochs: args.count("epochs")?,
        steps: args.maybe_count("steps")?,
        clip: args.get("clip", read_clip)?,
        schedule: args.get("schedule", |input| {
            named(input, "schedule", Kind::Schedule, schedule::ENTRIES)
        })?,
        accumulate: args.count("accumulate")?,
        checkpoint: args.get("checkpoint", |input| match input.value.as_bool() {
            Some(true) => Ok(Checkpoint::Root),
            Some(false) => Ok(Checkpoint::Off),
            None => input.count(1, Kind::Checkpoint).map(Checkpoint::Pieces),
        })?,
        l1: args.number("l1")?,
        l2: args.number("l2")?,
        curriculum: args.maybe("curriculum", |input| {
            named(input, "curriculum", Kind::Curriculum, curriculum::ENTRIES)
        })?,
        metric: args.maybe_word("metric")?.map(|word| match word {
            "binary_accuracy" => Metric::BinaryAccuracy,
            "mae" => Metric::Mae,
            "mse" => Metric::Mse,
            "r2" => Metric::R2,
            _ => Metric::Accuracy,
        }),
    })
}

pub(super) fn read_clip(input: &Input<'_>) -> Result<ClipSpec> {
    let args = open(input, &CLIP, Kind::Clip)?;
    Ok(ClipSpec {
        value: args.maybe_number("value")?,
        norm: args.maybe_number("norm")?,
        adaptive: args.maybe_number("adaptive")?,
        global_norm: args.maybe_number("global_norm")?,
    })
}

pub(super) fn read_data(input: &Input<'_>) -> Result<DataSpec> {
    let args = open(input, &DATA, Kind::Data)?;
    let source = args.get("source", |input| {
        named(input, "source", Kind::Source, source::ENTRIES)
    })?;
    let train = args.maybe("train", |input| read_part(input, &source))?;
    if source.has_files() && train.as_ref().is_none_or(|part| part.file.is_none()) {
        let place = args.written("train").unwrap_or(&args.place);
        return Err(place
            .error(
                ErrorKind::MissingKey,
                "a source of files needs the file of the training part",
            )
            .hint("say it, as in train = \"train.csv\""));
    }
    Ok(DataSpec {
        train: train.unwrap_or_default(),
        valid: args.get("valid", |input| read_held_out(input, &source))?,
        test: match args.maybe("test", |input| read_held_out(input, &source))? {
            Some(test) => test,
            None if source.named().is_some() => HeldOut::Part(PartSpec {
                split: Some("test".into()),
                ..PartSpec::default()
            }),
            None => HeldOut::None,
        },
        target: args.maybe_word("target")?.map(|word| match word {
            "one_hot" => TargetKind::OneHot,
            "binary" => TargetKind::Binary,
            "multi_hot" => TargetKind::MultiHot,
            "real" => TargetKind::Real,
            _ => TargetKind::Index,
        }),
        outputs: args.maybe_count("outputs")?,
        shape: args.maybe("shape", read_sizes)?,
        scale: args.get("scale", read_scale)?,
        target_scale: match args.word("target_scale")? {
            "standard" => TargetScale::Standard,
            "min_max" => TargetScale::MinMax,
            _ => TargetScale::None,
        },
        augment: args.get("augment", |input| {
            let items = input.items(Kind::Augments)?;
            items
                .iter()
                .map(|item| named(item, "augmentation", Kind::Augments, augment::ENTRIES))
                .collect()
        })?,
        shuffle: args.flag("shuffle")?,
        label_noise: args.number("label_noise")?,
        source,
    })
}

fn read_sizes(input: &Input<'_>) -> Result<Vec<usize>> {
    let items = input.items(Kind::Sizes)?;
    if !(1..=3).contains(&items.len()) {
        return Err(input.refuse(ErrorKind::OutOfRange, Kind::Sizes));
    }
    items
        .iter()
        .map(|item| item.count(1, Kind::Count(1)))
        .collect()
}

fn read_part(input: &Input<'_>, source: &Source) -> Result<PartSpec> {
    let mut part = PartSpec::default();
    match input.value {
        DeValue::String(text) if source.named().is_some() => {
            part.split = Some(text.to_string());
        }
        DeValue::String(text) if !text.is_empty() => part.file = Some(PathBuf::from(text.as_ref())),
        DeValue::Table(_) => {
            let args = open(input, &PART, Kind::Part)?;
            let file = |name| args.maybe_text(name).map(|text| text.map(PathBuf::from));
            part = PartSpec {
                file: file("file")?,
                split: args.maybe_text("split")?,
                first: args.maybe_count("first")?,
                rows: file("rows")?,
                labels: file("labels")?,
                targets: file("targets")?,
                scores: file("scores")?,
                scale: args.maybe("scale", read_scale)?,
            };
        }
        DeValue::String(_) => return Err(input.refuse(ErrorKind::OutOfRange, Kind::Part)),
        _ => return Err(input.refuse(ErrorKind::WrongType, Kind::Part)),
    }
    if part.file.is_some() && !source.has_files() {
        return Err(input
            .error(ErrorKind::Conflict, "this source has no files of its own")
            .hint("for a file, say its format: source = \"csv\", \"idx\", \"npy\" …"));
    }
    if part.split.is_some() && source.named().is_none() {
        return Err(input.error(ErrorKind::Conflict, "only a named set has a `split`"));
    }
    Ok(part)
}

fn read_held_out(input: &Input<'_>, source: &Source) -> Result<HeldOut> {
    match input.value {
        DeValue::Boolean(false) => Ok(HeldOut::None),
        DeValue::Integer(_) | DeValue::Float(_) => input
            .number(Kind::Number(Bounds::INSIDE))
            .map(HeldOut::Fraction)
            .map_err(|e| e.accepts(Kind::HeldOut.words())),
        DeValue::String(_) | DeValue::Table(_) => {
            let part = read_part(input, source)?;
            if source.has_files() && part.file.is_none() {
                let message = format!("`{}` needs `file`", input.key());
                return Err(input.error(ErrorKind::MissingKey, message));
            }
            Ok(HeldOut::Part(part))
        }
        _ => Err(input.refuse(ErrorKind::WrongType, Kind::HeldOut)),
    }
}

fn read_scale(input: &Input<'_>) -> Result<Scale> {
    let text = input.text(Kind::Scale)?;
    match text {
        "none" => Ok(Scale::None),
        "standard" => Ok(Scale::Standard),
        "min_max" => Ok(Scale::MinMax),
        _ => divisor(text).map(Scale::Divide).ok_or_else(|| {
            let known = ["none", "standard", "min_max"].into_iter();
            let error: DescribeError = input.unknown_word("word for `scale`:", text, known, None);
            error.accepts(Kind::Scale.words())
        }),
    }
}

/// The number that `1/255/255` divides by.
fn divisor(text: &str) -> Option<f64> {
    let mut parts = text.split('/').map(str::trim);
    if parts.next() != Some("1") {
        return None;
    }
    let numbers: Option<Vec<f64>> = parts.map(|part| part.parse().ok()).collect();
    let product: f64 = numbers.filter(|n| !n.is_empty())?.iter().product();
    (product.is_finite() && product > 0.0).then_some(product)
}
