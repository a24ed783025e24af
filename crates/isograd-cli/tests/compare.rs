//! `isograd compare` as a user meets it: the table, going on where it stopped, bad grids.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Six runs of a moment each.
const GRID: &str = r#"seeds = [1, 2, 3]
control = "sigmoid"
target = { metric = 0.6, every = 3 }

[base.data]
source = { name = "circles", samples = 90 }
valid = 0.3
scale = "standard"
[base.network]
layers = [{ repeat = 2, layers = [{ dense = 8 }, "relu"] }, { dense = "classes" }]
[base.train]
loss = "binary_cross_entropy"
optimizer = { name = "adam", lr = 1e-2 }
batch = 16
epochs = 4

[axis.activation]
set = "network.layers[0].layers[1]"
values = ["relu", "sigmoid"]

[quick]
seeds = [1]
train.epochs = 1
"#;

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isograd"));
    command
        .arg("compare")
        .args(args)
        .current_dir(dir)
        .env_remove("ISOGRAD_DATA")
        .env_remove("COLUMNS")
        .env("LC_ALL", "C.UTF-8");
    command
}

fn compare(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn folder(grid: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("grid.toml"), grid).unwrap();
    dir
}

/// What is wrong with a document, by the committed schema.
fn errors(document: &Value) -> Vec<String> {
    let schema = include_str!("../../../docs/output.schema.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    schema.as_object_mut().unwrap().remove("oneOf");
    schema["$ref"] = "#/$defs/compare".into();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = validator.iter_errors(document);
    errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

/// Everything but what the clock says.
fn timeless(json: &str) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|key, _| !key.contains("seconds") && key != "folder");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(json).unwrap();
    strip(&mut value);
    value
}

fn kept(dir: &Path, out: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir.join(out).join("runs")) else {
        return Vec::new();
    };
    let files = entries.map(|e| e.unwrap().path());
    files
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect()
}

#[test]
fn results_depend_neither_on_the_number_of_jobs_nor_on_where_it_was_stopped() {
    let dir = folder(GRID);
    let dir = dir.path();
    let json = |out: &str, jobs: &str| {
        let args = [
            "grid.toml",
            "--format",
            "json",
            "--out",
            out,
            "--jobs",
            jobs,
        ];
        stdout(&compare(dir, &args))
    };
    let one = json("one", "1");
    let document: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(errors(&document), [] as [&str; 0]);
    assert_eq!(document["runs"].as_array().unwrap().len(), 6);
    assert_eq!(kept(dir, "one").len(), 6);
    assert_eq!(timeless(&one), timeless(&json("three", "3")));

    // The same command again: everything is there, and not a byte differs.
    assert_eq!(json("one", "2"), one);

    // Four runs lost, one of them cut off in the middle: only these are made again.
    let lost = kept(dir, "one");
    let bytes = fs::read(&lost[0]).unwrap();
    fs::write(&lost[0], &bytes[..bytes.len() / 2]).unwrap();
    for file in &lost[1..4] {
        fs::remove_file(file).unwrap();
    }
    let args = ["grid.toml", "--format", "json", "--out", "one"];
    let again = compare(dir, &args);
    assert!(
        stderr(&again).contains("6 runs, 4 to do"),
        "{}",
        stderr(&again)
    );
    assert_eq!(timeless(&stdout(&again)), timeless(&one));

    // A run of another build is not used, unless it is said that it will do.
    let text = fs::read_to_string(&lost[5]).unwrap();
    let mut record: Value = serde_json::from_str(&text).unwrap();
    record["build"] = "another".into();
    fs::write(&lost[5], record.to_string()).unwrap();
    let used = compare(dir, &["grid.toml", "--out", "one", "--any-build"]);
    assert!(stderr(&used).contains("0 to do"), "{}", stderr(&used));
    let made = compare(dir, &["grid.toml", "--out", "one"]);
    assert!(
        stderr(&made).contains("1 of them kept by another build"),
        "{}",
        stderr(&made)
    );
}

