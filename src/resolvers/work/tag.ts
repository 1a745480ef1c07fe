import { refuse } from '../checks.ts'
import type { Change } from '../write.ts'

/** Rule of tags: a colour that a style sheet can take as it is. */
export function writeTag(changes: Change[]): void {
  for (const change of changes) {
    const { color } = change.values
    if (typeof color === 'string' && !/^#[0-9a-f]{6}$/i.test(color))
      refuse(change, 'color', 'color', 'must be # and six hexadecimal digits')
  }
}
