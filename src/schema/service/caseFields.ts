/** How much a case matters: choices of several types. */
export const CASE_PRIORITIES = {
  LOW: 'It can wait.',
  NORMAL: 'As most are.',
  HIGH: 'It goes before others.',
  URGENT: 'It goes before all others.',
}

/** How a case stands. */
export const CASE_STATUSES = {
  NEW: 'Nobody has it yet.',
  ASSIGNED: 'Somebody has it and has not begun.',
  IN_PROGRESS: 'It is worked on.',
  WAITING_CUSTOMER: 'The customer is to say or do something; what pauses then, its policy says.',
  WAITING_INTERNAL: 'A colleague is to do something.',
  RESOLVED: 'What was asked for is done.',
  CLOSED: 'It is over.',
  REOPENED: 'It was over and is not.',
  DUPLICATE: 'It says the same as another, into which it was merged.',
}

/** What is promised to a customer. */
export const MILESTONE_TYPES = {
  FIRST_RESPONSE: 'A first public answer of an agent.',
  NEXT_RESPONSE: 'An answer to what the customer said since; runs while the customer spoke last.',
  RESOLUTION: 'That it is resolved or closed.',
}
