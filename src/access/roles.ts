/** What may be done with records of a type, or with the tenant's own settings. */
export const ACTIONS = ['read', 'create', 'update', 'delete', 'restore', 'destroy'] as const
export type Action = (typeof ACTIONS)[number]

/** Rights of a role: actions on all record types, and what differs for single ones. */
export interface Role {
  key: string
  name: string
  description: string
  everywhere: readonly Action[]
  except: Record<string, readonly Action[]>
}

const READ: readonly Action[] = ['read']
const WRITE: readonly Action[] = ['read', 'create', 'update', 'delete', 'restore']

/** Types that describe how the company works: only administrators change them. */
const SETTINGS = ['Role', 'User', 'ApiKey', 'Pipeline', 'Stage']
const CATALOG = ['Product', 'ProductCategory', 'LeadSource']

const only = (types: string[], actions: readonly Action[]) => Object.fromEntries(types.map((type) => [type, actions]))

/** The roles that every tenant begins with. A stage history is written by stage moves alone, whatever the role. */
export const SEED_ROLES: readonly Role[] = [
  {
    key: 'admin',
    name: 'Administrator',
    description: 'May do everything in the company.',
    everywhere: ACTIONS,
    except: {},
  },
  {
    key: 'manager',
    name: 'Manager',
    description: 'Reads and writes all business records and the catalogue, and may remove records for good.',
    everywhere: ACTIONS,
    except: only(SETTINGS, READ),
  },
  {
    key: 'rep',
    name: 'Sales representative',
    description: 'Reads and writes business records; neither the catalogue nor settings; removes nothing for good.',
    everywhere: WRITE,
    except: only([...SETTINGS, ...CATALOG], READ),
  },
  {
    key: 'readonly',
    name: 'Read only',
    description: 'Reads business records, writes nothing.',
    everywhere: READ,
    except: {},
  },
]

/** Types whose records nobody but an administrator reads. */
export const ADMIN_TYPES = new Set(['ApiKey'])
