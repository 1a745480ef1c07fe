import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createPublicKnowledge } from '../../src/resolvers/service/publicKnowledge.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

let test: TestApp
let base: string
let category: string

beforeAll(async () => {
  test = await testApp()
  base = await test.app.listen()
  category = (await make(test.acme, 'ArticleCategory', { name: 'Machines <1>', sort: 1 })).id
  await published({ title: 'Changing the spindle', slug: 'spindle', categoryIds: [category], summary: 'How & when' })
  await published({ title: '如何更换主轴', slug: 'chinese', body: '<p>请先停机</p>' })
  await published({ title: 'For colleagues', slug: 'internal', visibility: 'INTERNAL' })
  await published({ title: 'For partners', slug: 'partner', visibility: 'PARTNER' })
  await published({ title: 'Over', slug: 'over', publishAt: '2020-01-01T00:00:00Z', expireAt: '2020-02-01T00:00:00Z' })
  await published({ title: 'To come', slug: 'to-come', publishAt: '2099-01-01T00:00:00Z', expireAt: null })
  await make(test.acme, 'KnowledgeArticle', { title: 'A draft', slug: 'draft', visibility: 'PUBLIC' })
  await published({ title: 'Of Globex', slug: 'of-globex' }, test.globex)
  for (const company of [test.acme, test.globex]) await open(true, company)
}, 300_000)
afterAll(() => test?.close())

async function published(input: Record<string, unknown>, company = test.acme): Promise<void> {
  const { id } = await make(company, 'KnowledgeArticle', {
    visibility: 'PUBLIC',
    publishAt: null,
    expireAt: null,
    ...input,
  })
  for (const verb of ['submitArticle', 'publishArticle'])
    await company.run(`mutation($id: ID!) { ${verb}(id: $id) { userErrors { code } } }`, { id })
}
const open = async (publicKnowledge: boolean | null, company = test.acme) =>
  (
    await company.run<Any>(
      'mutation($input: UpdateServiceSettingsInput!) { updateServiceSettings(input: $input) { serviceSettings { publicKnowledge } userErrors { code field } } }',
      { input: { publicKnowledge } },
    )
  ).updateServiceSettings
const get = (path: string, init: RequestInit = {}) =>
  fetch(`${base}/kb/${path}`, { ...init, headers: { 'User-Agent': FIREFOX, ...init.headers } })
const text = async (path: string) => (await get(path)).text()
const views = async (slug: string) => {
  const { knowledgeArticles } = await test.acme.run<Any>(
    'query($slug: String!) { knowledgeArticles(where: { slug: { eq: $slug } }) { nodes { views } } }',
    { slug },
  )
  return knowledgeArticles.nodes[0].views
}

