import type { GraphQLResolveInfo } from 'graphql'
import type { Action } from '../../access/roles.ts'
import type { Context } from '../../context.ts'
import { UserErrors } from '../../errors.ts'
import type { Operation, RecordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { BULK_MAX, type ErrorPolicy, mutateMany, mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { normalise, validationError } from '../../resolvers/normalise.ts'
import {
  createRecords,
  deleteRecords,
  destroyRecords,
  restoreRecords,
  type Target,
  updateRecords,
  upsertRecords,
  type Written,
} from '../../resolvers/records.ts'
import type { Input, Rules, WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { keyInput, writeInput } from './inputs.ts'
import { type Any, camel, objectRef, pascal, spoken, these } from './names.ts'
import { ErrorPolicy as ErrorPolicyEnum, RecordVersionInput, UserError } from './types.ts'

/** The payload of a mutation of one record; its own field names the record. Special mutations of the type answer with it too. */
export function payloadType(type: RecordType): Any {
  return objectRef(`${type.name}Payload`)
}

function implementPayload(
  type: RecordType,
  suffix: string,
  words: string,
  more: (t: Any) => Record<string, Any> = () => ({}),
): Any {
  return objectRef(`${type.name}${suffix}`).implement({
    description: words,
    fields: (t: Any) => ({
      [camel(type.name)]: t.field({
        type: objectRef(type.name),
        description: `The ${spoken(type.name)} as it now is; null with a user error, and where the caller may not see it any more.`,
        resolve: (outcome: Outcome) => outcome.record,
      }),
      ...more(t),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong with the input; empty when it was done.',
      }),
    }),
  })
}

const first = async (written: Promise<Written[]>): Promise<Written> => (await written)[0] as Written
const target = (
  type: RecordType,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null },
): Target => ({
  id: uuidOf(type.name, id) ?? NO_ID,
  expectedVersion: expectedVersion ?? null,
})

