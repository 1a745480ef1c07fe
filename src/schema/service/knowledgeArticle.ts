import type { Row } from '../../read/finish.ts'
import { uuidOf } from '../../read/values.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { articleRules } from '../../resolvers/service/article.ts'
import { type Feedback, feedbackOf } from '../../resolvers/service/voteArticle.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { attached, choice, datetime, int, linked, longText, many, one, text, texts } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'

const kept = { write: 'never' } as const

/** Is an article published, and in its time. */
const isOut = (alias: string) =>
  `(${alias}.status = 'PUBLISHED' AND coalesce(${alias}.publish_at <= now(), true) AND coalesce(${alias}.expire_at > now(), true))`

record('ArticleCategory', {
  plural: 'articleCategories',
  prefix: 'artcat',
  description: 'What articles are about, a tree.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What it is called.', { required: true, max: 100 }),
    description: longText('What belongs into it.', { max: 2000 }),
    sort: int('Its place among its neighbours.', { default: 0 }),
  },
  relations: {
    parent: one('ArticleCategory', 'parentId', 'The category above it.', { onDelete: 'restrict' }),
    children: many('ArticleCategory', 'parent', 'The categories below it.'),
  },
})

record('KnowledgeArticle', {
  plural: 'knowledgeArticles',
  prefix: 'article',
  description:
    'What is known, written down, 知识库文章. Drafts are their authors’; what is published is everybody’s who may read articles, from publishAt until expireAt. docs/knowledge.md draws its states.',
  search: ['title', 'bodyPlain'],
  // What is out of its time, its author and those above still see.
  open: isOut,
  customer: (alias) => `${isOut(alias)} AND ${alias}.visibility IN ('PARTNER', 'PUBLIC')`,
  fields: {
    title: text('What it is called. Of a published one reviseArticle changes it (INVALID_STATE).', { required: true }),
    slug: text('The last part of its address: small letters, digits, hyphens; unique, made of the title if left out.', {
      max: 100,
      default: null,
    }),
    summary: text('What it says in a sentence or two.', { max: 500 }),
    body: text(
      'What it says, HTML: cleaned of scripts, styles, forms and frames. Of a published one reviseArticle changes it (INVALID_STATE).',
      {
        required: true,
        max: 200_000,
        sort: false,
        filter: false,
      },
    ),
    bodyPlain: text('The words of the body, without its markup.', { ...kept, max: 200_000, sort: false }),
    categoryIds: texts('Ids of its categories (NOT_FOUND).'),
    language: text('The language that it is in: en, zh-CN.', { max: 10 }),
    visibility: choice(
      'For whom it is written.',
      'ArticleVisibility',
      { INTERNAL: 'For colleagues.', PARTNER: 'For partners and customers who sign in.', PUBLIC: 'For everybody.' },
      { default: 'INTERNAL' },
    ),
    status: choice(
      'How it stands.',
      'ArticleStatus',
      {
        DRAFT: 'Being written.',
        IN_REVIEW: 'To be looked at before it is published.',
        PUBLISHED: 'To be read.',
        ARCHIVED: 'No longer to be read.',
      },
      kept,
    ),
    revision: int('The number of the version that is published; 0 for none.', kept),
    publishAt: datetime('From when it is to be read, once it is published; null: at once.'),
    expireAt: datetime('Until when it is to be read; null: for good.'),
    publishedAt: datetime('When it was last published.', kept),
  },
  relations: {
    owner: one('User', 'ownerId', 'Who wrote it; the caller if left out on create.'),
    versions: many('ArticleVersion', 'article', 'What it said, and is to say; order them by NUMBER.'),
    caseArticles: many('CaseArticle', 'article', 'The cases that it answers.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
  },
  unique: { slug: ['slug'] },
  rules: articleRules,
})

record('ArticleVersion', {
  plural: 'articleVersions',
  prefix: 'artver',
  description:
    'What an article said, or is to say. submitArticle and reviseArticle make one, publishArticle publishes it.',
  operations: [],
  fields: {
    number: int('Its number, from 1.', kept),
    title: text('What it calls the article.', kept),
    summary: text('What it says in a sentence or two.', { ...kept, max: 500 }),
    body: text('What it says, HTML.', { ...kept, max: 200_000, sort: false, filter: false }),
    status: choice(
      'How it stands.',
      'ArticleVersionStatus',
      {
        IN_REVIEW: 'To be looked at; of an article one is.',
        PUBLISHED: 'What the article says.',
        SUPERSEDED: 'What it said.',
        REJECTED: 'It was returned.',
      },
      kept,
    ),
    publishedAt: datetime('When it was published.', kept),
  },
  relations: { article: one('KnowledgeArticle', 'articleId', 'The article that it is of.', { ...kept, part: true }) },
})

record('CaseArticle', {
  plural: 'caseArticles',
  prefix: 'casart',
  description: 'An article that answers a case.',
  fields: {},
  relations: {
    case: one('Case', 'caseId', 'The case that it answers.', { required: true, write: 'create', part: true }),
    article: one('KnowledgeArticle', 'articleId', 'The article that answers it.', { required: true, write: 'create' }),
  },
  unique: { caseAndArticle: ['caseId', 'articleId'] },
})

const counted = (name: 'views' | 'helpfulYes' | 'helpfulNo', of: keyof Feedback, description: string) =>
  builder.objectField(recordRef('KnowledgeArticle'), name, (t) =>
    t.field({
      type: 'Int',
      description,
      extensions: { cost: 2, needs: ['id'] },
      resolve: async (row: Row, _args, context) => {
        const id = uuidOf('KnowledgeArticle', row.id as string)
        return id ? (await feedbackOf(context, requireViewer(context), id))[of] : null
      },
    }),
  )
counted('views', 'views', 'How often it was looked at: by users (viewArticle), and by everybody on its public page.')
counted('helpfulYes', 'yes', 'How many users say that it helped.')
counted('helpfulNo', 'no', 'How many users say that it did not help.')
