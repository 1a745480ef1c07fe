import type { Tokens } from '../../access/token.ts'
import { isUuid } from '../../ids.ts'
import { searchKey } from '../../read/filter.ts'
import { likePattern } from '../../read/sql.ts'
import { idOf } from '../../read/values.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'
import { todayIn } from '../checks.ts'
import { type AttemptLimits, countAttempt, network } from '../identity/attempts.ts'
import { cleanHtml } from './articleText.ts'

/** An article in a list that everybody may read. */
export interface PublicEntry {
  slug: string
  title: string
  summary: string | null
}

/** The articles of a company that everybody may read. */
export interface PublicList {
  company: string
  /** By category; without a name: those of none. Of a search one group without a name. */
  groups: { name: string | null; articles: PublicEntry[] }[]
  /** Where the pages beside it are; null where there is none. */
  previous: string | null
  next: string | null
}

/** One of them. */
export interface PublicArticle extends PublicEntry {
  company: string
  /** Clean HTML. */
  body: string
  language: string | null
  publishedAt: Date | null
}

interface Company {
  id: string
  name: string
  timezone: string
}

/** Requests for a company, and from an address, within a minute. */
const LIMITS: AttemptLimits = { perAccount: 6000, perAddress: 120, seconds: 60 }
/** Articles of a page. */
const PAGE = 50
const MOST_WORDS = 10
const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** What everybody may read, of articles `a`. */
const OPEN = `a.tenant_id = $1 AND a.status = 'PUBLISHED' AND a.visibility = 'PUBLIC' AND coalesce(a.publish_at <= now(), true) AND coalesce(a.expire_at > now(), true) AND a.deleted_at IS NULL`

/**
 * The knowledge of companies as everybody may read it, without a credential: articles that are PUBLIC, published and in their time, of companies that switched it on (updateServiceSettings). Everything else gives null.
 * `view` counts that a person looked at one.
 */
export function createPublicKnowledge({
  tenancy,
  tokens,
  limits = LIMITS,
}: {
  tenancy: Tenancy
  tokens: Pick<Tokens, 'attemptKey'>
  limits?: AttemptLimits
}) {
  async function within<T>(slug: string, work: (db: Reader, company: Company) => Promise<T | null>): Promise<T | null> {
    if (!SLUG.test(slug)) return null
    const [found] = await tenancy.withoutTenant((db) =>
      db.rows<{ id: string | null }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
    )
    const tenantId = found?.id
    if (!tenantId) return null
    return tenancy.readTenant({ tenantId }, async (db) => {
      const [company] = await db.rows<Company>({
        text: `SELECT id, name, timezone FROM tenant WHERE id = $1 AND service_public_knowledge AND status NOT IN ('SUSPENDED', 'DELETING')`,
        values: [tenantId],
      })
      return company ? work(db, company) : null
    })
  }

  return {
    /** Counts a request by its company and its address: 0, or the seconds to wait. */
    count(slug: string, ip: string | null): Promise<number> {
      const account = tokens.attemptKey(`knowledge:${SLUG.test(slug) ? slug : ''}`)
      const address = tokens.attemptKey(`knowledge from:${network(ip)}`)
      return countAttempt({ tenancy }, { account, address }, limits)
    },

    /** A page of the articles of a company, by category, or of those in which all words of a search stand. */
    list: (slug: string, search: string, place: PublicPlace): Promise<PublicList | null> =>
      within(slug, (db, company) => (search.trim() ? found(db, company, search, place) : all(db, company, place))),

    /** An article by the last part of its address. */
    article: (slug: string, article: string): Promise<PublicArticle | null> =>
      within(slug, async (db, { id, name }) => {
        const [row] = await db.rows<Omit<PublicArticle, 'company'>>({
          text: `SELECT a.slug, a.title, a.summary, a.body, a.language, a.published_at AS "publishedAt" FROM knowledge_article a WHERE ${OPEN} AND a.slug = $2`,
          values: [id, article],
        })
        return row ? { ...row, company: name, body: cleanHtml(row.body) } : null
      }),

    /** Counts that somebody looked at an article, by day. */
    async view(slug: string, article: string): Promise<void> {
      const found = await within(slug, async (_db, company) => company)
      if (!found) return
      await tenancy.writeTenant({ tenantId: found.id, actor: 'knowledge' }, (db) =>
        db.rows({
          text: `INSERT INTO article_visit (tenant_id, article_id, day, views) SELECT $1::uuid, a.id, $3, 1 FROM knowledge_article a WHERE ${OPEN} AND a.slug = $2
 ON CONFLICT (tenant_id, article_id, day) DO UPDATE SET views = article_visit.views + 1`,
          values: [found.id, article, todayIn(found.timezone)],
        }),
      )
    },
  }
}

