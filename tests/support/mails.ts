import type { Owner } from './owner.ts'

/** A mail of the outbox that waits. */
export interface Waiting {
  kind: string
  to: string
  subject: string
  text: string
  /** Of the link in it: tenant and token. */
  tenant: string
  token: string
}

/** The mails that wait for an address, oldest first, as the owner of the tables sees them. */
export async function mailsTo(owner: Owner, address: string): Promise<Waiting[]> {
  const rows = await owner.rows<{ kind: string; to: string; subject: string; text: string }>(
    `SELECT kind, to_address AS "to", subject, body AS text FROM mail WHERE tenant_id = $1 AND to_address = $2 ORDER BY created_at, id`,
    owner.tenantId,
    address,
  )
  return rows.map((row) => {
    const [, query = ''] = /^\{PUBLIC_URL\}\/[a-z-]+\?(\S+)$/m.exec(row.text) ?? []
    const { tenant = '', token = '' } = Object.fromEntries(new URLSearchParams(query))
    return { ...row, tenant, token }
  })
}
