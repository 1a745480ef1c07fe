import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { viewerOfUser } from '../../src/access/viewer.ts'
import type { Viewer } from '../../src/context.ts'
import { recordType } from '../../src/read/recordType.ts'
import {
  archiveArticle,
  publishArticle,
  reopenArticle,
  returnArticle,
  reviseArticle,
  submitArticle,
} from '../../src/resolvers/service/publishArticle.ts'
import { voteArticle } from '../../src/resolvers/service/voteArticle.ts'
import { type Input, sqlFor, type WriteContext } from '../../src/resolvers/write.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

const id = (uuid: string) => ref('KnowledgeArticle', uuid)
const article = async (input: Input = {}) =>
  (
    await service.create('KnowledgeArticle', { title: 'Changing the spindle', body: '<p>Stop it first.</p>', ...input })
  )[0] as string
const read = (uuid: string) => service.row('knowledge_article', uuid)
type Verb = (context: WriteContext, given: { id: string }) => Promise<{ id: string | null; errors: { code: string }[] }>
const codes = (verb: Verb, uuid: string, more = {}) =>
  service.codes((context) => verb(context, { id: id(uuid), ...more }) as never)
const published = async (input: Input = {}) => {
  const uuid = await article(input)
  for (const verb of [submitArticle, publishArticle]) expect(await codes(verb, uuid)).toEqual([])
  return uuid
}
const versions = (uuid: string) =>
  service.rows<{ number: number; status: string; title: string }>(
    'SELECT number, status, title FROM article_version WHERE tenant_id = $1 AND article_id = $2 ORDER BY number',
    uuid,
  )

describe('an article', () => {
  it('is cleaned of what could run, keeps its words for a search, and has an address', async () => {
    const one = await read(
      await article({
        title: 'Über den Spindeltausch',
        body: '<h2>Safety</h2><p onclick="x()">Stop <b>it</b>.</p><script>alert(1)</script><a href="javascript:x()">no</a><iframe src="//x"></iframe>',
      }),
    )
    expect(one.body).not.toMatch(/script|onclick|iframe/)
    expect(one.body).toContain('Stop <b>it</b>.')
    expect(one.body_plain).toMatch(/^Safety\s+Stop it\.\s+no$/)
    expect(one.slug).toMatch(/^uber-den-spindeltausch-[0-9a-f]{6}$/)
    expect((await read(await article({ title: '更换主轴' }))).slug).toMatch(/^[0-9a-f]{6}$/)
    expect(await service.refused('KnowledgeArticle', { title: 'X', body: 'Y', slug: one.slug })).toEqual([
      'UNIQUE_VIOLATION slug',
    ])
    expect(await service.refused('KnowledgeArticle', { title: 'X', body: 'Y', slug: 'No Good' })).toEqual([
      'VALIDATION_FAILED slug',
    ])
    const nobody = ref('ArticleCategory', '00000000-0000-7000-8000-000000000000')
    expect(await service.refused('KnowledgeArticle', { title: 'X', body: 'Y', categoryIds: [nobody] })).toEqual([
      'NOT_FOUND categoryIds',
    ])
    const late = { publishAt: '2026-02-02T00:00:00Z', expireAt: '2026-02-01T00:00:00Z' }
    expect(await service.refused('KnowledgeArticle', { title: 'X', body: 'Y', ...late })).toEqual([
      'VALIDATION_FAILED expireAt',
    ])
  })

  it('is found by words of its body, in Latin and in Chinese', async () => {
    const [latin, chinese] = [
      await article({ body: '<p>Grease nipple</p>' }),
      await article({ body: '<p>请先停机再更换主轴</p>' }),
    ]
    const found = (word: string) =>
      service.rows<{ id: string }>(
        `SELECT id FROM knowledge_article WHERE tenant_id = $1 AND search_text LIKE '%' || atrium.search_key($2) || '%'`,
        word,
      )
    expect(await found('GREASE')).toEqual([{ id: latin }])
    expect(await found('先停机')).toEqual([{ id: chinese }])
  })

  it('goes from a draft over a review to its readers, and not past it', async () => {
    const uuid = await article()
    expect(await codes(publishArticle, uuid)).toEqual(['INVALID_STATE id'])
    expect(await codes(submitArticle, uuid)).toEqual([])
    expect(await codes(submitArticle, uuid)).toEqual(['INVALID_STATE id'])
    expect(await service.updateRefused('KnowledgeArticle', uuid, { body: 'X' })).toEqual(['INVALID_STATE body'])
    expect(await codes(returnArticle, uuid)).toEqual([])
    await service.update('KnowledgeArticle', uuid, { title: 'Better' })
    expect(await codes(submitArticle, uuid)).toEqual([])
    expect(await codes(publishArticle, uuid)).toEqual([])
    expect(await read(uuid)).toMatchObject({ status: 'PUBLISHED', title: 'Better', revision: 2 })
    expect((await versions(uuid)).map(({ status }) => status)).toEqual(['REJECTED', 'PUBLISHED'])
    expect(await codes(archiveArticle, uuid)).toEqual([])
    expect(await codes(reviseArticle, uuid)).toEqual(['INVALID_STATE id'])
    expect(await codes(reopenArticle, uuid)).toEqual([])
    expect(await read(uuid)).toMatchObject({ status: 'DRAFT' })
    expect(await codes(submitArticle, '00000000-0000-7000-8000-000000000000')).toEqual(['NOT_FOUND id'])
  })

  it('that is published changes by a version that is reviewed, and says the same until then', async () => {
    const uuid = await published()
    expect(await service.updateRefused('KnowledgeArticle', uuid, { title: 'X' })).toEqual(['INVALID_STATE title'])
    await service.update('KnowledgeArticle', uuid, { visibility: 'PUBLIC' })
    expect(await codes(reviseArticle, uuid, { title: 'Second', body: '<p>New<script>x</script></p>' })).toEqual([])
    expect(await codes(reviseArticle, uuid, { title: 'Third' })).toEqual(['INVALID_STATE id'])
    expect(await codes(archiveArticle, uuid)).toEqual(['INVALID_STATE id'])
    expect(await read(uuid)).toMatchObject({ title: 'Changing the spindle', status: 'PUBLISHED' })
    expect(await codes(publishArticle, uuid)).toEqual([])
    expect(await read(uuid)).toMatchObject({ title: 'Second', body: '<p>New</p>', body_plain: 'New', revision: 2 })
    expect((await versions(uuid)).map(({ status }) => status)).toEqual(['SUPERSEDED', 'PUBLISHED'])
  })

  it('is revised by one of two at once', async () => {
    const uuid = await published()
    const both = await Promise.all([
      codes(reviseArticle, uuid, { title: 'A' }),
      codes(reviseArticle, uuid, { title: 'B' }),
    ])
    expect(both.flat()).toEqual(['INVALID_STATE id'])
  })
})

