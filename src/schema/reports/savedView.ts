import { COLUMNS, savedViewsDone, writeSavedView } from '../../resolvers/reports/savedView.ts'
import { record } from '../record.ts'
import { boolean, choice, json, one, text, texts } from '../shared/fields.ts'
import { VISIBILITIES } from './shapes.ts'

record('SavedView', {
  plural: 'savedViews',
  prefix: 'view',
  visibility: true,
  description:
    'How somebody looks at the records of a type, 视图: which ones, which columns, in which order. Clients read it and ask the list with it. Seen by its visibility, and by those whom it is shared with.',
  search: ['name'],
  fields: {
    object: text('Name of the type: Account.', { required: true, write: 'create', max: 60 }),
    name: text('What it is called.', { required: true, max: 100 }),
    filter: json(
      'What where of the type’s list takes, as JSON. Checked as where is: VALIDATION_FAILED with the path of what is wrong, FIELD_FORBIDDEN for fields that the writer may not filter by. At most 20,000 characters.',
      { max: 20_000 },
    ),
    columns: texts(
      `Names of the fields that it shows: name, customFields.tier, account.name. At most ${COLUMNS}; those that its viewer does not see are empty.`,
    ),
    sort: json('What orderBy of the type’s list takes, as JSON: [{"field": "NAME", "direction": "ASC"}].'),
    grouping: text('The field by which it groups records, one that aggregates group by: status, owner.departmentId.', {
      max: 100,
    }),
    visibility: choice('Who sees it besides its owner.', 'Visibility', VISIBILITIES, { default: 'PRIVATE' }),
    isDefault: boolean('Is it the one with which its owner begins; of a type one is.', { default: false }),
  },
  relations: { owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.') },
  rules: { write: writeSavedView, done: savedViewsDone },
})
