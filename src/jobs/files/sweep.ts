import { EVERYTHING } from '../../access/access.ts'
import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { remove } from '../../resolvers/removal.ts'
import type { Store } from '../../storage/file.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import { sweepSpool } from './spool.ts'

/** How the sweeper's writes are told from others'. */
const ACTOR = 'job:files'
const BATCH = 100

/**
 * Removes, in all companies, one batch each of: attachments that hang at nothing for a day, and bytes that belong to no attachment any more or never came to belong
 * to one. Safe to run anywhere at once and to be killed: bytes go before their row, and the place that they took is given back with the row.
 *
 * @param onError is told what stopped a company's batch; the others go on. Left out: it is thrown.
 * @returns how many attachments and files went; 0: nothing is left to do.
 */
export async function sweepFilesOnce(
  { tenancy, store }: { tenancy: Tenancy; store: Store },
  onError: (error: unknown) => void = (error) => {
    throw error
  },
): Promise<number> {
  const tenants = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_files() AS id', values: [] }),
  )
  let done = 0
  for (const { id } of tenants) {
    try {
      done += (await removeLoose(tenancy, id)) + (await removeBytes(tenancy, store, id))
    } catch (error) {
      onError(error)
    }
  }
  return done
}

async function removeLoose(tenancy: Tenancy, tenantId: string): Promise<number> {
  return tenancy.writeTenant({ tenantId, actor: ACTOR }, async (db) => {
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM attachment WHERE tenant_id = $1 AND record_id IS NULL AND updated_at < now() - interval '1 day'
 ORDER BY updated_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      values: [tenantId],
    })
    const ids = rows.map(({ id }) => id)
    await remove({ db, viewer: { tenantId, access: EVERYTHING } as Viewer }, recordType('Attachment'), ids)
    return ids.length
  })
}

async function removeBytes(tenancy: Tenancy, store: Store, tenantId: string): Promise<number> {
  const caller = { tenantId, actor: ACTOR }
  // An upload that is still under way finds its row given up and fails.
  const rows = await tenancy.writeTenant(caller, async (db) => {
    await db.rows({
      text: `UPDATE stored_file SET status = 'GONE' WHERE tenant_id = $1 AND status = 'PENDING' AND created_at < now() - interval '1 hour'`,
      values: [tenantId],
    })
    return db.rows<{ id: string }>({
      text: `SELECT id FROM stored_file WHERE tenant_id = $1 AND status = 'GONE' ORDER BY created_at, id LIMIT ${BATCH}`,
      values: [tenantId],
    })
  })
  const failed: unknown[] = []
  for (const { id } of rows) {
    try {
      await store.remove({ tenantId, fileId: id })
    } catch (error) {
      // One that the store holds on to must not keep the others.
      failed.push(error)
      continue
    }
    await tenancy.writeTenant(caller, (db) =>
      db.rows({
        text: `WITH gone AS (DELETE FROM stored_file WHERE tenant_id = $1 AND id = $2 AND status = 'GONE' RETURNING size)
 UPDATE storage_use u SET used = u.used - gone.size FROM gone WHERE u.tenant_id = $1`,
        values: [tenantId, id],
      }),
    )
  }
  if (failed.length > 0) throw failed[0]
  return rows.length
}

/** Settings of the sweeper. */
export interface SweepOptions {
  store: Store
  /** Folder for files that come in. */
  incoming: string
  /** Between looks for what processes left and for what grew old, milliseconds. */
  everyMs?: number
  /** From the removal of an attachment to that of its bytes, milliseconds. */
  delay?: number
  onError: (error: unknown) => void
}

/** Sweeps in the background: soon after attachments are removed for good, and from time to time. */
export function startFileWork(
  tenancy: Tenancy,
  { store, incoming, everyMs = 600_000, delay = 200, onError }: SweepOptions,
): { stop(): Promise<void> } {
  let waiting: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  function wake(): void {
    waiting = null
    running = running.then(work).catch(onError)
  }

  async function work(): Promise<void> {
    let failed = false
    const note = (error: unknown) => {
      failed = true
      onError(error)
    }
    while (!stopped && !failed && (await sweepFilesOnce({ tenancy, store }, note)) > 0);
    if (!stopped) await sweepSpool(incoming)
  }

  tenancy.onTouched({
    before: async () => {},
    async after(_tenantId, touched) {
      if (stopped || waiting || !touched.some(({ object }) => object === 'attachment')) return
      waiting = setTimeout(wake, delay)
    },
  })
  const timer = setInterval(wake, everyMs)
  wake()
  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      if (waiting) clearTimeout(waiting)
      await running
    },
  }
}
