//! Trees made to be expensive: everything in them leads back to everything else. The fuzz target takes its from here, too.

/// A tree: paths and texts.
pub type Files = Vec<(String, String)>;

/// What makes a tree with so many levels.
pub type Make = fn(usize) -> Files;

/// Every generator.
pub const ALL: [(&str, Make); 17] = [
    ("go: functions of functions", go_functions),
    ("go: queries of helpers of helpers", go_queries),
    ("go: containers in containers", go_containers),
    ("go: functions that call each other", go_circle),
    ("go: one name in many packages", go_packages),
    ("go: one method of many types", go_methods),
    ("go: types embedded in each other", go_embedded),
    ("go: aliases of aliases", go_aliases),
    ("go: one variable given many values", go_assigned),
    ("go: many tries in one function", go_tries),
    ("python: decorators of decorators", python_decorators),
    ("python: classes that inherit from each other", python_classes),
    ("python: queries of helpers of helpers", python_queries),
    ("python: functions of functions", python_functions),
    ("typescript: promises of promises", typescript_promises),
    ("typescript: functions put together", typescript_compose),
    ("rust: functions of functions", rust_functions),
];

fn lines(from: usize, to: usize, line: impl Fn(usize) -> String) -> String {
    (from..=to).map(|n| line(n) + "\n").collect()
}

fn one(path: &str, text: String) -> (String, String) {
    (path.to_owned(), text)
}

fn go(text: &str) -> Files {
    let module = "module example.com/x\n\ngo 1.22\n\nrequire go.temporal.io/sdk v1.30.0\n";
    let head = "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\n\t\"go.temporal.io/api/workflowservice/v1\"\n\t\"go.temporal.io/sdk/client\"\n)\n\n";
    vec![one("go.mod", module.to_owned()), one("main.go", format!("{head}{text}"))]
}

fn go_main(body: &str) -> String {
    format!(
        "func main() {{\n\tc, _ := client.Dial(client.Options{{}})\n{body}\tc.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{{ID: \"a\"}}, \"W\")\n}}\n"
    )
}

fn go_functions(levels: usize) -> Files {
    let functions = lines(1, levels, |n| format!("func s{n}(f F) F {{ g := f(s{}); h := g(f); return h(g) }}", n - 1));
    let end = format!("\tk := s{levels}(s0)\n\tk(s0).Start(c)\n");
    go(&format!("type F func(F) F\n\nfunc s0(f F) F {{ return f }}\n{functions}{}", go_main(&end)))
}

fn go_queries(levels: usize) -> Files {
    let helpers = lines(1, levels, |n| {
        format!("func q{n}(a string) string {{ return fmt.Sprintf(\"(%s AND %s)\", q{0}(a), q{0}(a)) }}", n - 1)
    });
    let list = "func list(c client.Client, query string) {\n\tc.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})\n}\n";
    let calls = lines(1, 10, |n| format!("\tlist(c, q{levels}(\"v{n}\"))"));
    go(&format!("func q0(a string) string {{ return fmt.Sprintf(\"X = %s\", a) }}\n{helpers}{list}{}", go_main(&calls)))
}

fn go_containers(levels: usize) -> Files {
    let types = lines(1, levels, |n| format!("type T{n} struct {{ A, B *T{}; M map[string]*T{0} }}", n - 1));
    let makers = lines(1, levels, |n| {
        format!(
            "func n{n}(c client.Client) *T{n} {{ return &T{n}{{A: n{0}(c), B: n{0}(c), M: map[string]*T{0}{{\"x\": n{0}(c)}}}} }}",
            n - 1
        )
    });
    let path = ".A".repeat(levels);
    let body = format!(
        "\tt := n{levels}(c)\n\tt{path}.C.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{{ID: \"b\"}}, \"V\")\n"
    );
    go(&format!(
        "type T0 struct {{ C client.Client }}\n{types}func n0(c client.Client) *T0 {{ return &T0{{C: c}} }}\n{makers}{}",
        go_main(&body)
    ))
}

fn go_circle(levels: usize) -> Files {
    let functions = lines(0, levels, |n| {
        let (next, over) = ((n + 1) % (levels + 1), (n + 2) % (levels + 1));
        format!(
            "func f{n}(c client.Client, n int) client.Client {{\n\tif n == 0 {{ return c }}\n\td := f{next}(f{over}(c, n-1), n-1)\n\td.SignalWorkflow(context.Background(), \"i\", \"\", \"s\", nil)\n\treturn f{over}(d, n-1)\n}}"
        )
    });
    go(&format!("{functions}{}", go_main("\tf0(c, 9)\n")))
}

