import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A mail as a mailbox shows it. */
export interface Received {
  /** Envelope recipients. */
  to: string[]
  /** As it came, headers and body. */
  raw: string
  /** By lower-case name, unfolded and decoded. */
  headers: Record<string, string>
  text: string
}

/** A mail server of a test's own, on the loopback. */
export interface MailServer {
  url: string
  received: Received[]
  /** What the server does with the next mails: takes them, refuses the recipient, or breaks the connection in the middle of one. */
  mood: 'take' | 'refuse' | 'die'
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts one that takes everything from everybody. Call `stop`. */
export async function mailServer(): Promise<MailServer> {
  let server: SMTPServer
  let port = 0
  const mails: MailServer = {
    url: '',
    received: [],
    mood: 'take',
    async start() {
      const sockets = new Map<string, { destroy(): void }>()
      server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['AUTH', 'STARTTLS'],
        closeTimeout: 100,
        onRcptTo(address, _session, done) {
          if (mails.mood !== 'refuse') return done()
          done(Object.assign(new Error(`no such user: ${address.address}`), { responseCode: 550 }))
        },
        onData(stream, session, done) {
          const chunks: Buffer[] = []
          if (mails.mood === 'die') sockets.get(session.remotePort.toString())?.destroy()
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => {
            const to = session.envelope.rcptTo.map(({ address }) => address)
            mails.received.push({ to, ...parse(Buffer.concat(chunks).toString('latin1')) })
            done()
          })
        },
      })
      server.on('error', () => {})
      server.server.on('connection', (socket) => sockets.set(String(socket.remotePort), socket))
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      port = (server.server.address() as AddressInfo).port
      mails.url = `smtp://127.0.0.1:${port}`
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
  await mails.start()
  return mails
}

function parse(raw: string): Pick<Received, 'raw' | 'headers' | 'text'> {
  const cut = raw.indexOf('\r\n\r\n')
  const headers: Record<string, string> = {}
  for (const line of raw
    .slice(0, cut)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? []
    headers[name.toLowerCase()] = decodeWords(value)
  }
  const body = raw.slice(cut + 4)
  const bytes =
    headers['content-transfer-encoding'] === 'base64'
      ? Buffer.from(body, 'base64')
      : headers['content-transfer-encoding'] === 'quoted-printable'
        ? quoted(body.replace(/=\r\n/g, ''))
        : Buffer.from(body, 'latin1')
  return { raw, headers, text: bytes.toString('utf8').replaceAll('\r\n', '\n') }
}

/** RFC 2047: =?UTF-8?B?…?= and =?UTF-8?Q?…?=; blanks between two of them do not count. */
function decodeWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_all, kind: string, text: string) =>
      (kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : quoted(text.replaceAll('_', ' '))).toString('latin1'),
    )
    .replace(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'))
}

function quoted(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