/** The standard mutations that a record type has. */
export function mutationFields(type: RecordType): void {
  const { name, operations } = type
  if (operations.size === 0) return
  const payload = implementPayload(type, 'Payload', `What a mutation of a ${spoken(name)} did.`)
  const single = camel(name)
  const can = (operation: Operation) => operations.has(operation)
  const createInput = can('create') ? writeInput(type, 'create') : null
  const updateInput = can('update') ? writeInput(type, 'update') : null
  const idArg = (t: Any) =>
    t.arg.id({
      required: true,
      description: `The ${spoken(name)}. One that does not exist, or that the viewer may not see, is NOT_FOUND.`,
    })
  const versionArg = (t: Any) =>
    t.arg.int({
      description:
        'The version it must still have; otherwise STALE_VERSION, with the current version and the fields that changed. Left out: any.',
    })

  const field = <Args>(
    fieldName: string,
    {
      permission,
      description,
      args,
      path,
      type: returned = payload,
      run,
    }: {
      permission: Action | Action[]
      description: string
      args: (t: Any) => Record<string, Any>
      path?: string[]
      type?: Any
      run: (args: Args, write: WriteContext) => Promise<Written>
    },
  ) => {
    const permissions = [permission].flat().map((action) => `${name}.${action}`)
    builder.mutationField(fieldName, (t: Any) =>
      t.field({
        type: returned,
        nullable: false,
        description: `${description} Needs ${permissions.join(' and ')}.`,
        args: args(t),
        extensions: { permission: permissions },
        resolve: (_root: unknown, given: Args, context: Context, info: GraphQLResolveInfo) =>
          mutateOne({ context, info, type, path: path ?? [single] }, (write) => run(given, write)),
      }),
    )
  }

  if (createInput) {
    field<{ input: Input }>(`create${name}`, {
      permission: 'create',
      description: `Makes a ${spoken(name)}.`,
      args: (t) => ({ input: t.arg({ type: createInput, required: true, description: 'Its values.' }) }),
      run: ({ input }, write) => first(createRecords(write, type, [input])),
    })
  }
  if (updateInput) {
    field<{ id: string; input: Input; expectedVersion?: number | null }>(`update${name}`, {
      permission: 'update',
      description: `Changes a ${spoken(name)}.`,
      args: (t) => ({
        id: idArg(t),
        input: t.arg({ type: updateInput, required: true, description: 'What changes.' }),
        expectedVersion: versionArg(t),
      }),
      run: ({ input, ...given }, write) => first(updateRecords(write, type, [{ ...target(type, given), input }])),
    })
  }
  if (can('delete')) {
    const force = (type.rule as Rules | null)?.force
    field<{ id: string; expectedVersion?: number | null; force?: boolean | null }>(`delete${name}`, {
      permission: 'delete',
      description: `Moves a ${spoken(name)} with its parts to the recycle bin. REFERENCE_IN_USE when others need it.`,
      args: (t) => ({
        id: idArg(t),
        expectedVersion: versionArg(t),
        ...(force ? { force: t.arg.boolean({ description: force }) } : {}),
      }),
      run: (given, write) => first(deleteRecords(write, type, [target(type, given)], { force: given.force ?? false })),
    })
  }
  if (can('restore')) {
    field<{ id: string }>(`restore${name}`, {
      permission: 'restore',
      description: `Brings a ${spoken(name)} back from the recycle bin. UNIQUE_VIOLATION when a live record has taken its key.`,
      args: (t) => ({ id: idArg(t) }),
      run: (given, write) => first(restoreRecords(write, type, [target(type, given)])),
    })
  }
  if (can('destroy')) destroyField(type, idArg)
  if (can('upsert') && createInput && updateInput) {
    const key = keyInput(type)
    const upserted = implementPayload(type, 'UpsertPayload', `What an upsert of a ${spoken(name)} did.`, (t) => ({
      created: t.exposeBoolean('created', {
        description: 'Was it made; false when it was there. Null with a user error.',
      }),
    }))
    field<{ by: Record<string, unknown>; input: Input }>(`upsert${name}`, {
      permission: ['create', 'update'],
      description: `Changes the ${spoken(name)} that has a key, or makes one with it.`,
      type: upserted,
      args: (t) => ({
        by: t.arg({ type: key, required: true, description: 'The key to find it by.' }),
        input: t.arg({
          type: createInput,
          required: true,
          description: 'Its values. Fields that stay as they were made are refused when it is there.',
        }),
      }),
      run: ({ by, input }, write) => first(upsertRecords(write, type, [{ by: keyOf(type, by, write), input }])),
    })
  }
  listMutations(type, createInput, updateInput)
}

function destroyField(type: RecordType, idArg: (t: Any) => Any): void {
  const { name } = type
  const payload = objectRef(`Destroy${name}Payload`).implement({
    description: `What destroy${name} did.`,
    fields: (t: Any) => ({
      id: t.field({
        type: 'ID',
        description: 'The id that is gone; null with a user error.',
        resolve: (outcome: Outcome) => outcome.id,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong; empty when it was done.',
      }),
    }),
  })
  builder.mutationField(`destroy${name}`, (t: Any) =>
    t.field({
      type: payload,
      nullable: false,
      description: `Removes a ${spoken(name)}, live or from the recycle bin, for good, with its parts. Optional references to it are cleared; REFERENCE_IN_USE for others. Needs ${name}.destroy.`,
      args: { id: idArg(t) },
      extensions: { permission: [`${name}.destroy`] },
      resolve: (_root: unknown, given: { id: string }, context: Context, info: GraphQLResolveInfo) =>
        mutateOne({ context, info, type, path: [] }, (write) =>
          first(destroyRecords(write, type, [target(type, given)])),
        ),
    }),
  )
}

