import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { publishWorkflow, setEnabled } from '../../resolvers/automation/publish.ts'
import { ids, jobViewer } from '../../resolvers/identity/createTenant.ts'
import { createRecords } from '../../resolvers/records.ts'
import type { Input } from '../../resolvers/write.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'

/** A company with those whom its workflows name. */
interface Company {
  id: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
  adminId: string
  repId: string
}

/** The workflows of a demo company (uuid), published and enabled: a hot lead gets an owner and a task, and people hear of a deal that was won. */
export async function loadWorkflows(tenancy: Tenancy, id: string): Promise<void> {
  await tenancy.writeTenant({ tenantId: id }, async (db) => {
    const role = (key: string) =>
      `(SELECT u.id FROM app_user u JOIN role r ON r.tenant_id = $1 AND r.id = u.role_id WHERE u.tenant_id = $1 AND r.key = '${key}' ORDER BY u.id LIMIT 1)`
    const [company] = await db.rows<Company>({
      text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry", ${role('admin')} AS "adminId", ${role('rep')} AS "repId" FROM tenant WHERE id = $1`,
      values: [id],
    })
    if (!company) return
    const write = { db, viewer: jobViewer(company) }
    const [adminId, repId] = [idOf('User', company.adminId), idOf('User', company.repId)]
    const workflows: Input[] = [
      {
        name: 'Hot leads 热门线索',
        description: 'Somebody calls a hot lead on the day on which it comes in.',
        object: 'Lead',
        trigger: 'RECORD_CREATED',
        condition: { rating: { eq: 'HOT' } },
        runAsId: adminId,
        steps: [
          { key: 'owner', action: 'ASSIGN', userId: repId },
          {
            key: 'call',
            action: 'CREATE_TASK',
            values: {
              title: 'Call {{ record.fullName }} 致电',
              assigneeId: '{{ record.ownerId }}',
              priority: 'HIGH',
            },
          },
        ],
      },
      {
        name: 'Deals won 赢单通知',
        object: 'Opportunity',
        trigger: 'RECORD_UPDATED',
        watchedFields: ['stageId'],
        condition: { stage: { is: { kind: { eq: 'WON' } } } },
        runAsId: adminId,
        steps: [
          {
            key: 'tell',
            action: 'NOTIFY',
            userIds: ['{{ record.ownerId }}', adminId],
            title: 'Won 赢单: {{ record.name }}',
            body: '{{ record.account.name }}',
          },
        ],
      },
    ]
    for (const uuid of ids(await createRecords(write, recordType('Workflow'), workflows))) {
      const workflowId = idOf('Workflow', uuid)
      ids([await publishWorkflow(write, workflowId)])
      ids([await setEnabled(write, workflowId, true)])
    }
  })
}
