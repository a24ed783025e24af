//! Building blocks of networks.

pub mod init;
