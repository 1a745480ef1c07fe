import type { Context } from '../../context.ts'
import { PAGE } from '../../read/emit.ts'
import { recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { type Suggestion, suggestArticles } from '../../resolvers/service/suggestArticles.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import './knowledgeArticle.ts'

const SuggestionType = builder.objectRef<Suggestion>('ArticleSuggestion').implement({
  description: 'An article that may answer a question.',
  fields: (t) => ({
    article: t.field({
      type: recordRef('KnowledgeArticle'),
      description: 'The article; null where it went meanwhile. createCaseArticle says that it answers the case.',
      resolve: ({ id }, _args, context: Context, info) =>
        context.loaders.load(context, requireViewer(context), info, recordType('KnowledgeArticle'), id) as never,
    }),
    score: t.exposeFloat('score', {
      nullable: false,
      description:
        'How like the question it is, 0.1 to 1: how many of its words it says. Words that few articles have, and those in its title, count more.',
    }),
  }),
})

builder.queryField('suggestArticles', (t) =>
  t.field({
    type: [SuggestionType],
    nullable: { list: true, items: false },
    description:
      'The published articles that are most like a case, by its subject and description, or a text, 推荐文章, the likeliest first; those that answer the case already are left out. Null for a case that the viewer does not see. BAD_USER_INPUT for neither or both of caseId and text. Needs KnowledgeArticle.read; with caseId Case.read too.',
    args: {
      caseId: t.arg.id({ description: 'The case that is to be answered; or text.' }),
      text: t.arg.string({ description: 'A question, in any language; or caseId. Its first 32 words count.' }),
      first: t.arg.int({
        description: `How many, at most ${PAGE.max}; 5 if left out. More is PAGE_SIZE_EXCEEDED.`,
      }),
    },
    extensions: { permission: ['KnowledgeArticle.read'], cost: 20, connection: true, defaultSize: 5 },
    resolve: (_root, args, context) => suggestArticles(context, requireViewer(context), args),
  }),
)
