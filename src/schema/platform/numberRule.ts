import type { Shape } from '../../read/recordType.ts'
import { writeNumberRule } from '../../resolvers/platform/numberRule.ts'
import { record } from '../record.ts'
import { boolean, choice, int, objects } from '../shared/fields.ts'

const Part: Shape = {
  name: 'NumberPart',
  description: 'A part of a number.',
  members: {
    kind: {
      kind: 'choice',
      description: 'What it is.',
      required: true,
      choice: {
        name: 'NumberPartKind',
        values: {
          TEXT: 'A text as it is.',
          DATE: 'The day on which the number is given, in the company’s time zone.',
          SEQUENCE: 'What counts on; exactly one part is it.',
        },
      },
    },
    text: { kind: 'text', description: 'Of TEXT: the text.', max: 20 },
    format: {
      kind: 'choice',
      description: 'Of DATE: how the day is written.',
      choice: {
        name: 'NumberDateFormat',
        values: {
          YYYY: 'The year in four digits: 2026.',
          YY: 'The year in two digits: 26.',
          YYYYMM: 'Year and month: 202611.',
          YYMM: 'Year in two digits and month: 2611.',
          YYYYMMDD: 'Year, month and day: 20261122.',
          YYMMDD: 'Year in two digits, month and day: 261122.',
        },
      },
    },
  },
}

record('NumberRule', {
  plural: 'numberRules',
  prefix: 'nurl',
  description:
    'How the numbers of a type of documents are made, 编号规则: HT-202611-00042. Without one quotes are QUO-000001, orders ORD-, contracts CON-, receipts REC-, invoices INV-, refunds REF-, cases CASE-, return visits VIS-, and opportunities have none. No number is given twice; one that is lost with a refused document may be given again. Gaps can come: do not count on there being none.',
  settings: true,
  fields: {
    object: choice(
      'Whose numbers these are.',
      'NumberedObject',
      {
        OPPORTUNITY: 'Numbers of opportunities.',
        QUOTE: 'Numbers of quotes.',
        ORDER: 'Numbers of orders.',
        CONTRACT: 'Numbers of contracts.',
        RECEIPT: 'Numbers of receipts.',
        INVOICE: 'Numbers of invoices.',
        REFUND: 'Numbers of refunds.',
        CASE: 'Numbers of cases.',
        RETURN_VISIT: 'Numbers of return visits.',
      },
      { required: true, write: 'create' },
    ),
    parts: objects('What a number is made of, in this order.', Part, { required: true, default: undefined }),
    pad: int('Least digits of the sequence, zeros before it.', { default: 5, range: { min: 1, max: 12 } }),
    resetPeriod: choice(
      'When the sequence begins anew, in the company’s time zone. Needs a DATE part that tells the periods apart.',
      'NumberResetPeriod',
      { NEVER: 'It counts on.', DAY: 'Every day.', MONTH: 'Every month.', YEAR: 'Every calendar year.' },
      { default: 'NEVER' },
    ),
    firstValue: int(
      'What the sequence begins with. Raised later, it goes on from there; lowered, it goes on as it is.',
      {
        default: 1,
        range: { min: 1 },
      },
    ),
    allowManual: boolean('May clients write numbers of their own; one that is taken is NUMBER_TAKEN.', {
      default: false,
    }),
    active: boolean('Is it in use. Of a type one rule is (UNIQUE_VIOLATION).', { default: true }),
  },
  rules: { write: writeNumberRule },
})
