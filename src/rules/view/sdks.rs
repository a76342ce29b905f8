//! SDK versions against what Temporal Cloud asks of a client.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::code::production;
use super::coverage::whole;
use super::{limits, words};
use crate::facts::code::CodeFacts;
use crate::facts::{Known, Locus, Why};

/// Known when the version of the SDK of every language that uses Temporal was seen.
pub(super) fn sdks_without_api_key(code: &CodeFacts) -> Known<Vec<Value>> {
    limits::limits().and_then(|limits| {
        let mut all = Vec::new();
        let mut seen = BTreeSet::new();
        for sdk in &code.sdks {
            let of_package =
                |m: &&limits::SdkMinimum| m.language == sdk.language && m.package.eq_ignore_ascii_case(&sdk.package);
            let Some(minimum) = limits.api_key_sdks.iter().find(of_package) else { continue };
            seen.insert(sdk.language.as_str());
            let verdict = match (limits::version(&sdk.version), limits::version(&minimum.version)) {
                (Some(found), Some(first)) if found >= first => continue,
                // A range that begins below may still resolve above.
                (Some(_), Some(_)) if sdk.version.contains(['^', '~', '>', '*']) => "unclear",
                (Some(_), Some(_)) => "too-old",
                _ => "unclear",
            };
            all.push(json!({
                "verdict": verdict, "language": sdk.language, "package": sdk.package, "version": sdk.version,
                "minimum": minimum.version, "path": sdk.path, "line": sdk.line,
                "loci": [Locus::File { path: sdk.path.clone(), line: sdk.line }],
            }));
        }
        let used: BTreeSet<&str> = production(code).map(|s| s.language.as_str()).collect();
        let unseen: Vec<String> = used.difference(&seen).map(|l| (*l).to_owned()).collect();
        match unseen.is_empty() {
            true => whole(code, all),
            false => Known::Partial {
                value: all,
                why: Why::with_remedy(
                    format!("no manifest tells the version of the Temporal SDK for {}", words::list(&unseen, 5)),
                    "scan the root of the repository, where its manifest is",
                ),
            },
        }
    })
}
