import type { Reader } from '../../tenancy/tenancy.ts'

/** What a price is asked for. */
export interface PriceQuestion {
  productId: string
  /** The book to look in first; null: the standard one of the currency. */
  priceBookId: string | null
  currency: string
  /** Decimal text. */
  quantity: string
  /** YYYY-MM-DD. */
  date: string
}

/** The price of one unit in the currency asked for, and where it stands. */
export interface Price {
  /** Ten-thousandths. */
  unitPrice: string
  source: 'PRICE_BOOK' | 'PARENT_BOOK' | 'STANDARD_BOOK' | 'PRODUCT'
  /** The entry that it stands in; null for the product's own price. */
  entryId: string | null
}

/** How far up a book's parents a price is looked for; hierarchies are no deeper (resolvers/hierarchy.ts). */
const DEPTH = 10

/**
 * Prices, in the order of the questions; null where there is none. First the book, then those above it, the nearest first, then the standard book of the currency, then
 * the product's standard price (the way of EspoCRM; spec/domain.md 3.5). In a book counts the entry with the greatest quantity that is reached, of these the one that began
 * last. Books and entries that are switched off or not valid on the day, and those in another currency, are passed over. One statement for all.
 */
export async function pricesFor(db: Reader, tenantId: string, questions: PriceQuestion[]): Promise<(Price | null)[]> {
  if (questions.length === 0) return []
  const rows = await db.rows<{
    place: number
    unitPrice: string | null
    source: Price['source']
    entryId: string | null
  }>({
    text: `WITH RECURSIVE asked AS (
 SELECT * FROM json_to_recordset($2::json) AS q(place integer, "productId" uuid, "priceBookId" uuid, currency text, quantity numeric, date date)
), way AS (
 SELECT a.place, b.id, b.parent_id, 0 AS depth FROM asked a JOIN price_book b ON b.tenant_id = $1 AND b.id = a."priceBookId" AND b.deleted_at IS NULL
 UNION ALL
 SELECT w.place, b.id, b.parent_id, w.depth + 1 FROM way w JOIN price_book b ON b.tenant_id = $1 AND b.id = w.parent_id AND b.deleted_at IS NULL WHERE w.depth < ${DEPTH}
), books AS (
 SELECT place, id, depth FROM way
 UNION ALL
 SELECT a.place, b.id, ${DEPTH + 1} FROM asked a JOIN price_book b ON b.tenant_id = $1 AND b.is_standard AND b.currency = a.currency AND b.deleted_at IS NULL
)
SELECT a.place, coalesce(e.unit_price, CASE WHEN p.currency = a.currency THEN p.standard_price END)::text AS "unitPrice", e.id AS "entryId",
 CASE WHEN e.id IS NULL THEN 'PRODUCT' WHEN e.depth = 0 THEN 'PRICE_BOOK' WHEN e.depth > ${DEPTH} THEN 'STANDARD_BOOK' ELSE 'PARENT_BOOK' END AS source
FROM asked a JOIN product p ON p.tenant_id = $1 AND p.id = a."productId"
LEFT JOIN LATERAL (
 SELECT e.id, e.unit_price, k.depth FROM books k
 JOIN price_book b ON b.tenant_id = $1 AND b.id = k.id AND b.active AND b.currency = a.currency
 AND (b.valid_from IS NULL OR b.valid_from <= a.date) AND (b.valid_to IS NULL OR b.valid_to >= a.date)
 JOIN price_book_entry e ON e.tenant_id = $1 AND e.price_book_id = b.id AND e.product_id = a."productId" AND e.active AND e.deleted_at IS NULL
 AND e.min_quantity <= a.quantity AND (e.valid_from IS NULL OR e.valid_from <= a.date) AND (e.valid_to IS NULL OR e.valid_to >= a.date)
 WHERE k.place = a.place ORDER BY k.depth, e.min_quantity DESC, e.valid_from DESC NULLS LAST, e.id LIMIT 1
) e ON true`,
    values: [tenantId, JSON.stringify(questions.map((question, place) => ({ place, ...question })))],
  })
  const byPlace = new Map(rows.map((row) => [row.place, row]))
  return questions.map((_, place) => {
    const row = byPlace.get(place)
    return row?.unitPrice == null ? null : { unitPrice: row.unitPrice, source: row.source, entryId: row.entryId }
  })
}
