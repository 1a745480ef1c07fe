import { writeAssignmentRule } from '../../resolvers/leads/assignment/rule.ts'
import { record } from '../record.ts'
import { boolean, choice, int, json, many, one, text } from '../shared/fields.ts'

/** The record type, for the verb that uses its enum. */
export const assignmentRule = record('AssignmentRule', {
  plural: 'assignmentRules',
  prefix: 'arul',
  description:
    'A rule by which records without an owner get one, 分配规则: leads of a form, of an import that asks for it, of a program without a user, and whatever assignRecords is told. Of the active rules of an object the first, by priority, whose condition a record fits decides over it.',
  settings: true,
  search: ['name'],
  fields: {
    object: choice(
      'What it gives out.',
      'AssignmentObject',
      { LEAD: 'People who showed interest.', ACCOUNT: 'Companies, customers or not.' },
      { required: true, write: 'create' },
    ),
    name: text('What people call it.', { required: true, max: 100 }),
    priority: int('The smallest is tried first; of equals the older one.', { default: 100 }),
    active: boolean('Does it take part.', { default: true }),
    condition: json(
      'Which records it is for: what the where of leads or of accounts takes, as JSON: {"industry": {"eq": "Retail"}}. Checked as where is: VALIDATION_FAILED with the path of what is wrong. Null: all records. At most 20,000 characters.',
      { max: 20_000 },
    ),
    strategy: choice(
      'How it chooses among its candidates. Passed over are those who are not active, out of office, at their cap or at their quota; when nobody is left the record stays without an owner.',
      'AssignmentStrategy',
      {
        ROUND_ROBIN: 'In turn, exactly.',
        LOAD_BALANCED: 'Whoever owns the fewest open records of the object; of equals the next in turn.',
        WEIGHTED: 'In turn by their weights.',
        MANUAL: 'Nobody: people give these records out.',
        POOL: 'Nobody: they go into the pool of the rule, also those that have an owner.',
      },
      { default: 'ROUND_ROBIN' },
    ),
  },
  relations: {
    pool: one(
      'Pool',
      'poolId',
      'Of the strategy POOL, required: the pool, of the same object, that records go into; others make no use of it. While it is switched off they stay as they are (NO_CANDIDATE).',
      { onDelete: 'restrict' },
    ),
    candidates: many('AssignmentCandidate', 'rule', 'Among whom it chooses.'),
    forms: many('LeadCaptureForm', 'assignmentRule', 'The forms whose leads it gives out.'),
  },
  rules: { write: writeAssignmentRule },
})
