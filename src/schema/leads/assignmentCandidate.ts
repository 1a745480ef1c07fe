import { record } from '../record.ts'
import { boolean, int, one } from '../shared/fields.ts'

record('AssignmentCandidate', {
  plural: 'assignmentCandidates',
  prefix: 'acan',
  description: 'A user among whom an assignment rule chooses.',
  settings: true,
  fields: {
    weight: int('Their share of WEIGHTED turns: 3 get three times as many as 1.', {
      default: 1,
      range: { min: 1, max: 1000 },
    }),
    openLimit: int(
      'The most open records of the object, whoever gave them: at this number they are passed over. Open are leads that are not CONVERTED or UNQUALIFIED, and companies that are not INACTIVE or ARCHIVED. Null: any number.',
      { range: { min: 0 } },
    ),
    active: boolean('Do they take part.', { default: true }),
  },
  relations: {
    rule: one('AssignmentRule', 'ruleId', 'The rule that chooses.', { required: true, write: 'create', part: true }),
    user: one('User', 'userId', 'The user who may be chosen.', { required: true, write: 'create' }),
  },
  unique: { ruleAndUser: ['ruleId', 'userId'] },
})
