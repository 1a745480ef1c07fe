import { afterAll, beforeAll, expect, jest } from '@jest/globals'
import { numberNow } from '../../src/events/sequence.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { followOnce } from '../../src/jobs/workflowChanges.ts'
import { type Any, asking, type Company, type TestApp, testApp } from './app.ts'
import { type Owner, openOwner, uuidIn } from './owner.ts'

/** Two companies, one of which has workflows. */
export interface Flows {
  test: TestApp
  acme: Company
  globex: Company
  owner: Owner
}

/** Opens the companies of a test file, once for all of its tests. */
export function openFlows(): Flows {
  jest.setTimeout(300_000)
  const opened = {} as Flows
  beforeAll(async () => {
    asking.twice = false
    const test = await testApp({ poolSize: 8 })
    Object.assign(opened, { test, acme: test.acme, globex: test.globex, owner: await openOwner(test, test.acme) })
  }, 120_000)
  afterAll(async () => {
    asking.twice = true
    await opened.owner?.close()
    await opened.test?.close()
  })
  return opened
}

type Call = Pick<Company, 'run' | 'ask'>

let n = 0

/** Writes a workflow as a draft; its id. */
export async function draft(by: Call, input: Record<string, unknown>): Promise<string> {
  const { createWorkflow } = await by.run<Any>(
    'mutation($input: CreateWorkflowInput!) { createWorkflow(input: $input) { workflow { id } userErrors { code message field } } }',
    { input: { name: `Workflow ${++n}`, ...input } },
  )
  expect(createWorkflow.userErrors).toEqual([])
  return createWorkflow.workflow.id
}

/** Codes and places of what is wrong with a draft. */
export async function refusedDraft(by: Call, input: Record<string, unknown>): Promise<string[]> {
  const { createWorkflow } = await by.run<Any>(
    'mutation($input: CreateWorkflowInput!) { createWorkflow(input: $input) { userErrors { code field } } }',
    { input: { name: `Workflow ${++n}`, ...input } },
  )
  return codes(createWorkflow)
}

/** What a refused call says: code and place. */
export const codes = ({ userErrors }: Any): string[] =>
  userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.') ?? ''}`.trim())

/** Calls a verb of a workflow or of a run by its id. */
export async function verb(by: Call, name: string, id: string): Promise<Any> {
  const picks = name.endsWith('Run')
    ? 'workflowRun { id status }'
    : 'workflow { id enabled publishedVersion { number } }'
  const text = `mutation($id: ID!) { ${name}(id: $id) { ${picks} userErrors { code field details } } }`
  return (await by.run<Any>(text, { id }))[name]
}

/** A workflow that is published and enabled; its id. */
export async function flow(by: Call, input: Record<string, unknown>): Promise<string> {
  const id = await draft(by, input)
  expect(codes(await verb(by, 'publishWorkflow', id))).toEqual([])
  expect(codes(await verb(by, 'enableWorkflow', id))).toEqual([])
  return id
}

/** Are there changes without numbers: a transaction that is open in any database of the server holds them back for a moment. */
async function unnumbered({ app, acme, globex }: TestApp): Promise<boolean> {
  for (const { id } of [acme, globex]) {
    const rows = await app.tenancy.readTenant({ tenantId: uuidIn(id) }, (db) =>
      db.rows({ text: 'SELECT 1 FROM change WHERE tenant_id = $1 AND sequence IS NULL LIMIT 1', values: [uuidIn(id)] }),
    )
    if (rows.length > 0) return true
  }
  return false
}

/** Does all that there is to do for workflows now, or at another moment, in all companies. */
export async function work({ test }: Pick<Flows, 'test'>, at?: Date): Promise<void> {
  const { tenancy } = test.app
  const fail = (error: unknown) => {
    throw error
  }
  for (let steps = 1; steps > 0; ) {
    do for (const { id } of [test.acme, test.globex]) await numberNow(tenancy, uuidIn(id))
    while (await unnumbered(test))
    while (await followOnce(tenancy, fail));
    steps = await runJobsOnce(tenancy, {
      // What is written now is due now: times in the database are rounded.
      now: () => at ?? new Date(Date.now() + 5),
    })
  }
}

/** The runs of a workflow, the first one first, with their steps. */
export async function runsOf(by: Call, id: string): Promise<Any[]> {
  const { workflowRuns } = await by.run<Any>(
    `query($id: ID!) { workflowRuns(first: 15, where: { workflowId: { eq: $id } }, orderBy: [{ field: CREATED_AT }]) { nodes {
 id status recordId objectType depth attempts dueAt errorCode errorMessage cause { id workflow { id } } workflowVersion { number }
 steps(first: 8, orderBy: [{ field: POSITION }]) { nodes { key action status attempts errorCode result } } } } }`,
    { id },
  )
  return workflowRuns.nodes.map((run: Any) => ({ ...run, steps: run.steps.nodes }))
}
