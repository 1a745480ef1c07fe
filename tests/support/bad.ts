import type { Field } from '../../src/read/recordType.ts'
import { ANY } from '../../src/read/values.ts'
import { DEFAULT_MAX } from '../../src/resolvers/normalise.ts'
import { shaped } from './written.ts'

/** A value that a field must refuse, and how. */
export interface Bad {
  value: unknown
  /** `CODE rule`. */
  rule: string
  path?: string[]
}

/** Values that a field must refuse. */
export function badValues(field: Field): Bad[] {
  const wrong = (rule: string, ...values: unknown[]): Bad[] =>
    values.map((value) => ({ value, rule: `VALIDATION_FAILED ${rule}` }))
  const range = (make: (n: number) => unknown, path?: string[]): Bad[] => [
    ...(field.range?.min !== undefined
      ? [{ value: make(Math.ceil(field.range.min) - 1), rule: 'VALIDATION_FAILED min', path }]
      : []),
    ...(field.range?.max !== undefined
      ? [{ value: make(Math.floor(field.range.max) + 1), rule: 'VALIDATION_FAILED max', path }]
      : []),
  ]
  const max = field.max ?? DEFAULT_MAX
  switch (field.kind) {
    case 'id':
      return [
        'S3cret',
        'zzzz_01h455vb4pex5vsknk084sn02q',
        field.target === ANY ? 'acct_01h455vb4pex5vsknk084sn02q' : `user_01h455vb4pex5vsknk084sn02q`,
      ].map((value) => ({ value, rule: 'NOT_FOUND' }))
    case 'text':
      return [
        ...wrong('maxLength', 'S3cret '.repeat(max / 6 + 2), '机'.repeat(max + 1), '😀'.repeat(max + 1)),
        ...wrong('characters', 'a\u0000b', 'a\u0007b', 'a\ud800b', '\udc00', 'a\u0085b', 'a\u007fb', '\uffff'),
      ].filter(({ value }) => (value as string).length < 100_000)
    case 'email':
      return wrong(
        'email',
        'S3cret',
        'a@b',
        'x@@y.example',
        'x y@z.example',
        'x@y..example',
        `${'x'.repeat(65)}@y.example`,
      )
    case 'phone':
      return wrong('phone', 'S3cret', '12', '+1', '+999 1234567')
    case 'url':
      return wrong(
        'url',
        'S3cret',
        'ftp://x.example',
        'javascript:alert(1)',
        'https://user:S3cret@x.example',
        '//x.example',
      )
    case 'currency':
      return wrong('currency', 'usd', 'US', 'QQQ', 'S3cret')
    case 'country':
      return wrong('country', 'us', 'USA', 'ZZ', 'S3cret')
    case 'date':
      return wrong('date', 'S3cret', '2026-02-30', '2026-13-01', '26-01-01', '2026-01-01T00:00:00Z', '0000-01-01')
    case 'datetime':
      return wrong(
        'dateTime',
        'S3cret',
        '2026-01-01',
        '2026-01-01T25:00:00Z',
        '2026-02-30T00:00:00Z',
        '2026-01-01T00:00:00',
        '2026-01-01T00:00:00+99:00',
      )
    case 'decimal':
      return [...wrong('decimal', 'S3cret', '1e5', 'NaN', 'Infinity', '1,5', '0x10', '--1'), ...range(String)]
    case 'int':
      return range((n) => n)
    case 'money':
      return [
        ...['S3cret', '1.00001', '1e3', '9999999999999999'].map((amount) => ({
          value: { amount },
          rule: 'VALIDATION_FAILED decimal',
          path: ['amount'],
        })),
        ...range((n) => ({ amount: String(n) }), ['amount']),
      ]
    case 'texts':
      return [
        { value: ['fine', 'a\u0007b'], rule: 'VALIDATION_FAILED characters', path: ['1'] },
        { value: ['x'.repeat(max + 1)], rule: 'VALIDATION_FAILED maxLength', path: ['0'] },
        ...wrong(
          'maxItems',
          Array.from({ length: 101 }, () => 'x'),
        ),
      ]
    case 'object':
    case 'objects': {
      const inner = Object.entries(field.shape?.members ?? {}).flatMap(([name, member]) =>
        badValues({ ...field, ...member, name, shape: undefined, range: undefined } as Field).map(
          ({ value, rule, path = [] }) => ({ value: { ...shaped(field), [name]: value }, rule, path: [name, ...path] }),
        ),
      )
      if (field.kind === 'object') return inner
      return [
        ...inner.map(({ value, rule, path }) => ({ value: [shaped(field), value], rule, path: ['1', ...path] })),
        ...wrong(
          'maxItems',
          Array.from({ length: 101 }, () => shaped(field)),
        ),
      ]
    }
    default:
      // Wrong booleans and choices do not get past the schema.
      return []
  }
}
