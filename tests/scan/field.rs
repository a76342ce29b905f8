//! What public repositories do and no fixture did: each was a wrong answer once.

use temporal_preflight::facts::code::{CodeFacts, Kind, OriginStatus, Site, StandingVerdict};
use temporal_preflight::scan::{ScanOptions, scan};

use crate::tree::Tree;

fn tree(files: &[(&str, &str)]) -> Tree {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    Tree::new(&files)
}

#[track_caller]
fn site<'f>(facts: &'f CodeFacts, path: &str, kind: Kind) -> &'f Site {
    facts.sites.iter().find(|s| s.path == path && s.kind == kind).unwrap_or_else(|| panic!("{path}: {:?}", facts.sites))
}

const PACKAGE: (&str, &str) = ("package.json", r#"{"name": "x", "dependencies": {"@temporalio/client": "^1.11.0"}}"#);
const MODULE: (&str, &str) = ("go.mod", "module example.com/app\n\ngo 1.23\n\nrequire go.temporal.io/sdk v1.35.0\n");
const MAKE_CLIENT: (&str, &str) = (
    "connection.ts",
    "import { Client, Connection } from '@temporalio/client';\n\nexport async function makeClient() {\n  \
     return new Client({ connection: await Connection.connect({ address: process.env.TEMPORAL_ADDRESS }) });\n}\n",
);

/// A property that an interceptor writes onto the context of an activity is not the client of the worker.
#[test]
fn what_is_put_into_the_context_is_followed_to_where_it_was_built() {
    let facts = tree(&[
        PACKAGE,
        (
            "context.ts",
            "import { Context } from '@temporalio/activity';\nimport { Client } from '@temporalio/client';\n\n\
             export interface Own extends Context { orders: Client }\n\nexport class Put {\n  \
             constructor(ctx: Context, { orders }: { orders: Client }) { (ctx as Own).orders = orders; }\n}\n\n\
             export const own = () => Context.current() as Own;\n",
        ),
        (
            "worker.ts",
            "import { Worker } from '@temporalio/worker';\nimport { Client } from '@temporalio/client';\nimport { Put } from './context';\n\n\
             async function main() {\n  const orders = new Client();\n  \
             await Worker.create({ taskQueue: 'q', interceptors: { activityInbound: [(ctx) => new Put(ctx, { orders })] } });\n}\n",
        ),
        (
            "activities.ts",
            "import { own } from './context';\n\nexport async function followUp() {\n  const { orders } = own();\n  \
             await orders.workflow.start('FollowUp', { taskQueue: 'q', workflowId: 'f' });\n}\n",
        ),
    ])
    .scan();
    let start = site(&facts, "activities.ts", Kind::Start);
    assert_eq!(start.client.status, OriginStatus::Resolved, "{:?}", start.client);
    assert_eq!((start.client.origins[0].path.as_str(), start.client.origins[0].line), ("worker.ts", 6));
}

/// The execution was started a line above by the same client: it is nowhere else.
#[test]
fn a_message_to_what_was_just_started_needs_no_second_try() {
    let facts = tree(&[(
        "chat.py",
        "from temporalio.client import Client\n\n\nasync def chat():\n    client = await Client.connect(\"h:1\")\n    \
         handle = await client.start_workflow(\"Chat\", id=\"a\", task_queue=\"q\")\n    await handle.signal(\"say\")\n    \
         await client.get_workflow_handle(\"b\").cancel()\n",
    )])
    .scan();
    assert!(site(&facts, "chat.py", Kind::Signal).routing.own_start);
    assert!(!site(&facts, "chat.py", Kind::Cancel).routing.own_start);
}

/// What the configuration names decides, whoever builds the client for it.
#[test]
fn a_factory_may_let_another_function_build_the_client() {
    for (files, factory) in [
        (
            vec![
                MODULE,
                (
                    "tc/tc.go",
                    "package tc\n\nimport \"go.temporal.io/sdk/client\"\n\nfunc dial() (client.Client, error) { return client.Dial(client.Options{}) }\n\n\
                     func For() (client.Client, error) { return dial() }\n",
                ),
                (
                    "api/api.go",
                    "package api\n\nimport (\n\t\"context\"\n\n\t\"example.com/app/tc\"\n\t\"go.temporal.io/sdk/client\"\n)\n\n\
                     func Start(ctx context.Context) error {\n\tc, err := tc.For()\n\tif err != nil {\n\t\treturn err\n\t}\n\t\
                     _, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{}, \"W\")\n\treturn err\n}\n",
                ),
            ],
            ("tc/tc.go:For", "api/api.go"),
        ),
        (
            vec![
                PACKAGE,
                (
                    "tc.ts",
                    "import { Client } from '@temporalio/client';\nconst build = () => new Client();\nexport const getClient = () => build();\n",
                ),
                (
                    "api.ts",
                    "import { getClient } from './tc';\nexport const go = () => getClient().workflow.start('W', { taskQueue: 'q', workflowId: 'w' });\n",
                ),
            ],
            ("tc.ts:getClient", "api.ts"),
        ),
    ] {
        let tree = tree(&files);
        let options = ScanOptions { factories: vec![factory.0.to_owned()], ..ScanOptions::default() };
        let facts = scan(tree.0.path(), &options).unwrap();
        let start = site(&facts, factory.1, Kind::Start);
        assert_eq!(start.standing.verdict, StandingVerdict::Factory, "{:?}", start.client);
    }
}

/// A cache in front of a factory opens how it builds, not who built.
#[test]
fn what_is_open_inside_of_a_factory_is_no_doubt_about_its_users() {
    let facts = tree(&[
        PACKAGE,
        (
            "tc.ts",
            "import { Client } from '@temporalio/client';\nimport { cached } from 'some-cache';\n\n\
             export async function getClient(): Promise<Client> {\n  const known = await cached.load('client');\n  if (known) return known;\n  return new Client();\n}\n",
        ),
        (
            "api.ts",
            "import { getClient } from './tc';\nexport async function go() {\n  const client = await getClient();\n  \
             await client.workflow.start('W', { taskQueue: 'q', workflowId: 'w' });\n}\n",
        ),
    ])
    .scan();
    let start = site(&facts, "api.ts", Kind::Start);
    assert_eq!((start.client.status, start.standing.verdict), (OriginStatus::Ambiguous, StandingVerdict::Factory));
}

/// One client behind two services is one cluster.
#[test]
fn services_that_hold_one_client_are_no_tries_on_two_clusters() {
    let service = |name: &str, body: &str| {
        format!(
            "package {name}\n\nimport (\n\t\"context\"\n\n\t\"go.temporal.io/sdk/client\"\n)\n\ntype Service struct{{ tc client.Client }}\n\n\
             func New(tc client.Client) *Service {{ return &Service{{tc: tc}} }}\n\n{body}\n"
        )
    };
    let ingest = service(
        "ingest",
        "func (s *Service) Confirm(ctx context.Context) error { return s.tc.SignalWorkflow(ctx, \"a\", \"\", \"x\", 1) }",
    );
    let storage = service(
        "storage",
        "func (s *Service) Cancel(ctx context.Context) error { return s.tc.SignalWorkflow(ctx, \"b\", \"\", \"x\", 1) }",
    );
    let facts = tree(&[
        MODULE,
        ("ingest/ingest.go", &ingest),
        ("storage/storage.go", &storage),
        (
            "main.go",
            "package main\n\nimport (\n\t\"context\"\n\n\t\"example.com/app/ingest\"\n\t\"example.com/app/storage\"\n\t\"go.temporal.io/sdk/client\"\n)\n\n\
             func both(in *ingest.Service, st *storage.Service) {\n\t_ = in.Confirm(context.Background())\n\t_ = st.Cancel(context.Background())\n}\n\n\
             func main() {\n\ttc, _ := client.Dial(client.Options{})\n\tboth(ingest.New(tc), storage.New(tc))\n}\n",
        ),
    ])
    .scan();
    for path in ["ingest/ingest.go", "storage/storage.go"] {
        assert_eq!(site(&facts, path, Kind::Signal).routing.open, None, "{path}");
    }
}

/// A server in the process is none that anybody migrates.
#[test]
fn a_test_server_in_an_example_is_no_origin() {
    let facts = tree(&[
        ("flow.py", "async def run(client):\n    return await client.start_workflow(\"F\", id=\"a\", task_queue=\"q\")\n"),
        (
            "api.py",
            "from flow import run\nfrom temporalio.client import Client\n\n\nasync def make_client():\n    return await Client.connect(\"h:1\")\n\n\n\
             async def post():\n    await run(await make_client())\n",
        ),
        (
            "demo.py",
            "from flow import run\nfrom temporalio.testing import WorkflowEnvironment\n\n\nasync def demo():\n    \
             async with await WorkflowEnvironment.start_time_skipping() as env:\n        await run(env.client)\n",
        ),
    ])
    .scan();
    let origins: Vec<&str> =
        site(&facts, "flow.py", Kind::Start).client.origins.iter().map(|o| o.path.as_str()).collect();
    assert_eq!(origins, ["api.py"]);
}

/// Routing the connection of a factory routes every client that stands on it; a worker is no client.
#[test]
fn clients_on_the_connection_of_a_factory_are_of_the_factory() {
    let facts = tree(&[
        PACKAGE,
        MAKE_CLIENT,
        (
            "service.ts",
            "import { Connection, ScheduleClient, WorkflowClient } from '@temporalio/client';\n\nexport class Service {\n  \
             private connection?: Connection;\n\n  async getClient(): Promise<WorkflowClient> {\n    \
             this.connection = await Connection.connect();\n    return new WorkflowClient({ connection: this.connection });\n  }\n\n  \
             async nightly() {\n    await this.getClient();\n    const schedules = new ScheduleClient({ connection: this.connection });\n    \
             await schedules.create({ scheduleId: 's', spec: {}, action: { type: 'startWorkflow', workflowType: 'N', taskQueue: 'q' } });\n  }\n}\n",
        ),
        (
            "orders.ts",
            "import { Service } from './service';\nexport async function place(service: Service) {\n  const client = await service.getClient();\n  \
             await client.start('A', { taskQueue: 'q', workflowId: 'a' });\n  await client.start('B', { taskQueue: 'q', workflowId: 'b' });\n}\n",
        ),
        (
            "worker.ts",
            "import { NativeConnection, Worker } from '@temporalio/worker';\nexport async function buildWorker() {\n  \
             const connection = await NativeConnection.connect();\n  return Worker.create({ connection, taskQueue: 'q' });\n}\n",
        ),
    ])
    .scan();
    assert_eq!(site(&facts, "service.ts", Kind::ScheduleCreate).standing.verdict, StandingVerdict::Factory);
    assert!(facts.factories.iter().all(|f| f.function != "buildWorker"), "{:?}", facts.factories);
}

/// `from .main import *` hands names on.
#[test]
fn names_that_a_package_hands_on_are_followed() {
    let facts = tree(&[
        ("lib/__init__.py", "from .main import *\n"),
        ("lib/main.py", "class Starter:\n    def __init__(self, client):\n        self.client = client\n\n    async def go(self):\n        await self.client.start_workflow(\"W\", id=\"a\", task_queue=\"q\")\n"),
        (
            "serve.py",
            "from lib import Starter\nfrom temporalio.client import Client\n\n\nasync def serve():\n    await Starter(await Client.connect(\"h:1\")).go()\n",
        ),
    ])
    .scan();
    let start = site(&facts, "lib/main.py", Kind::Start);
    assert_eq!(start.client.status, OriginStatus::Resolved, "{:?}", start.client);
}

/// Two functions that call each other on parts of parts of a tree have nothing to do with a method of the same name.
#[test]
fn a_walk_over_a_tree_does_not_use_up_the_steps_of_others() {
    let facts = tree(&[
        (
            "walk.py",
            "async def walk(node, value, env):\n    try:\n        return await step(node, value, env)\n    except RuntimeError:\n        \
             cancel = getattr(env, \"cancel\", None)\n        if callable(cancel):\n            cancel()\n        raise\n\n\n\
             async def step(node, value, env):\n    branch = node.cases.get(value, node.default) if node.cases else node.left\n    \
             return await walk(branch if value else node.right, value, env)\n",
        ),
        (
            "gateway.py",
            "from temporalio.client import Client\n\n\nclass Gateway:\n    def __init__(self, client: Client) -> None:\n        self._client = client\n\n    \
             async def cancel(self, name: str) -> None:\n        await self._client.get_workflow_handle(name).cancel()\n\n\n\
             async def make():\n    return Gateway(await Client.connect(\"h:1\"))\n",
        ),
    ])
    .scan();
    assert_eq!(site(&facts, "gateway.py", Kind::Cancel).client.status, OriginStatus::Resolved);
    assert!(facts.coverage.steps < 1000, "{}", facts.coverage.steps);
}

/// A list of clients that is walked by a function which calls itself: each of them is one of its clients.
#[test]
fn the_second_element_of_a_list_of_clients_is_not_lost() {
    let facts = tree(&[
        PACKAGE,
        (
            "chain.ts",
            "import { Client } from '@temporalio/client';\n\nfunction tell(node: any) {\n  \
             node.client.workflow.start('W', { taskQueue: 'q', workflowId: 'w' });\n  if (node.next) tell(node.next);\n}\n\n\
             export function all() {\n  tell({\n    client: new Client(),\n    next: {\n      client: new Client(),\n    },\n  });\n}\n",
        ),
    ])
    .scan();
    assert_eq!(site(&facts, "chain.ts", Kind::Start).client.origins.len(), 2, "{:?}", facts.sites);
}
