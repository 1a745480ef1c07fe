import { recordTypes } from '../../../read/recordType.ts'
import { differs, refuse, refuseAs } from '../../checks.ts'
import { type Change, forbidden, idPath, type Rules, type WriteContext } from '../../write.ts'

/** What an audience names besides itself; the other fields stay empty. */
const NAMES: Readonly<Record<string, 'teamId' | 'departmentId' | 'recordId'>> = {
  TEAM: 'teamId',
  DEPARTMENT: 'departmentId',
  RECORD: 'recordId',
}

/** The record types that posts can stand at: those that declare the way to them. */
export const postedTypes = (): readonly string[] =>
  recordTypes().flatMap(({ name, relations }) =>
    [...relations.values()].some((one) => one.kind === 'linked' && one.link === 'FeedPost') ? [name] : [],
  )

const isAuthor = ({ before }: Change, { viewer }: WriteContext): boolean =>
  viewer.userId !== null && before?.authorId === viewer.userId

/** What somebody said is changed by them alone (FORBIDDEN), and says when it was; it is deleted by them or by an administrator. */
const authorsRules = (typeName: 'FeedPost' | 'FeedComment'): Rules => ({
  write(changes, context) {
    for (const change of changes) {
      if (!change.before) {
        change.values.authorId = context.viewer.userId
        continue
      }
      if (!differs(typeName, change, 'body')) continue
      if (isAuthor(change, context)) change.values.editedAt = new Date().toISOString()
      else
        refuseAs(change, 'FORBIDDEN', 'body', 'What somebody said is changed by them alone.', {
          permission: `${typeName}.update`,
        })
    }
  },
  delete(changes, context) {
    for (const change of changes) {
      if (isAuthor(change, context) || context.viewer.access.set.full) continue
      change.errors.push(forbidden(`${typeName}.delete`, idPath(change)))
    }
  },
})

/** Rules of comments: see authorsRules. */
export const commentRules: Rules = authorsRules('FeedComment')

const authors = authorsRules('FeedPost')

/** Rules of posts: authorsRules, and an audience that names whom it means, and nobody else. */
export const postRules: Rules = {
  async write(changes, context) {
    await authors.write?.(changes, context)
    for (const change of changes) if (!change.before) checkAudience(change)
  },
  delete: authors.delete,
}

function checkAudience(change: Change): void {
  const { audience } = change.values
  for (const [word, field] of Object.entries(NAMES)) {
    const given = change.values[field === 'recordId' ? '~id' : field] ?? null
    if (audience === word && given === null) refuse(change, field, 'required', `is required for the audience ${word}`)
    if (audience !== word && given !== null) refuse(change, field, 'audience', `is for the audience ${word} alone`)
  }
  const type = change.values['~type']
  if (type && !postedTypes().includes(type as string))
    refuse(change, 'recordId', 'type', 'must name a record of a type that has posts')
}