/** Where a page begins: behind an article, or before one; at the first if neither is named. */
export interface PublicPlace {
  after?: string
  before?: string
}

type Row = PublicEntry & { id: string; categories: string[] }

/** An article's place in the order of all, as links have it. */
const cursorOf = ({ title, id }: Row): string => Buffer.from(JSON.stringify([title, id])).toString('base64url')

/** The place that a link names; null for what is none. */
function readCursor(text: string): [title: string, id: string] | null {
  try {
    const [title, id, ...rest] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    const fits = typeof title === 'string' && !title.includes('\0') && typeof id === 'string' && isUuid(id)
    return fits && rest.length === 0 ? [title, id] : null
  } catch {
    return null
  }
}

/**
 * A page of articles by title, found from the title and id of the one beside it, so that what is published or taken away meanwhile neither repeats one nor leaves one out. Null for a link that names no place.
 *
 * @param words patterns that all stand in each article; none: all articles.
 */
async function pageOf(
  db: Reader,
  tenantId: string,
  words: string[],
  { after, before }: PublicPlace,
): Promise<{ rows: Row[]; previous: string | null; next: string | null } | null> {
  const given = after ?? before
  const cursor = given === undefined ? null : readCursor(given)
  if (given !== undefined && !cursor) return null
  const back = after === undefined && before !== undefined
  const select = (what: string, side: '<' | '>' | null, end: string, from: readonly [string, string] | null) => ({
    text: `SELECT ${what} FROM knowledge_article a WHERE ${OPEN} AND a.search_text LIKE ALL ($2::text[])${side ? ` AND (a.title, a.id) ${side} ($3, $4::uuid)` : ''} ${end}`,
    values: [tenantId, words, ...(from ?? [])],
  })
  const found = await db.rows<Row>(
    select(
      'a.id, a.slug, a.title, a.summary, a.category_ids AS categories',
      cursor && (back ? '<' : '>'),
      `ORDER BY a.title${back ? ' DESC' : ''}, a.id${back ? ' DESC' : ''} LIMIT ${PAGE + 1}`,
      cursor,
    ),
  )
  const shown = found.slice(0, PAGE)
  if (back) shown.reverse()
  const [first, last] = [shown[0], shown.at(-1)]
  if (!first || !last) return { rows: [], previous: null, next: null }
  const more = found.length > PAGE
  // On the side that the reader came from there is something, unless it was taken away meanwhile.
  const edge = back ? last : first
  const other =
    cursor !== null && (await db.rows(select('1', back ? '>' : '<', 'LIMIT 1', [edge.title, edge.id]))).length > 0
  const [isPrevious, isNext] = back ? [more, other] : [other, more]
  return { rows: shown, previous: isPrevious ? cursorOf(first) : null, next: isNext ? cursorOf(last) : null }
}

async function all(db: Reader, { id, name }: Company, place: PublicPlace): Promise<PublicList | null> {
  const page = await pageOf(db, id, [], place)
  if (!page) return null
  const categories = await db.rows<{ id: string; name: string }>({
    text: 'SELECT id, name FROM article_category WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY sort, name, id',
    values: [id],
  })
  const { rows, previous, next } = page
  const known = new Set(categories.map((one) => idOf('ArticleCategory', one.id)))
  const groups = categories.map((one) => ({
    name: one.name as string | null,
    articles: entries(rows.filter((row) => row.categories.includes(idOf('ArticleCategory', one.id)))),
  }))
  const others = { name: null, articles: entries(rows.filter((row) => !row.categories.some((one) => known.has(one)))) }
  return { company: name, groups: [...groups, others].filter(({ articles }) => articles.length > 0), previous, next }
}

async function found(
  db: Reader,
  { id, name }: Company,
  search: string,
  place: PublicPlace,
): Promise<PublicList | null> {
  const patterns = searchKey(search)
    .split(/\s+/u)
    .filter(Boolean)
    .slice(0, MOST_WORDS)
    .map((word) => likePattern(word, 'contains'))
  const page = await pageOf(db, id, patterns, place)
  if (!page) return null
  const { rows, previous, next } = page
  return { company: name, groups: [{ name: null, articles: entries(rows) }], previous, next }
}

const entries = (rows: Row[]): PublicEntry[] => rows.map(({ slug, title, summary }) => ({ slug, title, summary }))
