import { schemaText } from '../http/sdl.ts'
import { schema } from '../schema/index.ts'

/** `atrium schema`: the schema as schema.graphql holds it. */
export function printSchemaText(): void {
  process.stdout.write(schemaText(schema))
}
