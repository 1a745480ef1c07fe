import { invoiceInfoRules } from '../../resolvers/customers/invoiceInfo.ts'
import { record } from '../record.ts'
import { boolean, choice, one, phone, text } from '../shared/fields.ts'

record('AccountInvoiceInfo', {
  plural: 'accountInvoiceInfos',
  prefix: 'ainv',
  description: 'What stands on invoices to a company, 发票抬头. A part of the company.',
  fields: {
    titleType: choice(
      'Whom the invoice is made out to.',
      'InvoiceTitleType',
      { ORG: 'A company, 单位.', PERSON: 'A person, 个人.' },
      { default: 'ORG' },
    ),
    title: text('The name on the invoice, 抬头.', { required: true }),
    taxNo: text('Tax number, 税号.', { max: 50 }),
    bank: text('The bank, 开户行.'),
    bankAccount: text('Number of the account there, 银行账号.', { max: 64 }),
    address: text('The address on the invoice.', { max: 500 }),
    phone: phone('The telephone number on the invoice.'),
    isDefault: boolean(
      'Is it taken unless another is asked for. Setting it takes the mark from the others of the company; the first one has it by itself.',
      { default: false },
    ),
  },
  relations: {
    account: one('Account', 'accountId', 'The company.', { required: true, write: 'create', part: true }),
  },
  rules: invoiceInfoRules,
})
