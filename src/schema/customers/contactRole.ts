/** The part that a person plays when a company buys: name of the enum and its values, for companies and for single deals. */
export const CONTACT_ROLES = {
  DECISION_MAKER: 'Decides, 决策人.',
  EVALUATOR: 'Judges what is offered, 评估人.',
  INFLUENCER: 'Has a say, 影响人.',
  BUYER: 'Negotiates and orders, 采购.',
  USER: 'Will use it, 使用人.',
  FINANCE: 'Pays the bills, 财务.',
  OTHER: 'Something else.',
}
