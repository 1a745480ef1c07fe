/** Where a lead stands. */
export const LEAD_STATUSES = {
  NEW: 'Nobody has looked at it.',
  ASSIGNED: 'Has an owner, who has not begun.',
  WORKING: 'Is being followed up, 跟进中.',
  NURTURING: 'Not ready to buy; kept warm.',
  QUALIFIED: 'Worth a deal.',
  UNQUALIFIED: 'Not worth a deal.',
  CONVERTED:
    'Became a company, a person and perhaps a deal, 已转化. Set by the conversion; a new lead may be entered converted, as an import of history does, but an update to it is INVALID_STATE.',
  RECYCLED: 'Taken up again after it had been given up.',
} as const
