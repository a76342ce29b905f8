//! Many boxes into few: the worst stay by themselves, the others become one box for each folder.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Node, Worth};
use crate::render::text::{number, plural};

/// How deep folders are told apart at most.
const DEPTH: usize = 6;

/// A column of boxes: what each node of the graph became, and what each box holds.
pub(super) struct Column {
    /// Node → index of its box.
    index: BTreeMap<Node, usize>,
    pub boxes: Vec<Folded>,
}

/// One box.
pub(super) struct Folded {
    pub node: Node,
    /// Places in it, when they are several.
    pub members: Vec<String>,
}

impl Column {
    /// Order the boxes by where those they are joined to stand in `other`, the worst still on top.
    pub fn follow<'n>(&mut self, other: &Self, joined: impl Iterator<Item = (&'n Node, &'n Node)>) {
        let mut sums = vec![(0_usize, 0_usize); self.boxes.len()];
        for (own, theirs) in joined {
            if let (Some(own), Some(at)) = (self.of(own), other.of(theirs))
                && let Some((sum, n)) = sums.get_mut(own)
            {
                (*sum, *n) = (*sum + at, *n + 1);
            }
        }
        // In thousandths of a place; what is joined to nothing stays last.
        let place = |i: usize| sums.get(i).filter(|(_, n)| *n > 0).map_or(usize::MAX, |(sum, n)| sum * 1000 / n);
        let mut order: Vec<usize> = (0..self.boxes.len()).collect();
        order.sort_by_key(|&i| (self.boxes.get(i).map(|b| b.node.mark), place(i)));
        let mut now = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            if let Some(slot) = now.get_mut(from) {
                *slot = to;
            }
        }
        let mut boxes: Vec<(usize, Folded)> = now.iter().copied().zip(std::mem::take(&mut self.boxes)).collect();
        boxes.sort_by_key(|(to, _)| *to);
        self.boxes = boxes.into_iter().map(|(_, folded)| folded).collect();
        for index in self.index.values_mut() {
            *index = now.get(*index).copied().unwrap_or(*index);
        }
    }

    /// The box of a node.
    pub fn of(&self, node: &Node) -> Option<usize> {
        self.index.get(node).copied()
    }
}

/// At most `limit` boxes for `nodes`; `word` says what one of them is.
pub(super) fn column(nodes: &BTreeSet<Node>, limit: usize, word: &str) -> Column {
    let mut groups: BTreeMap<Node, Vec<&Node>> = BTreeMap::new();
    if nodes.len() <= limit {
        groups.extend(nodes.iter().map(|n| (n.clone(), vec![n])));
    } else {
        let bad: Vec<&Node> = nodes.iter().filter(|n| n.mark < Worth::Neutral).collect();
        let alone: BTreeSet<&Node> = if bad.len() <= limit / 2 { bad.into_iter().collect() } else { BTreeSet::new() };
        let rest: Vec<&Node> = nodes.iter().filter(|n| !alone.contains(n)).collect();
        for (node, members) in by_folder(&rest, limit - alone.len(), word) {
            groups.insert(node, members);
        }
        groups.extend(alone.into_iter().map(|n| (n.clone(), vec![n])));
    }
    let mut index = BTreeMap::new();
    let boxes = groups
        .into_iter()
        .enumerate()
        .map(|(i, (node, members))| {
            index.extend(members.iter().map(|m| ((*m).clone(), i)));
            let members = if members.len() > 1 { members.iter().map(|m| m.sub.clone()).collect() } else { Vec::new() };
            Folded { node, members }
        })
        .collect();
    Column { index, boxes }
}

