//! The command as a user meets it: what it prints, where, and with which exit code.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A network that is trained in a moment.
const SMALL: &str = r#"
seed = 3

[data]
source = { name = "circles", samples = 120 }
valid = 0.25
scale = "standard"

[network]
init = "he_normal"
layers = [
  { dense = 16 }, "relu",
  { dense = 16 }, "relu",
  { dense = "classes" },
]

[train]
loss = "binary_cross_entropy"
optimizer = { name = "adam", lr = 1e-2 }
batch = 30
epochs = 12
"#;

/// Runs the command in a folder, without a terminal and with nothing of this machine's settings.
fn isograd(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_isograd"))
        .args(args)
        .current_dir(dir)
        .env_remove("ISOGRAD_DATA")
        .env_remove("COLUMNS")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

fn folder(description: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("small.toml"), description).unwrap();
    dir
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What is wrong with a document, by the committed schema.
fn errors(document: &Value) -> Vec<String> {
    let schema = include_str!("../../../docs/output.schema.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    schema.as_object_mut().unwrap().remove("oneOf");
    schema["$ref"] = format!("#/$defs/{}", document["command"].as_str().unwrap()).into();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator
        .iter_errors(document)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

#[test]
fn wrong_input_ends_with_2_and_says_where() {
    struct Case {
        args: &'static [&'static str],
        description: String,
        says: &'static [&'static str],
    }
    let doctor: &[&str] = &["doctor", "small.toml"];
    let with = |from: &str, to: &str| SMALL.replace(from, to);
    let cases = [
        Case {
            args: &["doctor", "absent.toml"],
            description: String::new(),
            says: &["absent.toml", "no such file"],
        },
        Case {
            args: doctor,
            description: with("batch = 30", "bacth = 30"),
            says: &["small.toml:20:1", "bacth", "batch"],
        },
        Case {
            args: doctor,
            description: with("\"relu\"", "\"rellu\""),
            says: &["small.toml:12:19", "rellu", "relu"],
        },
        Case {
            args: doctor,
            description: "seed = ".into(),
            says: &["small.toml:1:", "TOML"],
        },
        Case {
            args: &["predict", "small.toml", "--set", "train.batch=none"],
            description: SMALL.into(),
            says: &["train.batch"],
        },
        Case {
            args: doctor,
            description: with("{ name = \"circles\", samples = 120 }", "\"no-such-set\""),
            says: &["no-such-set"],
        },
        Case {
            args: &["eval", "nothing-here"],
            description: SMALL.into(),
            says: &["nothing-here", "runs/NAME-1"],
        },
        Case {
            args: &["explain", "vanishing-gradients"],
            description: SMALL.into(),
            says: &[
                "vanishing-gradients",
                "the nearest one is vanishing-gradient;",
            ],
        },
        Case {
            args: &["doctor", "small.toml", "--threads", "0"],
            description: SMALL.into(),
            says: &["--threads"],
        },
        Case {
            args: &["heal", "small.toml", "--healed", "small.toml"],
            description: SMALL.into(),
            says: &["small.toml exists already", "--healed"],
        },
        Case {
            args: &["heal", "small.toml", "--budget", "0"],
            description: SMALL.into(),
            says: &["budget_trainings"],
        },
    ];
    let mut wrong = vec![];
    for case in cases {
        let dir = folder(&case.description);
        let output = isograd(dir.path(), case.args);
        let said = stderr(&output);
        let missing: Vec<_> = case.says.iter().filter(|s| !said.contains(**s)).collect();
        let left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        if output.status.code() != Some(2)
            || !missing.is_empty()
            || !output.stdout.is_empty()
            || left.len() != 1
            || said.contains("panicked")
        {
            wrong.push(format!(
                "{:?}: {:?}, not said: {missing:?}, left behind: {left:?}\n{said}",
                case.args,
                output.status.code()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn doctor_keeps_a_run_and_prints_the_contract() {
    let dir = folder(SMALL);
    let output = isograd(dir.path(), &["doctor", "small.toml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(errors(&report), [] as [String; 0]);
    assert_eq!(report["training"]["steps"], 36);
    assert_eq!(report["layers"].as_array().unwrap().len(), 3);
    let run = dir.path().join("runs/small-1");
    assert_eq!(report["run"], "runs/small-1");
    assert_eq!(
        fs::read_to_string(run.join("description.toml")).unwrap(),
        SMALL
    );
    let trace = isograd_core::trace::TraceReader::open(&run.join("trace")).unwrap();
    assert_eq!(trace.steps().count(), 36);
    assert!(trace.first_probe().is_some());
    let kept: Value = serde_json::from_slice(&fs::read(run.join("report.json")).unwrap()).unwrap();
    assert_eq!(kept, report);

    let output = isograd(dir.path(), &["doctor", "small.toml", "--out", "mine"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("Gradient at every layer") && text.contains("kept in    mine"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "colour without a terminal");
    let output = isograd(dir.path(), &["doctor", "small.toml", "--out", "mine"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("mine exists already"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn deny_turns_findings_into_1() {
    // Thirty sigmoids: the gradient vanishes.
    let deep = SMALL.replace(
        "{ dense = 16 }, \"relu\",\n  { dense = 16 }, \"relu\",",
        "{ repeat = 30, layers = [ { dense = 16 }, \"sigmoid\" ] },",
    );
    let dir = folder(&deep);
    for (deny, code) in [
        (&[] as &[&str], 0),
        (&["--deny", "warning"], 1),
        (&["--deny", "critical"], 1),
    ] {
        let mut args = vec!["doctor", "small.toml"];
        args.extend(deny);
        let output = isograd(dir.path(), &args);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{deny:?}: {}",
            stderr(&output)
        );
        let text = stdout(&output);
        assert!(
            text.contains("vanishing-gradient") && text.contains("isograd explain"),
            "{text}"
        );
    }
}

#[test]
fn a_trained_network_is_evaluated_as_it_was_when_it_was_kept() {
    let dir = folder(SMALL);
    let output = isograd(dir.path(), &["train", "small.toml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let trained: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(errors(&trained), [] as [String; 0]);
    let output = isograd(dir.path(), &["eval", "runs/small-1", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let scores: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(errors(&scores), [] as [String; 0]);
    let valid = &scores["scores"][0];
    assert_eq!(valid["part"], "validation");
    assert_eq!(valid["metric"], trained["valid"]["metric"]);
    assert_eq!(valid["examples"], trained["valid"]["examples"]);
    let output = isograd(dir.path(), &["eval", "runs/small-1", "--part", "test"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("no test part"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_range_test_suggests_a_rate_and_keeps_nothing() {
    let dir = folder(SMALL);
    let output = isograd(
        dir.path(),
        &["train", "small.toml", "--range-test", "--format", "json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(errors(&report), [] as [String; 0]);
    let suggested = report["suggested"].as_f64().unwrap();
    assert!((1e-5..1.0).contains(&suggested), "{suggested}");
    assert!(!dir.path().join("runs").exists());
}

#[test]
fn overrides_and_the_seed_reach_the_training() {
    let dir = folder(SMALL);
    let first_loss = |args: &[&str]| {
        let mut all = vec!["doctor", "small.toml", "--format", "json"];
        all.extend(args);
        let output = isograd(dir.path(), &all);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        (
            report["training"]["steps"].clone(),
            report["training"]["first_loss"].clone(),
        )
    };
    let plain = first_loss(&[]);
    assert_eq!(
        plain,
        first_loss(&[]),
        "the same seed gives the same numbers"
    );
    assert_ne!(plain.1, first_loss(&["--seed", "4"]).1);
    assert_eq!(first_loss(&["--set", "train.epochs=2"]).0, 6);
}

#[test]
fn predict_leaves_nothing_behind() {
    let dir = folder(SMALL);
    let output = isograd(dir.path(), &["predict", "small.toml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(errors(&report), [] as [String; 0]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let output = isograd(dir.path(), &["predict", "small.toml"]);
    assert!(stdout(&output).contains("E[x²]"));
}

#[test]
fn a_healthy_network_is_not_touched() {
    let dir = folder(SMALL);
    let output = isograd(dir.path(), &["heal", "small.toml", "--format", "json"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(errors(&report), [] as [String; 0]);
    assert_eq!(report["outcome"], "healthy");
    assert_eq!(report["description"], SMALL);
    assert!(!dir.path().join("small.healed.toml").exists());
}

#[test]
fn explain_prints_every_page() {
    let dir = tempfile::tempdir().unwrap();
    let list = stdout(&isograd(dir.path(), &["explain"]));
    let codes: Vec<&str> = list
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(codes.contains(&"vanishing-gradient"), "{list}");
    for code in codes {
        let output = isograd(dir.path(), &["explain", code]);
        assert_eq!(output.status.code(), Some(0), "{code}");
        assert!(stdout(&output).lines().count() > 10, "{code}");
    }
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = Command::new(env!("CARGO_BIN_EXE_isograd"))
        .args(["explain", "vanishing-gradient"])
        .current_dir(dir.path())
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn help_is_the_one_that_was_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["", "doctor", "heal", "train", "eval", "predict", "explain"] {
        let args: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|a| !a.is_empty())
            .collect();
        let output = isograd(dir.path(), &args);
        assert_eq!(output.status.code(), Some(0));
        let name = if command.is_empty() {
            "isograd"
        } else {
            command
        };
        insta::assert_snapshot!(format!("help_{name}"), stdout(&output));
    }
}

#[test]
fn completions_name_the_commands() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = isograd(dir.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("doctor"), "{shell}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_keeps_what_it_has() {
    use std::time::{Duration, Instant};
    let dir = folder(&SMALL.replace("epochs = 12", "epochs = 1000000"));
    let child = Command::new(env!("CARGO_BIN_EXE_isograd"))
        .args(["train", "small.toml"])
        .current_dir(dir.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let run = dir.path().join("runs/small-1");
    let begun = Instant::now();
    while !run.join("trace/segment-00000.arrows").exists() {
        assert!(begun.elapsed() < Duration::from_mins(2), "no trace appears");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let report: Value =
        serde_json::from_slice(&fs::read(run.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["training"]["stopped"], "interrupted");
    assert!(run.join("model.safetensors").exists());
    let steps = report["training"]["steps"].as_u64().unwrap();
    let trace = isograd_core::trace::TraceReader::open(&run.join("trace")).unwrap();
    assert_eq!(trace.steps().count() as u64, steps);
    let output = isograd(dir.path(), &["eval", "runs/small-1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn eval_reads_other_data_and_writes_predictions() {
    // y = 3 a − b, with targets scaled in training: predictions are in the unit of the file.
    let rows = |from: u32, count: u32| -> String {
        let lines: Vec<String> = (from..from + count)
            .map(|i| {
                let (a, b) = (f64::from(i % 17) / 4.0, f64::from(i % 5));
                format!("{a},{b},{}", 100.0 + 3.0 * a - b)
            })
            .collect();
        format!("a,b,y\n{}\n", lines.join("\n"))
    };
    let text = r#"
[data]
source = "csv"
train = "train.csv"
target = "real"
scale = "standard"
target_scale = "standard"
[network]
layers = [ { dense = 16 }, "tanh", { dense = "outputs" } ]
[train]
loss = "mse"
optimizer = { name = "adam", lr = 1e-2 }
batch = 16
epochs = 60
"#;
    let dir = folder(text);
    fs::write(dir.path().join("train.csv"), rows(0, 100)).unwrap();
    fs::write(dir.path().join("other.csv"), rows(40, 23)).unwrap();
    let trained = isograd(dir.path(), &["train", "small.toml", "--out", "run"]);
    assert_eq!(trained.status.code(), Some(0), "{}", stderr(&trained));
    let args = [
        "eval",
        "run",
        "--data",
        "other.csv",
        "--predictions",
        "out.csv",
        "--format",
        "json",
    ];
    let output = isograd(dir.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let written = fs::read_to_string(dir.path().join("out.csv")).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "part,row,y0,score");
    assert_eq!(lines.len(), 24);
    let other = fs::read_to_string(dir.path().join("other.csv")).unwrap();
    for (line, truth) in lines.iter().zip(other.lines()).skip(1) {
        let cells: Vec<f64> = line
            .split(',')
            .skip(2)
            .map(|c| c.parse().unwrap())
            .collect();
        let truth: f64 = truth.rsplit(',').next().unwrap().parse().unwrap();
        assert!((cells[0] - truth).abs() < 2.0, "{line} for {truth}");
        // The score is the absolute error of that prediction.
        assert!(
            (cells[1] - (cells[0] - truth).abs()).abs() < 1e-3,
            "{line} for {truth}"
        );
    }
    let missing = isograd(dir.path(), &["eval", "run", "--data", "nowhere.csv"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("nowhere.csv"));
}