describe('readers', () => {
  const seenBy = async (viewer: Viewer) => {
    const sql = sqlFor(viewer.tenantId)
    const scope = viewer.access.predicate(recordType('KnowledgeArticle'), 't', sql)
    const rows = await service.write(({ db }) =>
      db.rows<{ id: string }>({
        text: `SELECT t.id FROM knowledge_article t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
        values: sql.params.values,
      }),
    )
    return new Set(rows.map((row) => row.id))
  }

  it('see what is published and in its time, whoever wrote it; drafts, what is to come and what has expired its author sees', async () => {
    const [author, reader] = [await service.user(), await service.user()]
    const of = { ownerId: ref('User', author) }
    const draft = await article(of)
    const open = await published(of)
    const expired = await published({ ...of, expireAt: '2026-01-01T00:00:00Z' })
    const later = await published({ ...of, publishAt: '2099-01-01T00:00:00Z' })
    const viewer = async (userId: string) =>
      (await service.write(({ db }) => viewerOfUser(db, service.viewer.tenantId, userId))) as Viewer
    const [mine, theirs] = [await seenBy(await viewer(author)), await seenBy(await viewer(reader))]
    expect([draft, open, expired, later].map((one) => theirs.has(one))).toEqual([false, true, false, false])
    expect([draft, open, expired, later].map((one) => mine.has(one))).toEqual([true, true, true, true])
    // And what they do not see they have no voice about.
    const vote = async (uuid: string, helpful: boolean) => {
      const voter = await viewer(reader)
      return service.codes(({ db }) => voteArticle({ db, viewer: voter }, { id: id(uuid), helpful }))
    }
    expect(await vote(draft, true)).toEqual(['NOT_FOUND id'])
    expect(await vote(open, true)).toEqual([])
    expect(await vote(open, false)).toEqual([])
    const counted = await service.rows(
      'SELECT helpful FROM article_feedback WHERE tenant_id = $1 AND article_id = $2',
      open,
    )
    expect(counted).toEqual([{ helpful: false }])
  })
})
