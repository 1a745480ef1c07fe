import { recordType } from '../../read/recordType.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { createComment, createPost, pinPost } from '../../resolvers/work/feed/post.ts'
import { react } from '../../resolvers/work/feed/react.ts'
import type { WriteContext } from '../../resolvers/write.ts'

/** Some posts of the demo company, by its people: one for all, pinned, with a comment and reactions, one at the first account, one for two users. */
export async function loadFeed(write: WriteContext, people: readonly string[]): Promise<void> {
  const [admin, manager, rep] = people as [string, string, string]
  const as = (userId: string): WriteContext => ({
    ...write,
    viewer: { ...write.viewer, userId: uuidOf('User', userId) },
  })
  const [welcome] = ids([
    await createPost(as(admin), {
      body: 'The machine days begin on Monday. Who has room in the car to the fair? 周一展会开始，谁的车上还有空位？',
      mentionIds: [manager],
    }),
  ])
  const postId = idOf('FeedPost', welcome as string)
  ids([await pinPost(write, { id: postId }, true)])
  ids([await createComment(as(manager), { postId, body: 'Two seats from the north gate, 8:00. 北门两个座位。' })])
  ids([await react(as(manager), { subjectId: postId, kind: 'THANKS' })])
  ids([await react(as(rep), { subjectId: postId, kind: 'LIKE' })])
  const [account] = await write.db.rows<{ id: string }>({
    text: `SELECT id FROM ${recordType('Account').table} WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1`,
    values: [write.viewer.tenantId],
  })
  ids([
    await createPost(as(manager), {
      body: 'They are moving their second line in spring: ask for the drawings early. 明年春天搬迁二号线，图纸要早要。',
      audience: 'RECORD',
      recordId: idOf('Account', account?.id as string),
    }),
  ])
  ids([
    await createPost(as(admin), {
      body: 'Figures for the quarter by Friday, please. 请周五前提交季度数据。',
      audience: 'USERS',
      userIds: [manager, rep],
    }),
  ])
}
