//! What a scan costs is counted in steps, and grows with the code: no code makes it explode.

use temporal_preflight::facts::code::CodeFacts;

use crate::hostile::{self, Files, Make};
use crate::tree::{Tree, starts};

/// Levels of the smallest tree and of those compared with it.
const SMALL: usize = 16;
const LARGER: [usize; 2] = [32, 64];

/// How much more than in proportion a tree may cost: caps of single searches are reached one after the other.
const SLACK: u64 = 4;

/// What no tree costs less than: a search has its fixed part.
const FLOOR: u64 = 2000;

fn scanned(files: &Files) -> CodeFacts {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    Tree::new(&files).scan()
}

fn size(files: &Files) -> u64 {
    files.iter().map(|(_, text)| text.len() as u64).sum()
}

fn grows_with_the_code(name: &str, make: Make) -> Option<String> {
    let small = make(SMALL);
    let base = scanned(&small).coverage.steps.max(FLOOR);
    LARGER.iter().find_map(|levels| {
        let larger = make(*levels);
        let steps = scanned(&larger).coverage.steps;
        let most = SLACK * base * size(&larger) / size(&small);
        (steps > most)
            .then(|| format!("{name}: {levels} levels took {steps} steps, {SMALL} took {base}; at most {most}"))
    })
}

#[test]
fn steps_grow_with_the_code_and_not_with_its_nesting() {
    let wrong: Vec<String> = hostile::ALL.iter().filter_map(|(name, make)| grows_with_the_code(name, *make)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_start_beside_hostile_code_is_found() {
    for (name, make) in hostile::ALL {
        assert!(starts(&scanned(&make(SMALL))) > 0, "{name}");
    }
}

#[test]
fn the_same_code_takes_the_same_steps() {
    for (name, make) in hostile::ALL.iter().take(4) {
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
