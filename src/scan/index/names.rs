//! What a name of a file stands for: packages, aliases, names handed on.

use super::*;

impl<'a> Index<'a> {
    /// The package an alias of a file means.
    pub fn import(&self, unit: u32, alias: &str) -> Option<Cow<'a, str>> {
        let import = *self.imports.get(unit as usize)?.get(alias)?;
        let Some(member) = &import.member else { return Some(Cow::Borrowed(&import.path)) };
        // A name taken from a package may be a package itself; what is known to be something else is not.
        if let Some(inside) = self.inner.get(&(unit, alias)) {
            return (!self.binds(&import.path, member)).then(|| Cow::Owned(inside.clone()));
        }
        let full = self.catalogue.current_name(&join(&import.path, member));
        let known = self.catalogue.types.contains_key(&full) || self.catalogue.functions.contains_key(&full);
        (!known && !self.is_local(&import.path)).then_some(Cow::Owned(full))
    }

    /// Whether a package binds a name to something else than the package inside it that is called so.
    fn binds(&self, package: &str, name: &str) -> bool {
        let Some(units) = self.by_package.get(package) else {
            self.want(package, name, Reach::Declaration);
            return false;
        };
        let full = join(package, name);
        self.functions.contains_key(&full)
            || self.types.contains_key(&full)
            || self.globals.contains_key(&full)
            || units.iter().filter_map(|unit| self.imports.get(*unit as usize)?.get(name)).any(|import| {
                let itself = import.path == package && import.member.as_deref() == Some(name);
                import.member.is_some() && !itself
            })
    }

    /// The package an expression names, when it is a bare import name or a package inside one.
    pub fn package_at(&self, at: At) -> Option<Cow<'a, str>> {
        match self.kind(at) {
            ExprKind::Free(name) => self.import(at.unit, name),
            ExprKind::Member { base, name } => {
                self.inner_package(&self.package_at(At { unit: at.unit, expr: *base })?, name)
            }
            _ => None,
        }
    }

    fn inner_package(&self, package: &str, name: &str) -> Option<Cow<'a, str>> {
        let inside = format!("{package}/{name}");
        if self.front.nests() && self.project.holds(&inside) {
            return Some(Cow::Owned(inside));
        }
        let full = join(package, name);
        (self.front.nests() && self.packages.contains(&full)).then_some(Cow::Owned(full))
    }

    /// The full name a free name of a file stands for: what is imported under it, or the file's own package.
    pub fn free_name(&self, unit: u32, name: &str) -> String {
        match self.imports.get(unit as usize).and_then(|imports| imports.get(name)) {
            Some(Import { path, member: Some(member), .. }) => self.canonical(&join(path, member)),
            _ => join(&self.unit(unit).package, name),
        }
    }

    /// The full name under which something is declared, when packages hand on the names of others.
    pub fn canonical(&self, full: &str) -> String {
        let own = self.catalogue.current_name(full);
        if !self.hands_on || self.declares(&own) {
            return own;
        }
        let mut last = own.clone();
        let mut todo = vec![own];
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(next) = todo.pop() {
            if seen.len() > 200 || !seen.insert(next.clone()) {
                continue;
            }
            if self.declares(&next) {
                return next;
            }
            let (package, name) = (package_part(&next), name_part(&next));
            let handed_on = self.handed_on.get(package).into_iter().flatten();
            for inner in handed_on {
                if !self.by_package.contains_key(inner) && self.is_local(inner) {
                    self.want(inner, name, Reach::Declaration);
                }
                todo.push(self.catalogue.current_name(&join(inner, name)));
            }
            let imported = self.by_package.get(package).into_iter().flatten().find_map(|unit| {
                match self.imports.get(*unit as usize)?.get(name)? {
                    Import { path, member: Some(member), .. } => Some(join(path, member)),
                    _ => None,
                }
            });
            if let Some(imported) = imported {
                last = self.catalogue.current_name(&imported);
                todo.push(last.clone());
            }
        }
        last
    }

    pub(super) fn declares(&self, full: &str) -> bool {
        self.functions.contains_key(full)
            || self.types.contains_key(full)
            || self.globals.contains_key(full)
            || self.catalogue.types.contains_key(full)
            || self.catalogue.functions.contains_key(full)
    }

    /// Names of the types that inherit from a type of this name, at any depth.
    pub fn derived_names(&self, name: &str) -> Vec<&'a str> {
        let mut all: Vec<&'a str> = self.derived.get(name).cloned().unwrap_or_default();
        let mut at = 0;
        while let Some(next) = all.get(at).copied() {
            at += 1;
            for further in self.derived.get(next).into_iter().flatten() {
                if !all.contains(further) && all.len() < 50 {
                    all.push(further);
                }
            }
        }
        all
    }

    /// The full name of a type as written in a file; the old names of the SDK become today's.
    pub fn full_name(&self, unit: u32, qualifier: Option<&str>, name: &str) -> String {
        match qualifier {
            Some(alias) => match self.qualifier(unit, alias) {
                Some(path) => self.canonical(&join(&path, name)),
                None => join(alias, name),
            },
            None => {
                let own = join(&self.unit(unit).package, name);
                if self.types.contains_key(&own) {
                    return own;
                }
                let free = self.free_name(unit, name);
                if free != own {
                    return free;
                }
                // Names brought in without a qualifier.
                if let Some(path) = self.import(unit, ".") {
                    let full = self.canonical(&join(&path, name));
                    if self.types.contains_key(&full) || self.catalogue.types.contains_key(&full) {
                        return full;
                    }
                }
                own
            }
        }
    }

    fn qualifier(&self, unit: u32, written: &str) -> Option<Cow<'a, str>> {
        if let Some(package) = self.import(unit, written) {
            return Some(package);
        }
        let mut words = written.split('.');
        let mut package = self.import(unit, words.next()?)?;
        for word in words {
            package = self.inner_package(&package, word)?;
        }
        Some(package)
    }
}
