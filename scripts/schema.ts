import { writeFileSync } from 'node:fs'
import { schemaText } from '../src/http/sdl.ts'
import { schema } from '../src/schema/index.ts'

/** npm run schema: writes schema.graphql, the contract as it is reviewed. */
writeFileSync('schema.graphql', schemaText(schema))
