import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let owner: Owner
let boss: Person
let ann: Person
let bob: Person
let eve: Person
let reader: Person
beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
  boss = await person(app, app.acme, 'manager', { name: 'Boss' })
  ann = await person(app, app.acme, 'rep', { name: '安娜', managerId: boss.id, departmentId: null })
  bob = await person(app, app.acme, 'rep', { name: 'Bob', managerId: null, departmentId: null })
  eve = await person(app, app.acme, 'rep', { name: 'Eve', managerId: null, departmentId: null })
  reader = await person(app, app.acme, 'readonly', { managerId: null, departmentId: null })
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

type Caller = Pick<Company, 'run'>
const ERRORS = 'userErrors { code field details }'
const call = async (who: Caller, text: string, variables: object): Promise<Any> =>
  Object.values(await who.run<Any>(text, variables as Record<string, unknown>))[0]
const post = (who: Caller, input: object = {}, select = 'id') =>
  call(
    who,
    `mutation($input: CreateFeedPostInput!) { createFeedPost(input: $input) { feedPost { ${select} } ${ERRORS} } }`,
    {
      input: { body: 'Hello', ...input },
    },
  )
const posted = async (who: Caller, input: object = {}): Promise<string> => {
  const { feedPost, userErrors } = await post(who, input)
  expect(userErrors).toEqual([])
  return feedPost.id
}
const say = (who: Caller, postId: string, input: object = {}) =>
  call(
    who,
    `mutation($input: CreateFeedCommentInput!) { createFeedComment(input: $input) { feedComment { id } ${ERRORS} } }`,
    {
      input: { postId, body: 'Well said', ...input },
    },
  )
const edit = (who: Caller, typeName: 'FeedPost' | 'FeedComment', id: string, input: object) =>
  call(
    who,
    `mutation($id: ID!, $input: Update${typeName}Input!) { update${typeName}(id: $id, input: $input) { ${typeName === 'FeedPost' ? 'feedPost' : 'feedComment'} { id body editedAt } ${ERRORS} } }`,
    { id, input },
  )
const remove = async (who: Caller, typeName: 'FeedPost' | 'FeedComment', id: string) =>
  (await call(who, `mutation($id: ID!) { delete${typeName}(id: $id) { ${ERRORS} } }`, { id })).userErrors
const react = (who: Caller, subjectId: string, kind = 'LIKE') =>
  call(who, `mutation($input: ReactInput!) { react(input: $input) { feedReaction { id kind } changed ${ERRORS} } }`, {
    input: { subjectId, kind },
  })
const unreact = (who: Caller, subjectId: string) =>
  call(who, `mutation($id: ID!) { unreact(subjectId: $id) { feedReaction { id } changed ${ERRORS} } }`, {
    id: subjectId,
  })
const counts = async (id: string, of: 'feedPost' | 'feedComment' = 'feedPost') =>
  (
    await app.acme.run<Any>(
      `query($id: ID!) { ${of}(id: $id) { reactionCounts { like celebrate support thanks insightful } } }`,
      { id },
    )
  )[of].reactionCounts
const codes = (userErrors: Any[]) => userErrors.map(({ code, field }) => `${code} ${field.join('.')}`)
const NONE = { like: 0, celebrate: 0, support: 0, thanks: 0, insightful: 0 }

