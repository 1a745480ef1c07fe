import type { Undo } from './globalSetup.ts'

/** Stops and removes what `globalSetup` started, the last first; one failing step does not keep the others back. */
export default async function globalTeardown(): Promise<void> {
  const undo = (globalThis as { atriumTestUndo?: Undo }).atriumTestUndo ?? []
  const failures: unknown[] = []
  for (const step of undo.reverse()) await step().catch((error) => failures.push(error))
  if (failures.length) throw new AggregateError(failures, 'Not everything that the tests started could be stopped.')
}
