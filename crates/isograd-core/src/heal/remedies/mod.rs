//! Remedies, one family a file. A remedy that does not fit a description, or is already there, gives
//! no proposal.

mod activation;
mod bias;
mod clipping;
mod init;
mod learning_rate;
mod normalisation;
mod residual;

use super::remedy::Remedy;

/// Every remedy, in the order in which remedies that go together are applied.
pub(crate) fn all() -> impl Iterator<Item = &'static Remedy> {
    activation::REMEDIES
        .iter()
        .chain(init::REMEDIES)
        .chain(bias::REMEDIES)
        .chain(normalisation::REMEDIES)
        .chain(residual::REMEDIES)
        .chain(clipping::REMEDIES)
        .chain(learning_rate::REMEDIES)
}

#[cfg(test)]
pub(crate) mod tests;
