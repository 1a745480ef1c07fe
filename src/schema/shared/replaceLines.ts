import { recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import type { LineKind } from '../../resolvers/sales/lines.ts'
import { replaceLines } from '../../resolvers/sales/replaceLines.ts'
import type { Input } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { lineInput } from './inputs.ts'
import { type Any, camel, pascal, payloadRef, spoken } from './names.ts'

/** The mutation that replaces all lines of a document at once; called beside the declaration of the line's type. */
export function replaceLinesField(kind: LineKind): void {
  const line = recordType(kind.line)
  const document = spoken(kind.parent)
  const input = lineInput(line, kind.key)
  builder.mutationField(`replace${pascal(line.plural)}`, (t: Any) =>
    t.field({
      type: payloadRef(kind.parent),
      nullable: false,
      description: `Makes the lines of the ${document} what the call says, all or nothing: those named by id are changed, those without an id are made, all others go to the recycle bin. Its sums follow. Errors: NOT_FOUND, STALE_VERSION, VALIDATION_FAILED, and those of create${kind.line}, update${kind.line} and delete${kind.line}. Needs ${kind.parent}.update, ${kind.line}.create, ${kind.line}.update and ${kind.line}.delete.`,
      args: {
        id: t.arg.id({ required: true, description: `The ${document}.` }),
        lines: t.arg({
          type: [input],
          required: true,
          description: 'All lines, in their order, at most 200; none for an empty set.',
        }),
        expectedVersion: t.arg.int({
          description: `The version that the ${document} must still have; otherwise STALE_VERSION. Left out: any.`,
        }),
      },
      extensions: {
        permission: [
          `${kind.parent}.update`,
          ...['create', 'update', 'delete'].map((action) => `${kind.line}.${action}`),
        ],
      },
      resolve: (
        _root: unknown,
        args: { id: string; lines: Input[]; expectedVersion?: number | null },
        context: Any,
        info: Any,
      ) =>
        mutateOne({ context, info, type: recordType(kind.parent), path: [camel(kind.parent)] }, (write) =>
          replaceLines(write, kind, args),
        ),
    }),
  )
}