#[test]
fn a_killed_comparison_goes_on() {
    // Long enough that it can be killed between its runs.
    let grid = GRID.replace("epochs = 4", "epochs = 60");
    let dir = folder(&grid);
    let dir = dir.path();
    let args = ["grid.toml", "--format", "json", "--jobs", "1", "--out"];
    let mut child = command(dir, &args)
        .arg("killed")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while kept(dir, "killed").is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1), "no run was kept");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let survived = kept(dir, "killed").len();
    assert!((1..6).contains(&survived), "{survived} runs are there");
    let resumed = compare(dir, &[&args[..], &["killed"]].concat());
    assert!(
        stderr(&resumed).contains(&format!("{} to do", 6 - survived)),
        "{}",
        stderr(&resumed)
    );
    let whole = compare(dir, &[&args[..], &["whole"]].concat());
    assert_eq!(timeless(&stdout(&resumed)), timeless(&stdout(&whole)));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_after_the_run_and_says_how_to_go_on() {
    let dir = folder(&GRID.replace("epochs = 4", "epochs = 60"));
    let dir = dir.path();
    let child = command(dir, &["grid.toml", "--jobs", "1", "--out", "out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while kept(dir, "out").is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1), "no run was kept");
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    let runs = kept(dir, "out").len();
    let says = format!("stopped with {runs} of 6 runs");
    assert!(stderr(&output).contains(&says), "{}", stderr(&output));
    assert!(stderr(&output).contains("goes on"), "{}", stderr(&output));
}

#[test]
fn bad_grids_are_refused_before_anything_is_written() {
    let cases = [
        (
            "a word",
            "\"relu\", \"sigmoid\"",
            "\"relu\", \"sigmoid\", \"gelo\"",
            "grid.toml:19:30",
        ),
        ("no TOML", "values = [", "values = ", "not TOML"),
        (
            "the control",
            "control = \"sigmoid\"",
            "control = \"tanh\"",
            "grid.toml:2:11",
        ),
        (
            "a shape",
            "{ dense = \"classes\" }]",
            "{ conv2d = 3 }]",
            "grid.toml:10",
        ),
        (
            "the loss",
            "\"binary_cross_entropy\"",
            "\"angle\"",
            "activation = relu",
        ),
        ("the data", "samples = 90", "samples = 0", "grid.toml:6"),
        (
            "no validation rows",
            "valid = 0.3",
            "valid = false",
            "no validation rows",
        ),
        (
            "no file",
            "[axis.activation]",
            "[axis.a.values]\na = { description = \"a.toml\" }\n[axis.activation]",
            "no such file",
        ),
        (
            "no quick cells",
            "train.epochs = 1",
            "train.epochs = 0",
            "grid.toml:23:16",
        ),
    ];
    let mut wrong = Vec::new();
    for (what, from, to, says) in cases {
        assert!(GRID.contains(from), "{what}");
        let dir = folder(&GRID.replacen(from, to, 1));
        let output = compare(dir.path(), &["grid.toml", "--quick"]);
        let told = stderr(&output);
        if output.status.code() != Some(2) || !told.contains(says) || !output.stdout.is_empty() {
            wrong.push(format!("{what}: {:?}\n{told}", output.status.code()));
        }
        if fs::read_dir(dir.path()).unwrap().count() != 1 {
            wrong.push(format!("{what}: something was written"));
        }
    }
    let dir = folder(GRID);
    fs::write(dir.path().join("mine.txt"), "mine").unwrap();
    for (args, says) in [
        (&["grid.toml", "--out", "."][..], "something else"),
        (&["absent.toml"], "no such file"),
        (&["grid.toml", "--jobs", "0"], "--jobs"),
    ] {
        let output = compare(dir.path(), args);
        let told = stderr(&output);
        if output.status.code() != Some(2) || !told.contains(says) {
            wrong.push(format!("{args:?}: {:?}\n{told}", output.status.code()));
        }
    }
    let doctor = Command::new(env!("CARGO_BIN_EXE_isograd"))
        .args(["explain", "--format", "csv"])
        .output()
        .unwrap();
    assert_eq!(doctor.status.code(), Some(2), "only a comparison has CSV");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_full_comparison_has_its_table_in_every_form() {
    let dir = folder(GRID);
    let dir = dir.path();
    let dry = compare(dir, &["grid.toml", "--dry-run"]);
    assert!(
        stderr(&dry).contains("2 cells, 6 runs, 6 to do"),
        "{}",
        stderr(&dry)
    );
    assert_eq!(
        fs::read_dir(dir).unwrap().count(),
        1,
        "a dry run writes nothing"
    );
    let text = stdout(&compare(dir, &["grid.toml"]));
    for word in [
        "activation",
        "control",
        "p (Holm)",
        "to target",
        "±",
        "runs/compare-grid",
    ] {
        assert!(text.contains(word), "{word}\n{text}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let markdown = stdout(&compare(dir, &["grid.toml", "--format", "markdown"]));
    let bars: Vec<usize> = markdown
        .lines()
        .filter(|l| l.starts_with('|'))
        .map(|l| l.matches('|').count())
        .collect();
    assert!(
        bars.len() == 4 && bars.iter().all(|b| *b == bars[0]),
        "{markdown}"
    );
    let csv = stdout(&compare(dir, &["grid.toml", "--format", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 7, "{csv}");
    assert!(lines[0].starts_with("activation,seed,shown,test,"), "{csv}");
    assert!(lines[1].starts_with("relu,1,true,"), "{csv}");
    let commas = |l: &&str| l.matches(',').count();
    assert!(
        lines.iter().all(|l| commas(l) == commas(&lines[0])),
        "{csv}"
    );
    let folder = dir.join("runs/compare-grid");
    assert_eq!(fs::read_to_string(folder.join("runs.csv")).unwrap(), csv);
    assert_eq!(
        fs::read_to_string(folder.join("table.md")).unwrap(),
        markdown
    );
}

/// The grids of a folder of the repository.
fn grids(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut grids: Vec<PathBuf> = fs::read_dir(root.join(folder))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .filter(|p| fs::read_to_string(p).unwrap().contains("[axis."))
        .collect();
    grids.sort();
    grids
}

/// The shipped grids, as they are but for the quick tier.
#[test]
fn shipped_grids_run() {
    let grids = grids("examples/grids");
    assert!(grids.len() >= 2, "{grids:?}");
    let dir = tempfile::tempdir().unwrap();
    for grid in grids {
        let file = grid.to_string_lossy();
        let full = compare(dir.path(), &[&file, "--dry-run"]);
        assert!(full.status.success(), "{file}: {}", stderr(&full));
        let quick = stdout(&compare(dir.path(), &[&file, "--quick"]));
        assert!(quick.contains("Map: "), "{file}\n{quick}");
        // The first line has the file's name.
        let fits = |l: &str| l.chars().count() <= 80;
        assert!(quick.lines().skip(1).all(fits), "{file}\n{quick}");
    }
}

/// The grids of the comparisons can be read and planned, on the data they name.
#[test]
fn grids_of_the_comparisons_are_planned() {
    let data = std::env::var_os("ISOGRAD_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        |shared| Path::new(&shared).join("data"),
    );
    if !data.is_dir() {
        println!("skipped: no data in {}", data.display());
        return;
    }
    let grids = grids("docs/comparisons");
    assert!(grids.len() >= 5, "{grids:?}");
    let dir = tempfile::tempdir().unwrap();
    let data = data.to_string_lossy();
    for grid in grids {
        let file = grid.to_string_lossy();
        let planned = compare(
            dir.path(),
            &[&file, "--quick", "--dry-run", "--data-dir", &data],
        );
        assert!(planned.status.success(), "{file}: {}", stderr(&planned));
    }
}

/// The grid of the documentation can be read and planned.
#[test]
fn the_documented_grid_is_one() {
    let page = include_str!("../../../docs/compare.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (grid, _) = rest.split_once("```").unwrap();
    let dir = folder(grid);
    let (_, base) = GRID.split_once("\n\n").unwrap();
    let (base, _) = base.split_once("\n\n").unwrap();
    let base = base.replace("[base.", "[");
    fs::write(dir.path().join("mlp.toml"), &base).unwrap();
    fs::write(dir.path().join("other.toml"), &base).unwrap();
    let dry = compare(dir.path(), &["grid.toml", "--dry-run"]);
    // 3 activations × 3 depths × 3 rates, without 3.
    assert!(
        stderr(&dry).contains("24 cells, 72 runs"),
        "{}",
        stderr(&dry)
    );
    let quick = compare(dir.path(), &["grid.toml", "--dry-run", "--quick"]);
    assert!(
        stderr(&quick).contains("9 cells, 9 runs"),
        "{}",
        stderr(&quick)
    );
}
