import { expect, it } from '@jest/globals'
import pg from 'pg'
import { testApp } from '../support/app.ts'
import { make, creatable } from '../support/factory.ts'
import { recordTypes } from '../../src/read/recordType.ts'
it('probe', async () => {
  const t = Date.now()
  const app = await testApp()
  console.log('app', Date.now() - t)
  const c = new pg.Client({ connectionString: app.database.ownerUrl }); await c.connect()
  console.log((await c.query(`select datname, datcollate, datlocprovider, datlocale from pg_database`)).rows, (await c.query('show timezone')).rows)
  await c.end()
  const out = []
  for (const type of recordTypes()) if (creatable(type)) { const s = Date.now(); try { await make(app.acme, type.name); out.push(type.name + ' ok ' + (Date.now()-s)) } catch (e) { out.push(type.name + ' ' + (e as Error).message.slice(-500)) } }
  console.log(out.join('\n'))
  await app.close()
  expect(1).toBe(1)
}, 60000)
