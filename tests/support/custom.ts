import type { Any, Company } from './app.ts'

/** Makes a custom field and gives it; throws where it is refused. */
export async function defineField(
  company: Pick<Company, 'run'>,
  object: string,
  apiName: string,
  type: string,
  more: Record<string, unknown> = {},
): Promise<{ id: string; version: number }> {
  const { fieldDefinition, userErrors } = await tryField(company, object, apiName, type, more)
  if (!fieldDefinition) throw new Error(`${object}.${apiName}: ${JSON.stringify(userErrors)}`)
  return fieldDefinition
}

/** The payload of createFieldDefinition. */
export async function tryField(
  company: Pick<Company, 'run'>,
  object: string,
  apiName: string,
  type: string,
  more: Record<string, unknown> = {},
): Promise<Any> {
  const { createFieldDefinition } = await company.run<Any>(
    `mutation($input: CreateFieldDefinitionInput!) { createFieldDefinition(input: $input) { fieldDefinition { id version } userErrors { code field message details } } }`,
    { input: { object, apiName, type, label: { en: apiName }, ...more } },
  )
  return createFieldDefinition
}

/** The payload of updateFieldDefinition. */
export async function changeField(
  company: Pick<Company, 'run'>,
  id: string,
  input: Record<string, unknown>,
): Promise<Any> {
  const { updateFieldDefinition } = await company.run<Any>(
    `mutation($id: ID!, $input: UpdateFieldDefinitionInput!) { updateFieldDefinition(id: $id, input: $input) { fieldDefinition { id version } userErrors { code field message details } } }`,
    { id, input },
  )
  return updateFieldDefinition
}

/** The payload of deleteFieldDefinition. */
export async function dropField(company: Pick<Company, 'run'>, id: string, force?: boolean): Promise<Any> {
  const { deleteFieldDefinition } = await company.run<Any>(
    `mutation($id: ID!, $force: Boolean) { deleteFieldDefinition(id: $id, force: $force) { fieldDefinition { id } userErrors { code field message details } } }`,
    { id, force },
  )
  return deleteFieldDefinition
}

/** The payload of createAccount with these custom fields. */
export async function tryAccount(
  company: Pick<Company, 'ask'>,
  name: string,
  customFields?: Record<string, unknown>,
): Promise<Any> {
  const { data } = await company.ask<Any>(
    `mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id version name customFields } userErrors { code field message details } } }`,
    { input: { name, ...(customFields ? { customFields } : {}) } },
  )
  return data.createAccount
}

/** An account with these custom fields; throws where it is refused. */
export async function account(
  company: Pick<Company, 'ask'>,
  name: string,
  customFields?: Record<string, unknown>,
): Promise<Any> {
  const { account: made, userErrors } = await tryAccount(company, name, customFields)
  if (!made) throw new Error(`${name} ${JSON.stringify(customFields)}: ${JSON.stringify(userErrors)}`)
  return made
}

/** The payload of updateAccount, whatever of the answer is hidden. */
export async function changeAccount(
  company: Pick<Company, 'ask'>,
  id: string,
  customFields: Record<string, unknown> | null,
  expectedVersion?: number,
): Promise<Any> {
  const { data } = await company.ask<Any>(
    `mutation($id: ID!, $input: UpdateAccountInput!, $v: Int) { updateAccount(id: $id, input: $input, expectedVersion: $v) { account { id version customFields } userErrors { code field message details } } }`,
    { id, input: { customFields }, v: expectedVersion },
  )
  return data.updateAccount
}

/** Codes and places of user errors, as `CODE path rule`. */
export const told = (userErrors: Any[]): string[] =>
  userErrors.map(({ code, field, details }) => [code, (field ?? []).join('.'), details?.rule].filter(Boolean).join(' '))
