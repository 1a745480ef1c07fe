import { OVERLAP_HOURS, setSecret, socialAccountRules } from '../../resolvers/marketing/social/account.ts'
import { CONNECTORS } from '../../resolvers/marketing/social/connectors.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { boolean, choice, json, many, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const type = record('SocialAccount', {
  plural: 'socialAccounts',
  prefix: 'sacc',
  description:
    'An account of the company with a social network, 社媒账号, under which posts appear. Its connector brings them there; see docs/marketing.md.',
  settings: true,
  search: ['name', 'handle'],
  fields: {
    name: text('What people here call it, unique.', { required: true, max: 100 }),
    platform: choice(
      'The network. What a post may hold goes by it.',
      'SocialPlatform',
      {
        WECHAT: 'WeChat, an official account, 微信公众号.',
        WEIBO: 'Sina Weibo, 微博.',
        DOUYIN: 'Douyin, the Chinese TikTok, 抖音.',
        XIAOHONGSHU: 'Xiaohongshu, RedNote, 小红书.',
        LINKEDIN: 'LinkedIn, 领英.',
        FACEBOOK: 'Facebook, a page.',
        INSTAGRAM: 'Instagram.',
        X: 'X, once Twitter.',
        YOUTUBE: 'YouTube, a channel.',
        OTHER: 'Another one.',
      },
      { required: true, write: 'create' },
    ),
    handle: text('Its name there.', { max: 100 }),
    connector: text(
      `How posts get there, never changed: ${[...CONNECTORS.keys()].join(' or ')}. With manual a person publishes and says so by markSocialPostPublished; webhook sends signed requests to the company’s own bridge.`,
      { max: 50, default: 'manual', write: 'create' },
    ),
    settings: json(
      'What the connector has to know; of webhook { "url": "https://…" }, where the bridge is. What is secret has no place here: see setSocialAccountSecret.',
      { default: {} },
    ),
    isActive: boolean('Is it in use: nothing is published under one that is not.', { default: true }),
  },
  relations: {
    posts: many('SocialPost', 'account', 'The posts under it.'),
  },
  unique: { name: ['name'] },
  rules: socialAccountRules,
})

const SecretPayload = builder
  .objectRef<Outcome & { secret: string | null }>('SetSocialAccountSecretPayload')
  .implement({
    description: 'What setSocialAccountSecret did.',
    fields: (t) => ({
      socialAccount: t.field({
        type: recordRef('SocialAccount'),
        description: 'The account; null with a user error.',
        resolve: (outcome) => outcome.record,
      }),
      secret: t.exposeString('secret', {
        nullable: true,
        description:
          'The secret that was made, shown this once; null for one that was given, and for the answer to a retry.',
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong with the input; empty when it was done.',
      }),
    }),
  })

builder.mutationField('setSocialAccountSecret', (t) =>
  t.field({
    type: SecretPayload,
    nullable: false,
    description: `Gives an account the secret by which its connector signs, a new one if none is given. It is kept sealed and never shown again; the one before signs too for ${OVERLAP_HOURS} hours. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a connector that needs none, VALIDATION_FAILED. Needs SocialAccount.update.`,
    args: {
      id: t.arg.id({ required: true, description: 'The account.' }),
      secret: t.arg.string({
        description: 'The secret; of webhook whsec_ and 24 to 64 bytes in base64. Left out: the server makes one.',
      }),
    },
    extensions: { permission: ['SocialAccount.update'] },
    resolve: async (_root, args, context, info) => {
      // Not kept with the answer: a retry gives none.
      let secret: string | null = null
      const outcome = await mutateOne({ context, info, type, path: ['socialAccount'] }, async (write) => {
        const { secret: made, ...written } = await setSecret(write, args, context.services.tokens.vault)
        secret = made
        return written
      })
      return { ...outcome, secret }
    },
  }),
)
