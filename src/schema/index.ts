import { globSync } from 'node:fs'
import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLNonNull,
  GraphQLSchema,
  GraphQLString,
  isInputObjectType,
  specifiedDirectives,
} from 'graphql'
import { applyRules } from '../access/shield.ts'
import { readFiltersBy } from '../read/storedFilter.ts'
import { builder } from './builder.ts'
import { partInputs } from './shared/inputs.ts'
import './shared/scalars.ts'
import './shared/types.ts'

builder.queryType({ description: 'What can be read. Every field sees one company’s records: those of the credential.' })
builder.mutationType({
  description: 'What can be changed. Each field is one transaction; fields of one operation run one after the other.',
})

// Every file in a domain's folder is part of the schema: a new entity is one new file and no list to add it to.
for (const file of globSync('*/*.ts', { cwd: import.meta.dirname, exclude: ['shared/**'] }).sort()) {
  await import(`./${file}`)
}

partInputs()

const idempotent = new GraphQLDirective({
  name: 'idempotent',
  description:
    'Makes a mutation field safe to send again: the same key with the same request gives the first answer, for 7 days.',
  locations: [DirectiveLocation.FIELD],
  args: {
    key: {
      type: new GraphQLNonNull(GraphQLString),
      description: '1 to 255 printable ASCII characters, new for each thing to be done.',
    },
  },
})

// Sorted where it is printed (http/sdl.ts): to sort it takes as long as to build it, and every process builds it.
const built = builder.toSchema({ directives: [...specifiedDirectives, idempotent], sortSchema: false }).toConfig()

/** The schema of the API, without inputs that declarations make and nothing uses: those that are used are found again from the fields. */
export const schema = new GraphQLSchema({ ...built, types: built.types.filter((type) => !isInputObjectType(type)) })

/** Coordinates whose answer depends on the record itself: graphql-shield stands in front of them. */
export const guarded = applyRules(schema)

readFiltersBy(schema)
