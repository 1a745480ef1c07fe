import { CUSTOM_TYPES } from '../../read/custom.ts'
import { fieldDefinitionRules } from '../../resolvers/platform/fieldDefinition.ts'
import { record } from '../record.ts'
import { boolean, choice, decimal, int, json, longText, object, objects, text } from '../shared/fields.ts'
import { FieldOption, LocalizedText } from '../shared/shapes.ts'

record('FieldDefinition', {
  plural: 'fieldDefinitions',
  prefix: 'fdef',
  description:
    'A field that the company adds to a type of record, 自定义字段. Its values stand in customFields of the records, and are filtered, ordered, grouped, exported and imported by. At most 200 for each type: QUOTA_EXCEEDED. Deleted, it is gone from records and forms at once; its values stay with the records and come back with it, and go for good when it is destroyed. Counts at once; in other processes within seconds. Forms are drawn from it, so every role that a company begins with may read it.',
  settings: true,
  search: ['apiName', 'description'],
  fields: {
    object: text('Name of the type that has the field: Account. Any type that has customFields.', {
      required: true,
      write: 'create',
      max: 100,
    }),
    apiName: text(
      'Its name in the API, which never changes: a lower-case letter and up to 39 letters and digits, not the name of a field of the type itself: FIELD_NAME_INVALID. Unique for its type.',
      { required: true, write: 'create', max: 100 },
    ),
    label: object('What people call it.', LocalizedText, { required: true, filter: false }),
    description: longText('What it is for.', { max: 2000 }),
    type: choice(
      'What its values are. Once there are values, changed only where none is lost: TEXT to LONGTEXT, NUMBER to DECIMAL, EMAIL, PHONE, URL and SELECT to TEXT or LONGTEXT, DECIMAL and PERCENT to each other; else FIELD_TYPE_CHANGE_UNSAFE.',
      'CustomFieldType',
      CUSTOM_TYPES,
      { required: true },
    ),
    required: boolean(
      'Must new records have it, and records that have it keep it. Those that lack it stay as they are.',
      {
        default: false,
      },
    ),
    unique: boolean(
      'May only one live record have each value. UNIQUE_VIOLATION with samples where several have it by now. Not for LONGTEXT, MULTISELECT, BOOL, CURRENCY and JSON.',
      { default: false },
    ),
    indexed: boolean(
      'Is it filtered by often: it is found by an index then, and each write of it costs a little more. Not for LONGTEXT, MULTISELECT and JSON, and texts of more than 500 characters.',
      { default: false },
    ),
    stored: boolean('Do its values stand where indexes find them: from when it was first indexed or unique.', {
      write: 'never',
    }),
    defaultValue: json('What new records have that do not name it, JSON of its type.', { max: 10_000 }),
    min: decimal('The least number or amount that may be written from now on.'),
    max: decimal('The greatest number or amount that may be written from now on.'),
    maxLength: int('The longest text that may be written from now on, in characters.', {
      range: { min: 1, max: 20_000 },
    }),
    pattern: text(
      'A regular expression that the whole of a TEXT must match, as PostgreSQL has them: [A-Z]{2}\\d{4}. No look-around, no back references, at most 200 characters.',
      { max: 200, filter: false, sort: false },
    ),
    options: objects(
      'The values of a SELECT or MULTISELECT, in their order. One that records hold cannot be taken out, only archived: REFERENCE_IN_USE.',
      FieldOption,
    ),
    refObject: text('Of a REFERENCE: name of the type that it names records of. Never changes.', {
      write: 'create',
      max: 100,
    }),
    isPersonalData: boolean('Does it hold what is said about a person.', { default: false }),
    status: choice(
      'Is it in use.',
      'FieldDefinitionStatus',
      {
        ACTIVE: 'It is in use.',
        DEPRECATED:
          'Not for new records: neither demanded nor given a default. What is there is read and written as before.',
      },
      { default: 'ACTIVE' },
    ),
    sort: int('Its place in forms: smaller ones first.', { default: 0 }),
  },
  unique: { objectAndApiName: ['object', 'apiName'] },
  rules: fieldDefinitionRules,
})
