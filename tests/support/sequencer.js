import Sequencer from '@jest/test-sequencer'

/** Suites that take minutes, the longest first: one that began last would run on alone, beside an idle worker. */
const LONG = [
  'access/oracle',
  'contract/shortWay',
  'contract/lifecycle',
  'contract/isolationCounts',
  'contract/plantedLeaks',
  'access/property',
  'contract/isolation',
  'contract/plans',
  'contract/isolationWrites',
  'contract/writes',
  'contract/aggregates',
  'access/planted',
  'contract/errors',
  'process/cache',
  'contract/roles',
  'process/pool',
]

/** The order of the suites: those that take minutes, then as Jest would have it. */
export default class LongestFirst extends Sequencer {
  /** @override */
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONG.findIndex((name) => path.endsWith(`/tests/${name}.test.ts`))
      return at < 0 ? LONG.length : at
    }
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b))
  }
}
