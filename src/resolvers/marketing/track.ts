import { randomBytes } from 'node:crypto'
import type { WriteContext } from '../write.ts'
import type { Composed } from './compose.ts'
import { clickMark, OPEN_MARK } from './links.ts'

const HREF = /(<a\b[^>]*?\shref\s*=\s*)(["'])(.*?)\2/gi
const URL_MAX = 2000
const PICTURE = `<img src="${OPEN_MARK}" width="1" height="1" alt="">`

/** An address of the HTML as it is meant, when it is one that a click can be counted on. */
function addressIn(text: string): string | null {
  const url = text.trim().replaceAll('&amp;', '&')
  return /^https?:\/\//i.test(url) && Buffer.byteLength(url) <= URL_MAX ? url : null
}

/** Mails of a blast whose links lead over ours and that tell when they are opened. Each address of the blast has one token; the address itself stays with us. */
export async function track(
  { db, viewer }: WriteContext,
  blastId: string,
  mails: readonly Composed[],
): Promise<Composed[]> {
  const urls = new Set(
    mails.flatMap((mail) =>
      [...(mail?.html ?? '').matchAll(HREF)].flatMap(([, , , text]) => addressIn(text ?? '') ?? []),
    ),
  )
  const tokens = new Map<string, string>()
  if (urls.size > 0) {
    const rows = [...urls].sort().map((url) => ({ url, token: randomBytes(16).toString('hex') }))
    await db.rows({
      text: `INSERT INTO tracking_link (tenant_id, blast_id, token, url) SELECT $1::uuid, $2::uuid, x.token, x.url FROM json_to_recordset($3::json) AS x(url text, token text) ON CONFLICT (tenant_id, blast_id, url) WHERE deleted_at IS NULL DO NOTHING`,
      values: [viewer.tenantId, blastId, JSON.stringify(rows)],
    })
    for (const { url, token } of await db.rows<{ url: string; token: string }>({
      text: 'SELECT url, token FROM tracking_link WHERE tenant_id = $1 AND blast_id = $2 AND url = ANY ($3)',
      values: [viewer.tenantId, blastId, [...urls]],
    }))
      tokens.set(url, token)
  }
  return mails.map((mail) => {
    if (!mail) return null
    const html = mail.html.replace(HREF, (all, before: string, quote: string, text: string) => {
      const token = tokens.get(addressIn(text) ?? '')
      return token ? `${before}${quote}${clickMark(token)}${quote}` : all
    })
    const end = html.search(/<\/body\s*>/i)
    return { ...mail, html: end < 0 ? html + PICTURE : html.slice(0, end) + PICTURE + html.slice(end) }
  })
}
