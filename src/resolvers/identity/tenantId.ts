import { encodeId } from '../../ids.ts'

/** uuid of a tenant → the id that people see. Tenants are no record type, but their ids look alike. */
export function idOfTenant(uuid: string): string {
  return encodeId('tnt', uuid)
}
