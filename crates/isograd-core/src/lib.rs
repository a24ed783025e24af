//! What isograd does without a deep-learning framework: descriptions of networks, the theory walked
//! over them, traces of what was measured, diagnosis, healing and reports.
//!
//! Data flows one way: [`describe`] → [`trace`] → [`diagnose`] → [`heal`] → [`report`].

#![warn(missing_docs)]

pub mod compare;
pub mod describe;
pub mod diagnose;
pub mod heal;
pub mod number;
pub mod predict;
pub mod random;
pub mod report;
pub mod trace;
