import { fieldPermissionRules } from '../../resolvers/identity/roles.ts'
import { record } from '../record.ts'
import { choice, one, text } from '../shared/fields.ts'

record('FieldPermission', {
  plural: 'fieldPermissions',
  prefix: 'fper',
  description:
    'What a role may do with one field of a type. A part of the role. Hidden and masked fields can be neither filtered, ordered, grouped nor searched by (FIELD_FORBIDDEN). PRIVILEGE_ESCALATION: nobody gives what they do not have.',
  settings: true,
  fields: {
    object: text('The type of record: Account.', { required: true, write: 'create', max: 100 }),
    field: text(
      'The field: annualRevenue; for a relation the field that holds its id, ownerId; for a custom field customFields.tier, and customFields for all that have no right of their own. Not id, version, createdAt, updatedAt, which everybody sees who sees the record.',
      { required: true, write: 'create', max: 100 },
    ),
    access: choice(
      'May they see it, and write it where they may write the record.',
      'FieldAccess',
      {
        HIDDEN: 'They do not see it: null and FIELD_FORBIDDEN.',
        READ: 'They see it.',
        WRITE: 'They see and write it.',
      },
      { default: 'READ' },
    ),
    mask: choice(
      'Where they see a masked text instead of the value: for texts, e-mail addresses, telephone numbers and URLs.',
      'FieldMask',
      {
        NONE: 'Nowhere: they see the value.',
        LIST: 'In lists, and wherever a record is reached from another; not where one record is asked for by its own field.',
        ALWAYS: 'Everywhere.',
      },
      { default: 'NONE' },
    ),
  },
  relations: {
    role: one('Role', 'roleId', 'The role that has it.', { required: true, write: 'create', part: true }),
  },
  unique: { roleObjectAndField: ['roleId', 'object', 'field'] },
  operations: ['create', 'update', 'delete', 'upsert'],
  rules: fieldPermissionRules,
})