fn go_packages(levels: usize) -> Files {
    let module = "module example.com/x\n\ngo 1.22\n\nrequire go.temporal.io/sdk v1.30.0\n";
    let mut files = vec![one("go.mod", module.to_owned())];
    for n in 0..levels {
        let next = (n + 1) % levels;
        files.push(one(
            &format!("p{n}/p.go"),
            format!("package p{n}\n\nimport (\n\t\"context\"\n\n\t\"example.com/x/p{next}\"\n\t\"go.temporal.io/sdk/client\"\n)\n\ntype Store interface {{ Get(c client.Client) client.Client }}\n\ntype Flow struct {{ client client.Client; store Store }}\n\nfunc (f *Flow) Get(c client.Client) client.Client {{ return f.store.Get(c) }}\n\nfunc Connect(f *Flow) client.Client {{ return p{next}.Connect(&p{next}.Flow{{}}) }}\n\nfunc (f *Flow) Start() {{\n\tf.store.Get(f.client).ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{{ID: \"a\"}}, \"W{n}\")\n}}\n"),
        ));
    }
    files
}

fn go_methods(levels: usize) -> Files {
    let types = lines(1, levels, |n| {
        format!(
            "type S{n} struct {{ c client.Client }}\n\nfunc (s *S{n}) Start(id string) {{ s.c.SignalWorkflow(context.Background(), id, \"\", \"s\", nil) }}\nfunc (s *S{n}) Pick(x any) client.Client {{ return s.c }}\nfunc use{n}(x any) {{ pick(x).Start(\"a\"); pick(x).Pick(x).CancelWorkflow(context.Background(), \"a\", \"\") }}"
        )
    });
    go(&format!("{types}{}", go_main("")))
}

fn go_embedded(levels: usize) -> Files {
    let types = lines(0, levels, |n| {
        let all: Vec<String> = (1..=8).map(|k| format!("*T{}", (n + k) % (levels + 1))).collect();
        format!("type T{n} struct {{ {} }}", all.join("; "))
    });
    let body = lines(0, levels, |n| {
        format!(
            "\tvar t{n} T{n}\n\tt{n}.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{{ID: \"b\"}}, \"V\")"
        )
    });
    go(&format!("{types}{}", go_main(&body)))
}

fn go_aliases(levels: usize) -> Files {
    let types = lines(1, levels, |n| {
        let results = vec![format!("A{}", n - 1); 8].join(", ");
        format!("type A{n} = func() ({results})\n\nfunc a{n}(x A{n}) A{n} {{ return x }}")
    });
    let body = format!("\tx := a{levels}(nil)\n\tx.Start(c)\n");
    go(&format!("type A0 = client.Client\n{types}{}", go_main(&body)))
}

fn go_assigned(levels: usize) -> Files {
    let body = lines(1, levels, |n| {
        format!(
            "\tif n == {n} {{ d = c }} else {{ d = e }}\n\te = d\n\td.SignalWorkflow(context.Background(), \"i\", \"\", \"s\", nil)"
        )
    });
    go(&go_main(&format!("\tn, d, e := 0, c, c\n{body}")))
}

fn go_tries(levels: usize) -> Files {
    let body = lines(1, levels, |n| {
        format!(
            "\tif err := pick(\"a{n}\").SignalWorkflow(context.Background(), \"i\", \"\", \"s\", nil); err != nil {{\n\t\t_ = pick(\"b{n}\").SignalWorkflow(context.Background(), \"i\", \"\", \"s\", err)\n\t}}"
        )
    });
    let pick =
        "func pick(which string) client.Client { c, _ := client.Dial(client.Options{HostPort: which}); return c }\n";
    go(&format!("{pick}{}", go_main(&body)))
}

fn python(text: &str) -> Files {
    vec![one("app.py", format!("from temporalio.client import Client\n\n{text}"))]
}

const PYTHON_END: &str = "\nasync def main():\n    client = await Client.connect(\"h:1\")\n    await client.start_workflow(\"W\", id=\"a\", task_queue=\"q\")\n";

