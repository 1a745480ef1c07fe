import { todayIn } from '../../resolvers/checks.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'

const OPEN = ['PENDING', 'PARTIAL', 'OVERDUE']

builder.objectField(recordRef('ReceiptPlan'), 'isOverdue', (t) =>
  t.boolean({
    description:
      'Is its day over, in the company’s time zone, and something open: as it is at this moment, also before the night has made its status OVERDUE. Null where the viewer does not see status or day.',
    extensions: { needs: ['dueDate', 'status'] },
    resolve: ({ dueDate, status }, _args, context) =>
      dueDate === null || dueDate === undefined || status === null || status === undefined
        ? null
        : OPEN.includes(status as string) && (dueDate as string) < todayIn(requireViewer(context).timezone),
  }),
)
