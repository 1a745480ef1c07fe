import { record } from '../record.ts'
import { boolean, int, longText, many, text } from '../shared/fields.ts'

record('LossReason', {
  plural: 'lossReasons',
  prefix: 'lore',
  description:
    'Why deals are lost, 输单原因: the list to choose from. One that deals name cannot be deleted (REFERENCE_IN_USE), only switched off.',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What it is called; unique among live ones.', { required: true, max: 255 }),
    description: longText('When to choose it.'),
    active: boolean('May deals still be lost for it.', { default: true }),
    sort: int('Its place among the others, the smallest first.', { default: 0 }),
  },
  relations: {
    opportunities: many('Opportunity', 'reasonForLoss', 'The deals that were lost for it.'),
  },
  unique: { name: ['name'] },
})
