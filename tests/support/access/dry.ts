import type { Tenancy } from '../../../src/tenancy/tenancy.ts'

/** Writing brackets that are undone at their end, so that one world serves every caller and every verb. */
export interface DryRun {
  /** While true, what a bracket wrote is undone after it succeeded, and its answer given all the same. */
  on: boolean
  /** Rows that the brackets since the last look would have written, changes and idempotency records too. */
  take(): number
  /** Gives the tenancy back its own brackets. */
  restore(): void
}

const UNDO = new Error('What was written is undone.')

/** Puts it in front of an app's tenancy. */
export function dryRun(tenancy: Tenancy): DryRun {
  const original = tenancy.writeTenant
  let written = 0
  const dry: DryRun = {
    on: false,
    take() {
      const taken = written
      written = 0
      return taken
    },
    restore() {
      tenancy.writeTenant = original
    },
  }
  tenancy.writeTenant = async (caller, work) => {
    if (!dry.on) return original(caller, work)
    let done: { value: Awaited<ReturnType<typeof work>> } | null = null
    try {
      await original(caller, async (db) => {
        const value = await work(db)
        const [row] = await db.rows<{ written: number }>({
          text: 'SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::integer AS written FROM pg_stat_xact_user_tables',
          values: [],
        })
        written += row?.written ?? 0
        done = { value }
        throw UNDO
      })
    } catch (error) {
      if (!done) throw error
    }
    return (done as unknown as { value: Awaited<ReturnType<typeof work>> }).value
  }
  return dry
}
