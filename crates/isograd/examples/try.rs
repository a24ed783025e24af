//! t
use isograd::{probe::*, session::*, train::*};
use isograd_core::{describe::Document, diagnose::*, predict::predict, trace::*};
use std::path::Path;
struct O;
impl Observer for O {
    fn validation(&mut self, v: &Validation) {
        eprintln!("{:?}", v);
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let over: Vec<String> = a[4..].to_vec();
    let d = Document::load(Path::new(&a[1]), &over).unwrap();
    let t = std::time::Instant::now();
    let p = prepare(&d, std::env::var_os("ISOGRAD_DATA").as_ref().map(Path::new)).unwrap();
    eprintln!(
        "prepared {:?} train {} valid {:?} test {:?}",
        t.elapsed(),
        p.data.train.len(),
        p.data.valid.as_ref().map(|v| v.len()),
        p.data.test.as_ref().map(|v| v.len())
    );
    let seed: u64 = a[2].parse().unwrap();
    let max: u64 = a[3].parse().unwrap();
    let o = TrainOptions {
        max_steps: (max > 0).then_some(max),
        seed: (seed > 0).then_some(seed),
        watch: Schedule::default(),
        ..Default::default()
    };
    let f = train(&p, &o, &mut O).unwrap();
    eprintln!(
        "{} steps {:.1}s {:?} valid {:?} test {:?}",
        f.steps,
        f.seconds,
        f.stopped,
        f.valid.as_ref().map(|s| (s.loss, s.metric)),
        f.test.as_ref().map(|s| (s.loss, s.metric))
    );
    let pr = predict(&p.plan, input_moments(&p.data, 1));
    let e = Examination {
        description: &p.description,
        plan: &p.plan,
        prediction: &pr,
        trace: &f.trace,
    };
    let g = diagnose(&e);
    for x in &g.findings {
        println!(
            "{:?} {} {:?}\n   {}\n  {}",
            x.severity,
            x.code,
            x.layers.iter().take(3).collect::<Vec<_>>(),
            x.cause,
            serde_json::to_string(&x.evidence).unwrap()
        );
        for ad in &x.advice {
            println!("    - {}", ad.text);
        }
    }
    for b in g.blame.iter().take(4) {
        println!("{:?}", b);
    }
}
