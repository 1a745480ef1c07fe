import { expect, it, jest } from '@jest/globals'
import { numberChanges } from '../../src/events/sequence.ts'
import type { Caller, Tenancy } from '../../src/tenancy/tenancy.ts'

it('runs one round of a company at a time, however much is written meanwhile, and one more for what was written', async () => {
  let wrote: (caller: Caller) => void = () => {}
  const rounds: { tenantId: string; end: () => void }[] = []
  let began = Promise.withResolvers<void>()
  const tenancy = {
    onWritten(listener: (caller: Caller) => void) {
      wrote = listener
    },
    writeTenant({ tenantId }: Caller) {
      const { promise, resolve } = Promise.withResolvers<unknown[]>()
      rounds.push({ tenantId, end: () => resolve([{ last: '1' }]) })
      began.resolve()
      return promise
    },
  } as unknown as Tenancy
  const numbering = numberChanges(tenancy, () => {}, { delay: 0 })
  const next = async () => {
    await began.promise
    began = Promise.withResolvers()
  }

  wrote({ tenantId: 'a' })
  await next()
  // Of another company: it waits for nobody.
  for (let n = 0; n < 5; n++) wrote({ tenantId: 'a' })
  wrote({ tenantId: 'b' })
  await next()
  expect(rounds.map(({ tenantId }) => tenantId)).toEqual(['a', 'b'])
  rounds[0]?.end()
  await next()
  expect(rounds.map(({ tenantId }) => tenantId)).toEqual(['a', 'b', 'a'])
  // What was written while the last one ran is numbered before it stops.
  wrote({ tenantId: 'a' })
  const stopped = numbering.stop()
  for (const { end } of rounds) end()
  await next()
  for (const { end } of rounds) end()
  await stopped
  expect(rounds.map(({ tenantId }) => tenantId)).toEqual(['a', 'b', 'a', 'a'])
})

it('sets one timer for a company that writes again while its round is put off, so that none is left after the stop', async () => {
  jest.useFakeTimers()
  try {
    let wrote: (caller: Caller) => void = () => {}
    const ends: (() => void)[] = []
    const tenancy = {
      onWritten(listener: (caller: Caller) => void) {
        wrote = listener
      },
      writeTenant() {
        const { promise, resolve } = Promise.withResolvers<unknown[]>()
        ends.push(() => resolve([{ last: '1' }]))
        return promise
      },
    } as unknown as Tenancy
    const numbering = numberChanges(tenancy, () => {}, { delay: 10 })
    wrote({ tenantId: 'a' })
    await jest.advanceTimersByTimeAsync(10)
    wrote({ tenantId: 'a' })
    await jest.advanceTimersByTimeAsync(10)
    wrote({ tenantId: 'a' })
    ends[0]?.()
    await jest.advanceTimersByTimeAsync(0)
    expect(jest.getTimerCount()).toBe(1)
    const stopped = numbering.stop()
    expect(jest.getTimerCount()).toBe(0)
    ends[1]?.()
    await stopped
    expect(ends).toHaveLength(2)
  } finally {
    jest.useRealTimers()
  }
})
