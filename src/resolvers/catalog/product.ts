import { checkScale, refuse } from '../checks.ts'
import type { Change } from '../write.ts'

/** Rule of products: decimals that their columns can hold, pictures at addresses that a browser may open. */
export function writeProduct(changes: Change[]): void {
  for (const change of changes) {
    checkScale(change, 'taxRate', 3)
    checkScale(change, 'minQty', 4)
    const urls = (change.values.imageUrls ?? []) as string[]
    for (const [index, url] of urls.entries()) {
      if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) continue
      refuse(change, ['imageUrls', String(index)], 'url', 'must be an http or https address')
    }
  }
}
