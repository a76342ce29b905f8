//! axe-core, fetched once into the target folder by npm; never part of the tree.

use std::path::PathBuf;
use std::process::Command;

const PACKAGE: &str = "axe-core@4.10.3";

/// The script, as text. `AXE_JS` names another copy.
pub fn script(folder: &std::path::Path) -> String {
    if let Some(path) = std::env::var_os("AXE_JS") {
        return std::fs::read_to_string(path).expect("AXE_JS is a file");
    }
    let kept = folder.join("axe-core/package/axe.min.js");
    if !kept.is_file() {
        fetch(folder.join("axe-core"));
    }
    std::fs::read_to_string(kept).expect("the package holds axe.min.js")
}

fn fetch(folder: PathBuf) {
    std::fs::create_dir_all(&folder).unwrap();
    let run = |program: &str, args: &[&str]| {
        let help = "install npm (`apt-get install npm`), or name a copy of axe.min.js in AXE_JS";
        let output = Command::new(program).args(args).current_dir(&folder).output();
        let output = output.unwrap_or_else(|e| panic!("{program} cannot be run ({e}): {help}"));
        assert!(output.status.success(), "{program} {args:?}: {}\n{help}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let packed = run("npm", &["pack", "--silent", PACKAGE]);
    let file = packed.lines().last().unwrap_or_default();
    run("tar", &["-xzf", file, "package/axe.min.js"]);
}
