import { statfsSync } from 'node:fs'
import { Hono } from 'hono'
import { agencyName, isKnown } from '../../ingest/inventory/scope.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { User } from '../auth/auth.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { journalOf } from '../../rules/case/journal.ts'
import { audit, type Env, Refusal, seesAll } from '../context.ts'
import { placeOf } from '../bounds.ts'
import { does } from '../does.ts'
import { may, permitted } from '../permissions.ts'
import { acceptClock as acceptClockOperation, getAudit, getHealth } from '../schema/health.ts'
import { addUser, changePassword, changeUser, getMe, listPeople, listUsers } from '../schema/people.ts'
import type { AuditRow, Health, Me, UserRow } from '../contract.ts'
import type { Installation } from '../installation.ts'
import { retentionOf } from '../retention.ts'
import { acceptClock, acceptedText } from '../trust.ts'
import { VERSION } from '../version.ts'

const userRow = (user: User): UserRow => ({
  id: user.id,
  name: user.username,
  display_name: user.name,
  role: user.role,
  organizations: [...user.organizations],
  created: Date.parse(user.createdAt),
  ...(user.lastSignIn === undefined ? {} : { last_sign_in: user.lastSignIn }),
  disabled: user.disabled,
})

const known = (installation: Installation, organizations: readonly string[] | undefined): void => {
  const wrong = organizations?.find((id) => !isKnown(installation.inventory, id))
  if (wrong !== undefined)
    throw new Refusal(
      422,
      'agency',
      `Không có cơ quan "${wrong}" trong danh mục.`,
      `There is no agency "${wrong}" in the inventory.`,
    )
}
const withAgency = (role: string | undefined, organizations: readonly string[] | undefined): void => {
  if (role === 'agency_viewer' && !organizations?.length)
    throw new Refusal(
      422,
      'agency',
      'Người xem của cơ quan cần ít nhất một cơ quan.',
      'An agency viewer needs at least one agency.',
    )
}

export const me = new Hono<Env>()
  .get('/', does(getMe), (c) => {
    const { user, installation } = c.var
    const body: Me = {
      name: user.username,
      display_name: user.name,
      role: user.role,
      organizations: user.organizations.map((id) => ({
        id,
        name: agencyName(installation.inventory, id) ?? id,
      })),
      sees_all: seesAll(c.var.scope),
      can: permitted(user),
      must_change_password: user.mustChangePassword,
    }
    return c.json(body)
  })
  .post('/password', does(changePassword), async (c) => {
    const { current, next } = c.req.valid('json')
    try {
      await c.var.auth.changePassword(c.var.user.id, current, next, c.req.raw.headers)
    } catch (error) {
      const message = (error as Error).message
      const wait = /^too many .* in (\d+) s/.exec(message)?.[1]
      if (wait)
        throw new Refusal(
          429,
          'password',
          `Sai mật khẩu quá nhiều lần: hãy thử lại sau ${wait} giây.`,
          `Too many wrong passwords: try again in ${wait} s.`,
        )
      const vi = /not right/.test(message)
        ? 'Mật khẩu hiện tại không đúng.'
        : /too short/.test(message)
          ? 'Mật khẩu mới quá ngắn: dùng ít nhất 10 ký tự.'
          : 'Mật khẩu mới trùng mật khẩu cũ: hãy chọn mật khẩu khác.'
      throw new Refusal(422, 'password', vi, `${message[0]!.toUpperCase()}${message.slice(1)}.`)
    }
    await audit(c, 'password.change', c.var.user.username)
    return c.json({ ok: true as const })
  })

export const people = new Hono<Env>().get('/', does(listPeople), async (c) =>
  c.json({
    items: (await c.var.auth.users())
      .filter((user) => !user.disabled && may(user, 'triage'))
      .map((user) => ({ name: user.username, display_name: user.name })),
  }),
)

export const users = new Hono<Env>()
  .get('/', does(listUsers), async (c) =>
    c.json({ items: (await c.var.auth.users()).map(userRow).sort((a, b) => a.name.localeCompare(b.name)) }),
  )
  .post('/', does(addUser), async (c) => {
    const { name, display_name, role, organizations } = c.req.valid('json')
    known(c.var.installation, organizations)
    withAgency(role, organizations)
    try {
      const { user, password } = await c.var.auth.add({ username: name, name: display_name, role, organizations })
      await audit(c, 'user.add', user.username, role)
      return c.json({ user: userRow(user), password })
    } catch (error) {
      if (error instanceof Refusal) throw error
      const message = (error as Error).message
      throw new Refusal(
        422,
        'user',
        /already/.test(message)
          ? `Đã có người dùng "${name}".`
          : `Tên "${name}" không dùng được: hãy dùng 2 đến 64 chữ a-z, số, ".", "_", "-".`,
        message,
      )
    }
  })
  .post('/:id', does(changeUser), async (c) => {
    const id = c.req.param('id')
    const { display_name, role, organizations, disabled, reset } = c.req.valid('json')
    known(c.var.installation, organizations)
    const all = await c.var.auth.users()
    const target = all.find((user) => user.id === id)
    if (!target) throw new Refusal(404, 'not_found', 'Không có người dùng này.', 'There is no such user.')
    withAgency(role ?? target.role, organizations ?? target.organizations)
    // One of an agency administers nothing.
    const administers = (user: Pick<User, 'role' | 'organizations' | 'disabled'>) =>
      may({ ...target, ...user }, 'admin') && !user.disabled
    const after = {
      role: role ?? target.role,
      organizations: organizations ?? target.organizations,
      disabled: disabled ?? target.disabled,
    }
    if (administers(target) && !administers(after) && all.filter(administers).length < 2) {
      throw new Refusal(
        422,
        'last_administrator',
        'Phải còn ít nhất một quản trị viên.',
        'At least one administrator has to remain.',
      )
    }
    const password = reset ? await c.var.auth.reset(id) : undefined
    const user = await c.var.auth.change(id, {
      ...(display_name === undefined ? {} : { name: display_name }),
      ...(role === undefined ? {} : { role }),
      ...(organizations === undefined ? {} : { organizations }),
      ...(disabled === undefined ? {} : { disabled }),
    })
    await audit(
      c,
      reset ? 'user.reset' : 'user.change',
      user.username,
      JSON.stringify({ display_name, role, organizations, disabled }),
    )
    return c.json({ user: userRow(user), ...(password === undefined ? {} : { password }) })
  })

