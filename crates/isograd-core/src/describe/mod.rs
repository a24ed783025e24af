//! Descriptions: the TOML file that says what the data, the network and its training are.
//!
//! [`Description`] is the validated type, [`Plan`] the network with every repeat written out, every
//! shape computed and every initialisation resolved. A [`Document`] keeps the text beside it, so that
//! errors point at their line and changes keep comments. What may be said is a registry of words, from
//! which the parser, the JSON [`schema()`] and the [`page()`] of documentation are made.
//!
//! ```
//! use isograd_core::describe::{DataShape, Document, Shape, Task};
//! use std::path::Path;
//!
//! let text = r#"
//! [data]
//! source = "circles"
//! [network]
//! layers = [{ repeat = 3, layers = [{ dense = 8 }, "relu"] }, { dense = "classes" }]
//! [train]
//! loss = "cross_entropy"
//! optimizer = "adam"
//! "#;
//! let document = Document::parse(text, Path::new("circles.toml"))?.with_override("train.batch=64")?;
//! let task = Task::Classification { classes: 2 };
//! let plan = document.plan(&DataShape { input: Shape::Flat(2), task, examples: 1000 })?;
//! assert_eq!(plan.layers.len(), 4);
//!
//! let error = document.with_override("network.layers[0].layers[1]=relo").unwrap_err();
//! assert_eq!((error.line(), error.nearest()), (Some(5), Some("relu")));
//! # Ok::<(), isograd_core::describe::DescribeError>(())
//! ```

mod args;
mod augment;
mod blocks;
pub mod branch;
pub mod chains;
mod counts;
pub mod curriculum;
pub mod data;
pub(crate) mod document;
pub(crate) mod edit;
pub(crate) mod error;
mod expand;
mod first_values;
mod grammar;
mod init;
mod kind;
pub mod lesion;
mod loss;
pub mod network;
mod optimizer;
mod page;
pub mod patch;
pub mod plan;
pub(crate) mod read;
pub mod ready;
pub mod recurrent;
mod registry;
mod resolve;
pub mod schedule;
mod schema;
mod sequence;
pub mod shape;
mod source;
mod split;
mod tables;
pub mod train;
mod value;
mod weight;
mod words;

pub use blocks::sinusoid;
pub use curriculum::CurriculumSpec;
pub use data::DataSpec;
pub use document::Document;
pub use error::{DescribeError, ErrorKind};
pub use expand::{MAX_NODES, MAX_PARAMETERS, plan};
pub use kind::MAX_SIZE;
pub use network::{Block, BlockKind, NetworkSpec};
pub use page::{examples, page, vocabulary};
pub use patch::{Patch, PatchAction, PatchOp};
pub use plan::{Node, NodeId, Op, Plan};
pub use schema::schema;
pub use shape::{DataShape, Shape, Task};
pub use split::{Split, isolate, split_repeat};
pub use train::TrainSpec;
pub use weight::WeightForm;
pub use words::{describe_patch, diff};

/// A validated description.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Name of the description; default the file's stem.
    pub name: String,
    /// Seed of every random stream; default 1.
    pub seed: u64,
    /// Where the examples come from.
    pub data: DataSpec,
    /// The layers.
    pub network: NetworkSpec,
    /// Loss, optimiser and budget.
    pub train: TrainSpec,
}
