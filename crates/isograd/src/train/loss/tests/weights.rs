//! Weights of classes: those of the training part, and those that do not fit.

use super::*;

fn loss(weights: ClassWeights) -> Result<Loss, LossError> {
    let spec = LossSpec {
        class_weights: weights,
        ..LossSpec::new(CrossEntropy)
    };
    let task = Task::Classification { classes: 3 };
    Loss::new(&spec, Logits, 3, task, TargetKind::Index)
}

fn value(loss: &Loss) -> f64 {
    let x = TensorData::new(vec![0.3, -1.0, 0.8, 1.5, 0.2, -0.4], [2, 3]);
    let x = Tensor::<2>::from_data(x, (&Device::flex(), DType::F64));
    let value = loss.evaluate(x, &Targets::Index(vec![0, 2])).value;
    value.into_data().iter::<f64>().next().unwrap()
}

#[test]
fn balanced_weights_are_those_of_the_training_part() {
    // Six of class 0, two of class 1, none of class 2: 8/(3·n), and 1 where there is none.
    let training = Targets::Index(vec![0, 0, 1, 0, 0, 1, 0, 0]);
    let balanced = loss(ClassWeights::Balanced).unwrap();
    let given = vec![8.0 / 18.0, 8.0 / 6.0, 1.0];
    let given = value(&loss(ClassWeights::Given(given)).unwrap());
    assert_eq!(value(&balanced.clone().balanced(&training)), given);
    // Every class as often as the others: no weights at all.
    let even = balanced.balanced(&Targets::Index(vec![2, 0, 1]));
    assert_eq!(value(&even), value(&loss(ClassWeights::Equal).unwrap()));
    assert!((given - value(&even)).abs() > 1e-3);
}

#[test]
fn one_weight_a_class_is_needed() {
    let error = loss(ClassWeights::Given(vec![1.0; 2])).unwrap_err();
    insta::assert_snapshot!(error, @"`class_weights` has 2 numbers, but the data have 3 classes");
}
