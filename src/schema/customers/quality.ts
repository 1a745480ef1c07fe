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
import { viewerOf, within } from '../shared/parts.ts'

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
    description: 'How much is known of it, and what is missing.',
    extensions: { needs: ['dataQualityScore', ...QUALITY_FIELDS] },
    resolve: (row: Row) => row,
  }),
)

const DAYS = { default: 90, max: 3650 }
const ALONE = 'Null with FORBIDDEN for those who lack it; the other lists stand.'

/** The lists of what needs care; made of the number of days after which a customer is inactive. */
const Lists = builder.objectRef<{ days: number }>('DataCareLists').implement({
  description:
    'Records that need somebody’s care, as far as the viewer may see them. Each list stands under its own permission.',
  fields: (t) => {
    const list = (
      typeName: string,
      words: string,
      filterOf: (days: number, context: Context) => Record<string, unknown>,
    ) =>
      t.field({
        type: connectionRef(typeName),
        description: `${words} Pages, filters and orders as the plain list does. Needs ${typeName}.read. ${ALONE}`,
        args: connectionArgs(t, typeName),
        extensions: { part: [`${typeName}.read`], connection: true, defaultSize: PAGE.default },
        resolve: ({ days }, args: ConnectionArgs, context: Context, info) =>
          readConnection(
            context,
            viewerOf(context, info, typeName),
            recordType(typeName),
            within(args, filterOf(days, context)),
            info,
          ),
      })
    return {
      inactiveAccounts: list(
        'Account',
        'Companies with which nothing has happened for so many days, by lastActivityAt; one that never had anything counts from the day it was made. The days end at midnight, so cursors hold until the next one.',
        (days, context) => inactiveFilter(days, requireViewer(context)),
      ),
      unreachableAccounts: list(
        'Account',
        'Companies that cannot be reached: neither telephone nor e-mail nor website, and nobody that the viewer sees belongs to them.',
        () => UNREACHABLE_ACCOUNTS,
      ),
      invalidContacts: list(
        'Contact',
        'People to whom mail came back, or who have neither e-mail address nor telephone number.',
        () => INVALID_PEOPLE,
      ),
      invalidLeads: list(
        'Lead',
        'Leads to whom mail came back, or who have neither e-mail address nor telephone number.',
        () => INVALID_PEOPLE,
      ),
    }
  },
})

builder.queryField('dataCare', (t) =>
  t.field({
    type: Lists,
    nullable: false,
    description: 'Records that need somebody’s care: inactive customers, people and companies that cannot be reached.',
    args: {
      inactiveDays: t.arg.int({
        description: `Days without anything after which a customer is inactive, 1 to ${DAYS.max}; ${DAYS.default} if left out.`,
      }),
    },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { inactiveDays }) => {
      const days = inactiveDays ?? DAYS.default
      if (days >= 1 && days <= DAYS.max) return { days }
      throw requestError('BAD_USER_INPUT', {
        message: `inactiveDays must be 1 to ${DAYS.max}.`,
        extensions: { field: ['inactiveDays'] },
      })
    },
  }),
)
