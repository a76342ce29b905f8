//! `package.json` and `tsconfig.json`: names under which files of the tree are imported.

use serde_json::Value;

use super::super::{Alias, Module};

/// Folder and package name of a `package.json`.
pub(super) fn package(path: &str, text: &str) -> Option<Module> {
    if !path.ends_with("package.json") {
        return None;
    }
    let json = serde_json::from_str::<Value>(text).ok()?;
    let name = json.get("name").and_then(Value::as_str)?;
    Some(Module { folder: folder_of(path).to_owned(), name: name.to_owned() })
}

/// Import names that a manifest gives to files of the tree.
pub(super) fn aliases(path: &str, text: &str) -> Vec<Alias> {
    let folder = folder_of(path);
    if path.ends_with("package.json") {
        return serde_json::from_str::<Value>(text).map(|json| of_package(folder, &json)).unwrap_or_default();
    }
    serde_json::from_str::<Value>(&plain_json(text)).map(|json| of_tsconfig(folder, &json)).unwrap_or_default()
}

fn of_package(folder: &str, json: &Value) -> Vec<Alias> {
    let Some(name) = json.get("name").and_then(Value::as_str) else { return vec![] };
    let mut found = vec![];
    let mut add = |pattern: String, targets: Vec<String>| found.push(Alias { scope: String::new(), pattern, targets });
    match json.get("exports") {
        Some(Value::Object(map)) if map.keys().any(|k| k.starts_with('.')) => {
            for (key, value) in map {
                let pattern = format!("{name}{}", key.trim_start_matches('.'));
                add(pattern, files_in(value).iter().flat_map(|f| sources(folder, f)).collect());
            }
        }
        Some(value) => add(name.to_owned(), files_in(value).iter().flat_map(|f| sources(folder, f)).collect()),
        None => {}
    }
    let mut main: Vec<String> = vec![];
    for key in ["types", "typings", "source", "module", "main"] {
        main.extend(json.get(key).and_then(Value::as_str).iter().flat_map(|f| sources(folder, f)));
    }
    main.extend([join(folder, "src/index"), join(folder, "index"), join(folder, "lib/index")]);
    add(name.to_owned(), main);
    add(format!("{name}/*"), vec![join(folder, "*"), join(folder, "src/*")]);
    // `#x` names of the package's own.
    for (key, value) in json.get("imports").and_then(Value::as_object).into_iter().flatten() {
        let targets = files_in(value).iter().flat_map(|f| sources(folder, f)).collect();
        found.push(Alias { scope: folder.to_owned(), pattern: key.clone(), targets });
    }
    found
}

/// All file names a value of `exports` may mean.
fn files_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(file) => vec![file.clone()],
        Value::Array(all) => all.iter().flat_map(files_in).collect(),
        Value::Object(map) => map.values().flat_map(files_in).collect(),
        _ => vec![],
    }
}

/// The file itself, and the source a build output comes from.
fn sources(folder: &str, file: &str) -> Vec<String> {
    let file = file.trim_start_matches("./");
    let mut stem = super::without_extension(file);
    stem = stem.strip_suffix(".d").unwrap_or(stem);
    let mut all = vec![join(folder, stem)];
    for output in ["dist/", "build/", "lib/", "out/", "dist/src/"] {
        if let Some(rest) = stem.strip_prefix(output) {
            all.extend([join(folder, &format!("src/{rest}")), join(folder, rest)]);
        }
    }
    all
}

fn of_tsconfig(folder: &str, json: &Value) -> Vec<Alias> {
    let Some(options) = json.get("compilerOptions") else { return vec![] };
    let base = options.get("baseUrl").and_then(Value::as_str);
    let root = join(folder, base.unwrap_or("."));
    let mut found = vec![];
    for (pattern, targets) in options.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let targets = targets.as_array().into_iter().flatten().filter_map(Value::as_str);
        found.push(Alias {
            scope: folder.to_owned(),
            pattern: pattern.clone(),
            targets: targets.map(|t| join(&root, super::without_extension(t))).collect(),
        });
    }
    if base.is_some() {
        found.push(Alias { scope: folder.to_owned(), pattern: "*".into(), targets: vec![join(&root, "*")] });
    }
    found
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `folder` and a relative path, `.` and `..` worked out.
pub(super) fn join(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// JSON with comments and trailing commas → JSON.
fn plain_json(text: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars().peekable());
    let mut quoted = false;
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            match c {
                '\\' => out.extend(chars.next()),
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match (c, chars.peek()) {
            ('"', _) => {
                quoted = true;
                out.push(c);
            }
            ('/', Some('/')) => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            ('/', Some('*')) => {
                chars.next();
                let mut last = ' ';
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            ('}' | ']', _) => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Tables of a manifest that name packages it depends on.
const DEPENDENCIES: [&str; 4] = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];

/// Whether a manifest says that its package depends on another. Settings of the compiler name packages by their paths.
pub(super) fn depends_on(path: &str, text: &str, name: &str) -> bool {
    if !path.ends_with("package.json") {
        return true;
    }
    let Ok(json) = serde_json::from_str::<Value>(text) else { return true };
    DEPENDENCIES.iter().any(|table| json.get(table).is_some_and(|packages| packages.get(name).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tsconfig_with_comments_gives_aliases() {
        let text =
            "{ // base\n \"compilerOptions\": { \"baseUrl\": \".\", \"paths\": { \"@/*\": [\"./src/*\"], }, }, }";
        let found = aliases("apps/web/tsconfig.json", text);
        assert!(found.iter().any(|a| a.pattern == "@/*" && a.targets == ["apps/web/src/*"]), "{found:?}");
    }

    #[test]
    fn package_exports_lead_to_sources() {
        let text = r#"{"name":"@acme/flow","exports":{".":{"import":"./dist/index.js"},"./client":"./src/client.ts"}}"#;
        let found = aliases("packages/flow/package.json", text);
        let targets = |p: &str| found.iter().find(|a| a.pattern == p).unwrap().targets.clone();
        assert!(targets("@acme/flow").contains(&"packages/flow/src/index".to_owned()));
        assert!(targets("@acme/flow/client").contains(&"packages/flow/src/client".to_owned()));
    }
}
