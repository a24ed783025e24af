//! Descriptions: the TOML file that says what the data, the network and its training are.
//!
//! [`Description`] is the validated type, [`Plan`] the network with every repeat written out, every
//! shape computed and every initialisation resolved.

mod args;
mod augment;
mod blocks;
pub mod data;
mod document;
mod edit;
mod error;
mod expand;
mod grammar;
mod init;
mod kind;
mod loss;
pub mod network;
mod optimizer;
mod page;
pub mod patch;
pub mod plan;
mod read;
mod registry;
mod schema;
pub mod shape;
mod source;
mod split;
mod tables;
pub mod train;
mod words;

pub use data::DataSpec;
pub use document::Document;
pub use error::{DescribeError, ErrorKind};
pub use expand::{MAX_NODES, MAX_PARAMETERS, plan};
pub use kind::MAX_SIZE;
pub use network::{Block, BlockKind, NetworkSpec};
pub use page::{examples, page};
pub use patch::{Patch, PatchAction, PatchOp};
pub use plan::{Node, NodeId, Op, Plan};
pub use schema::schema;
pub use shape::{DataShape, Shape, Task};
pub use split::{Split, isolate, split_repeat};
pub use train::TrainSpec;
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