/** On which of all paths somebody meets a post; every one must say the same. */
async function sees(who: Caller, id: string): Promise<boolean> {
  const said = await who.run<Any>(
    `query($id: ID!) { feedPost(id: $id) { id } node(id: $id) { id }
 feedPosts(where: { id: { eq: $id } }) { nodes { id } totalCount { value } } feedPostAggregate(where: { id: { eq: $id } }) { count }
 feedComments(where: { post: { is: { id: { eq: $id } } } }) { nodes { post { id } } totalCount { value } }
 feedMentions(where: { postId: { eq: $id } }) { totalCount { value } }
 feedReactions(where: { postId: { eq: $id } }) { totalCount { value } } }`,
    { id },
  )
  const all = [
    said.feedPost !== null,
    said.node !== null,
    said.feedPosts.nodes.length === 1,
    said.feedPosts.totalCount.value === 1,
    Number(said.feedPostAggregate[0].count) === 1,
    said.feedComments.nodes.length === 1,
    said.feedComments.totalCount.value === 1,
    said.feedMentions.totalCount.value === 1,
    said.feedReactions.totalCount.value === 1,
  ]
  expect(all).toEqual(Array(9).fill(all[0]))
  if (!all[0] && who !== reader) {
    expect(codes((await react(who, id)).userErrors)).toEqual(['NOT_FOUND input.subjectId'])
    expect(codes((await say(who, id)).userErrors)).toEqual(['NOT_FOUND input.postId'])
  }
  return all[0] as boolean
}

/** A post with a comment, a mention and a reaction of its author. */
async function told(who: Person, input: object): Promise<string> {
  const id = await posted(who, { ...input, mentionIds: [who.id] })
  expect((await say(who, id)).userErrors).toEqual([])
  expect((await react(who, id)).userErrors).toEqual([])
  return id
}

describe('who sees a post', () => {
  it('of ALL: everybody who may read posts, nobody of another company', async () => {
    const id = await told(ann, {})
    for (const who of [ann, bob, boss, reader, app.acme]) expect(await sees(who, id)).toBe(true)
    expect(await sees(app.globex, id)).toBe(false)
  })

  it('of a team: its members, its leader and the author, until they leave', async () => {
    const team = await make(app.acme, 'Team', { leaderId: boss.id })
    const member = await make(app.acme, 'TeamMember', { teamId: team.id, userId: bob.id })
    const id = await told(ann, { audience: 'TEAM', teamId: team.id })
    for (const who of [ann, bob, boss, app.acme]) expect(await sees(who, id)).toBe(true)
    for (const who of [eve, reader, app.globex]) expect(await sees(who, id)).toBe(false)
    await app.acme.run('mutation($id: ID!) { deleteTeamMember(id: $id) { userErrors { code } } }', { id: member.id })
    expect(await sees(bob, id)).toBe(false)
    await make(app.acme, 'TeamMember', { teamId: team.id, userId: eve.id })
    expect(await sees(eve, id)).toBe(true)
  })

  it('of a department: its users, those below it and the heads, not those above or beside', async () => {
    const top = await make(app.acme, 'Department', { parentId: null, headId: null })
    const mid = await make(app.acme, 'Department', { parentId: top.id, headId: reader.id })
    const low = await make(app.acme, 'Department', { parentId: mid.id, headId: null })
    const [above, in_, below] = await Promise.all(
      [top, mid, low].map(({ id }) => person(app, app.acme, 'rep', { departmentId: id, managerId: null })),
    )
    const id = await told(ann, { audience: 'DEPARTMENT', departmentId: mid.id })
    for (const who of [ann, in_, below, reader]) expect(await sees(who as Person, id)).toBe(true)
    for (const who of [above, bob, app.globex]) expect(await sees(who as Person, id)).toBe(false)
  })

  it('of users: those who are named, whatever the scopes of others', async () => {
    const id = await told(ann, { audience: 'USERS', userIds: [bob.id, bob.id] })
    for (const who of [ann, bob]) expect(await sees(who, id)).toBe(true)
    // Neither her manager nor who reads all records.
    for (const who of [boss, eve, reader, app.globex]) expect(await sees(who, id)).toBe(false)
    expect(
      (await bob.run<Any>('query($id: ID!) { feedPost(id: $id) { users { nodes { user { id } } } } }', { id }))
        .feedPost,
    ).toEqual({ users: { nodes: [{ user: { id: bob.id } }] } })
  })

  it('of a record: who sees that, also after it changed hands, and over the record', async () => {
    const account = await make(app.acme, 'Account', { ownerId: ann.id })
    const id = await told(ann, { audience: 'RECORD', recordId: account.id })
    const at = async (who: Caller) =>
      (
        await who.run<Any>('query($id: ID!) { account(id: $id) { posts { nodes { id } totalCount { value } } } }', {
          id: account.id,
        })
      ).account?.posts.nodes.length ?? 0
    for (const who of [ann, boss, reader]) expect([await sees(who, id), await at(who)]).toEqual([true, 1])
    for (const who of [bob, app.globex]) expect([await sees(who, id), await at(who)]).toEqual([false, 0])
    await app.acme.run(
      'mutation($id: ID!, $to: ID!) { transferAccount(id: $id, toUserId: $to) { userErrors { code } } }',
      {
        id: account.id,
        to: bob.id,
      },
    )
    expect([await sees(bob, id), await at(bob)]).toEqual([true, 1])
    expect(await sees(boss, id)).toBe(false)
    // Its author's word is still hers.
    expect(await sees(ann, id)).toBe(true)
    // It goes with the record, and comes back with it.
    await app.acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: account.id })
    expect(await sees(ann, id)).toBe(false)
    await app.acme.run('mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code } } }', { id: account.id })
    expect(await sees(ann, id)).toBe(true)
  })

  it('hides posts from filters of other records, sums and the list of changes', async () => {
    const id = await told(ann, { audience: 'USERS', userIds: [bob.id], body: 'secret plan' })
    const asked = async (who: Caller) => {
      const { users } = await who.run<Any>(
        'query($me: ID!) { users: feedPosts(where: { author: { is: { id: { eq: $me } } }, body: { contains: "secret plan" } }) { totalCount { value } } }',
        { me: ann.id },
      )
      return users.totalCount.value
    }
    expect([await asked(bob), await asked(eve), await asked(reader)]).toEqual([1, 0, 0])
    expect(await sees(eve, id)).toBe(false)
  })
})

