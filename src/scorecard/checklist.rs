//! The ten items every review asks for, and the four failures that catch teams.

/// The checklist; item 1 stands first.
pub const ITEMS: [&str; 10] = [
    "Namespaces, workflow types, search attributes and schedules are inventoried",
    "The longest-running workflow is known",
    "All starters take their client from one connection factory",
    "The target namespace has matching search attributes",
    "Certificates are valid 60 days past the end of the window",
    "Schedules are identified, with a plan to pause and recreate them",
    "Signals are routed, with fallback between the clusters",
    "The drain can be watched on a dashboard",
    "A snapshot of the persistence is planned",
    "The whole migration was rehearsed",
];

/// The failure modes: id and title.
pub const FAILURE_MODES: [(&str, &str); 4] = [
    ("forgotten-starter", "Forgotten starter"),
    ("certificate-expiry", "Certificate expires inside the window"),
    ("search-attribute-type-mismatch", "Search attribute type mismatch"),
    ("orphaned-signal", "Orphaned signal"),
];
