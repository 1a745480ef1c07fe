import { record } from '../record.ts'
import { boolean, currency, many, money, one, text } from '../shared/fields.ts'

record('LeadSource', {
  plural: 'leadSources',
  prefix: 'lsrc',
  description: 'Where leads, companies, people and deals come from, 线索来源: a trade fair, a campaign, a platform.',
  search: ['name', 'key', 'platform'],
  fields: {
    key: text('The tenant’s short name for it, for programs; unique among live ones: website, canton-fair.', {
      required: true,
      max: 50,
    }),
    name: text('What people call it.', { required: true }),
    platform: text('The platform behind it: Douyin 抖音, LinkedIn.', { max: 100 }),
    costPerLead: money('What one lead from here costs.', { range: { min: 0 } }),
    currency: currency('Currency of costPerLead; the tenant’s if left out.'),
    active: boolean('Is it still offered for new records.', { default: true }),
  },
  relations: {
    parent: one('LeadSource', 'parentId', 'The wider source that it belongs to; at most ten levels, no ring.'),
    children: many('LeadSource', 'parent', 'The narrower sources.'),
    leads: many('Lead', 'source', 'The leads that came from here.'),
    accounts: many('Account', 'source', 'The companies that came from here.'),
    contacts: many('Contact', 'source', 'The people who came from here.'),
    opportunities: many('Opportunity', 'source', 'The deals that came from here.'),
  },
  unique: { key: ['key'] },
})
