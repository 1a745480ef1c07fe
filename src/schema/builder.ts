import SchemaBuilder from '@pothos/core'
import type { Context } from '../context.ts'

/** The one schema builder. It defines no type: types stand in the files of their domain. */
export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: true
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: string; Output: string }
    Date: { Input: string; Output: string }
    Decimal: { Input: string; Output: string }
    JSON: { Input: unknown; Output: unknown }
    EmailAddress: { Input: string; Output: string }
    PhoneNumber: { Input: string; Output: string }
    URL: { Input: string; Output: string }
    CurrencyCode: { Input: string; Output: string }
    CountryCode: { Input: string; Output: string }
  }
}>({})
