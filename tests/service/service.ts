import { UserErrors } from '../../src/errors.ts'
import type { Written } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

/** A company that works on cases. */
export interface Service extends Writes {
  /** A case; its uuid. */
  case(input?: Input): Promise<string>
  // biome-ignore lint/suspicious/noExplicitAny: a row has the columns of its table.
  read(id: string): Promise<any>
  /** What a verb answers; what it wrote is undone when it is refused. */
  verb(work: (context: WriteContext) => Promise<Written>): Promise<Written>
  /** Codes of a verb, each with its field. */
  codes(work: (context: WriteContext) => Promise<Written>): Promise<string[]>
  user(input?: Input): Promise<string>
}

let users = 0

/** Opens one; call `close`. */
export async function openService(): Promise<Service> {
  const writes = await openWrites()
  const [role] = await writes.rows<{ id: string }>(`SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep'`)
  const verb: Service['verb'] = async (work) => {
    try {
      return await writes.write(async (context) => {
        const written = await work(context)
        if (written.errors.length > 0) throw new UserErrors(written.errors)
        return written
      })
    } catch (error) {
      if (error instanceof UserErrors) return { id: null, errors: error.errors }
      throw error
    }
  }
  return {
    ...writes,
    verb,
    codes: async (work) => (await verb(work)).errors.map(({ code, field }) => `${code} ${field?.join('.')}`),
    case: async (input = {}) =>
      (await writes.create('Case', { subject: 'Spindle stands still', ...input }))[0] as string,
    read: (id) => writes.row('service_case', id),
    user: async (input = {}) => {
      const name = `User ${++users}`
      const [id] = await writes.create('User', {
        name,
        email: `user${users}@acme.example`,
        status: 'ACTIVE',
        roleId: ref('Role', role?.id as string),
        ...input,
      })
      return id as string
    },
  }
}
