//! Blocks that read the output of one before them.

use super::super::error::{DescribeError, ErrorKind, nearest};
use super::super::plan::NodeId;
use super::super::shape::Shape;
use super::Expander;

impl Expander {
    /// The node called `name`, or the last one of the block that was written out under this name.
    pub(super) fn memory(&self, name: &str) -> Result<(NodeId, Shape), DescribeError> {
        let node = self.nodes.iter().rposition(|node| node.name == name);
        let Some(node) = node.or_else(|| self.ends.get(name).copied()) else {
            let known: Vec<&str> = self
                .nodes
                .iter()
                .filter(|node| node.parent.is_none())
                .map(|node| node.name.as_str())
                .chain(self.ends.keys().map(String::as_str))
                .collect();
            let message = format!("no block before this one is called {name:?}");
            return Err(DescribeError::new(ErrorKind::UnknownWord, message)
                .near(nearest(name, known.iter().copied()))
                .hint("give the block a name with `name`; in a repeat its copies are name.1, name.2 …"));
        };
        let found = &self.nodes[node];
        if found.parent.is_some() || self.unfinished.iter().any(|&start| node >= start) {
            let message = format!("the block {name:?} lies inside a residual");
            return Err(DescribeError::new(ErrorKind::Conflict, message)
                .hint("name the residual, or a block outside of it"));
        }
        Ok((node, found.output))
    }
}
