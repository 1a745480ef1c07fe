import { setPassword } from '../../src/resolvers/identity/session.ts'
import { type Any, type Company, callers, type TestApp } from './app.ts'
import { make } from './factory.ts'
import { uuidIn } from './owner.ts'

/** A user of a company who can sign in, and how to call as them. */
export interface Person extends Pick<Company, 'run' | 'ask' | 'send'> {
  id: string
  email: string
  password: string
  token: string
  refreshToken: string
}

export const SIGN_IN = `mutation($input: SignInInput!) {
  signIn(input: $input) { accessToken expiresAt refreshToken userErrors { code message field details } }
}`

let counter = 0

/** Makes a user with a role (its key) and a password, and signs them in. */
export async function person(
  test: TestApp,
  company: Company,
  role: string,
  more: Record<string, unknown> = {},
): Promise<Person> {
  const { roles } = await company.run('query($key: String!) { roles(where: { key: { eq: $key } }) { nodes { id } } }', {
    key: role,
  })
  const email = (more.email as string) ?? `${role}.${++counter}@${company.slug}.example`
  const { id } = await make(company, 'User', { roleId: roles.nodes[0].id, status: 'ACTIVE', ...more, email })
  const password = `a password of ${email} at ${company.slug}`
  const tenantId = uuidIn(company.id)
  await test.app.tenancy.writeTenant({ tenantId }, (db) => setPassword(db, tenantId, uuidIn(id), password))
  const { signIn } = await callers(test.app, null).run<Any>(SIGN_IN, {
    input: { tenant: company.slug, email, password },
  })
  if (!signIn.accessToken) throw new Error(`signIn of ${email} → ${JSON.stringify(signIn.userErrors)}`)
  return {
    id,
    email,
    password,
    token: signIn.accessToken,
    refreshToken: signIn.refreshToken,
    ...callers(test.app, signIn.accessToken),
  }
}
