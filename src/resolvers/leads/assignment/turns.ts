/** A candidate of a rule, as a turn sees them. */
export interface Candidate {
  /** uuid of the candidate, and of the user. */
  id: string
  userId: string
  weight: number
  /** Open records that they own; counted up with each turn. */
  open: number
  /** How many more they may get, by their cap and by their quota; counted down with each turn. */
  room: number
}

/** Where a rule stands between its turns. */
export interface Cursor {
  last: string | null
  credits: Record<string, number>
}

export type TurnStrategy = 'ROUND_ROBIN' | 'LOAD_BALANCED' | 'WEIGHTED'

/**
 * Gives the next turn: to the one behind the last one in the order of their ids; to whoever has the fewest open records, of equals the next one; or by
 * weights, smoothly, so that 3 : 1 is A A B A and not A A A B. Who has no room is passed over and loses nothing.
 *
 * @param candidates in the order of their ids; the chosen one's figures and the cursor move on.
 * @returns null when nobody has room.
 */
export function nextTurn(strategy: TurnStrategy, candidates: Candidate[], cursor: Cursor): Candidate | null {
  const free = candidates.filter(({ room }) => room > 0)
  const chosen = strategy === 'WEIGHTED' ? byWeight(free, cursor) : inTurn(strategy, fromNext(free, cursor.last))
  if (!chosen) return null
  chosen.room--
  chosen.open++
  cursor.last = chosen.id
  return chosen
}

/** The candidates, beginning behind the last one; it need not be among them any more. */
function fromNext(candidates: Candidate[], last: string | null): Candidate[] {
  const from = last === null ? 0 : candidates.findIndex(({ id }) => id > last)
  return from <= 0 ? candidates : [...candidates.slice(from), ...candidates.slice(0, from)]
}

function inTurn(strategy: 'ROUND_ROBIN' | 'LOAD_BALANCED', free: Candidate[]): Candidate | undefined {
  const [first, ...others] = free
  if (!first || strategy === 'ROUND_ROBIN') return first
  return others.reduce((best, one) => (one.open < best.open ? one : best), first)
}

function byWeight(free: Candidate[], { credits }: Cursor): Candidate | undefined {
  let total = 0
  for (const { id, weight } of free) {
    credits[id] = (credits[id] ?? 0) + weight
    total += weight
  }
  const [first, ...others] = free
  if (!first) return undefined
  const credit = ({ id }: Candidate) => credits[id] as number
  const chosen = others.reduce((best, one) => (credit(one) > credit(best) ? one : best), first)
  credits[chosen.id] = credit(chosen) - total
  return chosen
}
