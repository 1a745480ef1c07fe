import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { addressProblem, EgressError, isPublicAddress, type Outgoing, send } from '../../src/access/egress.ts'

let listener: RequestListener = (_request, response) => response.end()
let asked = 0
const server = createServer((request, response) => {
  asked++
  listener(request, response)
})
let port: number

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const here = () => new URL(`http://127.0.0.1:${port}/x`)
const near = (more: Outgoing = {}) => send(here(), { allowPrivate: true, ...more })

describe('the addresses of the public internet', () => {
  it('are told from private, local, shared and reserved ones, however they are written', () => {
    for (const address of [
      '93.184.216.34',
      '8.8.8.8',
      '100.63.255.255',
      '100.128.0.1',
      '172.32.0.1',
      '2606:2800:220:1::1',
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, true])
    for (const address of [
      '',
      'localhost',
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::7f00:1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '3fff::1',
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, false])
  })

  it('are refused as they are written before anybody is asked', () => {
    for (const text of [
      'http://example.com',
      'ftp://example.com',
      'file:///etc/passwd',
      'gopher://example.com',
      'https://user:secret@example.com',
      'https://user@example.com',
      'https://127.0.0.1',
      'https://2130706433',
      'https://0x7f.1',
      'https://127.1',
      'https://0177.0.0.1',
      'https://[::1]',
      'https://[::ffff:127.0.0.1]',
      'https://localhost',
      'https://LOCALHOST.',
      'https://a.localhost',
      'https://vault.internal',
      'https://printer.local',
      'https://intranet',
      'https://example.com:22',
      'https://example.com:25',
      'https://example.com:5432',
      'https://example.com:6379',
    ])
      expect([text, addressProblem(new URL(text))]).toEqual([text, expect.any(String)])
    for (const text of [
      'https://example.com',
      'https://example.com:8443/x?y',
      'https://8.8.8.8',
      'https://localhost.example.com',
    ])
      expect([text, addressProblem(new URL(text))]).toEqual([text, null])
  })
})

describe('send', () => {
  it('asks nobody at a private address unless that is allowed, nor at a name that stands for one', async () => {
    const before = asked
    for (const url of [
      here(),
      new URL(`https://127.0.0.1:${port}/`),
      new URL(`https://[::1]:${port}/`),
      new URL(`https://localhost:${port}/`),
    ])
      await expect(send(url)).rejects.toThrow(EgressError)
    expect(asked).toBe(before)
    expect((await near()).status).toBe(200)
  })

  it('gives status, headers and body, and takes a redirect for an answer', async () => {
    listener = (request, response) => {
      request
        .resume()
        .on('end', () => response.writeHead(302, { location: '/y', 'x-seen': request.method }).end('body'))
    }
    const before = asked
    const answer = await near({ method: 'POST', body: 'sent', headers: { 'content-type': 'text/plain' } })
    expect([answer.status, answer.headers.location, answer.headers['x-seen'], answer.body.toString()]).toEqual([
      302,
      '/y',
      'POST',
      'body',
    ])
    expect(asked).toBe(before + 1)
  })

  it('stops at an answer that is too long, too slow, broken or has endless headers, and names no address', async () => {
    const ways: [RequestListener, Outgoing][] = [
      [(_request, response) => response.end('x'.repeat(2000)), { maxBytes: 1000 }],
      [() => {}, { timeoutMs: 100 }],
      [
        (_request, response) => {
          const drip = setInterval(() => response.write('x'), 10)
          response.on('close', () => clearInterval(drip))
        },
        { timeoutMs: 200 },
      ],
      [(_request, response) => response.writeHead(200, { 'x-long': 'x'.repeat(30_000) }).end(), {}],
      [(request) => request.socket.destroy(), {}],
      [
        (_request, response) => {
          response.writeHead(200, { 'content-length': '100' })
          response.write('x')
          setImmediate(() => response.destroy())
        },
        {},
      ],
      [(request) => request.socket.end('no http at all\r\n\r\n'), {}],
    ]
    for (const [place, [way, more]] of ways.entries()) {
      listener = way
      const error = await near(more).then(
        () => null,
        (caught: Error) => caught,
      )
      expect([place, error instanceof EgressError]).toEqual([place, true])
      expect(error?.message).not.toContain('127.0.0.1')
    }
    listener = (_request, response) => response.end('well')
    await expect(near({ signal: AbortSignal.abort() })).rejects.toThrow(EgressError)
    expect((await near()).body.toString()).toBe('well')
    await expect(send(new URL('http://127.0.0.1:1/'), { allowPrivate: true })).rejects.toThrow(EgressError)
  })
})
