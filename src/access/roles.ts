/** What may be done with records of a type, or with the tenant's own settings. */
export const ACTIONS = [
  'read',
  'create',
  'update',
  'delete',
  'restore',
  'destroy',
  'export',
  'import',
  'transfer',
  'merge',
  'approve',
  'convert',
  'reopen',
] as const
export type Action = (typeof ACTIONS)[number]

/** Whose records, by their owner. DEPARTMENT is the viewer's own and those they head; every scope holds OWN. */
export const SCOPES = ['OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL'] as const
export type Scope = (typeof SCOPES)[number]

/** May a role see a field, and write it. */
export const FIELD_ACCESS = ['HIDDEN', 'READ', 'WRITE'] as const
export type FieldAccess = (typeof FIELD_ACCESS)[number]

/** Where a role gets a masked text instead of a field's value, from the most open on. */
export const MASKS = ['NONE', 'LIST', 'ALWAYS'] as const
export type Mask = (typeof MASKS)[number]

/** Stands for all business types in a role's rights. */
export const EVERY = '*'
/** The company's own settings: an object of rights that is no record type. */
export const TENANT_OBJECT = 'Tenant'

/** The role that may do everything and that nobody can change: at least one active user has it. */
export const ADMIN = 'admin'
/** The role of customers' own users (access/customer.ts): what it allows is the same in every company, and nobody can change it. */
export const CUSTOMER = 'customer'

/** The roles that every tenant begins with; atrium.seed_permissions() (migrations) says what they may do. */
export const SEED_ROLES = [
  { key: ADMIN, name: 'Administrator', description: 'May do everything in the company.' },
  {
    key: 'manager',
    name: 'Manager',
    description:
      'Reads and writes the business records of their own and of the people below them, and the catalogue; removes for good, transfers, merges, exports, approves.',
  },
  {
    key: 'rep',
    name: 'Sales representative',
    description: 'Reads and writes their own business records; reads the catalogue.',
  },
  { key: 'readonly', name: 'Read only', description: 'Reads all business records, writes nothing.' },
  {
    key: CUSTOMER,
    name: 'Customer',
    description:
      'A customer’s own user: opens cases, sees their own with what was said to them, and published articles; nothing else. docs/portal.md.',
  },
] as const