describe('a post', () => {
  it('says whom it is for, as the audience asks, and nobody else', async () => {
    const team = await make(app.acme, 'Team')
    const account = await make(app.acme, 'Account', { ownerId: bob.id })
    const refused = async (input: object) => codes((await post(ann, input)).userErrors)
    expect(await refused({ audience: 'TEAM' })).toEqual(['VALIDATION_FAILED input.teamId'])
    expect(await refused({ audience: 'DEPARTMENT' })).toEqual(['VALIDATION_FAILED input.departmentId'])
    expect(await refused({ audience: 'USERS' })).toEqual(['VALIDATION_FAILED input.userIds'])
    expect(await refused({ audience: 'USERS', userIds: [] })).toEqual(['VALIDATION_FAILED input.userIds'])
    expect(await refused({ audience: 'RECORD' })).toEqual(['VALIDATION_FAILED input.recordId'])
    expect(await refused({ teamId: team.id })).toEqual(['VALIDATION_FAILED input.teamId'])
    expect(await refused({ userIds: [bob.id] })).toEqual(['VALIDATION_FAILED input.userIds'])
    expect(await refused({ audience: 'RECORD', recordId: team.id })).toEqual(['VALIDATION_FAILED input.recordId'])
    // What she does not see, and what is another company's.
    expect(await refused({ audience: 'RECORD', recordId: account.id })).toEqual(['NOT_FOUND input.recordId'])
    const foreign = await make(app.globex, 'Team')
    expect(await refused({ audience: 'TEAM', teamId: foreign.id })).toEqual(['NOT_FOUND input.teamId'])
    expect(await refused({ audience: 'USERS', userIds: [bob.id, app.globex.adminUserId] })).toEqual([
      'NOT_FOUND input.userIds.1',
    ])
    expect(await refused({ body: '言'.repeat(10_001) })).toEqual(['VALIDATION_FAILED input.body'])
    expect(await refused({ body: '言'.repeat(10_000) })).toEqual([])
    expect(await refused({ body: '' })).toEqual(['VALIDATION_FAILED input.body'])
  })

  it('is changed by its author alone, and says when; deleted by them or an administrator', async () => {
    const id = await posted(ann)
    expect(codes((await edit(bob, 'FeedPost', id, { body: 'Mine' })).userErrors)).toEqual(['FORBIDDEN id'])
    for (const who of [boss, app.acme])
      expect(codes((await edit(who, 'FeedPost', id, { body: 'Mine' })).userErrors)).toEqual(['FORBIDDEN input.body'])
    expect((await edit(ann, 'FeedPost', id, { body: 'Hello' })).feedPost.editedAt).toBeNull()
    expect((await edit(ann, 'FeedPost', id, { body: 'Hello, all' })).feedPost).toEqual({
      id,
      body: 'Hello, all',
      editedAt: expect.any(String),
    })
    for (const who of [bob, boss]) expect(codes(await remove(who, 'FeedPost', id))).toEqual(['FORBIDDEN id'])
    expect(codes(await remove(app.globex, 'FeedPost', id))).toEqual(['NOT_FOUND id'])
    expect(await remove(ann, 'FeedPost', id)).toEqual([])
    expect(await remove(app.acme, 'FeedPost', await posted(ann))).toEqual([])
  })

  it('is pinned by who may change others’ posts, and stands first then', async () => {
    const pin = (who: Caller, verb: string, id: string) =>
      call(who, `mutation($id: ID!) { ${verb}(id: $id) { feedPost { isPinned } ${ERRORS} } }`, { id })
    const [one, two] = [await posted(ann), await posted(ann)]
    expect(codes((await pin(ann, 'pinPost', one)).userErrors)).toEqual(['FORBIDDEN id'])
    expect(codes((await pin(app.globex, 'pinPost', one)).userErrors)).toEqual(['NOT_FOUND id'])
    const others = await posted(bob)
    expect(codes((await pin(boss, 'pinPost', others)).userErrors)).toEqual(['FORBIDDEN id'])
    for (let times = 0; times < 2; times++)
      expect((await pin(boss, 'pinPost', one)).feedPost).toEqual({ isPinned: true })
    const feed = async () =>
      (
        await ann.run<Any>(
          'query($ids: [ID!]) { feedPosts(where: { id: { in: $ids } }, orderBy: [{ field: IS_PINNED, direction: DESC }, { field: LAST_ACTIVITY_AT, direction: DESC }]) { nodes { id } } }',
          { ids: [one, two, others] },
        )
      ).feedPosts.nodes.map(({ id }: Any) => id)
    expect(await feed()).toEqual([one, others, two])
    await say(bob, two)
    expect(await feed()).toEqual([one, two, others])
    await pin(boss, 'unpinPost', one)
    expect(await feed()).toEqual([two, others, one])
  })

  it('is not written, commented on or thought of by who may only read', async () => {
    const id = await posted(ann)
    for (const [text, variables] of [
      [
        'mutation($input: CreateFeedPostInput!) { createFeedPost(input: $input) { userErrors { code } } }',
        { input: { body: 'X' } },
      ],
      [
        'mutation($input: CreateFeedCommentInput!) { createFeedComment(input: $input) { userErrors { code } } }',
        { input: { postId: id, body: 'X' } },
      ],
      [
        'mutation($input: ReactInput!) { react(input: $input) { userErrors { code } } }',
        { input: { subjectId: id, kind: 'LIKE' } },
      ],
    ] as const)
      await expect(reader.run(text, variables as Record<string, unknown>)).rejects.toThrow('FORBIDDEN')
  })
})

