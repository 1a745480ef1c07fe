import type { Shape } from '../../read/recordType.ts'
import { duplicateRuleRules } from '../../resolvers/customers/duplicates/rules.ts'
import { record } from '../record.ts'
import { boolean, choice, decimal, objects, text, texts } from '../shared/fields.ts'

const DuplicateMatcher: Shape = {
  name: 'DuplicateMatcher',
  description: 'A field by which a rule compares two records.',
  members: {
    field: {
      kind: 'text',
      description:
        'The field. Account: name, email, phone, domain, taxNo, registrationNo. Contact: name, firstName, lastName, email, phone, domain, birthday. Lead: name, firstName, lastName, companyName, email, phone, domain. All: street, city, state, postalCode, externalId. Lists of addresses and numbers count as a whole.',
      required: true,
    },
    method: {
      kind: 'choice',
      description: 'How it is compared.',
      required: true,
      choice: {
        name: 'DuplicateMethod',
        values: {
          EXACT: 'As it is written, case and width aside.',
          NORMALIZED:
            'Spellings of the same are equal: Acme Ltd and ACME Limited, Müller and Mueller, +1 at an e-mail name.',
          FUZZY: 'Likeness counts in part: slips of the finger, words in another order, a missing word.',
        },
      },
    },
    weight: {
      kind: 'decimal',
      description:
        'Points when both records agree in it, more than 0 and at most 100. Where they differ part of it is taken off: much for a name or a birthday, hardly anything for a telephone number. A field that one of them does not have says nothing.',
      required: true,
    },
  },
}

record('DuplicateRule', {
  plural: 'duplicateRules',
  prefix: 'dupr',
  description:
    'When records of a type are taken for the same, 查重规则. Each active rule is asked by itself, so a second rule is an "or". Holds on every path: create, update, import, conversion. A company begins with one for each type, which warns. A change counts within seconds.',
  settings: true,
  fields: {
    object: text(
      'Name of the type whose records are held against others when they are written: Account, Contact or Lead.',
      {
        required: true,
        write: 'create',
        max: 30,
      },
    ),
    name: text('What it is called.', { required: true, max: 100 }),
    matchers: objects(
      'By what two records are compared, each field once. At least one must be such that records are found by it: a name, e-mail address, telephone number, domain, tax or register number, street, birthday or external id.',
      DuplicateMatcher,
      { required: true, default: undefined },
    ),
    threshold: decimal('Points from which on two records are taken for the same; at most the sum of the weights.', {
      required: true,
      range: { min: 0.01, max: 999_999 },
    }),
    scope: choice(
      'Among which records it looks.',
      'DuplicateScope',
      {
        ALL: 'All live records, those in a pool and those that the caller may not see too; of these no more is told than a shortened name.',
        VISIBLE: 'Records that the caller may see.',
      },
      { default: 'ALL' },
    ),
    crossObjects: texts('Further types to look at: Account and Contact for a new Lead. What both have is compared.'),
    action: choice(
      'What becomes of a record that matches.',
      'DuplicateAction',
      {
        WARN: 'DUPLICATE_DETECTED, unless the caller says allowDuplicate.',
        BLOCK: 'DUPLICATE_DETECTED, unless the caller says allowDuplicate and may merge records of the type.',
      },
      { default: 'WARN' },
    ),
    active: boolean('Is it in use.', { default: true }),
  },
  rules: duplicateRuleRules,
})
