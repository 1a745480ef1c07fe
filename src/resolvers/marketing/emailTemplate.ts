import { loadDefinitions } from '../../access/custom.ts'
import { type Definitions, NO_DEFINITIONS } from '../../read/custom.ts'
import { refuse, refuseAs } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { type Form, parse, pathsOf } from './liquid.ts'
import { allowedFor, namesCustom, variableOf } from './variables.ts'

/** The texts of a template, each with the form that it is in. */
export const TEXTS = { subject: 'text', html: 'html', text: 'text' } as const satisfies Record<string, Form>

/** Characters of a message of the engine that are told. */
const MESSAGE = 300

/**
 * Rule of templates: every text can be read, and names only what there is for recipients and those around them. TEMPLATE_VARIABLE_UNKNOWN with the name and what
 * is allowed in its place, VALIDATION_FAILED with the rule `template` for what the engine cannot read. What is named is noted in `variables`.
 */
export async function writeTemplate(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  let known: Promise<Definitions> | undefined
  for (const change of changes) {
    const names = new Set<string>()
    for (const [field, form] of Object.entries(TEXTS)) {
      const text = after(change, field)
      if (typeof text !== 'string') continue
      for (const path of read(change, field, form, text)) {
        const name = path.map(String).join('.')
        const given = Object.hasOwn(change.values, field)
        if (namesCustom(path)) known ??= loadDefinitions(db, viewer.tenantId)
        const definitions = (await known) ?? NO_DEFINITIONS
        // What a text named when it was written, it goes on naming.
        if (variableOf(path, definitions) || (namesCustom(path) && !given)) names.add(name)
        else if (given)
          refuseAs(change, 'TEMPLATE_VARIABLE_UNKNOWN', field, `There is no ${name.slice(0, 100)} for templates.`, {
            variable: name.slice(0, 200),
            allowed: allowedFor(path, definitions, viewer),
          })
      }
    }
    change.values.variables = [...names].sort()
  }
}

function read(change: Change, field: string, form: Form, text: string): unknown[][] {
  try {
    return pathsOf(parse(form, text))
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n')
    refuse(change, field, 'template', `cannot be read: ${message.slice(0, MESSAGE)}`)
    return []
  }
}
