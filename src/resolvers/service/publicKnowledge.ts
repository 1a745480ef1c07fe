import type { Tokens } from '../../access/token.ts'
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
  /** Are there more than are shown. */
  more: boolean
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
const MOST = 500
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

    /** The articles of a company by category, or those in which all words of a search stand. */
    list: (slug: string, search: string): Promise<PublicList | null> =>
      within(slug, (db, company) => (search.trim() ? found(db, company, search) : all(db, company))),

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

async function all(db: Reader, { id, name }: Company): Promise<PublicList> {
  const categories = await db.rows<{ id: string; name: string }>({
    text: 'SELECT id, name FROM article_category WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY sort, name, id',
    values: [id],
  })
  const rows = await db.rows<PublicEntry & { categories: string[] }>({
    text: `SELECT a.slug, a.title, a.summary, a.category_ids AS categories FROM knowledge_article a WHERE ${OPEN} ORDER BY a.title, a.id LIMIT ${MOST + 1}`,
    values: [id],
  })
  const shown = rows.slice(0, MOST)
  const known = new Set(categories.map((one) => idOf('ArticleCategory', one.id)))
  const entries = (articles: typeof shown) => articles.map(({ categories: _, ...entry }) => entry)
  const groups = categories.map((one) => ({
    name: one.name as string | null,
    articles: entries(shown.filter((row) => row.categories.includes(idOf('ArticleCategory', one.id)))),
  }))
  const others = { name: null, articles: entries(shown.filter((row) => !row.categories.some((one) => known.has(one)))) }
  return {
    company: name,
    groups: [...groups, others].filter(({ articles }) => articles.length > 0),
    more: rows.length > MOST,
  }
}

async function found(db: Reader, { id, name }: Company, search: string): Promise<PublicList> {
  const patterns = searchKey(search)
    .split(/\s+/u)
    .filter(Boolean)
    .slice(0, MOST_WORDS)
    .map((word) => likePattern(word, 'contains'))
  const rows = await db.rows<PublicEntry>({
    text: `SELECT a.slug, a.title, a.summary FROM knowledge_article a WHERE ${OPEN} AND a.search_text LIKE ALL ($2::text[]) ORDER BY a.title, a.id LIMIT ${MOST + 1}`,
    values: [id, patterns],
  })
  return { company: name, groups: [{ name: null, articles: rows.slice(0, MOST) }], more: rows.length > MOST }
}
