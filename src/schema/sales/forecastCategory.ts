/** How sure a deal is when sales are forecast, for stages and for deals. */
export const FORECAST_CATEGORIES = {
  PIPELINE: 'It may come.',
  BEST_CASE: 'Comes if all goes well.',
  COMMIT: 'Will come, says its owner.',
  CLOSED: 'It has come.',
  OMITTED: 'Does not count.',
}
