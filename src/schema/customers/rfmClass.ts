/** What the fifths of RFM make of a customer: name of the enum and its values. R is recency; V the mean of frequency and monetary value, halves rounded up. */
export const RFM_CLASSES = {
  CHAMPION: 'R 4–5, V 4–5: bought lately, often and for much.',
  LOYAL: 'R 3, V 4–5: buys often and for much.',
  POTENTIAL_LOYALIST: 'R 4–5, V 2–3: bought lately, and more than once or for something.',
  NEW: 'R 4–5, V 1: bought lately, and little so far.',
  NEEDS_ATTENTION: 'R 3, V 3: in the middle of everything.',
  ABOUT_TO_SLEEP: 'R 3, V 1–2: bought little, and not lately.',
  CANNOT_LOSE: 'R 1, V 4–5: was among the best, and has not bought for the longest.',
  AT_RISK: 'R 2, V 3–5, or R 1, V 3: bought well, and some time ago.',
  HIBERNATING: 'R 2, V 1–2: bought little, and some time ago.',
  LOST: 'R 1, V 1–2: bought little, and has not for the longest.',
}

/** A customer's part in all that was sold: name of the enum and its values. */
export const PARETO_CLASSES = {
  A: 'One of those who bought the most and together make the first 80 % of it.',
  B: 'One of those who make what lies between 80 % and 95 %.',
  C: 'One of those who make the rest.',
}