/** The journal, newest first. What still rides on documents is moved first, so that nothing is told twice or left out. */
export const auditTrail = new Hono<Env>().get('/', does(getAudit), async (c) => {
  const { installation } = c.var
  const { cursor } = placeOf(c.req.valid('query'))
  if (!cursor) await installation.scribe.work()
  const page = await journalOf(installation.store.documents).query(SYSTEM, {
    filter: EVERYTHING,
    sort: [{ field: 'journal.n', order: 'desc' }],
    limit: 100,
    ...(cursor ? { cursor } : {}),
  })
  const items = page.items.map(({ doc: { act, ...entry } }): AuditRow => {
    const kind = entry['journal.kind']
    const isCase = kind === 'alert' || kind === 'incident'
    const detail = isCase
      ? JSON.stringify({
          ...(act.reason ? { reason: act.reason } : {}),
          ...(act.text ? { text: act.text } : {}),
          ...Object.fromEntries(Object.entries(act.changes).map(([field, { to }]) => [field, to ?? null])),
        })
      : act.text
    return {
      n: entry['journal.n'],
      at: entry['journal.at'],
      by: act.actor.kind === 'program' && act.actor.id !== 'command-line' ? 'system' : entry['journal.by'],
      what: isCase ? `${kind}.${act.what}` : act.what,
      object: entry['journal.object'],
      ...(detail ? { detail } : {}),
      ...(entry.before ? { before: true as const } : {}),
    }
  })
  return c.json({ items, ...(page.cursor ? { cursor: page.cursor } : {}) })
})

/** Of a folder that is not there any more, which is said elsewhere, nothing. */
const diskOf = (folder: string): { used: number; free: number } => {
  try {
    const disk = statfsSync(folder)
    return { used: (disk.blocks - disk.bfree) * disk.bsize, free: disk.bavail * disk.bsize }
  } catch {
    return { used: 0, free: 0 }
  }
}

/** What is wrong for all: a code that names a source, a file or a process is told only to who sees the whole province. */
const FOR_ALL = /^(?:data|clock|disk|retention|detection|journal|store(?:-now)?-\d+|day-[\d-]+)$/

const clockState = ({ clock }: Installation): Pick<Health, 'clock'> => {
  const doubt = clock.doubt()
  return doubt ? { clock: { says: doubt.says, expected: doubt.expected, since: doubt.since } } : {}
}

/** `whole`: for who runs the installation. */
export const healthOf = async (installation: Installation, whole = true): Promise<Health> => {
  const days = await installation.store.events.days()
  const disk = diskOf(installation.config.data)
  const wrong = await installation.wrong()
  const told = new Set(wrong.map(({ message }) => message))
  // What is wrong with the store stands once, not at every source that waits for it.
  const failing = Map.groupBy(
    (await installation.status()).filter(({ state, problem = '' }) => state === 'failing' && !told.has(problem)),
    ({ problem = '' }) => problem,
  )
  return {
    now: installation.clock(),
    version: VERSION,
    demo: installation.demo,
    store: installation.store.kind,
    problems: [
      ...wrong,
      ...[...failing].map(([problem, sources]) => ({
        code: `source-${sources[0]!.id}`,
        message: `${sources.map(({ id }) => id).join(', ')}: ${problem}`,
      })),
      ...days.flatMap((day) =>
        day.problem ? [{ code: `day-${day.day}`, message: `${day.day}: ${day.problem}` }] : [],
      ),
    ],
    days: days.map((day) => ({ ...day })),
    ...(whole ? { retention: await retentionOf(installation), ...clockState(installation) } : {}),
    disk,
  }
}

export const health = new Hono<Env>()
  .get('/', does(getHealth), async (c) => {
    const body = await healthOf(c.var.installation, may(c.var.user, 'admin'))
    // Paths and reasons are for those who run the installation.
    return c.json(
      may(c.var.user, 'admin')
        ? body
        : {
            ...body,
            problems: body.problems
              .filter(({ code }) => seesAll(c.var.scope) || FOR_ALL.test(code))
              .map(({ code }) => ({ code, message: '' })),
            days: [],
            // How full the province's disk is, is no agency's affair.
            ...(seesAll(c.var.scope) ? {} : { disk: { used: 0, free: 0 } }),
          },
    )
  })
  .post('/clock', does(acceptClockOperation), async (c) => {
    const { installation } = c.var
    const accepted = await acceptClock(installation)
    if (!accepted)
      throw new Refusal(
        409,
        'clock',
        'Đồng hồ của máy chủ đang đúng: không có gì cần xác nhận.',
        'The clock of the server is right: there is nothing to confirm.',
      )
    await audit(c, 'clock.accept', new Date(accepted.says).toISOString(), acceptedText(accepted))
    return c.json({ ok: true as const })
  })
