import { recordShareRules } from '../../resolvers/identity/recordShare.ts'
import { record } from '../record.ts'
import { choice, datetime, one, text } from '../shared/fields.ts'

/** A share goes where the one goes whom it is given to: to nobody it is none. */
const whom = { write: 'create', part: true } as const

record('RecordShare', {
  plural: 'recordShares',
  prefix: 'shar',
  description:
    'A record shown to somebody whom their roles’ scope would not show it, 共享: to exactly one of user, team, department or role. They still need the right on the type. Whoever may write a record may share it; that one and whoever gave it may take it back.',
  settings: true,
  fields: {
    access: choice(
      'How far it opens the record.',
      'ShareAccess',
      { READ: 'They see it.', WRITE: 'They see it and may write it.' },
      { default: 'READ' },
    ),
    expiresAt: datetime('When it ends; null for never. Counts to the second.'),
    reason: text('Why it is shared.', { max: 2000 }),
    teamRole: text(
      'What the user does for the record, 团队角色: Sales engineer. A share with one is a place in the record’s team; setOpportunityTeam sets those of a deal. Null for other shares.',
      { max: 100 },
    ),
  },
  relations: {
    user: one('User', 'userId', 'The user it is shared with.', whom),
    team: one('Team', 'teamId', 'The team whose people it is shared with.', whom),
    department: one(
      'Department',
      'departmentId',
      'The department whose people, and those of the departments below, it is shared with.',
      whom,
    ),
    role: one('Role', 'roleId', 'The role whose holders it is shared with.', whom),
  },
  any: { name: 'record', description: 'The record that is shared: one of a type whose records have an owner.' },
  operations: ['create', 'update', 'delete'],
  rules: recordShareRules,
})
