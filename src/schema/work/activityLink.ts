import { afterActivityLinks } from '../../resolvers/work/response.ts'
import { record } from '../record.ts'
import { one } from '../shared/fields.ts'

record('ActivityLink', {
  plural: 'activityLinks',
  prefix: 'acli',
  description:
    'An activity is about a record. A part of both: it goes to the recycle bin with either. A second one for the same two is UNIQUE_VIOLATION.',
  fields: {},
  relations: {
    activity: one('Activity', 'activityId', 'The activity.', { required: true, write: 'create', part: true }),
  },
  any: { name: 'record', description: 'The record that the activity is about, of any type.' },
  rules: { done: afterActivityLinks },
})
