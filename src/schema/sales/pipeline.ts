import { deletePipeline, writePipeline } from '../../resolvers/sales/pipeline.ts'
import { record } from '../record.ts'
import { boolean, int, many, text, texts } from '../shared/fields.ts'

record('Pipeline', {
  plural: 'pipelines',
  prefix: 'pipe',
  description:
    'A way of selling, 商机组: an ordered row of stages. One with live deals cannot be deleted (REFERENCE_IN_USE; removePipeline moves them), nor can the last active one (LAST_PIPELINE).',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What it is called.', { required: true }),
    isDefault: boolean(
      'Do new deals go here when they name no pipeline. Exactly one is: setting it takes the mark from the other, and the first pipeline of a company gets it. It cannot be taken off, only given to another.',
      { default: false },
    ),
    active: boolean(
      'Is it still used. The default stays active (INVALID_STATE), and so does one with open deals (REFERENCE_IN_USE).',
      { default: true },
    ),
    sort: int('Its place among the others, the smallest first.', { default: 0 }),
    allowSkip: boolean(
      'May deals pass over open stages on their way, to a won one too. A transition between two stages wins over it.',
      { default: true },
    ),
    allowBack: boolean('May deals go back to earlier open stages. A transition between two stages wins over it.', {
      default: true,
    }),
    departmentIds: texts(
      'Ids of the departments whose people, and those of the departments below, make deals in it and move them; all if empty. Administrators always may.',
    ),
  },
  relations: {
    stages: many('Stage', 'pipeline', 'Its stages; order them by SORT.'),
    opportunities: many('Opportunity', 'pipeline', 'Its deals.'),
  },
  rules: { write: writePipeline, delete: deletePipeline },
})
