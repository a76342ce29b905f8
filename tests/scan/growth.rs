//! What a scan costs is counted in steps, and grows with the code: no code makes it explode.

use temporal_preflight::facts::code::CodeFacts;

use crate::hostile::{self, Files, Make};
use crate::tree::{Tree, starts};

/// Levels of the smallest tree, and of those compared with it: in every run, and in the long one.
const SMALL: usize = 8;
const LARGER: [usize; 2] = [16, 32];
const LARGEST: [usize; 1] = [64];

/// How much more than in proportion a tree may cost: caps of single searches are reached one after the other.
const SLACK: u64 = 4;

/// What the smallest tree may cost: its few searches have a fixed part, and are as long as the code is deep.
const FLOOR: u64 = 10_000;

fn scanned(files: &Files) -> CodeFacts {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    Tree::new(&files).scan()
}

fn size(files: &Files) -> u64 {
    files.iter().map(|(_, text)| text.len() as u64).sum()
}

fn grows_with_the_code(name: &str, make: Make, larger: &[usize]) -> Option<String> {
    let small = make(SMALL);
    let base = scanned(&small).coverage.steps.max(FLOOR);
    larger.iter().find_map(|levels| {
        let larger = make(*levels);
        let steps = scanned(&larger).coverage.steps;
        let most = SLACK * base * size(&larger) / size(&small);
        (steps > most)
            .then(|| format!("{name}: {levels} levels took {steps} steps, {SMALL} took {base}; at most {most}"))
    })
}

/// Every generator, on two threads.
fn all_grow_with_the_code(larger: &[usize]) {
    let part = |first: usize| -> Vec<String> {
        let mine = hostile::ALL.iter().skip(first).step_by(2);
        mine.filter_map(|(name, make)| grows_with_the_code(name, *make, larger)).collect()
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        let mut wrong = part(0);
        wrong.extend(other.join().expect("the other half ends"));
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn steps_grow_with_the_code_and_not_with_its_nesting() {
    all_grow_with_the_code(&LARGER);
}

#[test]
#[ignore = "takes minutes: cargo test --test scan growth -- --ignored"]
fn steps_grow_with_the_code_in_64_levels() {
    all_grow_with_the_code(&LARGEST);
}

#[test]
fn a_start_beside_hostile_code_is_found() {
    for (name, make) in hostile::ALL {
        assert!(starts(&scanned(&make(SMALL))) > 0, "{name}");
    }
}

#[test]
fn the_same_code_takes_the_same_steps() {
    for (name, make) in hostile::ALL.iter().take(3) {
        let steps: Vec<u64> = (0..2).map(|_| scanned(&make(SMALL)).coverage.steps).collect();
        assert!(steps[0] == steps[1] && steps[0] > 0, "{name}: {steps:?}");
    }
}

#[test]
fn what_was_not_searched_to_its_end_is_said() {
    // A client handed through more functions than a search follows.
    let hops: String =
        (1..100).map(|n| format!("func h{n}(c client.Client) client.Client {{ return h{}(c) }}\n", n - 1)).collect();
    let text = format!(
        "{}func h0(c client.Client) client.Client {{ return c }}\n{hops}func main() {{\n\tc, _ := client.Dial(client.Options{{}})\n\th99(c).ExecuteWorkflow(nil, client.StartWorkflowOptions{{}}, \"W\")\n}}\n",
        crate::tree::HEAD
    );
    let facts = Tree::new(&[("main.go", text.as_bytes())]).scan();
    let site = facts.sites.iter().find(|s| s.kind.starts()).expect("the start is a site");
    assert!(site.client.reason.as_deref().is_some_and(|r| r.starts_with("search_limit")), "{:?}", site.client);
    assert!(!site.client.every_way_ends());
}
