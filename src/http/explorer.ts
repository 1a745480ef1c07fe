import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'

const require = createRequire(import.meta.url)

/** Files of the packages, by their address below /explorer. */
const FILES = {
  'react.js': ['react', 'umd/react.production.min.js'],
  'react-dom.js': ['react-dom', 'umd/react-dom.production.min.js'],
  'graphiql.js': ['graphiql', 'graphiql.min.js'],
  'graphiql.css': ['graphiql', 'graphiql.min.css'],
} as const

/** Everything from this server and no inline script. The editor sets inline styles and its style sheet holds its font. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Atrium explorer</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/explorer/graphiql.css">
<link rel="stylesheet" href="/explorer/page.css">
</head>
<body>
<div id="explorer">Loading …</div>
<script src="/explorer/react.js"></script>
<script src="/explorer/react-dom.js"></script>
<script src="/explorer/graphiql.js"></script>
<script src="/explorer/page.js"></script>
</body>
</html>
`

const STYLE = `html, body, #explorer { height: 100%; margin: 0; }
`

const SCRIPT = `const query = \`# Put an API key or a token into "Headers" below: an API key is printed by npm start,
# a token comes from the mutation signIn. Without one, only signing in and the schema work.
{
  __typename
}
\`
const ask = GraphiQL.createFetcher({ url: '/graphql' })
// The example in the headers editor is no credential: the schema shows without one.
const fetcher = (request, { headers = {}, ...rest } = {}) => {
  const example = String(headers.Authorization ?? '').includes('<')
  const { Authorization, ...others } = headers
  return ask(request, { ...rest, headers: example ? others : headers })
}
ReactDOM.createRoot(document.getElementById('explorer')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: query,
    defaultHeaders: JSON.stringify({ Authorization: 'Bearer <API key or token>' }, null, 2),
    defaultEditorToolsVisibility: 'headers',
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  }),
)
`

/** GraphiQL at /, from the installed packages: nothing is fetched from elsewhere. */
export function explorerRoutes(app: FastifyInstance): void {
  app.get('/', async (_request, reply) => {
    return reply
      .header('Content-Security-Policy', POLICY)
      .header('Referrer-Policy', 'no-referrer')
      .type('text/html; charset=utf-8')
      .send(PAGE)
  })
  serve('page.js', () => SCRIPT)
  serve('page.css', () => STYLE)
  for (const [name, [pack, file]] of Object.entries(FILES)) {
    // Read at the first visit: few servers ever get one.
    let text: string | undefined
    serve(name, () => {
      text ??= readFileSync(join(dirname(require.resolve(`${pack}/package.json`)), file), 'utf8')
      return text
    })
  }

  function serve(name: string, text: () => string): void {
    const type = name.endsWith('.css') ? 'text/css' : 'text/javascript'
    app.get(`/explorer/${name}`, async (_request, reply) => {
      return reply.type(`${type}; charset=utf-8`).header('Cache-Control', 'private, max-age=3600').send(text())
    })
  }
}
