//! Whether each client comes out of a connection factory. Answered once, for text, rules, report and tables alike.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ClientOrigin, CodeFacts, Kind, OriginStatus, Site};

/// How a site stands to the connection factories.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Standing {
    /// The answer.
    pub verdict: StandingVerdict,
    /// Why the answer is open, in words; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

/// Whether the client of a site was built by a connection factory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandingVerdict {
    /// Every client that reaches the call was built by a factory.
    Factory,
    /// A client that reaches the call was built outside of every factory.
    Outside,
    /// It could not be told.
    #[default]
    Open,
}

impl Standing {
    const FACTORY: Self = Self { verdict: StandingVerdict::Factory, because: String::new() };
    const OUTSIDE: Self = Self { verdict: StandingVerdict::Outside, because: String::new() };

    fn open(because: impl Into<String>) -> Self {
        Self { verdict: StandingVerdict::Open, because: because.into() }
    }

    /// Whether the client was built by a factory.
    pub fn is_factory(&self) -> bool {
        self.verdict == StandingVerdict::Factory
    }
}

impl CodeFacts {
    /// Work out the standing of every site, after the factories are known.
    pub fn judge_standings(&mut self) {
        let workers = self.workers_use_factories();
        let used: BTreeSet<(String, u32)> = self
            .sites
            .iter()
            .flat_map(|site| &site.client.origins)
            .filter(|origin| origin.factory)
            .map(|origin| (origin.path.clone(), origin.line))
            .collect();
        let standings: Vec<Standing> = self
            .sites
            .iter()
            .map(|site| match site.kind {
                Kind::Connect | Kind::ConnectConfig => {
                    let inside = self.is_in_factory(site) || used.contains(&(site.path.clone(), site.line));
                    if inside { Standing::FACTORY } else { Standing::OUTSIDE }
                }
                _ if self.is_open_in_factory(&site.client) => Standing::FACTORY,
                _ => of_client(&site.client, workers),
            })
            .collect();
        for (site, standing) in self.sites.iter_mut().zip(standings) {
            site.standing = standing;
        }
    }

    /// Whether the client comes out of a factory on every way, and what is open is how that builds it.
    fn is_open_in_factory(&self, client: &ClientOrigin) -> bool {
        let places = self.factories.iter().filter(|f| f.found).map(|f| {
            let method = f.function.rsplit('.').next().unwrap_or(&f.function);
            format!("{}:{method}", f.path)
        });
        !client.is_built_outside() && places.into_iter().any(|place| client.open_within.contains(&place))
    }

    /// Whether a site stands in the body of a factory.
    fn is_in_factory(&self, site: &Site) -> bool {
        let last = |name: &str| name.rsplit(['.', ':', '#']).next().unwrap_or(name).to_owned();
        let function = site.function.as_deref().map(last);
        self.factories.iter().any(|f| f.found && f.path == site.path && function == Some(last(&f.function)))
    }

    /// Whether the client that workers hand to their activities comes out of factories.
    fn workers_use_factories(&self) -> bool {
        let mut workers =
            self.sites.iter().filter(|site| site.scope.is_production() && site.kind == Kind::Worker).peekable();
        workers.peek().is_some()
            && workers.all(|worker| {
                worker.client.status != OriginStatus::Inherited && of_client(&worker.client, false).is_factory()
            })
    }
}

fn of_client(client: &ClientOrigin, workers_use_factories: bool) -> Standing {
    if client.is_built_outside() {
        return Standing::OUTSIDE;
    }
    let origins = client.origins.len();
    match client.status {
        OriginStatus::Resolved if origins > 0 => Standing::FACTORY,
        OriginStatus::Inherited if origins > 0 || workers_use_factories => Standing::FACTORY,
        OriginStatus::Inherited => {
            Standing::open("it uses the client of the worker that runs it, and where that was built is open")
        }
        // Several constructions, such as one per cluster in one factory, and no way that is open. A single one beside
        // others means the client of a worker.
        OriginStatus::Ambiguous if client.every_way_ends() && (origins > 1 || workers_use_factories) => {
            Standing::FACTORY
        }
        OriginStatus::Ambiguous => Standing::open(format!("one way to its client is open: {}", client.open_because())),
        OriginStatus::Resolved | OriginStatus::Unresolved => Standing::open(client.open_because()),
    }
}