/** The key of an upsert as normalised column values. Throws UserErrors when a value is none for its field. */
function keyOf(type: RecordType, by: Record<string, unknown>, { viewer }: WriteContext): Input {
  const [name, value] = Object.entries(by).find(([, one]) => one !== null && one !== undefined) ?? []
  const names = type.unique.get(name ?? '')
  if (!name || !names) throw new UserErrors([validationError(['by'], 'required', 'needs one key')])
  const given: Input =
    name === 'externalId'
      ? { externalSource: (value as { source?: string }).source ?? '', externalId: (value as { id: string }).id }
      : names.length > 1
        ? (value as Input)
        : { [names[0] as string]: value }
  return Object.fromEntries(
    Object.entries(given).map(([fieldName, one]) => {
      const result = normalise(type.fields.get(fieldName)!, one, viewer)
      if ('rule' in result) throw new UserErrors([validationError(['by', name], result.rule, result.message)])
      if (result.ok === null && fieldName !== 'externalSource')
        throw new UserErrors([validationError(['by', name], 'required', 'is required')])
      return [fieldName, result.ok ?? '']
    }),
  )
}

function listMutations(type: RecordType, createInput: Any, updateInput: Any): void {
  const { name, plural } = type
  const results = objectRef(`${name}ListPayload`).implement({
    description: `What a mutation of several ${these(type)} did.`,
    fields: (t: Any) => ({
      results: t.expose('results', {
        type: [payloadType(type)],
        nullable: { list: false, items: false },
        description: 'One per input row, in order.',
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'What is wrong with the list as a whole, such as BULK_TOO_LARGE.',
      }),
    }),
  })
  const path = ['results', camel(name)]
  const field = <Row>(
    verb: 'create' | 'update' | 'delete',
    rowType: Any,
    rows: string,
    run: (rows: Row[], write: WriteContext, partial: boolean) => Promise<Written[]>,
  ) =>
    builder.mutationField(`${verb}${pascal(plural)}`, (t: Any) =>
      t.field({
        type: results,
        nullable: false,
        description: `${pascal(verb)}s up to ${BULK_MAX} ${these(type)} in one transaction. Needs ${name}.${verb}.`,
        args: {
          input: t.arg({ type: [rowType], required: true, description: `${rows}, at most ${BULK_MAX}.` }),
          errorPolicy: t.arg({
            type: ErrorPolicyEnum,
            defaultValue: 'REJECT_EVERYTHING',
            description: 'What to do when some rows are bad.',
          }),
        },
        extensions: { permission: [`${name}.${verb}`] },
        resolve: (
          _root: unknown,
          given: { input: Row[]; errorPolicy?: ErrorPolicy | null },
          context: Context,
          info: GraphQLResolveInfo,
        ) =>
          mutateMany(
            { context, info, type, path },
            given.errorPolicy ?? 'REJECT_EVERYTHING',
            given.input.length,
            (write, partial) => run(given.input, write, partial),
          ),
      }),
    )

  const pathOf = (index: number) => ['input', String(index)]
  if (createInput) {
    field<Input>('create', createInput, 'The values', (rows, write, partial) =>
      createRecords(write, type, rows, { partial, pathOf }),
    )
  }
  if (updateInput) {
    const row = builder.inputType(`Update${name}Row`, {
      description: `Changes to one of several ${these(type)}.`,
      fields: (t: Any) => ({
        id: t.id({ required: true, description: 'The record.' }),
        input: t.field({ type: updateInput, required: true, description: 'What changes.' }),
        expectedVersion: t.int({ description: 'The version it must still have. Left out: any.' }),
      }),
    })
    field<{ id: string; input: Input; expectedVersion?: number | null }>(
      'update',
      row,
      'The changes',
      (rows, write, partial) =>
        updateRecords(
          write,
          type,
          rows.map(({ input, ...given }) => ({ ...target(type, given), input })),
          { partial, pathOf: (index) => [...pathOf(index), 'input'] },
        ),
    )
  }
  if (type.operations.has('delete')) {
    field<{ id: string; expectedVersion?: number | null }>(
      'delete',
      RecordVersionInput,
      'The records',
      (rows, write, partial) =>
        deleteRecords(
          write,
          type,
          rows.map((given) => target(type, given)),
          { partial, pathOf },
        ),
    )
  }
}