fn python_decorators(levels: usize) -> Files {
    let functions = lines(1, levels, |n| {
        format!("def d{n}(f):\n    def w(*a):\n        return d{0}(d{0}(f))(*a)\n    return w", n - 1)
    });
    let used = lines(1, levels, |n| {
        format!(
            "@d{n}\nasync def u{n}(client):\n    await d{n}(client).start_workflow(\"V\", id=\"b\", task_queue=\"q\")"
        )
    });
    python(&format!("def d0(f):\n    return f\n{functions}{used}{PYTHON_END}    await u{levels}(client)\n"))
}

fn python_classes(levels: usize) -> Files {
    let classes = lines(2, levels + 1, |n| {
        format!(
            "class C{n}(C{}, C{}):\n    def __init__(self, client):\n        super().__init__(client)\n        self.client = client\n    async def go(self):\n        await self.client.start_workflow(\"V\", id=\"b\", task_queue=\"q\")",
            n - 1,
            n - 2
        )
    });
    python(&format!(
        "class C0:\n    pass\nclass C1(C0):\n    pass\n{classes}{PYTHON_END}    await C{}(client).go()\n",
        levels + 1
    ))
}

fn python_queries(levels: usize) -> Files {
    let helpers =
        lines(1, levels, |n| format!("def q{n}(a):\n    return \"(%s OR %s)\" % (q{0}(a), q{0}(a)) + q{0}(a)", n - 1));
    let end = format!("    for n in range(9):\n        client.list_workflows(q{levels}(n))\n");
    python(&format!("def q0(a):\n    return \"X = \" + a\n{helpers}{PYTHON_END}{end}"))
}

fn python_functions(levels: usize) -> Files {
    let functions = lines(1, levels, |n| format!("def s{n}(f):\n    g = f(s{})\n    h = g(f)\n    return h(g)", n - 1));
    python(&format!(
        "def s0(f):\n    return f\n{functions}{PYTHON_END}    await s{levels}(s0)(client).start_workflow(\"V\", id=\"b\", task_queue=\"q\")\n"
    ))
}

fn typescript(text: &str) -> Files {
    let package = "{\"name\":\"x\",\"dependencies\":{\"@temporalio/client\":\"^1.11.0\"}}\n";
    let head = "import { Client, Connection } from '@temporalio/client';\n\nasync function connect() {\n  return new Client({ connection: await Connection.connect({}) });\n}\n";
    let end = "\nexport async function main() {\n  await (await connect()).workflow.start('W', { taskQueue: 'q', workflowId: 'a' });\n}\n";
    vec![one("package.json", package.to_owned()), one("app.ts", format!("{head}{text}{end}"))]
}

fn typescript_promises(levels: usize) -> Files {
    let functions =
        lines(1, levels, |n| format!("const p{n} = (x) => p{0}(x).then((y) => p{0}(y).then((z) => p{0}(z)));", n - 1));
    typescript(&format!(
        "const p0 = (x) => connect().then(() => x);\n{functions}p{levels}(connect()).then((c) => c.workflow.start('V', {{ taskQueue: 'q', workflowId: 'b' }}));\n"
    ))
}

fn typescript_compose(levels: usize) -> Files {
    let functions = lines(1, levels, |n| format!("const c{n} = compose(c{0}, compose(c{0}, c{0}));", n - 1));
    typescript(&format!(
        "const compose = (f, g) => (x) => f(g(f(x)));\nconst c0 = (x) => x;\n{functions}export async function other() {{\n  await c{levels}(await connect()).workflow.start('V', {{ taskQueue: 'q', workflowId: 'b' }});\n}}\n"
    ))
}

fn rust_functions(levels: usize) -> Files {
    let functions = lines(1, levels, |n| format!("fn s{n}(f: F) -> F {{ let g = f(s{}); let h = g(f); h(g) }}", n - 1));
    let cargo = "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\ntemporalio-client = \"0.5\"\n";
    let text = format!(
        "use temporalio_client::{{Client, WorkflowStartOptions, UntypedWorkflow}};\n\nfn s0(f: F) -> F {{ f }}\n{functions}\nasync fn go(client: Client) {{\n    let _ = s{levels}(s0)(client).start_workflow(UntypedWorkflow::new(\"V\"), vec![], WorkflowStartOptions::new(\"q\", \"b\").build()).await;\n}}\n"
    );
    vec![one("Cargo.toml", cargo.to_owned()), one("src/main.rs", text)]
}
