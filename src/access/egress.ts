import { type LookupAddress, lookup as resolveName } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** A request to a server that somebody else named. */
export interface Outgoing {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string | Buffer
  /** Milliseconds from the first byte out to the last one in. */
  timeoutMs?: number
  /** Most bytes of the answer's body that are read. */
  maxBytes?: number
  /** Lets private, loopback and link-local addresses, plain http and every port through: for development, or a provider in the same house. */
  allowPrivate?: boolean
  signal?: AbortSignal
}

/** An answer; a redirect is one like any other. */
export interface Incoming {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** The request was not sent, or its answer not read. The message holds no address: it may end up with whoever named it. */
export class EgressError extends Error {
  override name = 'EgressError'
}

const MAX_HEADER = 16 * 1024

const refusedV4 = new BlockList()
// The special-purpose registries of IANA (RFC 6890), multicast and class E.
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]) {
  const [address = '', bits] = range.split('/')
  refusedV4.addSubnet(address, Number(bits), 'ipv4')
}
const globalV6 = new BlockList()
globalV6.addSubnet('2000::', 3, 'ipv6')
const refusedV6 = new BlockList()
// Within global unicast: protocol assignments with Teredo, documentation, and 6to4, which carries an IPv4 address.
for (const [address, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  refusedV6.addSubnet(address, bits, 'ipv6')

/** Is an address one of the public internet: not private, loopback, link-local, shared, multicast, documentation, nor one of those in IPv6 clothes. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  const version = isIP(plain)
  if (version === 4) return !refusedV4.check(plain, 'ipv4')
  // IPv4 inside IPv6 (::ffff:0:0/96, 64:ff9b::/96) lies outside of 2000::/3: whoever means the IPv4 address can say so.
  return version === 6 && globalV6.check(plain, 'ipv6') && !refusedV6.check(plain, 'ipv6')
}

/** Ports below 1024 but the two of the web, and those at which databases, caches and the like listen. */
const OTHER_SERVICES = new Set([
  1433, 1521, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 6379, 9200, 9300, 11211, 27017,
])
const INSIDE = /(^|\.)(localhost|internal|local|lan|home|corp|intranet|test|invalid|onion)\.?$/

/** Why a request must not go to an address as it is written, or null. What its name stands for is looked at when it is connected. */
export function addressProblem(url: URL, { allowPrivate = false }: Pick<Outgoing, 'allowPrivate'> = {}): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'The address must be http or https.'
  if (url.username || url.password) return 'The address must hold no user name and no password.'
  if (allowPrivate) return null
  if (url.protocol !== 'https:') return 'The address must be https.'
  const port = Number(url.port || 443)
  if ((port < 1024 && port !== 443 && port !== 80) || OTHER_SERVICES.has(port)) return 'The port is not one of the web.'
  const host = hostOf(url)
  if (isIP(host)) return isPublicAddress(host) ? null : 'The address is not one of the public internet.'
  if (INSIDE.test(host) || !host.includes('.')) return 'The name is not one of the public internet.'
  return null
}

/** The host as sockets take it: IPv6 without brackets. URL has written numbers of every fashion as dotted IPv4 by then. */
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '')

/** Looks a name up for a socket that is about to connect, and gives only public addresses: between a check and a connection nothing can change. */
const publicLookup: LookupFunction = (name, options, done) => {
  resolveName(name, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error) return done(error, '', 0)
    const open = found.filter(({ address }) => isPublicAddress(address))
    const [first] = open
    if (!first) return done(new EgressError('The name stands for no address of the public internet.'), '', 0)
    if (options.all) (done as (error: null, addresses: LookupAddress[]) => void)(null, open)
    else done(null, first.address, first.family)
  })
}

/**
 * Sends a request to an address that a tenant named: over a connection of its own, to public addresses only, checked while the socket connects; follows
 * no redirect, keeps no cookie, reads at most `maxBytes`, takes at most `timeoutMs` in all.
 *
 * @throws EgressError, whatever went wrong.
 */
export function send(
  url: URL,
  {
    method = 'GET',
    headers = {},
    body,
    timeoutMs = 5_000,
    maxBytes = 64 * 1024,
    allowPrivate = false,
    signal,
  }: Outgoing = {},
): Promise<Incoming> {
  const problem = addressProblem(url, { allowPrivate })
  if (problem) return Promise.reject(new EgressError(problem))
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(timeoutMs)
    const fail = (message: string, cause?: unknown) => {
      outgoing.destroy()
      reject(cause instanceof EgressError ? cause : new EgressError(message, { cause }))
    }
    const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method,
      headers: { 'accept-encoding': 'identity', ...headers },
      // No pool: a connection that was allowed to somebody is not found by somebody else.
      agent: false,
      maxHeaderSize: MAX_HEADER,
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      ...(allowPrivate ? {} : { lookup: publicLookup }),
    })
    outgoing.on('error', (error) =>
      fail(limit.aborted ? 'The server took too long.' : 'The server cannot be reached.', error),
    )
    outgoing.on('socket', (socket) => {
      socket.on('connect', () => {
        // The last word: an address that was written out passes no look-up.
        if (!allowPrivate && !isPublicAddress(socket.remoteAddress ?? ''))
          fail('The address is not one of the public internet.')
      })
    })
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) fail('The answer is too long.')
        else chunks.push(chunk)
      })
      answer.on('error', (error) => fail('The answer was cut off.', error))
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) })
      })
    })
    outgoing.end(body)
  })
}
