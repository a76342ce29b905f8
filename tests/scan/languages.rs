//! What tests need of every language: a call that is found, and the odd code its grammar allows.

use temporal_preflight::scan::lang;

/// A language, in the words of its grammar.
pub struct Language {
    /// Name for messages.
    pub name: &'static str,
    /// Ending of its files.
    pub ending: &'static str,
    /// A file with one start in it.
    pub start: &'static str,
    /// The same without line ends, as far as the language can do without them.
    pub one_line: &'static str,
    /// Further code on that line, to be repeated; `$` stands for a long text.
    pub line: &'static str,
    /// Begins a comment.
    pub comment: &'static str,
    /// What no parser takes.
    pub broken: &'static str,
    /// Before and behind a value.
    pub value: (&'static str, &'static str),
    /// What nests: a word for it, what opens a level, what stands inside, what closes a level.
    pub nests: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// The first branch of a condition, a further one, and its end.
    pub branches: (&'static str, &'static str, &'static str),
}

impl Language {
    /// A declaration that holds a value.
    pub fn value(&self, value: &str) -> String {
        format!("{}{value}{}", self.value.0, self.value.1)
    }
}

const SCRIPT_START: &str = "import { Client } from '@temporalio/client';\nconst c = new Client();\nc.workflow.start('w', { workflowId: 'w', taskQueue: 'q' });\n";
const SCRIPT_LINE: &str =
    "import{Client}from'@temporalio/client';const c=new Client();c.workflow.start('w',{workflowId:'w',taskQueue:'q'});";

/// JavaScript and TypeScript nest the same.
const SCRIPT_NESTS: &[(&str, &str, &str, &str)] = &[
    ("brackets", "(", "1", ")"),
    ("lists", "[", "1", "]"),
    ("objects", "{a:", "1", "}"),
    ("calls", "f(", "1", ")"),
    ("negations", "!", "1", ""),
    ("signs", "- ", "1", ""),
    ("conditions", "a ? b : ", "1", ""),
    ("functions", "() => ", "1", ""),
    ("bodies", "() => {", "", "}"),
    ("templates", "`${", "1", "}`"),
    ("waiting", "await ", "1", ""),
    ("construction", "new ", "A", ""),
    ("assignments", "a = ", "1", ""),
    ("classes", "class { a = ", "1", "}"),
];

/// Every language with a front end.
pub fn languages() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.iter().copied().filter(|l| lang::for_path(&format!("a.{}", l.ending)).is_some())
}

#[test]
fn every_front_end_is_here() {
    for front in lang::FRONT_ENDS {
        assert!(languages().any(|l| front.extensions().contains(&l.ending)), "{} is missing", front.language());
    }
}

const LANGUAGES: &[&Language] = &[
    &Language {
        name: "go",
        ending: "go",
        start: "package a\n\nimport \"go.temporal.io/sdk/client\"\n\nfunc f(c client.Client) {\n\tc.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"W\")\n}\n",
        one_line: "package a;import \"go.temporal.io/sdk/client\";func f(c client.Client){c.ExecuteWorkflow(nil,client.StartWorkflowOptions{},\"W\")};",
        line: "var _=[]string{\"$\",f(1)};",
        comment: "//",
        broken: "func broken( {{ if }}\n",
        value: ("var x = ", "\n"),
        nests: &[
            ("brackets", "(", "1", ")"),
            ("lists", "[]any{", "1", "}"),
            ("calls", "f(", "1", ")"),
            ("negations", "!", "a", ""),
            ("signs", "- ", "1", ""),
            ("types", "[]", "int{}", ""),
            ("pointers", "*", "p", ""),
            ("functions", "func() {", "", "}"),
            ("blocks", "func() { {", "", "} }"),
            ("function types", "func() ", "int", ""),
            ("maps", "map[string]", "int{}", ""),
            ("indices", "a[", "1", "]"),
        ],
        branches: ("func g() { if a == 0 {} ", "else if a == 1 {} ", "}\n"),
    },
    &Language {
        name: "python",
        ending: "py",
        start: "from temporalio.client import Client\n\n\nasync def f(c: Client):\n    await c.start_workflow(\"W\", id=\"1\", task_queue=\"q\")\n\n\n",
        one_line: "from temporalio.client import Client\nasync def f(c: Client): await c.start_workflow(\"W\", id=\"1\", task_queue=\"q\");",
        line: "x=[\"$\",f(1)];",
        comment: "#",
        broken: "def broken(:\n  if\n",
        value: ("x = ", "\n"),
        nests: &[
            ("brackets", "(", "1", ")"),
            ("lists", "[", "1", "]"),
            ("maps", "{1:", "1", "}"),
            ("calls", "f(", "1", ")"),
            ("keywords", "f(a=", "1", ")"),
            ("negations", "not ", "a", ""),
            ("signs", "- ", "1", ""),
            ("conditions", "a if b else ", "1", ""),
            ("functions", "lambda: ", "1", ""),
            ("indices", "a[", "1", "]"),
            ("waiting", "await ", "a", ""),
            ("comprehensions", "[a for a in ", "b", "]"),
            ("indented blocks", "if x:\n", "pass", ""),
        ],
        branches: ("if a == 0:\n    pass\n", "elif a == 1:\n    pass\n", ""),
    },
    &Language {
        name: "rust",
        ending: "rs",
        start: "use temporalio_client::Client;\n\nasync fn f(c: &Client) {\n    c.start_workflow(W::run, 1, options()).await;\n}\n",
        one_line: "use temporalio_client::Client;async fn f(c:&Client){c.start_workflow(W::run,1,options()).await;}",
        line: "const _:&[&str]=&[\"$\",f(1)];",
        comment: "//",
        broken: "fn broken() { let x = = ; }\n",
        value: ("const X: u8 = ", ";\n"),
        nests: &[
            ("brackets", "(", "1", ")"),
            ("lists", "[", "1", "]"),
            ("blocks", "{ ", "1", "}"),
            ("calls", "f(", "1", ")"),
            ("macros", "vec![", "1", "]"),
            ("negations", "!", "a", ""),
            ("signs", "- ", "1", ""),
            ("references", "&", "a", ""),
            ("closures", "|| ", "1", ""),
            ("closures with bodies", "|| {", "1", "}"),
            ("conditions", "if a { 1 } else { ", "1", "}"),
            ("matches", "match a { _ => ", "1", "}"),
            ("assignments", "a = ", "1", ""),
            ("returns", "return ", "1", ""),
            ("generics", "A::<", "B", ">"),
            ("waiting", "async { ", "1", "}"),
        ],
        branches: ("fn g() { if a == 0 {} ", "else if a == 1 {} ", "}\n"),
    },
    &Language {
        name: "typescript",
        ending: "ts",
        start: SCRIPT_START,
        one_line: SCRIPT_LINE,
        line: "x=[\"$\",f(1)];",
        comment: "//",
        broken: "let y = = 3;\n",
        value: ("const x = ", ";\n"),
        nests: SCRIPT_NESTS,
        branches: ("if (a == 0) {} ", "else if (a == 1) {} ", "\n"),
    },
    &Language {
        name: "javascript",
        ending: "jsx",
        start: SCRIPT_START,
        one_line: SCRIPT_LINE,
        line: "x=[\"$\",f(1)];",
        comment: "//",
        broken: "let y = = 3;\n",
        value: ("const x = ", ";\n"),
        nests: SCRIPT_NESTS,
        branches: ("if (a == 0) {} ", "else if (a == 1) {} ", "\n"),
    },
];
