//! The walls of the house: what needs no deep-learning framework links none.

use super::Done;
use crate::process;

/// Workspace crates that must stay free of frameworks, their tests included.
const FREE: &[&str] = &["isograd-theory", "isograd-core", "xtask"];

/// Frameworks and the tensor engines under them; a package belongs to one if its name is the word
/// or begins with the word and a hyphen.
const FRAMEWORKS: &[&str] = &[
    "burn",
    "candle",
    "tch",
    "torch-sys",
    "cubecl",
    "cubek",
    "dfdx",
    "tensorflow",
    "ort",
    "tract",
    "luminal",
    "mxnet",
    "autograd",
    "rten",
    "wgpu",
    "cudarc",
    "isograd-kernels",
    "isograd",
];

pub(super) fn check() -> Result<Done, String> {
    let mut notes = Vec::new();
    for krate in FREE {
        let packages = packages(krate)?;
        let found: Vec<&str> = packages
            .iter()
            .map(String::as_str)
            .filter(|p| is_framework(p))
            .collect();
        if !found.is_empty() {
            let how = format!("cargo tree -p {krate} -i {}", found[0]);
            return Err(format!("{krate} links {}\n  ask: {how}", found.join(", ")));
        }
        notes.push(format!("{krate} {}", packages.len()));
    }
    Ok(Done::Passed(format!(
        "packages linked: {}",
        notes.join(", ")
    )))
}

/// Names of all packages that a crate, its build scripts and its tests link here.
fn packages(krate: &str) -> Result<Vec<String>, String> {
    let arguments = [
        "tree",
        "--locked",
        "-p",
        krate,
        "-e",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = process::output(&mut process::cargo(&arguments))?;
    let mut names: Vec<String> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    if names.iter().any(|name| name == krate) {
        Ok(names)
    } else {
        Err(format!(
            "cargo tree does not list {krate} itself, so nothing is known of it"
        ))
    }
}

fn is_framework(package: &str) -> bool {
    // isograd-core and isograd-theory begin with the name of the Burn library, and are not it.
    !FREE.contains(&package)
        && FRAMEWORKS.iter().any(|word| {
            package.strip_prefix(word).is_some_and(|rest| {
                rest.is_empty() || (rest.starts_with('-') && *word != "isograd")
            })
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{check, is_framework, packages};

    #[test]
    fn core_theory_and_xtask_link_no_deep_learning_framework() {
        if let Err(message) = check() {
            panic!("{message}");
        }
    }

    #[test]
    fn the_check_can_fail() {
        assert!(packages("isograd").unwrap().iter().any(|p| is_framework(p)));
        assert!(
            packages("isograd-core")
                .unwrap()
                .iter()
                .any(|p| p == "isograd-theory")
        );
    }

    #[test]
    fn frameworks_are_known_by_name() {
        for package in [
            "burn",
            "burn-autodiff",
            "candle-core",
            "tch",
            "isograd",
            "isograd-kernels",
        ] {
            assert!(is_framework(package), "{package}");
        }
        for package in [
            "isograd-core",
            "isograd-theory",
            "statrs",
            "burndown",
            "tchotchke",
        ] {
            assert!(!is_framework(package), "{package}");
        }
    }
}
