import { Liquid, type Template } from 'liquidjs'

// Longest that one text of one mail may take to be read and to be made, and the most it may take up.
const LIMITS = { parseLimit: 400_000, renderLimit: 500, memoryLimit: 2_000_000 }
/** Tags that look for other templates; there are none. */
const FILES = ['include', 'render', 'layout', 'block']

function engine(form: 'text' | 'html'): Liquid {
  const made = new Liquid({
    ...LIMITS,
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // Nothing is looked for on the disk.
    templates: {},
    relativeReference: false,
    ...(form === 'html' ? { outputEscape: 'escape' as const } : {}),
  })
  for (const tag of FILES) delete made.tags[tag]
  // What recipients wrote about themselves never becomes HTML, whatever a template says.
  if (form === 'html') delete made.filters.raw
  return made
}

/** HTML, in which every value is escaped, and plain text. */
const ENGINES = { html: engine('html'), text: engine('text') }

export type Form = keyof typeof ENGINES

/** A text that was read, to be rendered as often as one likes. */
export interface Parsed {
  form: Form
  parts: Template[]
}

/** Reads a text. @throws an Error whose message says what is wrong and where. */
export function parse(form: Form, text: string): Parsed {
  return { form, parts: ENGINES[form].parse(text) }
}

/** The paths of all variables that a text takes from outside: ['contact', 'firstName']. */
export function pathsOf({ form, parts }: Parsed): unknown[][] {
  return ENGINES[form].globalVariableSegmentsSync(parts)
}

/** A text with its values put in. @throws an Error when it takes too long or breaks. */
export function render({ form, parts }: Parsed, values: Record<string, unknown>): string {
  return ENGINES[form].renderSync(parts, values) as string
}
