import { BlockList, isIP } from 'node:net'

/** A network, or a single address: all its bits. */
export interface AddressRange {
  address: string
  bits: number
  family: 'ipv4' | 'ipv6'
}

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i

/**
 * Reads `192.0.2.7`, `10.1.0.0/16` or `2001:db8::/32`. Null for anything else: no zones, no IPv4 written as IPv6 (which no caller's
 * address is compared as), at least one bit, because a range of everything limits nothing.
 */
export function addressRange(text: string): AddressRange | null {
  const match = /^([0-9A-Fa-f.:]{2,45})(?:\/(\d{1,3}))?$/.exec(text)
  if (!match) return null
  const [, address = '', given] = match
  const version = isIP(address)
  if (version === 0 || MAPPED.test(address)) return null
  const most = version === 4 ? 32 : 128
  const bits = given === undefined ? most : Number(given)
  if (bits < 1 || bits > most) return null
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Does an address lie in one of the ranges. What is no range holds no address; IPv4 that arrives as IPv6 counts as IPv4. */
export function inRanges(ip: string, ranges: readonly string[]): boolean {
  const plain = ip.replace(MAPPED, '')
  const version = isIP(plain)
  if (version === 0) return false
  const list = new BlockList()
  for (const text of ranges) {
    const range = addressRange(text)
    if (range) list.addSubnet(range.address, range.bits, range.family)
  }
  return list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
}

/** Does one range hold all of another. */
export function holdsRange(outer: string, inner: string): boolean {
  const [a, b] = [addressRange(outer), addressRange(inner)]
  return a !== null && b !== null && a.family === b.family && a.bits <= b.bits && inRanges(b.address, [outer])
}