describe('public knowledge', () => {
  it('lists what is written for everybody and published, by category', async () => {
    const page = await get('acme')
    const html = await page.text()
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(html).toMatch(
      /<h2>Machines &#60;1&#62;<\/h2>[\s\S]*href="\/kb\/acme\/spindle"[\s\S]*How &#38; when[\s\S]*<h2>More/,
    )
    expect(html).toContain('如何更换主轴')
    for (const hidden of ['For colleagues', 'For partners', 'Over', 'To come', 'A draft', 'Of Globex', '<script'])
      expect(html).not.toContain(hidden)
    expect(await (await get('acme', { headers: { 'Accept-Language': 'zh-CN' } })).text()).toContain('帮助中心')
  })

  it('is searched by words, in Latin and in Chinese, and never by what a pattern means', async () => {
    const found = await text('acme?q=SPINDLE')
    expect(found).toContain('/kb/acme/spindle')
    expect(found).not.toContain('/kb/acme/chinese')
    expect(await text(`acme?q=${encodeURIComponent('停机')}`)).toContain('/kb/acme/chinese')
    for (const nothing of ['%', 'colleagues', '"><script>x'])
      expect(await text(`acme?q=${encodeURIComponent(nothing)}`)).toContain('Nothing was found.')
    expect(await text(`acme?q=${encodeURIComponent('"><script>x')}`)).not.toContain('<script')
  })

  it('is read page by page, there and back, whatever is published or taken away meanwhile', async () => {
    const tenantId = uuidIn(test.acme.id)
    const write = (text: string, ...values: unknown[]) =>
      test.app.tenancy.writeTenant({ tenantId }, (db) => db.rows({ text, values: [tenantId, ...values] }))
    // The same title more often than a page is long: the id tells them apart.
    await write(
      `INSERT INTO knowledge_article (tenant_id, title, slug, body, status, visibility) SELECT $1::uuid, CASE WHEN i <= 60 THEN '齿轮 gear' ELSE 'gear ' || i END, 'gear-' || i, '<p>x</p>', 'PUBLISHED', 'PUBLIC' FROM generate_series(1, 120) i`,
    )
    const slugs = (html: string) => [...html.matchAll(/href="\/kb\/acme\/([\w-]+)"/g)].map(([, slug]) => slug as string)
    const link = (html: string, rel: string) =>
      new RegExp(`rel="${rel}" href="/kb/acme\\?([^"]+)"`).exec(html)?.[1]?.replaceAll('&#38;', '&')
    const pages = async (start: string) => {
      const read: string[] = []
      for (let query: string | undefined = start; query !== undefined; ) {
        const html = await text(`acme?${query}`)
        read.push(html)
        query = link(html, 'next')
      }
      return read
    }
    const found = await pages('q=gear')
    expect(found.map((html) => slugs(html).length)).toEqual([50, 50, 20])
    expect(new Set(found.flatMap(slugs)).size).toBe(120)
    expect(found.map((html) => link(html, 'prev') !== undefined)).toEqual([false, true, true])
    const everything = (await pages('')).flatMap(slugs)
    expect(everything).toEqual(expect.arrayContaining(['spindle', 'chinese']))
    expect(new Set(everything).size).toBe(everything.length)
    // Back again, the same pages.
    const [first = '', second = '', third = ''] = found
    expect(slugs(await text(`acme?${link(third, 'prev')}`))).toEqual(slugs(second))
    expect(slugs(await text(`acme?${link(second, 'prev')}`))).toEqual(slugs(first))
    // One before and one on the page that was read; the next page is what it was.
    await write(
      `INSERT INTO knowledge_article (tenant_id, title, slug, body, status, visibility) SELECT $1::uuid, t, 'new-' || row_number() OVER (), '<p>x</p>', 'PUBLISHED', 'PUBLIC' FROM unnest(ARRAY['gear', 'gear 0']) t`,
    )
    await write(
      `UPDATE knowledge_article SET status = 'ARCHIVED' WHERE tenant_id = $1 AND slug = $2`,
      slugs(first).at(-1),
    )
    expect(slugs(await text(`acme?${link(first, 'next')}`))).toEqual(slugs(second))
    await write(
      `UPDATE knowledge_article SET status = 'ARCHIVED' WHERE tenant_id = $1 AND (slug LIKE 'gear-%' OR slug LIKE 'new-%')`,
    )
    expect(await text(`acme?${link(first, 'next')}`)).toContain('Nothing was found.')
    const none = (...place: unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url')
    for (const bad of [
      'x',
      '',
      none('a'),
      none('a', 'b'),
      none('a\0', tenantId),
      none(1, tenantId),
      none('a', tenantId, 1),
    ])
      expect([bad, (await get(`acme?after=${bad}`)).status]).toEqual([bad, 404])
    expect((await get(`acme?before=x&q=gear`)).status).toBe(404)
  })

  it('shows an article as it was cleaned, also when its row was written past the rules', async () => {
    await test.app.tenancy.writeTenant({ tenantId: uuidIn(test.acme.id) }, (db) =>
      db.rows({
        text: `UPDATE knowledge_article SET body = '<p onclick="x()">Stop <b>it</b></p><script>alert(1)</script>', title = '<i>Spindle</i>' WHERE tenant_id = $1 AND slug = 'spindle'`,
        values: [uuidIn(test.acme.id)],
      }),
    )
    const html = await text('acme/spindle')
    expect(html).toContain('<p>Stop <b>it</b></p>')
    expect(html).toContain('<h1>&#60;i&#62;Spindle&#60;/i&#62;</h1>')
    expect(html).not.toMatch(/<script|onclick/)
  })

  it.each(['internal', 'partner', 'over', 'to-come', 'draft', 'of-globex', 'nothing', "x'--"])(
    'has no page for %s',
    async (slug) => {
      const page = await get(`acme/${slug}`)
      expect([page.status, page.headers.get('etag')]).toEqual([404, null])
    },
  )

  it('is there for companies that switched it on, and for no other name', async () => {
    expect((await get('globex/of-globex')).status).toBe(200)
    expect(await open(null)).toMatchObject({
      serviceSettings: null,
      userErrors: [{ code: 'VALIDATION_FAILED', field: ['input', 'publicKnowledge'] }],
    })
    expect(await open(false)).toEqual({ serviceSettings: { publicKnowledge: false }, userErrors: [] })
    for (const path of ['acme', 'acme/chinese', 'nobody', 'nobody/chinese', 'ACME'])
      expect((await get(path)).status).toBe(404)
    expect(await open(true)).toEqual({ serviceSettings: { publicKnowledge: true }, userErrors: [] })
    expect((await test.acme.run<Any>('{ serviceSettings { publicKnowledge } }')).serviceSettings).toEqual({
      publicKnowledge: true,
    })
    expect((await get('acme/chinese')).status).toBe(200)
  })

  it('tells a reader who has a page that it still holds', async () => {
    const page = await get('acme/chinese')
    const tag = page.headers.get('etag') as string
    expect(page.headers.get('cache-control')).toBe('public, no-cache')
    const again = await get('acme/chinese', { headers: { 'If-None-Match': `"other", W/${tag}` } })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
    expect((await get('acme/chinese', { headers: { 'If-None-Match': '"other"' } })).status).toBe(200)
    const list = (await get('acme')).headers.get('etag') as string
    expect((await get('acme', { headers: { 'If-None-Match': list } })).status).toBe(304)
  })

  it('counts people who look, by day, and no programs', async () => {
    await published({ title: 'Counted', slug: 'counted' })
    const init: RequestInit[] = [
      { method: 'HEAD' },
      { headers: { 'User-Agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' } },
      { headers: { 'User-Agent': '' } },
      { headers: { 'Sec-Purpose': 'prefetch;prerender' } },
    ]
    for (const one of init) expect((await get('acme/counted', one)).status).toBe(200)
    expect(await views('counted')).toBe(0)
    const tag = (await get('acme/counted')).headers.get('etag') as string
    await get('acme/counted', { headers: { 'If-None-Match': tag } })
    await Promise.all([get('acme/counted'), get('acme/counted')])
    expect(await views('counted')).toBe(3)
  })

  it('lets too many requests from one address wait', async () => {
    const knowledge = createPublicKnowledge({
      tenancy: test.app.tenancy,
      tokens: { attemptKey: (key: string) => Buffer.from(key.padEnd(32).slice(0, 32)) },
      limits: { perAccount: 100, perAddress: 2, seconds: 60 },
    })
    const waits = []
    for (let request = 0; request < 3; request++) waits.push(await knowledge.count('acme', '192.0.2.9'))
    expect(waits.slice(0, 2)).toEqual([0, 0])
    expect(waits[2]).toBeGreaterThan(0)
    expect(await knowledge.count('acme', '192.0.2.10')).toBe(0)
  })
})
