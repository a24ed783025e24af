//! Real programs, faulty and healthy, said as descriptions: nothing of them may be lost.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use isograd_core::describe::{DataShape, Document, Shape, Task};
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};

/// The folder of shared data; `None` where there is none, which is an error if it was named.
fn shared() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ISOGRAD_SHARED") {
        let path = PathBuf::from(named);
        assert!(
            path.join("cases").is_dir(),
            "{} has no cases",
            path.display()
        );
        return Some(path);
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    beside.join("cases").is_dir().then_some(beside)
}

/// The fields of a case; what is not taken out is lost.
struct Fields(Map<String, Json>);

impl Fields {
    fn of(json: &Json) -> Self {
        Self(json.as_object().unwrap().clone())
    }

    fn take(&mut self, key: &str) -> Option<Json> {
        self.0.remove(key)
    }

    fn text(&mut self, key: &str) -> String {
        self.take(key).unwrap().as_str().unwrap().to_owned()
    }

    /// A field that must have this value, which needs no word here.
    fn only(&mut self, key: &str, value: &Json) {
        if let Some(given) = self.take(key) {
            assert_eq!(&given, value, "{key}");
        }
    }

    fn all_taken(self, what: &str) {
        assert!(self.0.is_empty(), "lost of {what}: {:?}", self.0);
    }

    fn move_to(&mut self, to: &mut Map<String, Json>, keys: &[&str]) {
        for key in keys {
            if let Some(value) = self.take(key) {
                to.insert((*key).to_owned(), value);
            }
        }
    }
}

fn init(json: &Json) -> Json {
    let mut init = json.clone();
    let name = init["name"].as_str().unwrap().replace("random_", "");
    // He, Glorot and LeCun normal are truncated in Keras.
    if ["he_normal", "glorot_normal", "lecun_normal"].contains(&name.as_str()) {
        init["truncated"] = json!(true);
    }
    init["name"] = json!(name);
    init
}

fn layer(json: &Json, blocks: &mut Vec<Json>) {
    let mut fields = Fields::of(json);
    let mut block = Map::new();
    let kind = fields.text("type");
    let (word, main) = match kind.as_str() {
        "dense" => ("dense", Some("units")),
        "conv2d" => ("conv2d", Some("filters")),
        "maxpool2d" => ("max_pool2d", Some("kernel")),
        "avgpool2d" => ("avg_pool2d", Some("kernel")),
        "upsampling2d" => ("upsampling2d", Some("factor")),
        "dropout" => ("dropout", Some("rate")),
        "flatten" => ("flatten", None),
        "batchnorm" => ("batch_norm", None),
        "activation" => {
            let activation = fields.text("activation");
            fields.all_taken(&kind);
            return blocks.push(json!(activation));
        }
        other => panic!("unknown layer {other}"),
    };
    block.insert(
        word.into(),
        main.map_or(json!(true), |main| fields.take(main).unwrap()),
    );
    for key in ["init", "bias_init"] {
        if let Some(value) = fields.take(key) {
            block.insert(key.into(), init(&value));
        }
    }
    let plain = [
        "kernel", "stride", "padding", "bias", "l1", "l2", "momentum", "epsilon",
    ];
    fields.move_to(&mut block, &plain);
    if let Some(statistics) = fields.take("eval_statistics") {
        block.insert(
            "eval_statistics".into(),
            json!(statistics.as_str().unwrap().replace('-', "_")),
        );
    }
    blocks.push(Json::Object(block));
    if let Some(activation) = fields.take("activation") {
        blocks.push(match fields.take("softmax_axis") {
            Some(axis) => json!({ "softmax": true, "axis": axis }),
            None => activation,
        });
    }
    fields.all_taken(&kind);
}

fn part(
    json: &Json,
    n: Option<Json>,
    source: &mut Option<Json>,
    augment: &mut Option<Json>,
) -> Json {
    let mut part = Map::new();
    if let Some(file) = json.as_str() {
        *source = Some(json!("csv"));
        part.insert("file".into(), json!(file));
    } else {
        let mut fields = Fields::of(json);
        *source = fields.take("set");
        fields.move_to(
            &mut part,
            &["split", "first", "scale", "labels", "targets", "rows"],
        );
        *augment = fields.take("augment");
        fields.all_taken("a part");
    }
    if let Some(n) = n {
        part.insert("first".into(), n);
    }
    Json::Object(part)
}

