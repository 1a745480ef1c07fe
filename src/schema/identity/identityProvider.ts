import { writeIdentityProvider } from '../../resolvers/identity/identityProvider.ts'
import { record } from '../record.ts'
import { boolean, one, text, texts, url } from '../shared/fields.ts'

record('IdentityProvider', {
  plural: 'identityProviders',
  prefix: 'idp',
  description:
    'An OpenID Connect provider (单点登录) by which the company’s users sign in: see startOidcSignIn and signInWithOidc. Whoever writes one needs Tenant.update besides, because it vouches for every user.',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What people call it.', { required: true }),
    issuer: url(
      'Its issuer, exactly as its discovery document and its tokens name it: an https address of the public internet.',
      { required: true },
    ),
    clientId: text('The id that it has given to this company’s client; ID tokens must be made for it.', {
      required: true,
    }),
    allowedDomains: texts(
      'Domains of the e-mail addresses that it may vouch for, exactly: example.com does not mean eu.example.com. Empty for any.',
    ),
    enabled: boolean('May users sign in by it.', { default: true }),
    autoProvision: boolean(
      'Does a first sign-in make the user, if there is none with the address. Needs role and allowedDomains.',
      { default: false },
    ),
    emailClaim: text(
      'The claim of its tokens that holds the e-mail address. email_verified must be true whichever it is.',
      {
        max: 100,
        default: 'email',
      },
    ),
  },
  relations: {
    role: one('Role', 'roleId', 'What users may do whom it makes.', { onDelete: 'restrict' }),
  },
  unique: { client: ['issuer', 'clientId'] },
  operations: ['create', 'update', 'delete', 'restore'],
  rules: { write: writeIdentityProvider },
})
