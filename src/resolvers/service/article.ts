import { changedFields, refuse, refuseAs } from '../checks.ts'
import { checkListed } from '../sales/listed.ts'
import { after, type Change, type Rules } from '../write.ts'
import { cleanHtml, plainText, slugOf } from './articleText.ts'

/** What an article says: of a published one it changes by a version that is reviewed. */
const SAID = ['title', 'summary', 'body']

/**
 * Rules of knowledge articles: a slug of their own, a clean body and its words, categories that there are. What is in review stays as it is, and what is published is revised, not
 * written over (INVALID_STATE, spec/domain.md 3.7).
 */
export const articleRules: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      guard(change)
      const { values } = change
      if (!change.before || values.slug === null) values.slug ??= slugOf(after(change, 'title') as string, change.id)
      else if (values.slug === undefined) delete values.slug
      if (typeof values.slug === 'string' && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(values.slug))
        refuse(change, 'slug', 'slug', 'must be small letters, digits and single hyphens')
      if (typeof values.body === 'string') {
        values.body = cleanHtml(values.body)
        values.bodyPlain = plainText(values.body as string)
      }
      const [from, to] = [after(change, 'publishAt'), after(change, 'expireAt')] as (string | null | undefined)[]
      if (from && to && Date.parse(from) >= Date.parse(to))
        refuse(change, 'expireAt', 'after', 'must be after publishAt')
    }
    await checkListed(changes, 'categoryIds', 'ArticleCategory', context)
  },
}

function guard(change: Change): void {
  const status = change.before?.status
  if (status !== 'PUBLISHED' && status !== 'IN_REVIEW') return
  const field = changedFields('KnowledgeArticle', change).find((name) => SAID.includes(name))
  if (!field) return
  const message =
    status === 'PUBLISHED'
      ? 'What is published is changed by a version that is reviewed: reviseArticle.'
      : 'What is in review stays as it is until it is published or returned.'
  refuseAs(change, 'INVALID_STATE', field, message, { from: status, to: 'IN_REVIEW', allowed: [] })
}
