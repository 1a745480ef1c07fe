import { writeFileSync } from 'node:fs'
import { printSchema } from 'graphql'
import { schema } from '../src/schema/index.ts'

/** npm run schema: writes schema.graphql, the contract as it is reviewed. Types and fields stand in alphabetical order, so that a new one moves no other. */
writeFileSync('schema.graphql', `${printSchema(schema)}\n`)
