import { enumType } from '../shared/kinds.ts'

const METHODS = {
  BANK_TRANSFER: 'A transfer between banks, 银行转账.',
  CASH: 'Notes and coins, 现金.',
  CHEQUE: 'A cheque, 支票.',
  CARD: 'A card, 刷卡.',
  DIGITAL_WALLET: 'A wallet such as Alipay or WeChat Pay, 电子支付.',
  ACCEPTANCE_BILL: 'A bill that a bank accepted, 承兑汇票.',
  ACCOUNT_CREDIT: 'Out of what the account has to its credit (AccountCredit), 预收款.',
  OTHER: 'Another way.',
}

/** Ways in which money comes: name and values of the enum. */
export const PAYMENT_METHOD = ['PaymentMethod', METHODS] as const

/** The enum, for inputs that are written by hand. */
export const paymentMethod = enumType({ name: 'PaymentMethod', values: METHODS }, 'How money comes.')