describe('comments', () => {
  it('are counted, changed by their author, and go and come back with the post', async () => {
    const id = await posted(ann)
    const { feedComment } = await say(bob, id)
    await say(ann, id)
    const count = async () =>
      (await app.acme.run<Any>('query($id: ID!) { feedPost(id: $id) { commentCount } }', { id })).feedPost?.commentCount
    expect(await count()).toBe(2)
    expect(codes((await edit(ann, 'FeedComment', feedComment.id, { body: 'No' })).userErrors)).toEqual(['FORBIDDEN id'])
    expect((await edit(bob, 'FeedComment', feedComment.id, { body: '好' })).feedComment).toEqual({
      id: feedComment.id,
      body: '好',
      editedAt: expect.any(String),
    })
    expect(codes(await remove(ann, 'FeedComment', feedComment.id))).toEqual(['FORBIDDEN id'])
    expect(await remove(bob, 'FeedComment', feedComment.id)).toEqual([])
    expect(await count()).toBe(1)
    expect(await remove(ann, 'FeedPost', id)).toEqual([])
    expect(codes((await say(bob, id)).userErrors)).toEqual(['NOT_FOUND input.postId'])
    await ann.run('mutation($id: ID!) { restoreFeedPost(id: $id) { userErrors { code } } }', { id })
    expect(await count()).toBe(1)
    await app.acme.run('mutation($id: ID!) { destroyFeedPost(id: $id) { userErrors { code } } }', { id })
    expect(await owner.rows('SELECT 1 FROM feed_comment WHERE post_id = $1', uuidIn(id))).toEqual([])
  })

  it('are all counted when several come at once', async () => {
    const id = await posted(ann)
    await Promise.all([ann, bob, eve, boss, ann, bob].map((who) => say(who, id)))
    const { feedPost } = await ann.run<Any>(
      'query($id: ID!) { feedPost(id: $id) { commentCount comments { totalCount { value } } } }',
      { id },
    )
    expect(feedPost).toEqual({ commentCount: 6, comments: { totalCount: { value: 6 } } })
  })
})

