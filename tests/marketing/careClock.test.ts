import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Cared, openCare } from './care.ts'

let acme: Cared
beforeAll(async () => {
  acme = await openCare()
}, 300_000)
afterAll(() => acme?.close())

const sentTo = async (rule: string, at: string) => {
  const before = (await acme.executions(rule)).length
  const { skipped } = await acme.run(rule, at)
  expect(skipped).toBe(0)
  return (await acme.executions(rule)).slice(before).map(({ contact }) => contact)
}

describe('the day and the time are those of the person', () => {
  it('whose time zone is known; of the company otherwise, and where the zone is none', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '09:00' })
    const birthday = '1980-10-05'
    const [here, york, nowhere] = [
      await acme.contact({ birthday }),
      await acme.contact({ birthday, timezone: 'America/New_York' }),
      await acme.contact({ birthday }),
    ]
    await acme.write(({ db, viewer }) =>
      db.rows({
        text: `UPDATE contact SET timezone = 'Mars/Olympus' WHERE tenant_id = $1 AND id = $2`,
        values: [viewer.tenantId, nowhere],
      }),
    )
    // 08:59 in Shanghai on the 5th, 20:59 in New York on the 4th.
    expect(await sentTo(rule, '2027-10-05T00:59:00Z')).toEqual([])
    expect((await sentTo(rule, '2027-10-05T01:00:00Z')).sort()).toEqual([here, nowhere].sort())
    // 08:59 and 09:00 in New York; in Shanghai the 5th is nearly over.
    expect(await sentTo(rule, '2027-10-05T12:59:00Z')).toEqual([])
    expect(await sentTo(rule, '2027-10-05T13:00:00Z')).toEqual([york])
    expect(await sentTo(rule, '2027-10-05T16:30:00Z')).toEqual([])
  })

  it('also around midnight, without quiet hours: nobody a day early or late', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '00:00', quietFrom: null, quietTo: null })
    const birthday = '1980-12-31'
    const [here, york] = [
      await acme.contact({ birthday }),
      await acme.contact({ birthday, timezone: 'America/New_York' }),
    ]
    expect(await sentTo(rule, '2027-12-30T15:59:59Z')).toEqual([])
    expect(await sentTo(rule, '2027-12-30T16:00:00Z')).toEqual([here])
    // Midnight in Shanghai: a new year there, the 31st in New York since eleven hours.
    expect(await sentTo(rule, '2027-12-31T04:59:59Z')).toEqual([])
    expect(await sentTo(rule, '2027-12-31T05:00:00Z')).toEqual([york])
    expect(await sentTo(rule, '2027-12-31T16:00:00Z')).toEqual([])
    expect(await sentTo(rule, '2028-01-01T04:59:59Z')).toEqual([])
    expect((await acme.executions(rule)).map(({ period }) => period)).toEqual(['2027', '2027'])
  })

  it('when clocks are put forward past the time, and once when they are put back over it', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '02:30', quietFrom: null, quietTo: null })
    const timezone = 'America/New_York'
    const [spring, autumn] = [
      await acme.contact({ birthday: '1980-03-14', timezone }),
      await acme.contact({ birthday: '1980-11-07', timezone }),
    ]
    // 01:59:59 EST, then 03:00 EDT: there is no half past two.
    expect(await sentTo(rule, '2027-03-14T06:59:59Z')).toEqual([])
    expect(await sentTo(rule, '2027-03-14T07:00:00Z')).toEqual([spring])
    const twice = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '01:30', quietFrom: null, quietTo: null })
    // 01:30 EDT, and an hour later 01:30 EST.
    expect(await sentTo(twice, '2027-11-07T05:29:00Z')).toEqual([])
    expect(await sentTo(twice, '2027-11-07T05:30:00Z')).toEqual([autumn])
    expect(await sentTo(twice, '2027-11-07T06:30:00Z')).toEqual([])
  })

  it('and the rule is looked at again when its time comes somewhere, within the hour', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '09:15' })
    await acme.contact({ timezone: 'Asia/Kathmandu' })
    // A quarter past nine: in Shanghai at 01:15, in Kathmandu at 03:30.
    expect((await acme.run(rule, '2027-10-10T01:00:00Z')).next).toEqual(new Date('2027-10-10T01:15:00Z'))
    expect((await acme.run(rule, '2027-10-10T03:10:00Z')).next).toEqual(new Date('2027-10-10T03:30:00Z'))
    expect((await acme.run(rule, '2027-10-10T03:30:00Z')).next).toEqual(new Date('2027-10-10T04:30:00Z'))
  })
})

describe('a system that stood still', () => {
  it('catches up on the same day, and wishes nobody later', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY' })
    const [today] = [await acme.contact({ birthday: '1980-04-20' }), await acme.contact({ birthday: '1980-04-19' })]
    // The evening of the 20th; the 19th went by unseen.
    expect(await sentTo(rule, '2027-04-20T12:30:00Z')).toEqual([today])
    expect(await sentTo(rule, '2027-04-21T02:00:00Z')).toEqual([])
  })

  it('keeps quiet hours, and notes what the day is over for; what has other days waits for the next', async () => {
    const [birthday, silence] = [
      await acme.rule({ trigger: 'BIRTHDAY' }),
      await acme.rule({ trigger: 'NO_CONTACT_DAYS', days: 5, filter: { title: { eq: 'late' } } }),
    ]
    const ada = await acme.contact({ birthday: '1980-04-25', title: 'late', lastActivityAt: '2027-04-01T00:00:00Z' })
    // Ten at night.
    expect(await acme.run(birthday, '2027-04-25T14:00:00Z')).toMatchObject({ sent: 0, skipped: 1 })
    expect(await acme.executions(birthday)).toEqual([
      { contact: ada, account: null, period: '2027', status: 'SKIPPED', reason: 'QUIET_HOURS' },
    ])
    expect(await acme.run(silence, '2027-04-25T14:00:00Z')).toMatchObject({ sent: 0, skipped: 0 })
    // Half past seven in the morning, and nine.
    expect(await sentTo(silence, '2027-04-25T23:30:00Z')).toEqual([])
    expect(await sentTo(silence, '2027-04-26T01:00:00Z')).toEqual([ada])
  })

  it('waits for the end of quiet hours at noon', async () => {
    const rule = await acme.rule({
      trigger: 'BIRTHDAY',
      sendAtLocalTime: '11:00',
      quietFrom: '12:00',
      quietTo: '14:00',
    })
    const ada = await acme.contact({ birthday: '1980-04-28' })
    const noon = await acme.run(rule, '2027-04-28T05:30:00Z')
    expect(noon).toMatchObject({ sent: 0, skipped: 0, next: new Date('2027-04-28T06:00:00Z') })
    expect(await sentTo(rule, '2027-04-28T06:00:00Z')).toEqual([ada])
  })
})
