import { record } from '../record.ts'
import { int, longText, many, one, text } from '../shared/fields.ts'

record('Department', {
  plural: 'departments',
  prefix: 'dept',
  description:
    'A part of the company, 部门, in a tree. Roles whose scope is DEPARTMENT or DEPARTMENT_TREE open the records of its users to them; a request for its data goes to its head.',
  search: ['name'],
  settings: true,
  fields: {
    name: text('What it is called.', { required: true }),
    description: longText('What it does.', { max: 2000 }),
    sort: int('Its place among the others, the smallest first.', { default: 0 }),
  },
  relations: {
    parent: one('Department', 'parentId', 'The department that it belongs to; at most ten levels, no ring.'),
    head: one('User', 'headId', 'Who answers for it, 部门负责人; counts as one of it.'),
    children: many('Department', 'parent', 'The departments that belong to it.'),
    users: many('User', 'department', 'The people who work in it.'),
  },
})