describe('mentions', () => {
  const notes = async (who: Caller, postId: string) =>
    (
      await who.run<Any>(
        'query($id: String!) { notifications(where: { recordId: { eq: $id } }) { nodes { type title count record { id } } } }',
        { id: postId },
      )
    ).notifications.nodes

  it('tell who is named once for a post or a comment, also when it is edited, and never the author', async () => {
    const id = await posted(ann, { mentionIds: [bob.id, bob.id, ann.id] })
    expect(await notes(bob, id)).toEqual([
      { type: 'MENTION', title: '安娜 mentioned you in a post', count: 1, record: { id } },
    ])
    expect(await notes(ann, id)).toEqual([])
    expect((await edit(ann, 'FeedPost', id, { body: 'Again', mentionIds: [bob.id, eve.id] })).userErrors).toEqual([])
    expect((await edit(ann, 'FeedPost', id, { mentionIds: [bob.id, eve.id] })).userErrors).toEqual([])
    expect(await notes(bob, id)).toHaveLength(1)
    expect(await notes(eve, id)).toHaveLength(1)
    // A comment is another place.
    await say(ann, id, { mentionIds: [bob.id] })
    expect(await notes(bob, id)).toHaveLength(2)
    expect(
      (await ann.run<Any>('query($id: ID!) { feedPost(id: $id) { mentions { totalCount { value } } } }', { id }))
        .feedPost,
    ).toEqual({
      mentions: { totalCount: { value: 4 } },
    })
  })

  it('of who does not see the post, of strangers and of too many are refused, and nothing is written', async () => {
    const team = await make(app.acme, 'Team', { leaderId: null })
    await make(app.acme, 'TeamMember', { teamId: team.id, userId: bob.id })
    const body = `to the team ${team.id}`
    const input = { body, audience: 'TEAM', teamId: team.id }
    const refused = await post(ann, { ...input, mentionIds: [bob.id, eve.id] })
    expect(refused.userErrors).toEqual([
      {
        code: 'VALIDATION_FAILED',
        field: ['input', 'mentionIds', '1'],
        details: expect.objectContaining({ rule: 'audience' }),
      },
    ])
    expect(codes((await post(ann, { ...input, mentionIds: [app.globex.adminUserId] })).userErrors)).toEqual([
      'NOT_FOUND input.mentionIds.0',
    ])
    expect(codes((await post(ann, { ...input, mentionIds: Array(51).fill(bob.id) })).userErrors)).toEqual([
      'VALIDATION_FAILED input.mentionIds',
    ])
    expect(await owner.rows('SELECT 1 FROM feed_post WHERE body = $1', body)).toEqual([])
    const id = await posted(ann, { ...input, mentionIds: [bob.id] })
    expect(codes((await say(bob, id, { mentionIds: [eve.id] })).userErrors)).toEqual([
      'VALIDATION_FAILED input.mentionIds.0',
    ])
    expect(codes((await edit(ann, 'FeedPost', id, { mentionIds: [eve.id] })).userErrors)).toEqual([
      'VALIDATION_FAILED input.mentionIds.0',
    ])
    expect(await notes(eve, id)).toEqual([])
  })

  it('and comments tell the author of the post, grouped by it, but not of their own or twice', async () => {
    const id = await posted(ann)
    await say(ann, id)
    expect(await notes(ann, id)).toEqual([])
    await say(bob, id)
    await say(eve, id)
    expect(await notes(ann, id)).toEqual([
      { type: 'COMMENT', title: 'Eve commented on your post', count: 2, record: { id } },
    ])
    await say(eve, id, { mentionIds: [ann.id] })
    expect((await notes(ann, id)).map(({ type, count }: Any) => [type, count]).sort()).toEqual([
      ['COMMENT', 2],
      ['MENTION', 1],
    ])
  })
})

