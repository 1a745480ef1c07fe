import { writeTag } from '../../resolvers/work/tag.ts'
import { record } from '../record.ts'
import { many, text } from '../shared/fields.ts'

record('Tag', {
  plural: 'tags',
  prefix: 'tag',
  description: 'A word to group records by, 标签.',
  search: ['name'],
  fields: {
    name: text('The word; unique among live tags.', { required: true, max: 100 }),
    color: text('Colour to show it in: # and six hexadecimal digits.', { max: 7 }),
    description: text('When to use it.', { max: 2000 }),
  },
  relations: {
    links: many('TagLink', 'tag', 'The records that have it.'),
  },
  unique: { name: ['name'] },
  rules: { write: writeTag },
})
