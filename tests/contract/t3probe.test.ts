import { expect, it } from '@jest/globals'
import { testApp } from '../support/app.ts'
import { fill } from '../support/fill.ts'
import { openOwner } from '../support/owner.ts'

it('probe', async () => {
  const app = await testApp()
  const t = Date.now()
  const owner = await openOwner(app, app.acme)
  try {
    await fill(app.acme, owner)
    console.log(Date.now() - t)
  } finally {
    await owner.close()
    await app.close()
  }
  expect(1).toBe(1)
}, 60000)
