import { createClientTokens } from './access/clientToken.ts'
import { authorise } from './access/document.ts'
import { createEmailTickets } from './access/emailTicket.ts'
import { createFileTickets, type FileClaims } from './access/fileTicket.ts'
import { deriveKey, keyring } from './access/keys.ts'
import { createOidc } from './access/oidc.ts'
import { createQuoteTickets } from './access/quoteTicket.ts'
import { ACCESS_TABLES } from './access/standing.ts'
import { checkTenantHeader } from './access/tenantHeader.ts'
import { createTokens } from './access/token.ts'
import { createViewers } from './access/viewer.ts'
import { createLoaders } from './cache/loaders.ts'
import { memoryStore, noStore } from './cache/memoryStore.ts'
import { createRecordCache } from './cache/recordCache.ts'
import { connectRedis, redisStore } from './cache/redisStore.ts'
import type { Config } from './config.ts'
import type { Context, Viewer } from './context.ts'
import { sendMails } from './events/mail.ts'
import { numberChanges } from './events/sequence.ts'
import { smtpTransport } from './events/smtp.ts'
import { smtpPool } from './events/smtpPool.ts'
import { createLogger } from './http/log.ts'
import { createServer, type IncomingRequest } from './http/server.ts'
import { startAccessWork } from './jobs/access.ts'
import { sendEmails } from './jobs/email.ts'
import { createExporter } from './jobs/export/run.ts'
import { createDownloads } from './jobs/files/download.ts'
import { startFileWork } from './jobs/files/sweep.ts'
import { createUploads } from './jobs/files/upload.ts'
import { startHandoverWork } from './jobs/handover.ts'
import { checkMapping, startImports } from './jobs/import/worker.ts'
import { openReportFile } from './jobs/reports/download.ts'
import { exportReport } from './jobs/reports/exportReport.ts'
import { startJobs } from './jobs/runner.ts'
import { startSocial } from './jobs/social.ts'
import { sendWebhooks } from './jobs/webhooks.ts'
import { startCalls } from './jobs/workflowCalls.ts'
import { startFollowing } from './jobs/workflowChanges.ts'
import { createCursors, ringOfCursors } from './read/cursor.ts'
import { idOf, uuidOf } from './read/values.ts'
import { createHooks } from './resolvers/automation/hooks.ts'
import { issueClientToken } from './resolvers/identity/clientCredentials.ts'
import { createForms } from './resolvers/leads/capture/forms.ts'
import { createEngagement } from './resolvers/marketing/engagement.ts'
import { createEmailLinks } from './resolvers/marketing/links.ts'
import { createQuoteParts } from './resolvers/revenue/publicQuote.ts'
import { createSurveyParts } from './resolvers/service/answerSurvey.ts'
import { createPublicKnowledge } from './resolvers/service/publicKnowledge.ts'
import { readCalendar } from './resolvers/work/calendar.ts'
import { schema } from './schema/index.ts'
import { openStore } from './storage/store.ts'
import { openTenancy, roleProblems, type Tenancy } from './tenancy/tenancy.ts'

/** A started Atrium: its server is made but does not listen yet. */
export interface App {
  server: Awaited<ReturnType<typeof createServer>>
  tenancy: Tenancy
  /** Listens and gives the address, http://host:port. */
  listen(): Promise<string>
  /** Finishes what runs, then lets go of everything. */
  close(): Promise<void>
}

/** The database role is too strong, or the database is not ready; the message says what to do. */
export class StartError extends Error {
  override name = 'StartError'
}

/**
 * Puts an Atrium together from its settings. Reads no environment and opens no port by itself.
 *
 * @throws StartError when the database role could get around row security.
 */
