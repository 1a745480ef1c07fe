/**
 * One mass mail through a mail server that fails: `npm run blast -- --mails 20000`. The server answers some mails with 4xx and 5xx, delays some, and is stopped and started again;
 * of two sender processes one is killed (SIGKILL) and started again. Prints what arrived by recipient and Message-ID, what the blast counts, and the minutes it took; ends with 1 where a recipient got
 * another number of distinct mails than one, a suppressed one got any, or the counts are wrong.
 */
import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createEmailTickets } from '../src/access/emailTicket.ts'
import { smtpPool } from '../src/events/smtpPool.ts'
import { decodeId } from '../src/ids.ts'
import { sendEmails } from '../src/jobs/email.ts'
import { runJobsOnce } from '../src/jobs/runner.ts'
import { createTenant } from '../src/resolvers/identity/createTenant.ts'
import { BLAST_JOB } from '../src/resolvers/marketing/expandBlast.ts'
import { createEmailLinks } from '../src/resolvers/marketing/links.ts'
import { enqueueJob } from '../src/resolvers/platform/job.ts'
import '../src/schema/index.ts'
import { idOf } from '../src/read/values.ts'
import { openTenancy } from '../src/tenancy/tenancy.ts'
import { openBench } from './jobs.ts'

const SECRET = 'a secret of the bench that is long enough'

