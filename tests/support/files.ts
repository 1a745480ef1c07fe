import type { Company, Sent } from './app.ts'

/** A file as a form sends it. */
export interface TestFile {
  name?: string
  content?: string | Buffer
  /** What the sender says that it is. */
  type?: string
}

const BOUNDARY = '----a-boundary-of-the-tests'

/** A form with a file and plain fields, as a browser writes it; fields stand in front of it unless `last`. */
export function form(
  { name = 'a file.txt', content = 'what is in it', type = 'text/plain' }: TestFile,
  fields: Record<string, string> = {},
  { last = false, part = 'file' }: { last?: boolean; part?: string } = {},
): { payload: Buffer; headers: Record<string, string> } {
  const plain = Object.entries(fields).map(([field, value]) =>
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`),
  )
  const file = [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${part}"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]
  return {
    payload: Buffer.concat([...(last ? [...file, ...plain] : [...plain, ...file]), Buffer.from(`--${BOUNDARY}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  }
}

/** Sends a file; the whole answer. */
export const send = (
  company: Pick<Company, 'send'>,
  file: TestFile,
  fields: Record<string, string> = {},
  options: { last?: boolean; part?: string } = {},
): Promise<Sent> => company.send({ method: 'POST', url: '/attachments', ...form(file, fields, options) })

/** Sends a file that is taken; the id of its attachment. */
export async function upload(
  company: Pick<Company, 'send'>,
  file: TestFile = {},
  fields: Record<string, string> = {},
): Promise<string> {
  const { status, json } = await send(company, file, fields)
  if (status !== 201) throw new Error(`POST /attachments → ${status} ${JSON.stringify(json)}`)
  return json.attachment.id
}

/** Asks for a file, by its address or its id. */
export const download = (
  company: Pick<Company, 'send'>,
  which: string,
  headers: Record<string, string> = {},
): Promise<Sent> =>
  company.send({ method: 'GET', url: which.startsWith('/') ? which : `/attachments/${which}`, headers })
