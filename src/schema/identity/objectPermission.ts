import { objectPermissionRules } from '../../resolvers/identity/roles.ts'
import { record } from '../record.ts'
import { boolean, choice, one, text } from '../shared/fields.ts'

const SCOPE_WORDS = {
  OWN: 'Records whose owner they are.',
  OWN_AND_SUBORDINATES: 'Also those of the people below them, at any depth.',
  DEPARTMENT: 'Also those of the people in their department and in departments that they head.',
  DEPARTMENT_TREE: 'Also those of the departments below these.',
  TEAM: 'Also those of the people in their teams.',
  ALL: 'All records of the company.',
}
const can = (words: string) => boolean(words, { default: false })

record('ObjectPermission', {
  plural: 'objectPermissions',
  prefix: 'oper',
  description:
    'What a role may do with records of one type. A part of the role. In force within 5 seconds everywhere. PRIVILEGE_ESCALATION: nobody gives what they do not have.',
  settings: true,
  fields: {
    object: text(
      'The type of record: Account. * stands for all business types without a row of their own; types that say how the company works (users, roles, pipelines …) need one of their own. Tenant stands for the company’s own settings.',
      { required: true, write: 'create', max: 100 },
    ),
    canRead: can('May see them.'),
    canCreate: can('May make them.'),
    canUpdate: can('May change them.'),
    canDelete: can('May move them to the recycle bin.'),
    canRestore: can('May look into the recycle bin and bring them back.'),
    canDestroy: can('May remove them for good.'),
    canExport: can('May take them out in bulk.'),
    canImport: can('May bring them in in bulk.'),
    canTransfer: can('May give them to another owner.'),
    canMerge: can('May merge them.'),
    canApprove: can('May approve them.'),
    canConvert: can('May convert them, and take it back: of use for leads.'),
    canReopen: can('May open closed ones again: of use for opportunities.'),
    readScope: choice('Whose records they see: for types whose records have an owner.', 'RecordScope', SCOPE_WORDS, {
      default: 'OWN',
    }),
    writeScope: choice('Whose records they may change, delete, restore, give away.', 'RecordScope', SCOPE_WORDS, {
      default: 'OWN',
    }),
    allowList: boolean(
      'true: only the fields that field permissions list; false: all fields but those that they restrict.',
      { default: false },
    ),
  },
  relations: {
    role: one('Role', 'roleId', 'The role that has it.', { required: true, write: 'create', part: true }),
  },
  unique: { roleAndObject: ['roleId', 'object'] },
  operations: ['create', 'update', 'delete', 'upsert'],
  rules: objectPermissionRules,
})
