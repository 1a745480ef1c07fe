import type { States } from '../revenue/states.ts'

export type ArticleStatus = 'DRAFT' | 'IN_REVIEW' | 'PUBLISHED' | 'ARCHIVED'

/** Of knowledge articles (spec/domain.md 3.7). What a published one is to say next is a version in review; the article stays published meanwhile. docs/knowledge.md draws it. */
export const ARTICLE_STATES: States<ArticleStatus> = {
  DRAFT: ['IN_REVIEW', 'ARCHIVED'],
  IN_REVIEW: ['PUBLISHED', 'DRAFT'],
  PUBLISHED: ['ARCHIVED'],
  ARCHIVED: ['DRAFT'],
}
