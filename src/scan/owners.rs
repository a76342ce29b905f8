//! Whose a file is, as `CODEOWNERS` says.
//!
//! One file for a repository, in the places GitHub and GitLab look for it. Later lines win; the sections of GitLab each
//! name somebody. Sources: "About code owners" of GitHub's documentation, "Code Owners" of GitLab's.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::merge::each_path;
use crate::facts::code::CodeFacts;

/// Below the top of a repository; the first that is there counts.
const PLACES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];
/// GitHub reads no larger file.
const LARGEST: u64 = 3 << 20;

/// The owners of every file the facts name, by path; files that nobody owns are left out.
pub(super) fn of(root: &Path, facts: &mut CodeFacts) -> BTreeMap<String, String> {
    let paths = RefCell::new(BTreeSet::new());
    each_path(facts, |path| {
        paths.borrow_mut().insert(path.clone());
    });
    // The folders above are those of the real place: `..` has no parent by its name.
    let Ok(root) = root.canonicalize() else { return BTreeMap::new() };
    let top = root.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&root).to_owned();
    let mut repositories = Repositories { top, folders: BTreeMap::new() };
    let owned = paths.into_inner().into_iter().filter_map(|path| {
        let full = root.join(&path);
        let owners = repositories.around(full.parent()?)?.of(&full);
        (!owners.is_empty()).then(|| (path, owners.join(", ")))
    });
    owned.collect()
}

/// What is known of folders that were asked about.
struct Repositories {
    /// Of the repository the scanned tree is in, or the tree itself: nothing above it is looked at.
    top: PathBuf,
    folders: BTreeMap<PathBuf, Option<Rc<Owners>>>,
}

impl Repositories {
    /// The owners file of the repository around a folder.
    fn around(&mut self, folder: &Path) -> Option<Rc<Owners>> {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        // What stands in `docs/CODEOWNERS` is about the folder above.
        let holds_one = folder
            .file_name()
            .is_some_and(|name| PLACES.iter().any(|p| Path::new(p).parent() == Some(Path::new(name))));
        let own = if holds_one { None } else { PLACES.iter().find_map(|place| Owners::read(folder, place)) };
        let found = match own {
            Some(own) => Some(Rc::new(own)),
            None if folder == self.top || folder.join(".git").exists() => None,
            None => folder.parent().and_then(|above| self.around(above)),
        };
        self.folders.insert(folder.to_owned(), found.clone());
        found
    }
}

/// A file of owners.
struct Owners {
    sections: Vec<Vec<Line>>,
}

/// Files and who owns them; nobody, when the line takes them out.
struct Line {
    files: Gitignore,
    /// `folder/*` is what lies in the folder itself.
    direct: bool,
    owners: Vec<String>,
}

impl Owners {
    fn read(top: &Path, place: &str) -> Option<Self> {
        let file = top.join(place);
        // A link may lead out of the tree, and reading a pipe never ends.
        std::fs::symlink_metadata(&file).ok().filter(|of| of.is_file() && of.len() <= LARGEST)?;
        Some(Self::parse(top, &std::fs::read_to_string(file).ok()?))
    }

    fn parse(top: &Path, text: &str) -> Self {
        let (mut sections, mut by_default) = (vec![vec![]], vec![]);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (pattern, owners) = words(line);
            if let Some((_, names)) =
                line.strip_prefix('^').unwrap_or(line).strip_prefix('[').and_then(|l| l.split_once(']'))
            {
                // `[Name][2] @owner`: two of them must approve.
                by_default = owners_in(names.split_whitespace().filter(|word| !word.starts_with('[')));
                sections.push(vec![]);
                continue;
            }
            let owners = if owners.is_empty() { by_default.clone() } else { owners };
            let mut builder = GitignoreBuilder::new(top);
            // `!` begins no exception here.
            let pattern = if pattern.starts_with('!') { format!("\\{pattern}") } else { pattern };
            let line = builder.add_line(None, &pattern).ok().and_then(|builder| builder.build().ok());
            if let (Some(files), Some(section)) = (line, sections.last_mut()) {
                section.push(Line { files, direct: pattern.ends_with("/*"), owners });
            }
        }
        Self { sections }
    }

    /// Who owns a file: of each section those of the last line that is about it.
    fn of(&self, file: &Path) -> Vec<String> {
        let mut found: Vec<String> = vec![];
        for section in &self.sections {
            let about = |line: &&Line| match line.direct {
                true => line.files.matched(file, false).is_ignore(),
                false => line.files.matched_path_or_any_parents(file, false).is_ignore(),
            };
            for owner in section.iter().rev().find(about).into_iter().flat_map(|line| &line.owners) {
                if !found.contains(owner) {
                    found.push(owner.clone());
                }
            }
        }
        found
    }
}

/// The pattern of a line, in which a space is written `\ `, and the owners behind it.
fn words(line: &str) -> (String, Vec<String>) {
    let end = line
        .char_indices()
        .find(|(at, c)| c.is_whitespace() && !line.get(..*at).is_some_and(|before| before.ends_with('\\')))
        .map_or(line.len(), |(at, _)| at);
    let (pattern, rest) = line.split_at(end);
    (pattern.replace("\\ ", " "), owners_in(rest.split_whitespace()))
}

/// `@user`, `@org/team` and addresses, up to a comment.
fn owners_in<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.take_while(|word| !word.starts_with('#')).filter(|word| word.contains('@')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(text: &str, path: &str) -> String {
        Owners::parse(Path::new("/repo"), text).of(&Path::new("/repo").join(path)).join(", ")
    }

    #[test]
    fn the_last_line_about_a_file_names_its_owner() {
        let text = "# who reviews\n* @everyone\n*.go @go # gophers\n/jobs/ @ops ops@example.com\ndocs/* @writers\n\
                    apps/ @apps\n/apps/github @octo\n/quiet/\nwith\\ space/ @spaces\n";
        for (path, expected) in [
            ("README.md", "@everyone"),
            ("cmd/main.go", "@go"),
            ("jobs/nightly/main.go", "@ops, ops@example.com"),
            ("other/jobs/main.py", "@everyone"),
            ("docs/start.md", "@writers"),
            ("docs/deep/start.md", "@everyone"),
            ("services/apps/x.py", "@apps"),
            ("apps/github/x.py", "@octo"),
            ("quiet/x.go", ""),
            ("with space/x.py", "@spaces"),
        ] {
            assert_eq!(owner(text, path), expected, "{path}");
        }
    }

    #[test]
    fn every_section_of_gitlab_names_somebody() {
        let text = "* @all\n[Docs] @writers\ndocs/\nREADME.md @front\n^[Database][2] @dba\n*.sql\n";
        assert_eq!(owner(text, "docs/x.sql"), "@all, @writers, @dba");
        assert_eq!(owner(text, "README.md"), "@all, @front");
        assert_eq!(owner(text, "main.go"), "@all");
    }

    #[test]
    fn odd_lines_are_no_trouble() {
        let text = "!main.go @not\n[unclosed @x\n*** @stars\n\\#x.go @hash\n/ @root\n@only\n";
        let _ = owner(text, "main.go");
        assert_eq!(owner("\\#x.go @hash\n", "#x.go"), "@hash");
    }
}
