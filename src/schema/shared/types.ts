import { USER_ERROR_CODES, type UserErrorInfo } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import type { Connection, Money } from '../../read/finish.ts'
import { recordTypeOfPrefix } from '../../read/recordType.ts'
import { builder } from '../builder.ts'

export const Node = builder.interfaceRef<{ id: string }>('Node').implement({
  description: 'Anything that has an id.',
  resolveType: (row) => recordTypeOfPrefix(decodeId(row.id)?.prefix ?? '')?.name,
  fields: (t) => ({
    id: t.exposeID('id', {
      nullable: false,
      description: 'Opaque, type-prefixed, sortable by creation: acct_01h455vb4pex5vsknk084sn02q.',
    }),
  }),
})

export const PageInfo = builder.objectRef<Connection['pageInfo']>('PageInfo').implement({
  description: 'Where a page stands in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { nullable: false, description: 'Are there records after this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      nullable: false,
      description: 'Are there records before this page.',
    }),
    startCursor: t.exposeString('startCursor', { description: 'Cursor of the first record; null on an empty page.' }),
    endCursor: t.exposeString('endCursor', { description: 'Cursor of the last record; null on an empty page.' }),
  }),
})

export const Count = builder.objectRef<{ value: number; isExact: boolean }>('Count').implement({
  description: 'How many records a list has, counted to 1,000,000.',
  fields: (t) => ({
    value: t.exposeInt('value', { nullable: false, description: 'The number; 1,000,000 when there are more.' }),
    isExact: t.exposeBoolean('isExact', { nullable: false, description: 'False when counting stopped at the limit.' }),
  }),
})

export const MoneyType = builder.objectRef<Money>('Money').implement({
  description: 'An amount of money.',
  fields: (t) => ({
    amount: t.expose('amount', {
      type: 'Decimal',
      nullable: false,
      description: 'The amount in whole units of the currency, two to four decimals.',
    }),
    currency: t.expose('currency', { type: 'CurrencyCode', nullable: false, description: 'The currency, ISO 4217.' }),
  }),
})

export const MoneyInput = builder.inputType('MoneyInput', {
  description: 'An amount of money.',
  fields: (t) => ({
    amount: t.field({
      type: 'Decimal',
      required: true,
      description: 'At most 15 digits before and 4 after the point.',
    }),
    currency: t.field({
      type: 'CurrencyCode',
      description:
        'Left out: the currency of the record, else the company’s. All amounts of a record share one currency; another is CURRENCY_MISMATCH.',
    }),
  }),
})

export const ErrorCode = builder.enumType('ErrorCode', {
  description: 'What is wrong with an input.',
  values: Object.fromEntries(Object.entries(USER_ERROR_CODES).map(([code, description]) => [code, { description }])),
})

export const UserError = builder.objectRef<UserErrorInfo>('UserError').implement({
  description: 'Something in the input that the caller can mend. With a user error nothing was written.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCode,
      nullable: false,
      description: 'For programs; never changes.',
      resolve: (error) => error.code,
    }),
    message: t.exposeString('message', { nullable: false, description: 'For people.' }),
    field: t.exposeStringList('field', {
      nullable: { list: true, items: false },
      description:
        'Path into the arguments, list indices as numbers in text: ["input", "3", "name"]. Null when no single field is to blame.',
    }),
    details: t.field({
      type: 'JSON',
      description: 'More for programs, depending on the code: the rule broken, versions, references.',
      resolve: (error) => error.details ?? null,
    }),
  }),
})

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'Smallest, earliest, A first. Nulls last unless asked otherwise.' },
    DESC: { description: 'Largest, latest, Z first. Nulls first unless asked otherwise.' },
  } as const,
})

export const NullsOrder = builder.enumType('NullsOrder', {
  description: 'Where records without a value stand in an order.',
  values: { FIRST: { description: 'Before all others.' }, LAST: { description: 'After all others.' } } as const,
})

export const CustomFieldOrder = builder.inputType('CustomFieldOrder', {
  description: 'A custom field as a key of an order.',
  fields: (t) => ({
    field: t.string({
      required: true,
      description:
        'The apiName of the custom field: tier. LONGTEXT, MULTISELECT, USER, REFERENCE and JSON have no order: BAD_USER_INPUT.',
    }),
    direction: t.field({ type: OrderDirection, defaultValue: 'ASC', description: 'Which end comes first.' }),
    nulls: t.field({
      type: NullsOrder,
      description: 'Where records without a value stand. Left out: last when ascending, first when descending.',
    }),
  }),
})

export const ErrorPolicy = builder.enumType('ErrorPolicy', {
  description: 'What a list mutation does when some rows are bad.',
  values: {
    REJECT_EVERYTHING: { description: 'Writes all rows or none.' },
    REJECT_FAILED_ROWS: { description: 'Writes the good rows and reports the bad ones.' },
  } as const,
})

export const DateBucket = builder.enumType('DateBucket', {
  description: 'Spans of time to group by, in the company’s time zone. A group’s key is the first day of the span.',
  values: {
    DAY: { description: 'Calendar days.' },
    WEEK: { description: 'Weeks from Monday.' },
    MONTH: { description: 'Calendar months.' },
    QUARTER: { description: 'Calendar quarters.' },
    YEAR: { description: 'Calendar years.' },
  } as const,
})

export const AggregateOrder = builder.enumType('AggregateOrder', {
  description: 'What groups are ordered by.',
  values: {
    COUNT: { description: 'Number of records.' },
    KEY: { description: 'The group’s value of `field`.' },
    SUM: { description: 'The sum of `field`, which must be selected.' },
  } as const,
})

export const RecordVersionInput = builder.inputType('RecordVersionInput', {
  description: 'A record and the version of it that the caller has seen.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The record.' }),
    expectedVersion: t.int({ description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.' }),
  }),
})