/** A sender, until it is killed. */
function send(databaseUrl: string, smtpUrl: string): void {
  sendEmails(openTenancy({ databaseUrl, poolSize: 12 }), {
    transport: smtpPool({ url: smtpUrl, from: 'Acme <news@acme.example>', connections: 8 }),
    links: createEmailLinks(createEmailTickets({ secret: SECRET, previousSecret: null }), 'https://crm.example'),
    // Failed attempts are what this is about.
    onError: () => {},
    interval: 500,
  })
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { mails: { type: 'string', default: '20000' } } })
  const mails = Number(values.mails)
  const suppressed = Math.floor(mails / 100)
  const { SMTPServer } = createRequire(fileURLToPath(new URL('../package.json', import.meta.url)))('smtp-server')
  /** Message-IDs by recipient, each as often as it came. */
  const arrived = new Map<string, string[]>()
  const refusals = new Map<string, number>()
  let port = 0
  let taken = 0
  // biome-ignore lint/suspicious/noExplicitAny: smtp-server is loaded from the repository's own modules, without its types.
  let server: any
  const refuse = (code: number) => Object.assign(new Error('no'), { responseCode: code })
  const start = async () => {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      closeTimeout: 100,
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      onRcptTo({ address }: any, _session: any, done: (error?: Error) => void) {
        const n = Number(/\d+/.exec(address)?.[0])
        const before = refusals.get(address) ?? 0
        refusals.set(address, before + 1)
        if (n % 50 === 7) return done(refuse(550))
        // 421 once: it is tried again soon; 451 waits a minute.
        if (n % 50 === 8 && before === 0) return done(refuse(n % 100 === 8 ? 421 : 451))
        done()
      },
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      onData(stream: any, session: any, done: (error?: Error) => void) {
        let raw = ''
        stream.on('data', (chunk: Buffer) => {
          raw += chunk.toString('latin1')
        })
        stream.on('end', () => {
          const id = /^Message-ID:\s*(\S+)/im.exec(raw)?.[1] ?? 'none'
          for (const { address } of session.envelope.rcptTo) arrived.set(address, [...(arrived.get(address) ?? []), id])
          setTimeout(done, ++taken % 20 === 0 ? 100 : 0)
        })
      },
    })
    server.on('error', () => {})
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = server.server.address().port
  }
  await start()
  const bench = await openBench()
  const tenancy = openTenancy({ databaseUrl: bench.databaseUrl, poolSize: 4 })
  const senders = new Set<ReturnType<typeof fork>>()
  const sender = () => {
    const child = fork(fileURLToPath(import.meta.url), ['sender', bench.databaseUrl, `smtp://127.0.0.1:${port}`])
    senders.add(child)
    child.once('exit', () => senders.delete(child))
    return child
  }
  try {
    const made = await createTenant(tenancy, { slug: 'blast', name: 'Blast', adminEmail: 'admin@blast.example' })
    const tenantId = decodeId(made.id)?.uuid as string
    const ask = (text: string, ...given: unknown[]) =>
      tenancy.writeTenant({ tenantId }, (db) => db.rows<Record<string, never>>({ text, values: [tenantId, ...given] }))
    const [list] = await ask(`INSERT INTO target_list (tenant_id, name) VALUES ($1, 'All') RETURNING id`)
    for (let from = 0; from < mails; from += 2000)
      await ask(
        `WITH c AS (INSERT INTO contact (tenant_id, last_name, email, do_not_email) SELECT $1::uuid, 'P' || n, 'p' || n || '@mail.example', n < $5 FROM generate_series($3::int, $4::int) n RETURNING id)
 INSERT INTO target_list_member (tenant_id, target_list_id, contact_id) SELECT $1::uuid, $2::uuid, c.id FROM c`,
        list?.id,
        from,
        Math.min(from + 2000, mails) - 1,
        suppressed,
      )
    const [template] = await ask(
      `INSERT INTO email_template (tenant_id, name, subject, html) VALUES ($1, 'News', 'News', '<p>{{ recipient.fullName }} <a href="https://shop.example/">shop</a> <a href="{{ unsubscribeUrl }}">no more</a></p>') RETURNING id`,
    )
    const [blast] = await ask(
      `INSERT INTO email_blast (tenant_id, name, template_id, include_list_ids, status, started_at, owner_id) VALUES ($1, 'News', $2, ARRAY[$3], 'SENDING', now(), $4) RETURNING id`,
      template?.id,
      idOf('TargetList', list?.id as unknown as string),
      decodeId(made.adminUserId)?.uuid,
    )
    const began = performance.now()
    await tenancy.writeTenant({ tenantId }, (db) =>
      enqueueJob(db, tenantId, { kind: BLAST_JOB, input: { blastId: blast?.id } }),
    )
    const victim = sender()
    sender()
    let [killed, stopped, over] = [false, false, false]
    const work = (async () => {
      while (!over) if ((await runJobsOnce(tenancy)) === 0) await new Promise((resolve) => setTimeout(resolve, 200))
    })()
    for (;;) {
      if (!killed && arrived.size > mails / 4) {
        killed = true
        victim.kill('SIGKILL')
        await new Promise((resolve) => victim.once('exit', resolve))
        sender()
      }
      if (!stopped && arrived.size > mails / 2) {
        stopped = true
        await new Promise<void>((resolve) => server.close(() => resolve()))
        await new Promise((resolve) => setTimeout(resolve, 3000))
        await start()
      }
      // What a dead sender held is taken by others ten minutes later; here after one, so that the measure does not wait for it. No living sender holds a mail that long.
      if (killed)
        await ask(
          `UPDATE email_message SET next_attempt_at = now() WHERE tenant_id = $1 AND status = 'SENDING' AND next_attempt_at BETWEEN now() AND now() + interval '9 minutes'`,
        )
      const [row] = await ask('SELECT status FROM email_blast WHERE tenant_id = $1 AND id = $2', blast?.id)
      if (String(row?.status) === 'SENT') break
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    const minutes = (performance.now() - began) / 60_000
    over = true
    await work
    const counts = await ask(
      'SELECT status, count(*)::integer AS n FROM email_message WHERE tenant_id = $1 AND blast_id = $2 GROUP BY 1 ORDER BY 1',
      blast?.id,
    )
    const distinct = [...arrived].filter(([, ids]) => new Set(ids).size !== 1)
    const resent = [...arrived.values()].filter((ids) => ids.length > 1).length
    const number = (address: string) => Number(/\d+/.exec(address)?.[0])
    const wrongly = [...arrived.keys()].filter((one) => number(one) < suppressed).length
    const expected = Array.from({ length: mails }, (_, n) => n).filter((n) => n >= suppressed && n % 50 !== 7).length
    const sent = Number(counts.find(({ status }) => String(status) === 'SENT')?.n ?? 0)
    console.log(
      `${mails} people, ${minutes.toFixed(1)} minutes. Arrived at ${arrived.size} of ${expected} recipients; more than one distinct mail: ${distinct.length}; sent again under the same Message-ID: ${resent}; to suppressed: ${wrongly}.`,
    )
    console.log(`Statuses: ${counts.map(({ status, n }) => `${status} ${n}`).join(', ')}`)
    if (arrived.size !== expected || sent !== expected || distinct.length > 0 || wrongly > 0) process.exitCode = 1
  } finally {
    for (const child of senders) child.kill('SIGKILL')
    await tenancy.close()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await bench.close()
  }
}

const [role, databaseUrl, smtpUrl] = process.argv.slice(2)
if (role === 'sender') send(databaseUrl as string, smtpUrl as string)
else await main()
