import { may, requireRight } from '../../access/decide.ts'
import { assertGrantable } from '../../access/escalation.ts'
import { hashPassword, passwordProblem } from '../../access/password.ts'
import { CUSTOMER } from '../../access/roles.ts'
import { viewerOfUser } from '../../access/viewer.ts'
import type { Context } from '../../context.ts'
import { requestError, type UserErrorInfo, UserErrors } from '../../errors.ts'
import { enqueueMail, inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { validationError } from '../normalise.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../records.ts'
import type { Input, WriteContext } from '../write.ts'
import { jobViewer } from './createTenant.ts'
import { answering, newPasswordErrors, notePasswordChange, storePassword } from './password.ts'
import { endTokens, type FoundToken, findToken, invalidToken, issueToken, TOKENS, tenantOfSlug } from './userToken.ts'

const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })

/**
 * Makes a user who is yet to accept, and mails them the way in. Nobody invites into a role that can do more than they can.
 *
 * With a contact it is a customer's own user, who needs no role named. Errors: as of creating a user, PRIVILEGE_ESCALATION. FORBIDDEN for keys without a user: an invitation is good as long as its inviter is.
 */
export async function inviteUser(context: WriteContext, input: Input): Promise<Written> {
  requireRight(context.viewer, 'create', 'User')
  requireInviter(context)
  if (String(input.email ?? '').trim() === '')
    return refused(validationError(['input', 'email'], 'required', 'is required'))
  const role = input.roleId ?? (input.contactId ? await customerRole(context) : null)
  if (role == null) return refused(validationError(['input', 'roleId'], 'required', 'is required'))
  const roleId = uuidOf('Role', String(role))
  const beyond = roleId ? await assertGrantable(context, [roleId], ['input', 'roleId']) : []
  if (beyond.length > 0) return refused(...beyond)
  const [written] = (await createRecords(context, recordType('User'), [
    { ...input, roleId: role, status: 'INVITED' },
  ])) as [Written]
  if (written.id && written.errors.length === 0) await invite(context, written.id)
  return written
}

/**
 * Mails a new invitation; the one before is good no longer. The caller becomes the inviter.
 *
 * Errors: NOT_FOUND, INVALID_STATE unless the user is invited and has an address, PRIVILEGE_ESCALATION.
 */
export async function resendInvitation(context: WriteContext, userId: string): Promise<Written> {
  requireRight(context.viewer, 'create', 'User')
  requireInviter(context)
  const found = await invited(context, userId)
  if ('errors' in found) return found
  if (!found.email) {
    const message = 'The user has no e-mail address to send an invitation to.'
    return refused({ code: 'INVALID_STATE', message, field: ['userId'] })
  }
  const beyond = await assertGrantable(context, await rolesOf(context.db, context.viewer.tenantId, found.id), [
    'userId',
  ])
  if (beyond.length > 0) return refused(...beyond)
  await invite(context, found.id)
  return { id: found.id, errors: [] }
}

/**
 * Takes an invitation back: its link is good no longer and the user goes to the recycle bin.
 *
 * Errors: NOT_FOUND, INVALID_STATE unless the user is invited.
 */
export async function revokeInvitation(context: WriteContext, userId: string): Promise<Written> {
  requireRight(context.viewer, 'delete', 'User')
  const found = await invited(context, userId)
  if ('errors' in found) return found
  await endTokens(context.db, context.viewer.tenantId, found.id)
  const [written] = await deleteRecords(context, recordType('User'), [{ id: found.id }], { pathOf: () => ['userId'] })
  return written as Written
}

/** What accepting an invitation takes. */
export interface Acceptance {
  /** The company's slug. */
  tenant: string
  token: string
  password: string
  name?: string | null
}

/**
 * Turns an invited user into one who works here, with the password they choose. The token counts while its inviter could still give it: is active, may
 * make users and may grant the user's roles. Whatever is wrong with it, the answer is the same.
 *
 * @returns what is wrong: INVALID_TOKEN, PASSWORD_WEAK, VALIDATION_FAILED for the name.
 */
export async function acceptInvitation(context: Context, input: Acceptance): Promise<UserErrorInfo[]> {
  const { tenancy, requestId, ip } = context
  const { token, password } = input
  return answering(async () => {
    // Before the token is looked at, so that the answer to a bad password tells nothing about it.
    const problem = passwordProblem(password)
    if (problem) throw new UserErrors([{ code: 'PASSWORD_WEAK', message: problem, field: ['input', 'password'] }])
    const tenantId = await tenantOfSlug(tenancy, input.tenant)
    const seen = tenantId ? await tenancy.readTenant({ tenantId }, (db) => goodInvitation(db, tenantId, token)) : null
    if (!seen || !tenantId) throw invalidToken()
    const errors = await newPasswordErrors(seen, password, ['input', 'password'])
    if (errors.length > 0) throw new UserErrors(errors)
    const hash = await hashPassword(password)
    const { userId } = seen
    await tenancy.writeTenant({ tenantId, userId, actor: `user:${userId}`, requestId, ip }, async (db) => {
      const found = await goodInvitation(db, tenantId, token, true)
      if (!found) throw invalidToken()
      // Not as the inviter, whose part is done, nor as the user, who may not make themselves anything.
      const writing = { db, viewer: { ...jobViewer({ ...found, id: tenantId }, requestId), userId, ip } }
      const [written] = (await updateRecords(writing, recordType('User'), [
        { id: userId, input: { status: 'ACTIVE', ...(input.name?.trim() ? { name: input.name } : {}) } },
      ])) as [Written]
      if (written.errors.length > 0) throw new UserErrors(written.errors)
      await endTokens(db, tenantId, userId)
      await storePassword(db, tenantId, userId, hash)
      await notePasswordChange(db, tenantId, userId)
    })
  })
}

