//! Reports as text for a terminal.
//!
//! Every function gives the whole text; it fits [`Style::width`] and says the same without colour.

mod axis;
mod blame;
mod compare;
mod doctor;
mod eval;
mod explain;
mod figure;
mod findings;
mod heal;
mod map;
mod names;
mod page;
mod picture;
mod predict;
mod range_test;
mod style;
mod through_time;
mod train;

#[cfg(test)]
mod tests;

pub use compare::compare;
pub use doctor::doctor;
pub use eval::eval;
pub use explain::explain;
pub use figure::{count, figure, seconds};
pub use heal::heal;
pub use predict::predict;
pub use range_test::range_test;
pub use style::{Style, Tone};
pub use train::{train, train_header, train_line};