export async function createApp(config: Config): Promise<App> {
  const log = createLogger({ level: config.logLevel })
  const tenancy = openTenancy({
    databaseUrl: config.databaseUrl,
    poolSize: config.poolSize,
    poolTimeout: config.poolTimeout,
    prepare: config.prepare,
    statementTimeout: config.statementTimeout,
    onError: (error) => log.warn({ err: error.message }, 'a database connection was lost'),
  })
  try {
    const problems = await roleProblems(tenancy)
    if (problems.length > 0) throw new StartError(problems.join('\n'))
  } catch (error) {
    await tenancy.close()
    throw error
  }
  let complained = 0
  const redis =
    config.cache && config.redisUrl
      ? connectRedis(config.redisUrl, {
          onError: (error) => {
            // A Redis that is away fails many times a second.
            if (Date.now() - complained < 10_000) return
            complained = Date.now()
            log.warn({ err: error.message }, 'the cache is away; reads go to the database')
          },
        })
      : null
  const cache = createRecordCache(redis ? redisStore(redis) : config.cache ? memoryStore() : noStore())
  tenancy.onTouched(cache)
  const numbering = numberChanges(tenancy, (error) => log.warn({ err: String(error) }, 'changes could not be numbered'))
  const mails = config.smtpUrl
    ? sendMails(tenancy, {
        transport: smtpTransport({ url: config.smtpUrl, from: config.mailFrom as string }),
        publicUrl: config.appUrl as string,
        onError: (error) => log.warn({ err: String(error) }, 'mails could not be sent'),
      })
    : null
  const secrets = { secret: config.secret, previousSecret: config.previousSecret }
  const emailTickets = createEmailTickets(secrets)
  const emails = config.smtpUrl
    ? sendEmails(tenancy, {
        transport: smtpPool({ url: config.smtpUrl, from: config.mailFrom as string }),
        links: createEmailLinks(emailTickets, (config.publicUrl ?? config.appUrl) as string),
        onError: (error) => log.warn({ err: String(error) }, 'mails to customers could not be sent'),
      })
    : null
  const store = await openStore(config.storage)
  const tickets = createFileTickets(secrets)
  const addressOfFile = (claims: FileClaims) =>
    `${config.publicUrl ?? ''}/attachments/${idOf('Attachment', claims.attachmentId)}?ticket=${tickets.sign(claims)}`
  const tokens = createTokens(secrets)
  const work = config.backgroundWork
    ? [
        startAccessWork(tenancy, {
          onError: (error) => log.warn({ err: String(error) }, 'requests for rights could not be worked on'),
        }),
        startHandoverWork(tenancy, {
          onError: (error) => log.warn({ err: String(error) }, 'a hand-over stands still'),
        }),
        sendWebhooks(tenancy, { onError: (error) => log.warn({ err: String(error) }, 'a webhook was not taken') }),
        startJobs(tenancy, {
          // Most connections are left to requests.
          lanes: Math.max(1, Math.min(4, Math.floor(config.poolSize / 3))),
          onError: (error) => log.warn({ err: String(error) }, 'a step of a job failed'),
        }),
        startFollowing(tenancy, {
          onError: (error) => log.warn({ err: String(error) }, 'changes could not be followed for workflows'),
        }),
        startCalls(tenancy, {
          vault: tokens.vault,
          onError: (error) => log.warn({ err: String(error) }, 'requests of workflows could not be sent'),
        }),
        startSocial(tenancy, {
          vault: tokens.vault,
          fileAddress: (tenantId, userId, attachmentId) =>
            config.publicUrl ? addressOfFile({ tenantId, userId, attachmentId }) : null,
          onError: (error) => log.warn({ err: String(error) }, 'a post could not be published'),
        }),
        startImports(tenancy, {
          store,
          incoming: config.incoming,
          quota: config.storageQuota,
          onError: (error) => log.warn({ err: String(error) }, 'an import failed'),
        }),
        startFileWork(tenancy, {
          store,
          incoming: config.incoming,
          onError: (error) => log.warn({ err: String(error) }, 'files could not be removed'),
        }),
      ]
    : []
  const cursors = ringOfCursors(keyring(secrets, (secret) => createCursors(deriveKey(secret, 'atrium cursor v1'))))
  const clientTokens = createClientTokens(secrets)
  const oidc = createOidc({ ...secrets, allowPrivate: config.oidcAllowPrivate })
  const viewers = createViewers(tenancy, tokens, clientTokens)
  const attempts = {
    perAccount: config.signIn.maxFailures,
    perAddress: config.signIn.maxFailuresPerAddress,
    seconds: config.signIn.windowSeconds,
  }
  tenancy.onTouched(
    {
      before: async () => {},
      async after(tenantId, touched) {
        if (touched.some(({ object }) => ACCESS_TABLES.includes(object))) viewers.forget(tenantId)
      },
    },
    ACCESS_TABLES,
  )

  const startExport = createExporter()
  const quoteTickets = createQuoteTickets(secrets)
  const downloads = createDownloads({ tenancy, store, tickets })
  const upload = createUploads({
    tenancy,
    store,
    incoming: config.incoming,
    max: config.maxUpload,
    quota: config.storageQuota,
  })
  const fileAddress = ({ tenantId, userId }: Viewer, id: string) =>
    addressOfFile({ tenantId, userId, attachmentId: uuidOf('Attachment', id) as string })

  const contextFor = async (request: IncomingRequest): Promise<Context> => {
    const { authorization, ip, requestId, userAgent, headers } = request
    const key = headers['idempotency-key']
    const viewer = await viewers.viewerOf({ authorization, ip, requestId })
    if (viewer) await checkTenantHeader(tenancy, viewer, headers)
    return {
      viewer,
      tenancy,
      loaders: createLoaders(cache),
      idempotencyKey: Array.isArray(key) ? key.join(',') : (key ?? null),
      requestId,
      ip,
      userAgent,
      responseHeaders: new Map(),
      services: {
        tokens,
        cursors,
        oidc,
        attempts,
        forgetViewers: viewers.forget,
        checkMapping: (caller, order) => checkMapping(tenancy, caller, order),
        fileAddress,
        calendarAddress: (key) => `${config.publicUrl ?? ''}/calendar/${key}.ics`,
        quoteTicket: (tenantId, quoteId) => quoteTickets.sign({ tenantId, quoteId }),
        quoteAddress: (tenantId, quoteId) =>
          `${config.publicUrl ?? ''}/quotes?ticket=${quoteTickets.sign({ tenantId, quoteId })}`,
      },
    }
  }

  const server = await createServer({
    schema,
    contextFor,
    authorise: (document, operation, context) => authorise(schema, document, operation, context as Context),
    config: {
      compiled: config.compiled,
      explorer: config.explorer,
      maxCost: config.maxCost,
      metricsToken: config.metricsToken,
      ...(config.trustProxy.length > 0 ? { trustProxy: config.trustProxy } : {}),
    },
    log,
    startExport: ({ contextFor: again, ...order }) =>
      startExport({ ...order, contextFor: again as () => Promise<Context> }),
    files: {
      upload: (context, form) => upload((context as Context).viewer as Viewer, form),
      open: (context, id) => downloads.byViewer((context as Context).viewer as Viewer, id),
      openByTicket: downloads.byTicket,
    },
    oauth: {
      issue: (grant) => issueClientToken({ tenancy, services: { tokens }, clientTokens, limits: attempts }, grant),
      publicUrl: config.publicUrl,
    },
    hooks: createHooks({ tenancy, tokens }),
    forms: createForms({ tenancy, tokens, publicUrl: config.publicUrl }),
    quotes: createQuoteParts({ tenancy, tickets: quoteTickets, tokens }),
    email: createEngagement({ tenancy, tickets: emailTickets, tokens }),
    surveys: createSurveyParts({ tenancy, tickets: emailTickets, tokens }),
    knowledge: createPublicKnowledge({ tenancy, tokens }),
    reports: {
      open: (ticket) => openReportFile(tenancy, ticket),
      run: (context, order) => exportReport(context as Context, order),
    },
    calendar: { read: (key) => readCalendar(tenancy, key) },
    readiness: async () => ({
      database: await tenancy
        .withoutTenant((db) => db.rows({ text: 'SELECT 1', values: [] }))
        .then(
          () => true,
          () => false,
        ),
    }),
  })
  return {
    server,
    tenancy,
    listen: () => server.listen({ port: config.port, host: config.host }),
    async close() {
      await server.close()
      await Promise.all([mails?.stop(), emails?.stop(), ...work.map((one) => one.stop())])
      await numbering.stop()
      // Other processes read what this one still owes to Redis.
      await cache.settle()
      redis?.disconnect()
      store.close()
      await tenancy.close()
      log.flush()
    },
  }
}
