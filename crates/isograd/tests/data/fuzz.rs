//! Random and mutated bytes: an error or data, never a panic, never an absurd allocation.

use super::*;
use proptest::prelude::*;

fn sources() -> Vec<Source> {
    vec![
        Source::Idx,
        Source::Cifar,
        Source::Npy,
        Source::Csv(csv()),
        windows(3),
    ]
}

fn seeds() -> Vec<Vec<u8>> {
    let table = b"x0,x1,y\n1,2,0\n3,4,1\n5,6,0\n".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
    let images = idx(&[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    vec![
        gzip(&images),
        images,
        gzip(&table),
        table,
        npy_bytes(header, &[7; 24]),
        [vec![3u8], vec![100; 3072]].concat(),
    ]
}

/// Tries every source on these bytes.
fn tried(bytes: &[u8]) {
    for source in sources() {
        let mut spec = spec(source, "x");
        spec.train.labels = Some("x".into());
        spec.scale = Scale::Standard;
        spec.valid = HeldOut::Fraction(0.5);
        let folder = Folder::new(&[("x", bytes)]);
        for labels in [true, false] {
            if !labels {
                spec.train.labels = None;
            }
            if let Ok(data) = folder.load_for(&spec, LossKind::CrossEntropy) {
                assert_eq!(
                    data.train.inputs.len(),
                    data.train.len() * data.train.elements
                );
                assert!(!data.train.is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        tried(&bytes);
    }

    #[test]
    fn mutated_files(
        seed in 0usize..6,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        shorten: bool,
    ) {
        let mut bytes = seeds()[seed].clone();
        for (at, value) in changes {
            // Headers are where the lies are.
            let reach = bytes.len().min(80);
            bytes[at.index(reach)] = value;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        tried(&bytes);
    }

    #[test]
    fn random_tables(text in "[-0-9.,;\"a-c\n\re ?]{0,200}") {
        tried(text.as_bytes());
    }
}