describe('reactions', () => {
  it('are one per user, changed and taken back, and counted by kind', async () => {
    const id = await posted(ann)
    expect(await react(bob, id)).toMatchObject({ feedReaction: { kind: 'LIKE' }, changed: true, userErrors: [] })
    expect(await react(bob, id)).toMatchObject({ changed: false })
    await react(eve, id, 'CELEBRATE')
    expect(await counts(id)).toEqual({ ...NONE, like: 1, celebrate: 1 })
    expect(await react(bob, id, 'THANKS')).toMatchObject({ feedReaction: { kind: 'THANKS' }, changed: true })
    expect(await counts(id)).toEqual({ ...NONE, thanks: 1, celebrate: 1 })
    expect(await unreact(bob, id)).toMatchObject({ feedReaction: null, changed: true, userErrors: [] })
    expect(await unreact(bob, id)).toMatchObject({ changed: false, userErrors: [] })
    expect(await counts(id)).toEqual({ ...NONE, celebrate: 1 })
    expect(await react(bob, id)).toMatchObject({ changed: true })
  })

  it('to a comment count there, and go with it', async () => {
    const id = await posted(ann)
    const { feedComment } = await say(ann, id)
    await react(bob, feedComment.id, 'INSIGHTFUL')
    expect([await counts(id), await counts(feedComment.id, 'feedComment')]).toEqual([NONE, { ...NONE, insightful: 1 }])
    expect(codes((await react(app.globex, feedComment.id)).userErrors)).toEqual(['NOT_FOUND input.subjectId'])
    await remove(ann, 'FeedComment', feedComment.id)
    expect(codes((await react(bob, feedComment.id)).userErrors)).toEqual(['NOT_FOUND input.subjectId'])
    expect(codes((await unreact(bob, ann.id)).userErrors)).toEqual(['NOT_FOUND subjectId'])
  })

  it('of one user at once are one, of several all are counted', async () => {
    const id = await posted(ann)
    const kinds = ['LIKE', 'THANKS', 'LIKE', 'SUPPORT', 'LIKE']
    await Promise.all(kinds.map((kind) => react(bob, id, kind)))
    const all = Object.values(await counts(id)) as number[]
    expect(all.reduce((a, b) => a + b)).toBe(1)
    await unreact(bob, id)
    await Promise.all([ann, bob, eve, boss].map((who) => react(who, id)))
    expect(await counts(id)).toEqual({ ...NONE, like: 4 })
  })

  it('need a user: a key without one has nobody to speak for', async () => {
    const id = await posted(ann)
    const { roles } = await app.acme.run<Any>('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
    const { createApiKey } = await app.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }',
      { input: { name: 'nobody', roleId: roles.nodes[0].id } },
    )
    expect(codes((await react(callers(app.app, createApiKey.key), id)).userErrors)).toEqual(['FORBIDDEN input'])
    expect(await owner.rows('SELECT 1 FROM feed_reaction WHERE post_id = $1', uuidIn(id))).toEqual([])
  })
})
