//! Which of the values of a variable can be in it where it is used.

use super::{BlockId, ExprId, Guard, Role, Source, Unit, VarId};

impl Unit {
    /// The values a variable may have at a place: the last assignment before it in the same or an outer block hides
    /// those before, and what stands in another branch, or after it outside of a loop, does not get there.
    pub fn reaching(&self, var: VarId, used: Option<ExprId>) -> Vec<&Source> {
        let declared = self.var(var);
        let all: Vec<&Source> = declared.sources.iter().collect();
        let Some(used) = used.filter(|_| all.len() > 1) else { return all };
        if matches!(declared.role, Role::Global | Role::Receiver) {
            return all;
        }
        let at = self.expr(used);
        let function = |block: BlockId| self.blocks.get(block.at()).and_then(|block| block.function);
        // What a function written inside uses was given before, or after: when it runs is not known.
        if all.iter().any(|source| function(source.block) != function(at.block)) {
            return all;
        }
        let around = self.blocks_around(at.block);
        let (mut reaching, mut next_turn): (Vec<&Source>, Vec<&Source>) = (vec![], vec![]);
        let mut hides: Option<BlockId> = None;
        let mut sources = all.clone();
        sources.sort_by_key(|source| self.expr(source.value).end);
        for source in sources {
            let before = self.expr(source.value).end <= at.start;
            if before && around.contains(&source.block) {
                reaching = vec![source];
                hides = Some(source.block);
            } else if !before || self.is_other_branch(source.block, &around) {
                next_turn.push(source);
            } else if !self.leaves(source, &around) {
                reaching.push(source);
            }
        }
        // What a loop assigns in one turn is there in the next, unless that one begins with an assignment of its own.
        reaching.extend(next_turn.into_iter().filter(|source| {
            let looped = self.common_loop(source.block, &around);
            looped.is_some_and(|looped| hides.is_none_or(|hides| !self.blocks_around(hides).contains(&looped)))
        }));
        if reaching.is_empty() { all } else { reaching }
    }

    /// The innermost loop around a block and the others.
    fn common_loop(&self, block: BlockId, around: &[BlockId]) -> Option<BlockId> {
        let is_loop =
            |id: &BlockId| self.blocks.get(id.at()).is_some_and(|block| matches!(block.guard, Guard::Loop { .. }));
        self.blocks_around(block).into_iter().find(|id| around.contains(id) && is_loop(id))
    }

    /// Whether a block is a branch that does not run when the others do.
    fn is_other_branch(&self, block: BlockId, around: &[BlockId]) -> bool {
        let guard = |id: &BlockId| self.blocks.get(id.at()).map(|block| (&block.guard, block.parent));
        self.blocks_around(block).iter().take_while(|id| !around.contains(id)).filter_map(guard).any(|(one, parent)| {
            around.iter().filter_map(guard).any(|(other, its_parent)| match (one, other) {
                (Guard::When { condition, holds }, Guard::When { condition: same, holds: other }) => {
                    condition == same && holds != other
                }
                (Guard::Case { subject, .. }, Guard::Case { subject: same, .. }) => {
                    subject == same && parent == its_parent
                }
                _ => false,
            })
        })
    }

    /// Whether the function is left after an assignment, before the block around both is reached again.
    fn leaves(&self, source: &Source, around: &[BlockId]) -> bool {
        let inside: Vec<BlockId> =
            self.blocks_around(source.block).into_iter().take_while(|id| !around.contains(id)).collect();
        let Some(function) = self.blocks.get(source.block.at()).and_then(|block| block.function) else { return false };
        let after = self.expr(source.value).end;
        self.function(function).returns.iter().any(|given| {
            inside.contains(&given.block) && given.values.first().is_some_and(|value| self.expr(*value).start >= after)
        })
    }
}
