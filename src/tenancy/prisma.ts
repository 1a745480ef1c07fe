import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../prisma/generated/client/client.ts'

/** The typed client inside a bracket: everything it does happens in the bracket's transaction. */
export type PrismaTransaction = Omit<PrismaClient, `$${string}`>

/**
 * A pool that owns no connection: it hands Prisma the connection of the bracket that is running and refuses outside of one. Prisma's BEGIN,
 * COMMIT and ROLLBACK become savepoints, because the transaction belongs to the bracket.
 */
class BracketPool extends pg.Pool {
  readonly bracket = new AsyncLocalStorage<pg.ClientBase>()

  override connect(): Promise<pg.PoolClient>
  override connect(callback: never): void
  override connect(): Promise<pg.PoolClient> {
    return Promise.resolve(facade(this.current()))
  }

  override query: pg.Pool['query'] = ((config: pg.QueryConfig) => this.current().query(config)) as pg.Pool['query']

  private current(): pg.ClientBase {
    const client = this.bracket.getStore()
    if (!client) throw new Error('Prisma was used outside of a tenant bracket.')
    return client
  }
}

const SAVEPOINTS: Record<string, string> = {
  BEGIN: 'SAVEPOINT prisma',
  COMMIT: 'RELEASE SAVEPOINT prisma',
  ROLLBACK: 'ROLLBACK TO SAVEPOINT prisma',
}

function facade(client: pg.ClientBase): pg.PoolClient {
  const query = (config: pg.QueryConfig | string) => {
    const text = typeof config === 'string' ? config : config.text
    const savepoint = SAVEPOINTS[text]
    return savepoint ? client.query(savepoint) : client.query(config as pg.QueryConfig)
  }
  return { query, release: () => {}, on: () => {}, off: () => {}, removeListener: () => {} } as unknown as pg.PoolClient
}

export interface PrismaDoor {
  /** Opens the typed client on a bracket's connection; `close` before the bracket ends, telling whether it succeeds. */
  open(client: pg.ClientBase): Promise<{ tx: PrismaTransaction; close(ok: boolean): Promise<void> }>
}

const ABANDONED = new Error('The bracket was rolled back.')

/** One Prisma client for the process, usable inside brackets only. */
export function createPrismaDoor(): PrismaDoor {
  const pool = new BracketPool()
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  return {
    open(client) {
      return pool.bracket.run(client, () => {
        let finish: (ok: boolean) => void
        const finished = new Promise<boolean>((resolve) => {
          finish = resolve
        })
        return new Promise((opened, failed) => {
          const running = prisma
            .$transaction(
              async (tx) => {
                opened({
                  tx,
                  async close(ok) {
                    finish(ok)
                    await running
                  },
                })
                if (!(await finished)) throw ABANDONED
              },
              { timeout: 60_000 },
            )
            .catch((error: unknown) => {
              if (error !== ABANDONED) {
                failed(error)
                throw error
              }
            })
          running.catch(() => {})
        })
      })
    },
  }
}
