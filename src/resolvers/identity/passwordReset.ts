import { hashPassword, passwordProblem } from '../../access/password.ts'
import type { Context } from '../../context.ts'
import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { enqueueMail, inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { NO_ID } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { attemptKeys, countAttempt, forgetAttempts, network } from './attempts.ts'
import { answering, newPasswordErrors, notePasswordChange, storePassword } from './password.ts'
import { revokeSessions } from './sessions.ts'
import { endTokens, type FoundToken, findToken, invalidToken, issueToken, TOKENS, tenantOfSlug } from './userToken.ts'

/** Most requests from one address, and for one account whether it exists or not, within a quarter of an hour. */
const REQUESTS = { perAccount: 10, perAddress: 10, seconds: 900 }
/** Most mails to one user within an hour. */
const MAILS = 3

/** Who has forgotten their password. */
export interface Forgotten {
  /** The company's slug. */
  tenant: string
  email: string
}

/**
 * Mails a user the way to a new password, if the company has an active user with that address and they had no more than three such mails this hour.
 * Says nothing either way, and does the same for either: counts the request, runs the same statements, commits a write. The mail itself goes out later.
 */
export async function requestPasswordReset(context: Context, input: Forgotten): Promise<void> {
  const { tenancy, requestId, ip } = context
  const slug = input.tenant.trim().toLowerCase()
  const email = input.email.normalize('NFC').trim().toLowerCase()
  const { attemptKey } = context.services.tokens
  const wait = await countAttempt(
    context,
    { account: attemptKey(`reset:${slug}:${email}`), address: attemptKey(`reset from:${network(ip)}`) },
    REQUESTS,
  )
  if (wait > 0) return
  const tenantId = (await tenantOfSlug(tenancy, slug)) ?? NO_ID
  await tenancy.writeTenant({ tenantId, actor: 'passwordReset', requestId, ip }, async (db) => {
    const user = await findForgetful(db, tenantId, email.includes('\0') ? '' : email)
    const token = await issueToken(db, tenantId, user?.id ?? null, 'PASSWORD_RESET')
    if (user) await mailReset(db, tenantId, user, token)
    // A commit without a write waits for no disk.
    else await db.rows({ text: `SELECT pg_logical_emit_message(true, 'atrium', '')`, values: [] })
  })
}

interface Forgetful {
  id: string
  name: string
  email: string
  locale: string | null
  home: string
  slug: string
  company: string
}

/** The user who gets the mail, locked so that the count of their mails holds; none for those who may not sign in or had their mails. */
async function findForgetful(db: Reader, tenantId: string, email: string): Promise<Forgetful | null> {
  await db.rows({
    text: 'SELECT id FROM app_user WHERE tenant_id = $1 AND email = $2 AND deleted_at IS NULL FOR NO KEY UPDATE',
    values: [tenantId, email],
  })
  const [user] = await db.rows<Forgetful>({
    text: `SELECT u.id, u.name, u.email, u.locale, c.locale AS home, c.slug, c.name AS company FROM app_user u JOIN tenant c ON c.id = u.tenant_id
 WHERE u.tenant_id = $1 AND u.email = $2 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL AND c.status IN ('TRIAL', 'ACTIVE')
 AND (SELECT count(*) FROM user_token t WHERE t.tenant_id = $1 AND t.user_id = u.id AND t.kind = 'PASSWORD_RESET' AND t.created_at > now() - interval '1 hour') < $3`,
    values: [tenantId, email, MAILS],
  })
  return user ?? null
}

/** What a new password takes. */
export interface Reset {
  /** The company's slug. */
  tenant: string
  token: string
  newPassword: string
}

/**
 * Gives a user the password of their choice for a mailed token, once. All their sessions end, failed attempts are forgotten, and a mail tells them. It signs
 * nobody in, and a second factor stays as it is.
 *
 * @returns what is wrong: INVALID_TOKEN whatever is wrong with the token, PASSWORD_WEAK, PASSWORD_REUSED.
 */
export async function resetPassword(context: Context, input: Reset): Promise<UserErrorInfo[]> {
  const { tenancy, requestId, ip } = context
  const field = ['input', 'newPassword']
  return answering(async () => {
    // Before the token is looked at, so that the answer to a bad password tells nothing about it.
    const problem = passwordProblem(input.newPassword)
    if (problem) throw new UserErrors([{ code: 'PASSWORD_WEAK', message: problem, field }])
    const wanted = { kind: 'PASSWORD_RESET', token: input.token, status: 'ACTIVE' } as const
    const tenantId = await tenantOfSlug(tenancy, input.tenant)
    const seen = tenantId ? await tenancy.readTenant({ tenantId }, (db) => findToken(db, tenantId, wanted)) : null
    if (!seen || !tenantId) throw invalidToken()
    const errors = await newPasswordErrors(seen, input.newPassword, field)
    if (errors.length > 0) throw new UserErrors(errors)
    const hash = await hashPassword(input.newPassword)
    const { userId } = seen
    await tenancy.writeTenant({ tenantId, userId, actor: `user:${userId}`, requestId, ip }, async (db) => {
      const found = await findToken(db, tenantId, { ...wanted, lock: true })
      if (!found) throw invalidToken()
      await endTokens(db, tenantId, userId)
      await storePassword(db, tenantId, userId, hash)
      await notePasswordChange(db, tenantId, userId)
      await revokeSessions(db, tenantId, userId)
      const { account } = attemptKeys(context, found.slug, found.email)
      // The address gets no attempt back: nobody guessed here.
      await forgetAttempts(db, { account, address: account })
      await mailChanged(db, tenantId, found)
    })
    context.services.forgetViewers()
  })
}

async function mailReset(db: Reader, tenantId: string, user: Forgetful, token: string): Promise<void> {
  const { email, locale, home, slug } = user
  const [name, company] = [oneLine(user.name), oneLine(user.company)]
  const link = mailLink('/reset-password', { tenant: slug, token })
  const { hours } = TOKENS.PASSWORD_RESET
  await enqueueMail(db, {
    tenantId,
    kind: 'PASSWORD_RESET',
    to: email,
    hours,
    subject: inLanguage({ en: `New password for ${company}`, zhCN: `重置您在${company}的密码` }, locale, home),
    text: inLanguage(
      {
        en: `Hello ${name},

somebody, we hope you, wants a new password for your account at ${company}. Choose it here:

${link}

The link works once, within ${hours * 60} minutes. If it was not you, ignore this mail: your password stays as it is.
`,
        zhCN: `${name}，您好：

我们收到了重置您在${company}账户密码的请求。请打开以下链接设置新密码：

${link}

链接仅可使用一次，${hours * 60} 分钟内有效。如果不是您本人操作，请忽略此邮件，您的密码不会改变。
`,
      },
      locale,
      home,
    ),
  })
}

/** Tells a user that their password is another one now, so that they hear of it when it was not them. */
async function mailChanged(db: Reader, tenantId: string, user: FoundToken): Promise<void> {
  const { email, locale, home } = user
  const [name, company] = [oneLine(user.name), oneLine(user.company)]
  await enqueueMail(db, {
    tenantId,
    kind: 'PASSWORD_CHANGED',
    to: email,
    hours: 7 * 24,
    subject: inLanguage(
      { en: `Your password for ${company} was changed`, zhCN: `您在${company}的密码已更改` },
      locale,
      home,
    ),
    text: inLanguage(
      {
        en: `Hello ${name},

the password of your account at ${company} was changed just now, and everybody who was signed in with it was signed out. If it was not you, tell your administrator at once.
`,
        zhCN: `${name}，您好：

您在${company}的账户密码刚刚被更改，所有已登录的设备均已退出。如果不是您本人操作，请立即联系管理员。
`,
      },
      locale,
      home,
    ),
  })
}
