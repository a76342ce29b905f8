//! Which cluster a message goes to: what makes two clients of one factory, and what makes a second try a fallback.

use temporal_preflight::facts::code::{CodeFacts, Kind, RoutingRole};

use crate::tree::Tree;

const GO: &str = "package gates\n\nimport (\n\t\"context\"\n\t\"errors\"\n\t\"os\"\n\n\t\"go.temporal.io/api/serviceerror\"\n\t\"go.temporal.io/sdk/client\"\n)\n\nfunc Connect(which string) (client.Client, error) {\n\taddress := os.Getenv(\"A\")\n\tif which == \"cloud\" {\n\t\taddress = os.Getenv(\"B\")\n\t}\n\treturn client.Dial(client.Options{HostPort: address})\n}\n\nvar _ = serviceerror.NewNotFound\nvar _ = errors.As\nvar _ = context.Background\n\n";

const PYTHON: &str = "import os\nfrom temporalio.client import Client\nfrom temporalio.service import RPCError, RPCStatusCode\n\n\nasync def get_client(cluster: str = \"onprem\") -> Client:\n    if cluster == \"cloud\":\n        return await Client.connect(os.environ[\"B\"], namespace=\"n.a1b2c\")\n    return await Client.connect(os.environ[\"A\"], namespace=\"n\")\n\n\n";

const TYPESCRIPT: &str = "import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';\n\nexport async function getClient(which: string): Promise<Client> {\n  const address = which === 'cloud' ? process.env.B : process.env.A;\n  return new Client({ connection: await Connection.connect({ address }) });\n}\n\n";

fn scanned(name: &str, head: &str, text: &str) -> CodeFacts {
    Tree::new(&[(name, format!("{head}{text}").as_bytes()), ("go.mod", b"module example.com/gates\n\ngo 1.22\n")])
        .scan()
}

/// Roles of the signals, in the order of their lines, and whether what each reaches is open.
fn roles(facts: &CodeFacts) -> Vec<(RoutingRole, bool)> {
    let signals = facts.sites.iter().filter(|s| s.kind == Kind::Signal);
    signals.map(|s| (s.routing.role, s.routing.open.is_some())).collect()
}

const PRIMARY: (RoutingRole, bool) = (RoutingRole::Primary, false);
const FALLBACK: (RoutingRole, bool) = (RoutingRole::Fallback, false);
const SINGLE: (RoutingRole, bool) = (RoutingRole::Single, false);
const OPEN: (RoutingRole, bool) = (RoutingRole::Single, true);

#[track_caller]
fn python(text: &str, expected: &[(RoutingRole, bool)]) {
    assert_eq!(roles(&scanned("gates.py", PYTHON, text)), expected, "{text}");
}

#[track_caller]
fn go(text: &str, expected: &[(RoutingRole, bool)]) {
    assert_eq!(roles(&scanned("gates.go", GO, text)), expected, "{text}");
}

#[track_caller]
fn typescript(text: &str, expected: &[(RoutingRole, bool)]) {
    assert_eq!(roles(&scanned("gates.ts", TYPESCRIPT, text)), expected, "{text}");
}

#[test]
fn a_variable_assigned_again_is_another_client() {
    python(
        "async def a(g):\n    client = await get_client(\"cloud\")\n    try:\n        await client.get_workflow_handle(g).signal(\"x\")\n    except RPCError as e:\n        if e.status != RPCStatusCode.NOT_FOUND:\n            raise\n        client = await get_client(\"onprem\")\n        await client.get_workflow_handle(g).signal(\"x\")\n",
        &[PRIMARY, FALLBACK],
    );
    go(
        "func open(ctx context.Context, id string) error {\n\tc, err := Connect(\"cloud\")\n\tif err != nil {\n\t\treturn err\n\t}\n\terr = c.SignalWorkflow(ctx, id, \"\", \"x\", nil)\n\tvar missing *serviceerror.NotFound\n\tif errors.As(err, &missing) {\n\t\tc, err = Connect(\"onprem\")\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n\t\treturn c.SignalWorkflow(ctx, id, \"\", \"x\", nil)\n\t}\n\treturn err\n}\n",
        &[PRIMARY, FALLBACK],
    );
    typescript(
        "export async function open(g: string) {\n  try {\n    const c = await getClient('cloud');\n    await c.workflow.getHandle(g).signal('x');\n  } catch (e) {\n    if (!(e instanceof WorkflowNotFoundError)) throw e;\n    const c = await getClient('onprem');\n    await c.workflow.getHandle(g).signal('x');\n  }\n}\n",
        &[PRIMARY, FALLBACK],
    );
}

#[test]
fn a_second_try_on_the_same_cluster_is_no_fallback() {
    python(
        "async def a(g):\n    first = await get_client(\"cloud\")\n    second = await get_client(\"cloud\")\n    try:\n        await first.get_workflow_handle(g).signal(\"x\")\n    except RPCError as e:\n        if e.status != RPCStatusCode.NOT_FOUND:\n            raise\n        await second.get_workflow_handle(g).signal(\"x\")\n",
        &[SINGLE, SINGLE],
    );
    go(
        "type Clusters struct{ One, Two client.Client }\n\nfunc Both() (*Clusters, error) {\n\tone, _ := Connect(\"cloud\")\n\ttwo, _ := Connect(\"cloud\")\n\treturn &Clusters{One: one, Two: two}, nil\n}\n\nfunc (c *Clusters) open(ctx context.Context, id string) error {\n\terr := c.One.SignalWorkflow(ctx, id, \"\", \"x\", nil)\n\tvar missing *serviceerror.NotFound\n\tif errors.As(err, &missing) {\n\t\treturn c.Two.SignalWorkflow(ctx, id, \"\", \"x\", nil)\n\t}\n\treturn err\n}\n",
        &[SINGLE, SINGLE],
    );
    typescript(
        "export async function open(g: string) {\n  const a = await getClient('cloud');\n  const b = await getClient('cloud');\n  try {\n    await a.workflow.getHandle(g).signal('x');\n  } catch (e) {\n    if (!(e instanceof WorkflowNotFoundError)) throw e;\n    await b.workflow.getHandle(g).signal('x');\n  }\n}\n",
        &[SINGLE, SINGLE],
    );
}