fn data(json: &Json, budget: &mut Fields) -> (Json, DataShape) {
    let mut fields = Fields::of(json);
    for key in ["format", "note", "n_train", "n_valid"] {
        fields.take(key);
    }
    let (mut source, mut augment, mut none) = (None, None, None);
    let train = part(
        &fields.take("train").unwrap(),
        budget.take("n_train"),
        &mut source,
        &mut augment,
    );
    let valid = part(
        &fields.take("valid").unwrap(),
        budget.take("n_valid"),
        &mut source,
        &mut none,
    );
    assert_eq!(none, None);
    let target = fields
        .text("target")
        .replace("onehot", "one_hot")
        .replace("multihot", "multi_hot");
    let shape = fields.take("input_shape").unwrap();
    let outputs = fields.take("outputs").unwrap();
    let augment: Vec<Json> = augment
        .iter()
        .flat_map(|augment| augment.as_object().unwrap())
        .map(|(name, options)| {
            let mut options = Fields::of(options);
            options.only("per", &json!("batch"));
            options.0.insert("name".into(), json!(name));
            Json::Object(options.0)
        })
        .collect();
    fields.all_taken("data");
    let n = outputs.as_u64().unwrap() as usize;
    let sizes: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
    let data = DataShape {
        input: match sizes.as_slice() {
            [features] => Shape::Flat(*features),
            [height, width, channels] => Shape::Image {
                channels: *channels,
                height: *height,
                width: *width,
            },
            other => panic!("{other:?}"),
        },
        task: match target.as_str() {
            "real" => Task::Regression { targets: n },
            "binary" => Task::Binary,
            "multi_hot" => Task::MultiLabel { labels: n },
            _ => Task::Classification { classes: n },
        },
        examples: 1000,
    };
    let json = json!({
        "source": source, "train": train, "valid": valid, "target": target, "shape": shape,
        "outputs": outputs, "augment": augment,
    });
    (json, data)
}

fn loss(case: &mut Fields) -> Json {
    let program = case.text("loss");
    let name = match program.as_str() {
        "categorical_crossentropy" | "sparse_categorical_crossentropy" => "cross_entropy",
        "binary_crossentropy" => "binary_cross_entropy",
        name @ ("mse" | "mae" | "hinge" | "angle") => name,
        other => panic!("unknown loss {other}"),
    };
    let mut loss = Map::new();
    loss.insert("name".into(), json!(name));
    let logits = case.take("loss_on_logits").unwrap() == json!(true);
    loss.insert(
        "on".into(),
        json!(if logits { "logits" } else { "probabilities" }),
    );
    let mut options = Fields::of(&case.take("loss_options").unwrap());
    if name != "cross_entropy" {
        options.only("renormalise", &json!(false));
    }
    let plain = [
        "clip",
        "renormalise",
        "reduction",
        "over_outputs",
        "over_classes",
        "factor",
        "clip_cosine",
    ];
    options.move_to(&mut loss, &plain);
    if let Some(axis) = options.take("sum_axis") {
        loss.insert("sum_over_batch".into(), json!(axis == "batch"));
    }
    if let Some(broadcast) = options.take("broadcast") {
        loss.insert("pairwise".into(), json!(broadcast == "pairwise"));
    }
    options.all_taken("loss_options");
    Json::Object(loss)
}

fn convert(case: &Json) -> (Json, DataShape) {
    let mut fields = Fields::of(case);
    let mut budget = Fields::of(&fields.take("budget").unwrap());
    for key in ["scaled", "why"] {
        budget.take(key);
    }
    let (data, shape) = data(&fields.take("data").unwrap(), &mut budget);
    let mut layers = Vec::new();
    for one in fields.take("network").unwrap().as_array().unwrap() {
        layer(one, &mut layers);
    }
    let mut train = Map::new();
    train.insert("loss".into(), loss(&mut fields));
    train.insert("optimizer".into(), fields.take("optimizer").unwrap());
    train.insert("metric".into(), fields.take("metric").unwrap());
    budget.move_to(&mut train, &["epochs", "batch"]);
    budget.all_taken("budget");
    // What is left is about the program, not part of it.
    for key in [
        "title",
        "id",
        "group",
        "source",
        "task",
        "runnable",
        "not_runnable_because",
        "batch",
        "epochs",
        "truth",
        "fixes",
        "measured",
        "reported",
        "other_tools",
        "gradient_related",
        "reliability",
        "assumed",
        "note",
    ] {
        fields.take(key);
    }
    fields.all_taken("the case");
    (
        json!({ "data": data, "network": { "layers": layers }, "train": train }),
        shape,
    )
}

#[test]
fn every_real_program_can_be_said() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no folder of shared data");
        return;
    };
    let schema = jsonschema::draft202012::new(&isograd_core::describe::schema()).unwrap();
    let mut seen = 0;
    let mut failed = Vec::new();
    for group in std::fs::read_dir(shared.join("cases")).unwrap() {
        let group = group.unwrap().path();
        if !group.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(group).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_none_or(|e| e != "json") {
                continue;
            }
            let case: Json =
                serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let (description, data) = convert(&case);
            let text = toml::to_string(&description).unwrap();
            seen += 1;
            match Document::parse(&text, &file).and_then(|d| Ok((d.plan(&data)?, d))) {
                Err(error) => failed.push(error.plain()),
                Ok((plan, _))
                    if plan.nodes.len()
                        != description["network"]["layers"].as_array().unwrap().len() =>
                {
                    failed.push(format!("{}: {} nodes", file.display(), plan.nodes.len()));
                }
                Ok(_) if !schema.is_valid(&description) => {
                    failed.push(format!("{}: not valid by schema", file.display()));
                }
                Ok(_) => {}
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(seen >= 60, "only {seen} programs");
}
