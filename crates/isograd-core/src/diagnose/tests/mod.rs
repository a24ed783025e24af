//! Diagnoses of traces written by hand.

mod advice;
mod blame;
mod build;
mod described;
mod healthy;
mod pages;
mod rates;
mod robust;
mod rules;
mod simulate;
mod trained;
mod units;