#[test]
fn a_helper_that_is_told_the_cluster_is_tried_twice() {
    let helper = "async def send(cluster, g):\n    client = await get_client(cluster)\n    await client.get_workflow_handle(g).signal(\"x\")\n\n\n";
    let fallback = "async def open_gate(g):\n    try:\n        await send(\"cloud\", g)\n    except RPCError as e:\n        if e.status != RPCStatusCode.NOT_FOUND:\n            raise\n        await send(\"onprem\", g)\n";
    python(&format!("{helper}{fallback}"), &[PRIMARY]);
    // One caller that does not try the other cluster is enough for the signal to miss it.
    python(&format!("{helper}{fallback}\n\nasync def shut_gate(g):\n    await send(\"cloud\", g)\n"), &[SINGLE]);
    python(&format!("{helper}{}", fallback.replace("\"onprem\"", "\"cloud\"")), &[SINGLE]);
    go(
        "func send(ctx context.Context, which, id string) error {\n\tc, err := Connect(which)\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn c.SignalWorkflow(ctx, id, \"\", \"x\", nil)\n}\n\nfunc open(ctx context.Context, id string) error {\n\terr := send(ctx, \"cloud\", id)\n\tvar missing *serviceerror.NotFound\n\tif errors.As(err, &missing) {\n\t\treturn send(ctx, \"onprem\", id)\n\t}\n\treturn err\n}\n",
        &[PRIMARY],
    );
}

#[test]
fn a_loop_over_the_clusters_tries_each() {
    python(
        "async def a(g):\n    for cluster in (\"cloud\", \"onprem\"):\n        client = await get_client(cluster)\n        try:\n            await client.get_workflow_handle(g).signal(\"x\")\n            return\n        except RPCError as e:\n            if e.status != RPCStatusCode.NOT_FOUND:\n                raise\n",
        &[PRIMARY],
    );
    python(
        "async def a(g):\n    for cluster in (\"cloud\",):\n        client = await get_client(cluster)\n        try:\n            await client.get_workflow_handle(g).signal(\"x\")\n            return\n        except RPCError as e:\n            if e.status != RPCStatusCode.NOT_FOUND:\n                raise\n",
        &[SINGLE],
    );
}

#[test]
fn clients_kept_under_keys_are_told_apart() {
    typescript(
        "const clients: Record<string, Client> = {};\nexport async function init() {\n  for (const which of ['cloud', 'onprem']) clients[which] = await getClient(which);\n}\nexport async function open(g: string) {\n  try {\n    await clients['cloud'].workflow.getHandle(g).signal('x');\n  } catch (e) {\n    if (!(e instanceof WorkflowNotFoundError)) throw e;\n    await clients['onprem'].workflow.getHandle(g).signal('x');\n  }\n}\n",
        &[PRIMARY, FALLBACK],
    );
}

#[test]
fn with_a_client_nobody_knows_the_answer_is_open() {
    python("async def a(client: Client, g):\n    await client.get_workflow_handle(g).signal(\"x\")\n", &[OPEN]);
    go(
        "func open(ctx context.Context, c client.Client, id string) error {\n\treturn c.SignalWorkflow(ctx, id, \"\", \"x\", nil)\n}\n",
        &[OPEN],
    );
    let external = "import { connect } from '@acme/kit';\nexport async function open(g: string) {\n  try {\n    await (await connect('cloud')).workflow.getHandle(g).signal('x');\n  } catch (e) {\n    if (!(e instanceof WorkflowNotFoundError)) throw e;\n    await (await connect('OTHER')).workflow.getHandle(g).signal('x');\n  }\n}\n";
    typescript(&external.replace("OTHER", "onprem"), &[PRIMARY, FALLBACK]);
    typescript(&external.replace("OTHER", "cloud"), &[OPEN, OPEN]);
}

#[test]
fn a_flag_chooses_by_argument_in_the_factory_or_in_a_field() {
    let flags = |facts: &CodeFacts| -> Vec<bool> {
        facts.sites.iter().filter(|s| s.kind == Kind::Start).map(|s| s.routing.flag.is_some()).collect()
    };
    let text = "def on_cloud(x):\n    return x in os.environ.get(\"CLOUD\", \"\")\n\n\nasync def a():\n    which = \"cloud\" if on_cloud(\"W\") else \"onprem\"\n    client = await get_client(which)\n    await client.start_workflow(\"W\", id=\"a\", task_queue=\"q\")\n\n\nasync def b():\n    client = await get_client()\n    await client.start_workflow(\"W\", id=\"b\", task_queue=\"q\")\n";
    assert_eq!(flags(&scanned("gates.py", PYTHON, text)), [true, false]);
    let text = "export class Job {\n  constructor(private readonly client: Client) {}\n  async run() {\n    await this.client.workflow.start('W', { taskQueue: 'q', workflowId: 'a' });\n  }\n}\nexport async function main(flags: any) {\n  await new Job(await getClient(flags.isOn('w') ? 'cloud' : 'onprem')).run();\n}\n";
    assert_eq!(flags(&scanned("gates.ts", TYPESCRIPT, text)), [true]);
}
