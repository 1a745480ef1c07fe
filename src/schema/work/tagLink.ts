import { record } from '../record.ts'
import { one } from '../shared/fields.ts'

record('TagLink', {
  plural: 'tagLinks',
  prefix: 'tgli',
  description:
    'A record has a tag. A part of both: it goes to the recycle bin with either. A second one for the same two is UNIQUE_VIOLATION.',
  fields: {},
  relations: {
    tag: one('Tag', 'tagId', 'The tag itself.', { required: true, write: 'create', part: true }),
  },
  any: { name: 'record', description: 'The record that has the tag, of any type.' },
})
