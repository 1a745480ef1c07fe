import { record } from '../record.ts'
import { longText, many, text, url } from '../shared/fields.ts'

record('Competitor', {
  plural: 'competitors',
  prefix: 'comp',
  description: 'A company that sells the same, 竞争对手. One that deals name cannot be deleted (REFERENCE_IN_USE).',
  search: ['name'],
  fields: {
    name: text('What it is called; unique among live ones.', { required: true }),
    website: url('Its website.'),
    strengths: longText('Where it is hard to beat.'),
    weaknesses: longText('Where it can be beaten.'),
  },
  relations: {
    opportunityCompetitors: many('OpportunityCompetitor', 'competitor', 'The deals that it wants to win too.'),
  },
  unique: { name: ['name'] },
})
