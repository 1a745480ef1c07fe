import type { Context } from '../../context.ts'
import { requestError } from '../../errors.ts'
import type { ConnectionArgs } from '../../read/emit.ts'
import { PAGE } from '../../read/emit.ts'
import type { Row } from '../../read/finish.ts'
import { readConnection } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import {
  INVALID_PEOPLE,
  inactiveFilter,
  missingParts,
  QUALITY_FIELDS,
  UNREACHABLE_ACCOUNTS,
} from '../../resolvers/customers/quality.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { connectionArgs } from '../shared/inputs.ts'
import { connectionRef, recordRef } from '../shared/names.ts'

const Quality = builder.objectRef<Row>('DataQuality').implement({
  description: 'How much is known of a customer.',
  fields: (t) => ({
    score: t.int({
      description: 'From 0 to 100: dataQualityScore.',
      extensions: { of: 'Account', field: 'dataQualityScore' },
      resolve: (row) => row.dataQualityScore as number | null,
    }),
    missing: t.stringList({
      nullable: { list: false, items: false },
      description: 'Names of the fields to fill for more, of those that the viewer may see.',
      resolve: (row, _args, context: Context) => missingParts(row, requireViewer(context)),
    }),
  }),
})

builder.objectField(recordRef('Account'), 'dataQuality', (t) =>
  t.field({
    type: Quality,
    nullable: false,
    description: 'How much is known of it, and what is missing.',
    extensions: { needs: ['dataQualityScore', ...QUALITY_FIELDS] },
    resolve: (row: Row) => row,
  }),
)

const DAYS = { default: 90, max: 3650 }

function list(
  name: string,
  typeName: string,
  words: string,
  filterOf: (args: { days?: number | null }, context: Context) => Record<string, unknown>,
  dated = false,
): void {
  builder.queryField(name, (t) =>
    t.field({
      type: connectionRef(typeName),
      nullable: false,
      description: `${words} Pages, filters and orders as the plain list does. Needs ${typeName}.read.`,
      args: {
        ...connectionArgs(t, typeName),
        ...(dated
          ? {
              days: t.arg.int({
                description: `Days without anything, 1 to ${DAYS.max}; ${DAYS.default} if left out. They end at midnight, so cursors hold until the next one.`,
              }),
            }
          : {}),
      },
      extensions: { permission: [`${typeName}.read`], connection: true, defaultSize: PAGE.default },
      resolve: (_root, args: ConnectionArgs & { days?: number | null }, context: Context, info) => {
        const { where, ...rest } = args
        const filter = filterOf(args, context)
        const type = recordType(typeName)
        return readConnection(
          context,
          requireViewer(context),
          type,
          { ...rest, where: where ? { and: [filter, where] } : filter },
          info,
        )
      },
    }),
  )
}

list(
  'inactiveAccounts',
  'Account',
  'Companies with which nothing has happened for some days, by lastActivityAt; one that never had anything counts from the day it was made.',
  ({ days }, context) => {
    const given = days ?? DAYS.default
    if (given < 1 || given > DAYS.max)
      throw requestError('BAD_USER_INPUT', {
        message: `days must be 1 to ${DAYS.max}.`,
        extensions: { field: ['days'] },
      })
    return inactiveFilter(given, requireViewer(context))
  },
  true,
)
list(
  'unreachableAccounts',
  'Account',
  'Companies that cannot be reached: neither telephone nor e-mail nor website, and nobody that the viewer sees belongs to them.',
  () => UNREACHABLE_ACCOUNTS,
)
list(
  'invalidContacts',
  'Contact',
  'People to whom mail came back, or who have neither e-mail address nor telephone number.',
  () => INVALID_PEOPLE,
)
list(
  'invalidLeads',
  'Lead',
  'Leads to whom mail came back, or who have neither e-mail address nor telephone number.',
  () => INVALID_PEOPLE,
)
