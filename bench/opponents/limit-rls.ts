/** The limit under row security, see limit.ts. */
process.env.LIMIT_RLS = '1'
await import('./limit.ts')

export {}