/** The invitation that a token stands for, if its inviter could still give it. */
async function goodInvitation(db: Reader, tenantId: string, token: string, lock = false): Promise<FoundToken | null> {
  const found = await findToken(db, tenantId, { kind: 'INVITATION', token, status: 'INVITED', lock })
  const viewer = found?.createdById ? await viewerOfUser(db, tenantId, found.createdById) : null
  if (!found || !viewer || !may(viewer, 'create', 'User')) return null
  const beyond = await assertGrantable({ db, viewer }, await rolesOf(db, tenantId, found.userId), [])
  return beyond.length === 0 ? found : null
}

/** A key without a user has nobody whose rights could be looked at when the invitation is accepted. */
function requireInviter({ viewer }: WriteContext): void {
  if (viewer.userId) return
  throw requestError('FORBIDDEN', {
    message: {
      en: 'An invitation comes from a user: use a user’s token, or a key that acts for a user.',
      zhCN: '邀请必须由用户发出：请使用用户的令牌，或代表用户的密钥。',
    },
  })
}

/** Id of the role of customers' own users, which nobody needs to name. */
async function customerRole({ db, viewer }: WriteContext): Promise<string> {
  const [row] = await db.rows<{ id: string }>({
    text: 'SELECT id FROM role WHERE tenant_id = $1 AND is_system AND key = $2',
    values: [viewer.tenantId, CUSTOMER],
  })
  return idOf('Role', (row as { id: string }).id)
}

/** The invited user, locked, or why there is none. */
async function invited(
  { db, viewer }: WriteContext,
  userId: string,
): Promise<{ id: string; email: string | null } | Written> {
  const [row] = await db.rows<{ id: string; email: string | null; status: string }>({
    text: 'SELECT id, email, status FROM app_user WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE',
    values: [viewer.tenantId, uuidOf('User', userId) ?? NO_ID],
  })
  if (!row) return refused({ code: 'NOT_FOUND', message: 'There is no such User.', field: ['userId'] })
  if (row.status === 'INVITED') return row
  return refused({
    code: 'INVALID_STATE',
    message: 'The invitation was accepted, or the user was never invited.',
    field: ['userId'],
    details: { from: row.status, allowed: [] },
  })
}

/** All roles a user has, as uuids. */
async function rolesOf(db: Reader, tenantId: string, userId: string): Promise<string[]> {
  const rows = await db.rows<{ id: string }>({
    text: `SELECT role_id AS id FROM app_user WHERE tenant_id = $1 AND id = $2
 UNION SELECT role_id FROM user_role WHERE tenant_id = $1 AND user_id = $2 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    values: [tenantId, userId],
  })
  return rows.map(({ id }) => id)
}

/** Gives the user a token and mails it. */
async function invite({ db, viewer }: WriteContext, userId: string): Promise<void> {
  const { tenantId } = viewer
  const token = await issueToken(db, tenantId, userId, 'INVITATION')
  const [row] = await db.rows<{
    name: string
    email: string
    locale: string | null
    slug: string
    company: string
    home: string
    inviter: string
  }>({
    text: `SELECT u.name, u.email, u.locale, t.slug, t.name AS company, t.locale AS home, i.name AS inviter
 FROM app_user u JOIN tenant t ON t.id = u.tenant_id JOIN app_user i ON i.tenant_id = u.tenant_id AND i.id = $3 WHERE u.tenant_id = $1 AND u.id = $2`,
    values: [tenantId, userId, viewer.userId],
  })
  if (!row) throw new Error('The invited user or their inviter is gone.')
  const [name, company, inviter] = [row.name, row.company, row.inviter].map((one) => oneLine(one))
  const link = mailLink('/invitation', { tenant: row.slug, token })
  const days = TOKENS.INVITATION.hours / 24
  await enqueueMail(db, {
    tenantId,
    kind: 'INVITATION',
    to: row.email,
    hours: TOKENS.INVITATION.hours,
    subject: inLanguage(
      { en: `${inviter} invites you to ${company}`, zhCN: `${inviter}邀请您加入${company}` },
      row.locale,
      row.home,
    ),
    text: inLanguage(
      {
        en: `Hello ${name},

${inviter} invites you to work in the CRM of ${company}. Choose your password here:

${link}

The link works once, within ${days} days. If you did not expect this mail, ignore it: nothing happens.
`,
        zhCN: `${name}，您好：

${inviter}邀请您加入${company}的客户管理系统。请打开以下链接设置密码：

${link}

链接仅可使用一次，${days} 天内有效。如果您不清楚此邮件的来由，请忽略，您无需进行任何操作。
`,
      },
      row.locale,
      row.home,
    ),
  })
}
