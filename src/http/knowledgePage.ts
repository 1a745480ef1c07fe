/** A list of articles as its page shows it. */
export interface KnowledgeList {
  company: string
  groups: { name: string | null; articles: { slug: string; title: string; summary: string | null }[] }[]
  /** What `?before=` and `?after=` take for the pages beside it; null where there is none. */
  previous: string | null
  next: string | null
}

/** An article as its page shows it; the body is clean HTML. */
export interface KnowledgeArticlePage {
  company: string
  title: string
  summary: string | null
  body: string
  language: string | null
  publishedAt: Date | null
}

const WORDS = {
  en: {
    help: 'Help',
    search: 'Search',
    others: 'More',
    none: 'Nothing was found.',
    previous: 'Previous',
    next: 'Next',
    back: 'All articles',
    as: 'As of',
    unknown: ['Nothing here.', 'There is no such page.'],
  },
  zh: {
    help: '帮助中心',
    search: '搜索',
    others: '其他',
    none: '没有找到相关内容。',
    previous: '上一页',
    next: '下一页',
    back: '全部文章',
    as: '更新于',
    unknown: ['没有内容。', '该页面不存在。'],
  },
} as const

const STYLE =
  'body{font:1.05rem/1.65 system-ui,sans-serif;max-width:44rem;margin:6vh auto;padding:0 1.5rem;color:#1c2430}a{color:#1f5fbf}img{max-width:100%;height:auto}table{border-collapse:collapse}td,th{border:1px solid #ccd4df;padding:.3rem .6rem}pre{overflow:auto;background:#f3f5f8;padding:.8rem}ul.list{list-style:none;padding:0}ul.list li{margin:.6rem 0}small{color:#4a5565}input,button{font:inherit;padding:.4rem .7rem}:focus-visible{outline:.2rem solid #1f5fbf;outline-offset:.1rem}'

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function page(language: string, title: string, body: string): string {
  return `<!doctype html><html lang="${escaped(language)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>\n`
}

const languageOf = (zh: boolean) => (zh ? 'zh-CN' : 'en')

/** The page that lists articles, with a search; without scripts, in English or Chinese. `slug` is the company's. */
export function knowledgeListPage(zh: boolean, slug: string, list: KnowledgeList, search: string): string {
  const words = WORDS[zh ? 'zh' : 'en']
  const groups = list.groups.flatMap(({ name, articles }) => {
    if (articles.length === 0) return []
    const title = name ?? (list.groups.length > 1 ? words.others : null)
    const items = articles.map(
      ({ slug: last, title: called, summary }) =>
        `<li><a href="/kb/${slug}/${escaped(last)}">${escaped(called)}</a>${summary ? `<br><small>${escaped(summary)}</small>` : ''}</li>`,
    )
    return [`${title ? `<h2>${escaped(title)}</h2>` : ''}<ul class="list">${items.join('')}</ul>`]
  })
  const links = (['previous', 'next'] as const).flatMap((way) => {
    const place = list[way]
    if (place === null) return []
    const query = new URLSearchParams({
      ...(search.trim() ? { q: search } : {}),
      [way === 'next' ? 'after' : 'before']: place,
    })
    return [
      `<a rel="${way === 'next' ? 'next' : 'prev'}" href="/kb/${slug}?${escaped(query.toString())}">${words[way]}</a>`,
    ]
  })
  return page(
    languageOf(zh),
    `${words.help} · ${list.company}`,
    `<header><p>${escaped(list.company)}</p><h1><a href="/kb/${slug}">${words.help}</a></h1><form role="search" action="/kb/${slug}"><input type="search" name="q" aria-label="${words.search}" value="${escaped(search)}" maxlength="200"> <button>${words.search}</button></form></header>
<main>${groups.join('') || `<p>${words.none}</p>`}${links.length > 0 ? `<nav>${links.join(' ')}</nav>` : ''}</main>`,
  )
}

/** The page of an article. */
export function knowledgeArticlePage(zh: boolean, slug: string, article: KnowledgeArticlePage): string {
  const words = WORDS[zh ? 'zh' : 'en']
  const day = article.publishedAt ? new Date(article.publishedAt).toISOString().slice(0, 10) : null
  const language = article.language && /^[A-Za-z0-9-]{2,10}$/.test(article.language) ? article.language : null
  return page(
    languageOf(zh),
    `${article.title} · ${article.company}`,
    `<header><p>${escaped(article.company)} · <a href="/kb/${slug}">${words.back}</a></p></header>
<main${language ? ` lang="${language}"` : ''}><article><h1>${escaped(article.title)}</h1>${article.summary ? `<p><em>${escaped(article.summary)}</em></p>` : ''}${article.body}</article></main>${day ? `<footer><small>${words.as} ${day}</small></footer>` : ''}`,
  )
}

/** The page for what is not there. */
export function noKnowledgePage(zh: boolean): string {
  const [title, text] = WORDS[zh ? 'zh' : 'en'].unknown
  return page(languageOf(zh), title, `<main><h1>${title}</h1><p>${text}</p></main>`)
}
