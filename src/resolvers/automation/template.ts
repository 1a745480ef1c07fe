import { Liquid } from 'liquidjs'

/** What a template may name. */
export const ROOTS: readonly string[] = ['record', 'payload', 'workflow', 'run', 'now', 'today']

// No template reaches a file, and none takes longer or more than a text is worth.
const engine = new Liquid({
  templates: {},
  ownPropertyOnly: true,
  strictFilters: true,
  parseLimit: 20_000,
  renderLimit: 200,
  memoryLimit: 1_000_000,
})

/** A text that is one expression and nothing else: its value is taken as it is, a list as a list. */
const ALONE = /^\{\{-?((?:(?!\}\}|\{\{).)+)-?\}\}$/s

/** Does a text hold a template. */
const isTemplate = (text: string): boolean => text.includes('{{') || text.includes('{%')

/** All texts in a JSON value with where they stand. */
export function textsIn(value: unknown, path: string[] = []): { text: string; path: string[] }[] {
  if (typeof value === 'string') return [{ text: value, path }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, [...path, name]))
}

/** What the templates in a JSON value name: `['record', 'owner', 'name']`. @throws for a text that is no template. */
export function namesIn(value: unknown): string[][] {
  return textsIn(value).flatMap(({ text }) =>
    isTemplate(text)
      ? engine.globalVariableSegmentsSync(text).map((segments) => segments.map((one) => String(one)))
      : [],
  )
}

/** A JSON value with its templates filled in: what stands alone between {{ and }} keeps its type, all else becomes text. What is not there is empty. */
export function render(value: unknown, scope: Record<string, unknown>): unknown {
  if (typeof value === 'string') return renderText(value, scope)
  if (Array.isArray(value)) return value.map((one) => render(one, scope))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, render(inner, scope)]))
}

function renderText(text: string, scope: Record<string, unknown>): unknown {
  if (!isTemplate(text)) return text
  const alone = ALONE.exec(text)?.[1]
  if (alone !== undefined && !alone.includes('|')) return engine.evalValueSync(alone.trim(), scope) ?? null
  return engine.parseAndRenderSync(text, scope)
}
