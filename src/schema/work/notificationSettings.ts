import {
  type NotificationSettings,
  notificationSettings,
  type SettingsPayload,
  type TypeChannels,
  updateNotificationSettings,
} from '../../resolvers/work/notificationSettings.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const TypeSettings = builder.objectRef<TypeChannels>('NotificationTypeSettings').implement({
  description: 'How a user is told of one type of notification; null of a way: as of all others.',
  fields: (t) => ({
    type: t.exposeString('type', { nullable: false, description: 'The type: TASK_ASSIGNED.' }),
    inApp: t.boolean({ description: 'In the application.', resolve: ({ inApp }) => inApp ?? null }),
    email: t.boolean({ description: 'By mail, to the user’s address.', resolve: ({ email }) => email ?? null }),
    webhook: t.boolean({ description: 'By webhook.', resolve: ({ webhook }) => webhook ?? null }),
  }),
})

const Settings = builder.objectRef<NotificationSettings>('NotificationSettings').implement({
  description: 'How a user wants to be told, 通知设置.',
  fields: (t) => ({
    inApp: t.exposeBoolean('inApp', { nullable: false, description: 'In the application: rows of notifications.' }),
    email: t.exposeBoolean('email', { nullable: false, description: 'By mail to the user’s address.' }),
    webhook: t.exposeBoolean('webhook', { nullable: false, description: 'By a signed POST to webhookUrl.' }),
    types: t.field({
      type: [TypeSettings],
      nullable: { list: false, items: false },
      description: 'Types of which the user is told otherwise.',
      resolve: ({ types }) => types,
    }),
    quietFrom: t.exposeString('quietFrom', {
      description:
        'From this time of day, HH:MM in the user’s time zone, mails and webhooks wait until quietTo; null for never.',
    }),
    quietTo: t.exposeString('quietTo', { description: 'The time of day at which what waited goes out.' }),
    webhookUrl: t.exposeString('webhookUrl', { description: 'Where webhooks go.' }),
  }),
})

const Payload = builder.objectRef<SettingsPayload>('UpdateNotificationSettingsPayload').implement({
  description: 'What updateNotificationSettings did.',
  fields: (t) => ({
    notificationSettings: t.field({
      type: Settings,
      description: 'The settings as they now are; null with a user error.',
      resolve: ({ settings }) => settings,
    }),
    webhookSecret: t.exposeString('webhookSecret', {
      description:
        'When a new webhookUrl was set: the secret by which what goes there is signed. It is shown this once; set the address again for another.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'VALIDATION_FAILED; empty when it was done.',
    }),
  }),
})

const TypeInput = builder.inputType('NotificationTypeSettingsInput', {
  description: 'How the user wants to be told of one type; a way that is left out is as for all others.',
  fields: (t) => ({
    type: t.string({ required: true, description: 'The type: TASK_ASSIGNED.' }),
    inApp: t.boolean({ description: 'In the application.' }),
    email: t.boolean({ description: 'By mail, to the user’s address.' }),
    webhook: t.boolean({ description: 'By webhook.' }),
  }),
})

const Input = builder.inputType('UpdateNotificationSettingsInput', {
  description: 'The settings to change; those left out stay.',
  fields: (t) => ({
    inApp: t.boolean({ description: 'In the application. Cannot be null.' }),
    email: t.boolean({ description: 'By mail. Cannot be null.' }),
    webhook: t.boolean({ description: 'By webhook; needs webhookUrl. Cannot be null.' }),
    types: t.field({
      type: [TypeInput],
      description: 'The types of which the user is told otherwise, all of them; null for none. At most 100.',
    }),
    quietFrom: t.string({ description: 'HH:MM in the user’s time zone; null, with quietTo, for no quiet hours.' }),
    quietTo: t.string({ description: 'HH:MM; before quietFrom means on the next day.' }),
    webhookUrl: t.string({ description: 'An https address of the public internet; null for none.' }),
  }),
})

builder.queryField('notificationSettings', (t) =>
  t.field({
    type: Settings,
    nullable: false,
    description: 'How the viewer wants to be told. FORBIDDEN for keys without a user.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => notificationSettings(context),
  }),
)

builder.mutationField('updateNotificationSettings', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: 'Changes how the viewer wants to be told. FORBIDDEN for keys without a user.',
    args: { input: t.arg({ type: Input, required: true, description: 'What changes.' }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { input }, context) => updateNotificationSettings(context, input),
  }),
)
