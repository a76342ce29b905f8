//! Who is proposed as a connection factory: whoever hands a client out, for each language and module by itself.

use std::collections::BTreeSet;

use temporal_preflight::facts::code::{CodeFacts, Kind};

use crate::tree::Tree;

fn factories(facts: &CodeFacts) -> BTreeSet<String> {
    facts.factories.iter().map(|f| format!("{}:{}", f.path, f.function)).collect()
}

#[track_caller]
fn proposed(files: &[(&str, &str)], expected: &[&str]) -> CodeFacts {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let facts = Tree::new(&files).scan();
    assert_eq!(factories(&facts), expected.iter().map(|f| (*f).to_owned()).collect(), "{files:?}");
    facts
}

const PACKAGE: (&str, &str) = ("package.json", r#"{"name": "x", "dependencies": {"@temporalio/client": "^1.11.0"}}"#);
const START: &str = "await client.workflow.start('W', { taskQueue: 'q', workflowId: 'w' });";

fn ts(body: &str) -> String {
    format!("import {{ Client, Connection }} from '@temporalio/client';\n{body}\n")
}

#[test]
fn one_starter_makes_a_factory_of_what_is_exported() {
    let user = format!(
        "import {{ make }} from './client';\nexport async function go() {{ const client = await make(); {START} }}\n"
    );
    for (body, function) in [
        ("export async function make() { return new Client({ connection: await Connection.connect() }); }", "make"),
        ("export const make = async () => new Client({ connection: await Connection.connect() });", "make"),
        // What is exported returns what a private helper has built.
        (
            "let known: Client | undefined;\nasync function build() { return new Client(); }\n\
             export async function make(): Promise<Client> { known ??= await build(); return known; }",
            "build",
        ),
    ] {
        let client = ts(body);
        let expected = format!("client.ts:{function}");
        proposed(&[PACKAGE, ("client.ts", &client), ("use.ts", &user)], &[&expected]);
    }
}

#[test]
fn a_script_keeps_its_client() {
    for body in [
        "async function run() { const client = new Client(); START }\nrun();",
        "async function connect() { return new Client(); }\nasync function run() { const client = await connect(); START }\nrun();",
        "async function run() { const client = new Client(); const handle = START return handle; }\nrun();",
        "async function one(client: Client) { START }\nasync function run() { await one(new Client()); }\nrun();",
    ] {
        let text = ts(&body.replace("START", START));
        proposed(&[PACKAGE, ("fire.ts", &text)], &[]);
    }
    let text = "import asyncio\nfrom temporalio.client import Client\n\n\nasync def connect():\n    return await Client.connect(\"h:1\")\n\n\n\
        async def main():\n    client = await connect()\n    await client.start_workflow(\"W\", id=\"w\", task_queue=\"q\")\n\n\n\
        if __name__ == \"__main__\":\n    asyncio.run(main())\n";
    proposed(&[("fire.py", text)], &[]);
}

const GO: &str = "import \"go.temporal.io/sdk/client\"\n";

#[test]
fn a_function_of_another_program_is_no_factory() {
    let module = ("go.mod", "module example.com/x\n\nrequire go.temporal.io/sdk v1.35.0\n");
    let dial = "func dial() (client.Client, error) { return client.Dial(client.Options{}) }\n";
    let start = "func main() { c, _ := dial(); c.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"W\") }\n";
    let program = format!("package main\n\n{GO}\n{dial}\n{start}");
    // A program of its own: what it has for itself is what there is.
    proposed(&[module, ("main.go", &program)], &["main.go:dial"]);
    proposed(&[module, ("cmd/a/main.go", &program), ("cmd/b/main.go", &program)], &[]);
    let library = format!(
        "package temporal\n\n{GO}\nfunc New() (client.Client, error) {{ return client.Dial(client.Options{{}}) }}\n"
    );
    let uses = "package main\n\nimport (\n\t\"example.com/x/temporal\"\n\t\"go.temporal.io/sdk/client\"\n)\n\n\
        func main() { c, _ := temporal.New(); c.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"W\") }\n";
    let files = [module, ("cmd/a/main.go", &*program), ("cmd/c/main.go", uses), ("temporal/new.go", &*library)];
    proposed(&files, &["temporal/new.go:New"]);
}

#[test]
fn an_object_that_holds_it_and_shared_state_hand_it_out() {
    let module = ("go.mod", "module example.com/x\n\nrequire go.temporal.io/sdk v1.35.0\n");
    let holder = format!(
        "package flow\n\n{GO}\ntype Flow struct{{ C client.Client }}\n\n\
         func New() *Flow {{ c, _ := client.Dial(client.Options{{}}); return &Flow{{C: c}} }}\n"
    );
    let uses = "package api\n\nimport (\n\t\"example.com/x/flow\"\n\t\"go.temporal.io/sdk/client\"\n)\n\n\
        func Go() { flow.New().C.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"W\") }\n";
    proposed(&[module, ("flow/flow.go", &holder), ("api/api.go", uses)], &["flow/flow.go:New"]);
    let state = "from fastapi import FastAPI\nfrom temporalio.client import Client\n\n\nasync def startup(app: FastAPI) -> None:\n    \
        app.state.temporal = await Client.connect(\"h:1\")\n";
    let route = "from fastapi import Request\n\n\nasync def go(request: Request):\n    \
        await request.app.state.temporal.start_workflow(\"W\", id=\"w\", task_queue=\"q\")\n";
    proposed(&[("app/lifespan.py", state), ("app/routes.py", route)], &["app/lifespan.py:startup"]);
}

/// The service of a container starts what others ask it for; a class that serves itself alone hands out nothing.
#[test]
fn the_service_of_a_container_is_handed_out() {
    let class = |decorator: &str| {
        format!(
            "import {{ Injectable }} from '@nestjs/common';\nimport {{ Client }} from '@temporalio/client';\n{decorator}\n\
             export class Flows {{\n  private client: Client;\n  async onModuleInit() {{ this.client = new Client(); }}\n  \
             async go() {{ await this.client.workflow.start('W', {{ taskQueue: 'q', workflowId: 'w' }}); }}\n}}\n"
        )
    };
    proposed(&[PACKAGE, ("flows.ts", &class("@Injectable()"))], &["flows.ts:onModuleInit"]);
    proposed(&[PACKAGE, ("flows.ts", &class(""))], &[]);
}

#[test]
fn each_language_and_each_module_has_its_own() {
    let make = ts("export function make() { return new Client(); }");
    let user = format!(
        "import {{ make }} from './client';\nexport async function go() {{ const client = make(); {START} }}\n"
    );
    let python = "from temporalio.client import Client\n\n\nasync def get_client():\n    return await Client.connect(\"h:1\")\n\n\n\
        async def go():\n    await (await get_client()).start_workflow(\"W\", id=\"w\", task_queue=\"q\")\n";
    proposed(
        &[
            ("package.json", r#"{"name": "root"}"#),
            ("one/package.json", r#"{"name": "one"}"#),
            ("one/client.ts", &make),
            ("one/use.ts", &user),
            ("two/package.json", r#"{"name": "two"}"#),
            ("two/client.ts", &make),
            ("two/use.ts", &user),
            ("py/flows.py", python),
        ],
        &["one/client.ts:make", "two/client.ts:make", "py/flows.py:get_client"],
    );
}

#[test]
fn a_connection_and_the_client_upon_it_are_one() {
    let text = ts(
        "export async function make() {\n  const connection = await Connection.connect({ address: process.env.ADDRESS });\n  \
         return new Client({ connection });\n}",
    );
    let facts = proposed(&[PACKAGE, ("client.ts", &text)], &["client.ts:make"]);
    assert_eq!(facts.sites.iter().filter(|s| s.kind == Kind::Connect).count(), 2, "both places are sites");
    let whole: Vec<_> = facts.sites.iter().filter(|s| s.is_connection()).collect();
    assert_eq!(whole.len(), 1, "{whole:#?}");
    assert_eq!(whole[0].address.as_deref(), Some("env ADDRESS"));
}
