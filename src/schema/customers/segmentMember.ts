import { writeSegmentMember } from '../../resolvers/customers/segment.ts'
import { record } from '../record.ts'
import { one } from '../shared/fields.ts'

record('SegmentMember', {
  plural: 'segmentMembers',
  prefix: 'segm',
  description:
    'A record is in a static segment. A part of both: it goes to the recycle bin with either. A second one for the same two is UNIQUE_VIOLATION.',
  fields: {},
  relations: {
    segment: one('Segment', 'segmentId', 'The segment, a static one.', { required: true, write: 'create', part: true }),
  },
  any: { name: 'record', description: 'The company, person or lead that is in it: of the segment’s type.' },
  rules: { write: writeSegmentMember },
})