/// Groups by state and folder, told apart as far as the limit allows; where even the outermost folders are too many,
/// the smallest become one box.
fn by_folder<'a>(nodes: &[&'a Node], limit: usize, word: &str) -> Vec<(Node, Vec<&'a Node>)> {
    let mut groups = split(nodes.to_vec(), 1);
    // The largest group that still fits in parts is told apart further.
    loop {
        let parts = groups
            .iter()
            .enumerate()
            .filter_map(|(i, group)| {
                let parts = (group.depth + 1..=DEPTH).map(|d| split(group.members.clone(), d)).find(|p| p.len() > 1)?;
                (groups.len() + parts.len() - 1 <= limit).then_some((group.members.len(), i, parts))
            })
            .max_by_key(|(size, i, _)| (*size, std::cmp::Reverse(*i)));
        let Some((_, i, parts)) = parts else { break };
        groups.splice(i..=i, parts);
    }
    let mut rest = Vec::new();
    if groups.len() > limit {
        groups.sort_by_key(|g| (g.mark, std::cmp::Reverse(g.members.len())));
        rest = groups.split_off(limit.saturating_sub(1));
    }
    let mut out: Vec<(Node, Vec<&Node>)> = groups
        .into_iter()
        .map(|g| match g.members.as_slice() {
            [one] => ((*one).clone(), g.members),
            _ => {
                let title = if g.folder.is_empty() { "several".to_owned() } else { g.folder.clone() };
                let node = Node { mark: g.mark, title, sub: plural(g.members.len(), word), path: g.folder };
                (node, g.members)
            }
        })
        .collect();
    if let Some(mark) = rest.iter().map(|g| g.mark).min() {
        let members: Vec<&Node> = rest.iter().flat_map(|g| g.members.iter().copied()).collect();
        let title = format!("{} more folders", number(rest.len() as u64));
        out.push((Node { mark, title, sub: plural(members.len(), word), path: String::new() }, members));
    }
    out
}

/// Places of one state in one folder.
struct Group<'a> {
    mark: Worth,
    folder: String,
    depth: usize,
    members: Vec<&'a Node>,
}

/// By state and by the outermost `depth` folders.
fn split(nodes: Vec<&Node>, depth: usize) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(Worth, String), Vec<&Node>> = BTreeMap::new();
    for node in nodes {
        groups.entry((node.mark, folder(&node.path, depth))).or_default().push(node);
    }
    groups.into_iter().map(|((mark, folder), members)| Group { mark, folder, depth, members }).collect()
}

/// The outermost `depth` folders of a path, with `/` at the end; the path of a file in no folder is `./`.
fn folder(path: &str, depth: usize) -> String {
    if path.is_empty() {
        return String::new();
    }
    let folders: Vec<&str> = path.split('/').collect();
    let kept = depth.min(folders.len() - 1);
    if kept == 0 { "./".to_owned() } else { folders.iter().take(kept).map(|f| format!("{f}/")).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(i: usize, folder: &str, mark: Worth) -> Node {
        Node { mark, title: format!("f{i}"), sub: format!("{folder}/f.go:{i}"), path: format!("{folder}/f.go") }
    }

    #[test]
    fn few_boxes_stay_as_they_are() {
        let nodes: BTreeSet<Node> = (0..5).map(|i| place(i, "a/b", Worth::Good)).collect();
        let column = column(&nodes, 14, "place");
        assert_eq!(column.boxes.len(), 5);
        assert!(column.boxes.iter().all(|b| b.members.is_empty()));
    }

    #[test]
    fn of_five_hundred_the_bad_ones_stand_alone_and_the_others_by_folder() {
        let mut nodes: BTreeSet<Node> =
            (0..500).map(|i| place(i, &format!("services/s{}/flows", i % 9), Worth::Good)).collect();
        nodes.extend((500..503).map(|i| place(i, "jobs/nightly", Worth::Failed)));
        let column = column(&nodes, 14, "place");
        assert_eq!(column.boxes.len(), 12, "three alone, nine services");
        assert!(column.boxes[..3].iter().all(|b| b.node.mark == Worth::Failed && b.members.is_empty()));
        assert_eq!(column.boxes[3].node.title, "services/s0/");
        assert_eq!(column.boxes[3].node.sub, "56 places");
        let held: usize = column.boxes.iter().map(|b| b.members.len().max(1)).sum();
        assert_eq!(held, 503, "nobody is lost");
        assert!(nodes.iter().all(|n| column.of(n).is_some()));
    }

    #[test]
    fn many_folders_with_many_bad_places_fit_as_well() {
        let nodes: BTreeSet<Node> = (0..500)
            .map(|i| place(i, &format!("s{i}"), if i % 3 == 0 { Worth::Failed } else { Worth::Good }))
            .collect();
        let column = column(&nodes, 14, "place");
        assert_eq!(column.boxes.len(), 14);
        assert_eq!(column.boxes.iter().map(|b| b.members.len().max(1)).sum::<usize>(), 500);
        let rest = column.boxes.iter().find(|b| b.node.title == "487 more folders").expect("the rest");
        assert_eq!(rest.node.mark, Worth::Failed, "a box that holds something bad is not a good one");
    }
}
