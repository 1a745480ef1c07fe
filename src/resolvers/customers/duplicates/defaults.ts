import type { Matcher } from './compare.ts'
import type { Concept, DuplicateObject } from './profile.ts'

/** How a type's records are compared: how many points make a match, and what brings them. */
export interface Scheme {
  threshold: number
  matchers: Matcher[]
}

const scheme = (threshold: number, weights: Partial<Record<Concept, number>>): Scheme => ({
  threshold,
  matchers: Object.entries(weights).map(([concept, weight]) => ({
    concept: concept as Concept,
    method: 'FUZZY',
    weight: weight as number,
  })),
})

/**
 * The rules that a tenant begins with; migration 0018 writes the same. Weights are about the logarithm (base 2) of how much more often duplicates agree
 * in the field than others do, so none is made for a set of data. A company is told by its name alone, a person is not.
 */
export const DEFAULTS: Record<DuplicateObject, Scheme> = {
  Account: scheme(10, {
    company: 12,
    taxNo: 24,
    registrationNo: 24,
    email: 12,
    phone: 9,
    domain: 8,
    street: 8,
    city: 3,
    postalCode: 3,
    state: 1,
  }),
  Contact: scheme(14, {
    person: 10.5,
    email: 24,
    phone: 18,
    birthday: 10,
    street: 9.5,
    city: 3,
    postalCode: 4,
    state: 0.4,
  }),
  Lead: scheme(12, {
    person: 9,
    company: 7,
    email: 24,
    phone: 18,
    domain: 3,
    street: 6,
    city: 2,
    postalCode: 3,
  }),
}
