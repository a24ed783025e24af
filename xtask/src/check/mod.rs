//! `cargo xtask check`: every gate, cheapest first.

mod build;
mod descriptions;
mod folders;
mod layers;
mod size;
mod words;

use std::time::{Duration, Instant};

/// How a step ended, when it did not fail.
pub(crate) enum Done {
    /// All is well; what was looked at, in a few words.
    Passed(String),
    /// Could not be checked here, and why.
    Skipped(String),
}

/// One gate.
struct Step {
    /// The word on the command line.
    name: &'static str,
    /// What it guards.
    guards: &'static str,
    /// Does it; an error says what is wrong and where.
    run: fn() -> Result<Done, String>,
}

/// All gates, cheapest first.
const STEPS: &[Step] = &[
    Step {
        name: "size",
        guards: "no Rust file has grown above 500 lines",
        run: size::check,
    },
    Step {
        name: "words",
        guards: "no path of a machine in any file",
        run: words::check,
    },
    Step {
        name: "copies",
        guards: "no file is a copy of one in the shared folder",
        run: folders::check,
    },
    Step {
        name: "unsafe",
        guards: "unsafe code only in isograd-kernels",
        run: words::check_unsafe,
    },
    Step {
        name: "fmt",
        guards: "formatting",
        run: build::fmt,
    },
    Step {
        name: "lock",
        guards: "Cargo.lock fits the manifests",
        run: build::lock,
    },
    Step {
        name: "layers",
        guards: "core, theory and xtask link no deep-learning framework",
        run: layers::check,
    },
    Step {
        name: "deny",
        guards: "licences, sources and bans of all dependencies",
        run: build::deny,
    },
    Step {
        name: "clippy",
        guards: "lints, warnings denied, all targets",
        run: build::clippy,
    },
    Step {
        name: "doc",
        guards: "documentation builds, warnings denied",
        run: build::doc,
    },
    Step {
        name: "examples",
        guards: "every examples/*.toml and every example program runs",
        run: descriptions::check,
    },
    Step {
        name: "test",
        guards: "all tests and documentation examples",
        run: build::test,
    },
];

/// What the command line asks for.
struct Plan {
    steps: Vec<&'static Step>,
    fail_fast: bool,
}

fn parse(arguments: &[String]) -> Result<Plan, String> {
    let find = |name: &str| {
        STEPS.iter().find(|s| s.name == name).ok_or_else(|| {
            let names: Vec<_> = STEPS.iter().map(|s| s.name).collect();
            format!("no step is called `{name}`; there are {}", names.join(", "))
        })
    };
    let (mut only, mut without) = (Vec::new(), Vec::new());
    let (mut fail_fast, mut leaving_out) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--fail-fast" => fail_fast = true,
            "--without" => leaving_out = true,
            name if leaving_out => without.push(find(name)?.name),
            name => only.push(find(name)?.name),
        }
    }
    let wanted =
        |s: &&Step| (only.is_empty() || only.contains(&s.name)) && !without.contains(&s.name);
    Ok(Plan {
        steps: STEPS.iter().filter(wanted).collect(),
        fail_fast,
    })
}

/// `cargo xtask check …`
pub(crate) fn main(arguments: &[String]) -> Result<bool, String> {
    if arguments.iter().any(|a| a == "--list") {
        for step in STEPS {
            println!("{:<10}{}", step.name, step.guards);
        }
        return Ok(true);
    }
    let plan = parse(arguments)?;
    let start = Instant::now();
    let mut lines = Vec::new();
    let mut failed = 0;
    for step in &plan.steps {
        eprintln!("── {}: {}", step.name, step.guards);
        let begun = Instant::now();
        let outcome = (step.run)();
        let (word, note) = match outcome {
            Ok(Done::Passed(note)) => ("ok", note),
            Ok(Done::Skipped(why)) => ("skipped", why),
            Err(message) => {
                failed += 1;
                eprintln!("{message}");
                (
                    "FAILED",
                    message.lines().next().unwrap_or_default().to_owned(),
                )
            }
        };
        let line = format!(
            "{:<10}{word:<9}{:>7}  {note}",
            step.name,
            seconds(begun.elapsed())
        );
        println!("{}", line.trim_end());
        lines.push(line);
        if failed > 0 && plan.fail_fast {
            break;
        }
    }
    if lines.len() > 1 {
        println!("\n{}", "─".repeat(60));
        for line in &lines {
            println!("{}", line.trim_end());
        }
    }
    let verdict = if failed == 0 {
        "all steps passed".into()
    } else {
        format!("{failed} failed")
    };
    println!(
        "{} steps, {verdict}, {}",
        lines.len(),
        seconds(start.elapsed())
    );
    Ok(failed == 0)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{STEPS, parse};

    fn names(arguments: &[&str]) -> Vec<&'static str> {
        let arguments: Vec<String> = arguments.iter().map(|&a| a.into()).collect();
        parse(&arguments)
            .unwrap()
            .steps
            .iter()
            .map(|s| s.name)
            .collect()
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        assert_eq!(names(&[]).len(), STEPS.len());
        assert_eq!(names(&["clippy", "fmt"]), ["fmt", "clippy"]);
        assert!(!names(&["--without", "test"]).contains(&"test"));
        assert_eq!(names(&["--without", "test"]).len(), STEPS.len() - 1);
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let message = parse(&["fnt".into()]).err().unwrap();
        assert!(
            message.contains("`fnt`") && message.contains("fmt, lock"),
            "{message}"
        );
    }
}
