import { approvable } from '../approval/registry.ts'

/** What triggers write to-dos about (atrium.sync_todos and atrium.todo_put), but for what can be approved. */
const OBJECTS = [
  'Account',
  'Case',
  'Contract',
  'CustomerRegistration',
  'Lead',
  'PermissionRequest',
  'Quote',
  'ReceiptPlan',
  'ReturnVisit',
  'Task',
]

/** Names of the types that to-dos are about, in alphabetical order: whatever can be approved among them. */
export const todoObjects = (): string[] => [...new Set([...OBJECTS, ...approvable()])].sort()
