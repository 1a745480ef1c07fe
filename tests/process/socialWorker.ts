import '../../src/schema/index.ts'
import { send } from '../../src/access/egress.ts'
import { createVault } from '../../src/access/totp.ts'
import { startSocial } from '../../src/jobs/social.ts'
import { connectors } from '../../src/resolvers/marketing/social/connectors.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'

/** A process that publishes posts over real sockets, also to this machine; it ends by a signal. */
startSocial(openTenancy({ databaseUrl: process.env.DATABASE_URL as string, poolSize: 3 }), {
  vault: createVault({ secret: process.env.SECRET as string, previousSecret: null }),
  connectors: connectors((url, options) => send(url, { ...options, allowPrivate: true })),
  fileAddress: () => null,
  everyMs: 50,
  onError: (error) => {
    // What the bridge is made to do wrong is told of otherwise.
    if (!String(error).startsWith('Error: Post ')) process.stderr.write(`${error}\n`)
  },
})
