import { enqueueMail, inLanguage, mailLink, oneLine } from '../../../events/mail.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import type { Form } from './forms.ts'

/** Mails the link that confirms a submission. It says nothing of what was sent: whoever filled in the form may have named a stranger's address. */
export async function mailConfirmation(
  db: Reader,
  form: Form,
  { to, code, publicUrl, zh }: { to: string; code: string; publicUrl: string | null; zh: boolean },
): Promise<void> {
  const company = oneLine(form.company)
  const query = { form: form.key, code }
  const link = publicUrl
    ? `${publicUrl}/forms/confirm?${new URLSearchParams(query)}`
    : mailLink('/forms/confirm', query)
  const locale = zh ? 'zh-CN' : null
  const { lifetimeHours: hours } = form
  await enqueueMail(db, {
    tenantId: form.tenantId,
    kind: 'CONFIRM_SUBMISSION',
    to,
    hours,
    subject: inLanguage(
      { en: `Please confirm your request to ${company}`, zhCN: `请确认您提交给${company}的信息` },
      locale,
      form.locale,
    ),
    text: inLanguage(
      {
        en: `Hello,

somebody, we hope you, sent ${company} a form with this address. Confirm it here:

${link}

The link works once, within ${hours} hours. If it was not you, ignore this mail: nothing is kept of it.
`,
        zhCN: `您好：

有人（希望是您本人）使用此邮箱地址向${company}提交了表单。请打开以下链接进行确认：

${link}

链接仅可使用一次，${hours} 小时内有效。如果不是您本人操作，请忽略此邮件，我们不会保留所提交的信息。
`,
      },
      locale,
      form.locale,
    ),
  })
}
