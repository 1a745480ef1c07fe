import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { newId } from '../../src/ids.ts'
import { likeWords } from '../../src/resolvers/service/likeWords.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'
import { asTenant } from '../support/walls.ts'
import { ref } from '../support/writes.ts'

let test: TestApp
let spindle: string
let chinese: string

beforeAll(async () => {
  test = await testApp()
  spindle = await published({ title: 'Changing the spindle', body: '<p>Stop it, wait for the coolant.</p>' })
  chinese = await published({ title: '如何更换主轴', body: '<p>请先停机，再拆下护罩。</p>' })
  await published({ title: 'Cleaning the coolant tank', body: '<p>Once a month. The spindle may go on.</p>' })
  await published({ title: 'Holidays', body: '<p>When we are closed.</p>' })
}, 300_000)
afterAll(() => test?.close())

async function published(input: Record<string, unknown>): Promise<string> {
  const { id } = await make(test.acme, 'KnowledgeArticle', { publishAt: null, expireAt: null, ...input })
  for (const verb of ['submitArticle', 'publishArticle'])
    await test.acme.run(`mutation($id: ID!) { ${verb}(id: $id) { userErrors { code } } }`, { id })
  return id
}
const titles = (found: Any[] | null) => found?.map(({ article }) => article.title)
const QUERY =
  'query($text: String, $caseId: ID, $first: Int) { suggestArticles(text: $text, caseId: $caseId, first: $first) { score article { id title } } }'
const suggest = async (question: Record<string, unknown>, as: Pick<TestApp['acme'], 'run'> = test.acme) =>
  (await as.run<Any>(QUERY, question)).suggestArticles as Any[] | null

describe('the words of a text', () => {
  it('are those that tell something, and pairs of Chinese characters', () => {
    expect(likeWords('The spindles of our CNC-5 are LOUD, and it is not the coolant!')).toEqual([
      'spindle',
      'cnc',
      'loud',
      'coolant',
    ])
    expect(likeWords('更换主轴 spindle')).toEqual(['更换', '换主', '主轴', 'spindle'])
    expect(likeWords('a 轴 !')).toEqual([])
    expect(likeWords('glass Müller '.repeat(50))).toEqual(['glass', 'muller'])
    expect(likeWords(Array.from({ length: 99 }, (_, n) => `word${n}`).join(' '))).toHaveLength(32)
  })
})

describe('suggested articles', () => {
  it('are the likeliest first, a title counts more than a body', async () => {
    const found = await suggest({ text: 'Our spindles are loud, how are they changed?' })
    expect(titles(found)).toEqual(['Changing the spindle', 'Cleaning the coolant tank'])
    expect(found?.[0].score).toBeGreaterThan(found?.[1].score)
    expect(titles(await suggest({ text: 'spindle', first: 1 }))).toEqual(['Changing the spindle'])
    expect(await suggest({ text: 'warranty of printers' })).toEqual([])
    expect(await suggest({ text: '?!' })).toEqual([])
  })

  it('are found by Chinese', async () => {
    expect(titles(await suggest({ text: '主轴坏了，需要更换' }))).toEqual(['如何更换主轴'])
  })

  it('answer a case by its subject and description, but for those that do already', async () => {
    const { id } = await make(test.acme, 'Case', { subject: '机床停机', description: 'Spindle and coolant: 更换主轴' })
    const all = titles(await suggest({ caseId: id }))
    expect(new Set(all)).toEqual(new Set(['Changing the spindle', 'Cleaning the coolant tank', '如何更换主轴']))
    await make(test.acme, 'CaseArticle', { caseId: id, articleId: chinese })
    expect(titles(await suggest({ caseId: id }))).not.toContain('如何更换主轴')
    await make(test.acme, 'CaseArticle', { caseId: id, articleId: spindle })
    expect(titles(await suggest({ caseId: id }))).toEqual(['Cleaning the coolant tank'])
  })

  it('are published ones, in their time', async () => {
    await make(test.acme, 'KnowledgeArticle', { title: 'Gearbox draft' })
    await published({ title: 'Gearbox past', publishAt: '2020-01-01T00:00:00Z', expireAt: '2020-02-01T00:00:00Z' })
    await published({ title: 'Gearbox to come', publishAt: '2099-01-01T00:00:00Z', expireAt: null })
    await published({ title: 'Gearbox now', publishAt: null, expireAt: null })
    expect(titles(await suggest({ text: 'gearbox' }))).toEqual(['Gearbox now'])
  })

  it('are none of another company, nor of a case that the viewer does not see', async () => {
    expect(await suggest({ text: 'spindle' }, test.globex)).toEqual([])
    const { id } = await make(test.acme, 'Case', { subject: 'Spindle' })
    expect(await suggest({ caseId: id }, test.globex)).toBeNull()
    expect(await suggest({ caseId: ref('Case', newId()) })).toBeNull()
    const owner = await make(test.acme, 'User', { status: 'ACTIVE' })
    const { id: theirs } = await make(test.acme, 'Case', { subject: 'Spindle', ownerId: owner.id })
    const rep = await person(test, test.acme, 'rep')
    expect(await suggest({ caseId: theirs }, rep)).toBeNull()
    expect(titles(await suggest({ text: 'spindle' }, rep))).toContain('Changing the spindle')
  })

  it('need a case or a text, and not both, and a page that is not too large', async () => {
    for (const question of [{}, { text: 'x', caseId: ref('Case', newId()) }]) {
      const { errors } = await test.acme.ask(QUERY, question)
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    }
    const { errors } = await test.acme.ask(QUERY, { text: 'spindle', first: 101 })
    expect(errors?.[0]?.extensions.code).toBe('PAGE_SIZE_EXCEEDED')
  })

  it('are looked up by the index', async () => {
    const owner = await openOwner(test, test.acme)
    const scans = async () => {
      const [row] = await owner.rows<{ n: string }>(
        `SELECT idx_scan AS n FROM pg_stat_user_indexes WHERE indexrelname = 'knowledge_article_search_idx'`,
      )
      return Number(row?.n)
    }
    await owner.rows(
      `INSERT INTO knowledge_article (tenant_id, title, slug, body, body_plain) SELECT $1, 'Manual ' || n, 'manual-' || n, 'x', 'Chapter ' || n FROM generate_series(1, 3000) n`,
      uuidIn(test.acme.id),
    )
    await owner.rows('ANALYZE knowledge_article')
    const before = await scans()
    const app = new pg.Client({ connectionString: test.database.appUrl })
    await app.connect()
    // On a connection of its own, because each tells of what it did.
    const found = await asTenant(app, uuidIn(test.acme.id), () =>
      app.query(`SELECT cardinality(atrium.search_knowledge_article(ARRAY['spindle'], 500)) AS n`),
    )
    expect(found.rows).toEqual([{ n: 2 }])
    await app.query('SELECT pg_stat_force_next_flush()')
    await app.end()
    expect(await scans()).toBeGreaterThan(before)
    await owner.close()
  })
})
