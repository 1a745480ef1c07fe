import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Gives statement texts their prepared-statement names. A text gets a name at its second use, so that one-off statements are not kept in
 * every connection; the name is a hash of the text, so all processes agree and a name never stands for two texts.
 *
 * @param max how many texts are remembered.
 * @returns the name, or undefined for a text to be sent unnamed.
 */
export function createNames(max = 2000): (text: string) => string | undefined {
  const names = new LRUCache<string, string | true>({ max })
  return (text) => {
    const known = names.get(text)
    if (typeof known === 'string') return known
    if (known === undefined) {
      names.set(text, true)
      return undefined
    }
    const name = `a${createHash('sha1').update(text).digest('hex').slice(0, 20)}`
    names.set(text, name)
    return name
  }
}
