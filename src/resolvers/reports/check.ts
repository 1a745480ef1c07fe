import type { Viewer } from '../../context.ts'
import type { RequestError } from '../../errors.ts'
import { findRecordType, type RecordType } from '../../read/recordType.ts'
import { coerceFilter, filterProblems, problemIn } from '../../read/storedFilter.ts'
import { comparable } from '../../read/values.ts'
import { type Definition, LIMITS, type Measure, type Parameter } from './definition.ts'
import { dimensionField, measureField, type NotNamed } from './fields.ts'
import { parameterProblems, withValues } from './filter.ts'
import { exampleOf, parameterValue } from './parameters.ts'

/** What is wrong with a definition, and where in it. */
export interface Problem {
  path: string[]
  rule: string
  message: string
  /** It names what the viewer may not use. */
  forbidden: boolean
  /** What the decision about that threw. */
  cause?: RequestError
}

/** All that is wrong with a definition for somebody: what the API does not know, and what they may not use. No statement. */
export function definitionProblems(definition: Definition, viewer: Viewer, now = new Date()): Problem[] {
  const type = findRecordType(definition.object)
  if (!type) return [{ path: ['object'], rule: 'object', message: 'must be the name of a type', forbidden: false }]
  try {
    viewer.access.requireRead(type, ['object'])
  } catch (error) {
    return [{ ...problemIn(error), rule: 'right' }]
  }
  return [
    ...columnProblems(definition, type, viewer),
    ...orderProblems(definition),
    ...havingProblems(definition, type, viewer),
    ...definition.parameters.flatMap((one, at) => parameterProblem(one, definition.parameters, at, viewer, now)),
    ...filterProblemsOf(definition, type, viewer),
  ]
}

function columnProblems({ measures, dimensions, rowLimit }: Definition, type: RecordType, viewer: Viewer): Problem[] {
  const found: Problem[] = []
  const add = (path: string[], rule: string, message: string) => found.push({ path, rule, message, forbidden: false })
  const check = (path: string[], look: () => object | NotNamed | null) => {
    try {
      const result = look()
      if (result && 'problem' in result) add(path, result.rule, result.problem)
    } catch (error) {
      found.push({ ...problemIn(error), path, rule: 'right' })
    }
  }
  if (measures.length === 0) add(['measures'], 'required', 'must have a member')
  if (measures.length > LIMITS.measures) add(['measures'], 'maxItems', `must have at most ${LIMITS.measures} members`)
  if (dimensions.length > LIMITS.dimensions)
    add(['dimensions'], 'maxItems', `must have at most ${LIMITS.dimensions} members`)
  if (rowLimit !== null && (rowLimit < 1 || rowLimit > LIMITS.rows))
    add(['rowLimit'], 'range', `must be from 1 to ${LIMITS.rows}`)
  const seen = new Set<string>()
  measures.forEach((measure, at) => {
    const path = ['measures', String(at), 'field']
    check(path, () => measureField(type, measure, viewer.access, path))
    const key = `${measure.function} ${measure.field ?? ''}`
    if (seen.has(key)) add(['measures', String(at)], 'unique', 'stands there twice')
    seen.add(key)
  })
  dimensions.forEach((dimension, at) => {
    const path = ['dimensions', String(at), 'field']
    check(path, () => dimensionField(type, dimension, viewer.access, path))
    if (seen.has(dimension.field)) add(path, 'unique', 'stands there twice')
    seen.add(dimension.field)
  })
  return found
}

function orderProblems({ orderBy, measures, dimensions }: Definition): Problem[] {
  return orderBy.flatMap(({ by, index }, at): Problem[] => {
    const columns = by === 'DIMENSION' ? dimensions : measures
    if (index >= 0 && index < columns.length) return []
    const message = `must be the place of one of the ${columns.length} ${by === 'DIMENSION' ? 'dimensions' : 'measures'}, from 0`
    return [{ path: ['orderBy', String(at), 'index'], rule: 'range', message, forbidden: false }]
  })
}

/** Rows are kept by numbers: how many there are, numbers and amounts. What is wrong with the measure itself is told there. */
function havingProblems({ having, measures }: Definition, type: RecordType, viewer: Viewer): Problem[] {
  const found: Problem[] = []
  const add = (path: string[], rule: string, message: string) =>
    found.push({ path: ['having', ...path], rule, message, forbidden: false })
  if (having.length > LIMITS.having) add([], 'maxItems', `must have at most ${LIMITS.having} members`)
  having.forEach(({ measure: index, value }, at) => {
    const measure = measures[index]
    if (!measure)
      add([String(at), 'measure'], 'range', `must be the place of one of the ${measures.length} measures, from 0`)
    else if (kindOf(type, measure, viewer) === null)
      add([String(at), 'measure'], 'kind', 'must be the place of a number or an amount')
    const read = comparable({ kind: 'money' }, value, type.name)
    if ('problem' in read) add([String(at), 'value'], 'decimal', read.problem)
  })
  return found
}

/** What a measure gives, as far as rows are kept by it; of one that cannot be used a number, because that is told already. */
function kindOf(type: RecordType, measure: Measure, viewer: Viewer): 'money' | 'decimal' | null {
  try {
    const field = measureField(type, measure, viewer.access, [])
    if (!field || 'problem' in field) return 'decimal'
    const { kind } = field.field
    return kind === 'money' ? 'money' : kind === 'int' || kind === 'decimal' ? 'decimal' : null
  } catch {
    return 'decimal'
  }
}

const NAME = /^[a-z][a-zA-Z0-9]{0,39}$/

function parameterProblem(
  parameter: Parameter,
  all: readonly Parameter[],
  at: number,
  viewer: Viewer,
  now: Date,
): Problem[] {
  const found: Problem[] = []
  const add = (name: string, rule: string, message: string) =>
    found.push({ path: ['parameters', String(at), name], rule, message, forbidden: false })
  const { name, type, values, default: fallback } = parameter
  if (at === LIMITS.parameters) add('name', 'maxItems', `is one of more than ${LIMITS.parameters}`)
  if (!NAME.test(name)) add('name', 'name', 'must be a short name such as from')
  if (all.findIndex((one) => one.name === name) < at) add('name', 'unique', 'stands there twice')
  if (type === 'CHOICE' && !values?.length) add('values', 'required', 'is required for CHOICE')
  if (type !== 'CHOICE' && values?.length) add('values', 'choice', 'is for CHOICE only')
  if (fallback !== undefined) {
    const read = parameterValue({ ...parameter, list: false }, fallback, viewer, now)
    if ('problem' in read) add('default', 'type', read.problem)
  }
  return found
}

function filterProblemsOf({ filter, parameters }: Definition, type: RecordType, viewer: Viewer): Problem[] {
  if (filter === null || filter === undefined) return []
  const known = new Map(
    parameters.map((one) => [one.name, { certain: Boolean(one.required) || one.default !== undefined }]),
  )
  const examples = new Map(parameters.map((one) => [one.name, exampleOf(one)]))
  const wrong = parameterProblems(filter, known)
  const coerced = coerceFilter(
    type,
    withValues(filter, (name) => examples.get(name)),
  )
  const others = 'problems' in coerced ? coerced.problems : filterProblems(type, coerced.ok, viewer)
  return [...wrong, ...others].map(({ path, message, forbidden, cause }) => ({
    path: ['filter', ...path],
    ...(forbidden && cause ? { cause } : {}),
    rule: forbidden ? 'right' : 'filter',
    message: forbidden ? message : `is no filter: ${message}`,
    forbidden,
  }))
}
