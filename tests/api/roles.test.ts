/**
 * Who may do what, in every route that the application has registered: the six roles, nobody, and those who see one agency.
 * The data spans agencies: one attacker at both, an alert and an incident each, one campaign; sources; what is nobody's.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AlertDetail, AlertRow, IncidentRow, Role, UserRow } from '../../api/contract.ts'
import { ROLES, roleMay } from '../../api/permissions.ts'
import { liveMessage } from '../../api/schema/live.ts'
import type { Operation } from '../../api/schema/operation.ts'
import { attack, type Console, OURS, openConsole, type Person, refused, request, THEIRS } from './console.ts'

let console_: Console
const people = new Map<Role, Person>()
/** The analyst of one agency. */
let scoped: Person
const as = (role: Role): Person => people.get(role)!

interface Ids {
  readonly injection: AlertRow
  readonly guessing: AlertRow
  readonly incident: IncidentRow
  readonly event: string
}
let ours: Ids
let theirs: Ids
const idsOf = async (agency: string, path: string): Promise<Ids> => {
  const admin = as('administrator')
  const alerts = (await admin.get(`/alerts?organization=${agency}`)).body.items as AlertRow[]
  const of = (rule: string) => alerts.find((alert) => alert.rule.id === rule)!
  return {
    injection: of('sql-injection'),
    guessing: of('vpn-brute-force'),
    incident: (await admin.get(`/incidents/${of('vpn-brute-force').incident!.id}`)).body,
    event: (await admin.get(`/events?q=url.path:"${path}"`)).body.items[0]['event.id'],
  }
}

beforeAll(async () => {
  console_ = await openConsole()
  for (const { host, source, path } of [OURS, THEIRS])
    await console_.take(source, [request(host, path), attack(host, path)])
  // One address guesses at both, too seldom at either for a rule that would count each alone.
  for (const [{ firewall }, user, turn] of [
    [OURS, 'yte', 0],
    [THEIRS, 'gd', 1],
  ] as const)
    await console_.take(
      firewall,
      Array.from({ length: 7 }, (_, i) =>
        refused(firewall, `${user}-nguoi-${i}`, { ago: 300_000 - (2 * i + turn) * 10_000 }),
      ),
    )
  await console_.take('chung', [request('khong-co.example', '/vo-chu')])
  for (const role of ROLES) people.set(role, await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : []))
  scoped = await console_.person('analyst', [OURS.agency])
  ours = await idsOf(OURS.agency, OURS.path)
  theirs = await idsOf(THEIRS.agency, THEIRS.path)
})
afterAll(() => console_.close())

const TRIAGE: readonly Role[] = ['administrator', 'analyst']
const EXCEPT: readonly Role[] = ['administrator', 'analyst', 'rule_author']
const RULES: readonly Role[] = ['administrator', 'rule_author']
const ADMIN: readonly Role[] = ['administrator']
const TRAIL: readonly Role[] = ['administrator', 'auditor']
const json = (body: object) => ({ body })
const MONTH = { kind: 'month', period: '2025-01' }

interface Expected {
  /** Those who may; absent: everyone who is signed in. */
  readonly may?: readonly Role[]
  /** A question about what is one's own agency's. */
  readonly ask: (ids: Ids) => { readonly path: string; readonly body?: object }
  /** What is answered where the question is about another agency's: not there. `results`: each item says it is not found. */
  readonly foreign?: 'not found' | 'results'
  /** Reads: nothing of another agency is in the answer. */
  readonly reads?: true
}
const now = async (id: string): Promise<AlertRow> => (await as('administrator').get(`/alerts/${id}`)).body
const user = async (name: string): Promise<UserRow> =>
  ((await as('administrator').get('/users')).body.items as UserRow[]).find((each) => each.name === name)!

/** Every route, by method and path as registered. One that is not here fails. */
const ROUTES: { readonly [route: string]: Expected | 'open' | 'library' | 'stream' } = {
  'GET /healthz': 'open',
  'GET /metrics': 'open', // what a monitoring system asks for, on the address that the operator chooses
  'POST /ingest/:source': 'open', // by the source's own token
  'GET /ingest/:source': 'open', // as above: how far a stream stands
  'GET /': 'open',
  'GET /*': 'open', // the console's files
  'GET /api/auth/*': 'library',
  'POST /api/auth/*': 'library',
  'GET /api/live': 'stream',
  'GET /api/sources/unknown': { may: ADMIN, ask: () => ({ path: '/sources/unknown' }) },
  'GET /api/sources/unknown/:address': { may: ADMIN, ask: () => ({ path: '/sources/unknown/192.0.2.77' }) },
  'POST /api/sources/unknown/:address': {
    may: ADMIN,
    ask: () => ({ path: '/sources/unknown/192.0.2.77', ...json({ id: 'nguon-moi', parser: 'khong-co' }) }),
  },
  'GET /api/me': { ask: () => ({ path: '/me' }), reads: true },
  'POST /api/me/password': { ask: () => ({ path: '/me/password', ...json({ current: 'sai', next: 'ngan' }) }) },
  'GET /api/overview': { ask: () => ({ path: '/overview' }), reads: true },
  'GET /api/alerts': { ask: () => ({ path: '/alerts' }), reads: true },
  'GET /api/alerts/:id': {
    ask: ({ guessing }) => ({ path: `/alerts/${guessing.id}` }),
    foreign: 'not found',
    reads: true,
  },
  'POST /api/alerts/change': {
    may: TRIAGE,
    ask: ({ guessing: { id } }) => ({ path: '/alerts/change', ...json({ items: [{ id, version: -1 }], note: 'x' }) }),
    foreign: 'results',
  },
  'POST /api/alerts/undo': {
    may: TRIAGE,
    ask: ({ guessing: { id } }) => ({ path: '/alerts/undo', ...json({ items: [{ id, act: 'x' }] }) }),
    foreign: 'results',
  },
  'POST /api/alerts/agency': {
    may: TRIAGE,
    ask: ({ guessing: { id } }) => ({
      path: '/alerts/agency',
      ...json({ items: [{ id, version: -1 }], organization: OURS.agency }),
    }),
    foreign: 'results',
  },
  'POST /api/alerts/leave': {
    may: TRIAGE,
    ask: ({ guessing: { id } }) => ({ path: '/alerts/leave', ...json({ items: [{ id, version: -1 }] }) }),
    foreign: 'results',
  },
  'POST /api/alerts/incident': {
    may: TRIAGE,
    ask: ({ guessing, incident }) => ({
      path: '/alerts/incident',
      ...json({ ids: [guessing.id], incident: incident.id }),
    }),
    foreign: 'not found',
  },
  'GET /api/incidents': { ask: () => ({ path: '/incidents' }), reads: true },
  'GET /api/incidents/:id': {
    ask: ({ incident }) => ({ path: `/incidents/${incident.number}` }),
    foreign: 'not found',
    reads: true,
  },
  'POST /api/incidents/:id': {
    may: TRIAGE,
    ask: ({ incident }) => ({ path: `/incidents/${incident.id}`, ...json({ version: -1, note: 'x' }) }),
    foreign: 'not found',
  },
  'POST /api/incidents/:id/undo': {
    may: TRIAGE,
    ask: ({ incident }) => ({ path: `/incidents/${incident.id}/undo`, ...json({ act: 'x' }) }),
    foreign: 'not found',
  },
  'POST /api/incidents/:id/merge': {
    may: TRIAGE,
    ask: ({ incident }) => ({ path: `/incidents/${incident.id}/merge`, ...json({ version: -1, into: incident.id }) }),
    foreign: 'not found',
  },
  'POST /api/incidents/:id/split': {
    may: TRIAGE,
    ask: ({ incident, injection }) => ({ path: `/incidents/${incident.id}/split`, ...json({ ids: [injection.id] }) }),
    foreign: 'not found',
  },
  'GET /api/risk': { ask: () => ({ path: '/risk' }), reads: true },
  'GET /api/figures': { ask: () => ({ path: '/figures' }), reads: true },
  'GET /api/letters': { ask: () => ({ path: '/letters' }), reads: true },
  'GET /api/wall': { ask: () => ({ path: '/wall' }), reads: true },
  'GET /api/reports': { ask: () => ({ path: '/reports' }), reads: true },
  'POST /api/reports/preview': {
    ask: ({ incident }) => ({ path: '/reports/preview', ...json({ kind: 'incident', incident: incident.number }) }),
    foreign: 'not found',
    reads: true,
  },
  'POST /api/reports': {
    ask: ({ incident }) => ({ path: '/reports', ...json({ ...MONTH, organization: incident.organization!.id }) }),
    foreign: 'not found',
  },
  'GET /api/reports/:id/:format': { ask: () => ({ path: '/reports/khong-co/pdf' }) }, // `reported.ts` walks the files
  'GET /api/coverage': { ask: () => ({ path: '/coverage' }), reads: true },
  'GET /api/inventory': { ask: () => ({ path: '/inventory' }), reads: true },
  'GET /api/inventory/file': { may: ADMIN, ask: () => ({ path: '/inventory/file' }) },
  'GET /api/inventory/:kind': { may: ADMIN, ask: () => ({ path: '/inventory/calendar' }) },
  'POST /api/inventory/change': {
    may: ADMIN,
    ask: () => ({ path: '/inventory/change', ...json({ kind: 'agencies', text: 'name: x', reason: 'không id' }) }),
  },
  'POST /api/inventory/succession/plan': {
    may: ADMIN,
    ask: () => ({
      path: '/inventory/succession/plan',
      ...json({ predecessors: ['x'], successors: ['y'], founded: [], date: '2026-01-01', given: [] }),
    }),
  },
  'POST /api/inventory/succession': {
    may: ADMIN,
    ask: () => ({
      path: '/inventory/succession',
      ...json({
        predecessors: ['x'],
        successors: ['y'],
        founded: [],
        date: '2026-01-01',
        given: [],
        reason: 'thử xem',
        seen: 1,
      }),
    }),
  },
  'POST /api/inventory/settle': {
    may: ADMIN,
    ask: () => ({ path: '/inventory/settle', ...json({ kind: 'agencies', key: 'x', take: 'file', reason: 'thử' }) }),
  },
  'GET /api/systems': { ask: () => ({ path: '/systems' }), reads: true },
  'GET /api/systems/:id': {
    ask: ({ incident }) => ({
      path: `/systems/${incident.organization!.id === OURS.agency ? 'ho-so-suc-khoe' : 'co-so-du-lieu-giao-duc'}`,
    }),
    foreign: 'not found',
    reads: true,
  },
  'GET /api/agencies': { ask: () => ({ path: '/agencies' }), reads: true },
  'GET /api/agencies/:id': {
    ask: ({ incident }) => ({ path: `/agencies/${incident.organization!.id}` }),
    foreign: 'not found',
    reads: true,
  },
  'GET /api/portals': { ask: () => ({ path: '/portals' }), reads: true },
  'GET /api/events': { ask: () => ({ path: '/events' }), reads: true },
  'GET /api/events/:id': { ask: ({ event }) => ({ path: `/events/${event}` }), foreign: 'not found', reads: true },
  'GET /api/kql': { ask: () => ({ path: '/kql?q=x' }), reads: true },
  'GET /api/kql/suggest': { ask: () => ({ path: '/kql/suggest?q=organization.id:' }), reads: true },
  'GET /api/rules': { ask: () => ({ path: '/rules' }), reads: true },
  'POST /api/rules': { may: RULES, ask: () => ({ path: '/rules', ...json({ yaml: 'title: a', reason: 'thử xem' }) }) },
  'GET /api/rule-texts/new': { may: RULES, ask: () => ({ path: '/rule-texts/new?id=luat-moi' }) },
  'GET /api/rules/:id': { ask: () => ({ path: '/rules/vpn-brute-force' }), reads: true },
  'POST /api/rules/:id': { may: RULES, ask: () => ({ path: '/rules/sql-injection', ...json({ enabled: true }) }) },
  'GET /api/rules/:id/versions': { ask: () => ({ path: '/rules/vpn-brute-force/versions' }), reads: true },
  'GET /api/rules/:id/difference': {
    ask: () => ({ path: '/rules/vpn-brute-force/difference?from=1&to=catalog' }),
    reads: true,
  },
  'POST /api/rules/:id/text': {
    may: RULES,
    ask: () => ({ path: '/rules/sql-injection/text', ...json({ yaml: 'title: a', reason: 'thử xem', seen: 1 }) }),
  },
  'POST /api/rules/:id/settle': {
    may: RULES,
    ask: () => ({ path: '/rules/sql-injection/settle', ...json({ take: 'kept', reason: 'thử xem', seen: 1 }) }),
  },
  'GET /api/sources/:id/versions': { may: ADMIN, ask: () => ({ path: '/sources/chung/versions' }) },
  'GET /api/sources/:id/difference': { may: ADMIN, ask: () => ({ path: '/sources/chung/difference' }) },
  'POST /api/sources/:id/text': {
    may: ADMIN,
    ask: () => ({ path: '/sources/chung/text', ...json({ yaml: 'id: chung', reason: 'thử xem', seen: 9 }) }),
  },
  'POST /api/sources/:id/settle': {
    may: ADMIN,
    ask: () => ({ path: '/sources/chung/settle', ...json({ take: 'kept', reason: 'thử xem', seen: 9 }) }),
  },
  'GET /api/backfills': { may: RULES, ask: () => ({ path: '/backfills' }) },
  'POST /api/backfills': { may: RULES, ask: () => ({ path: '/backfills', ...json({ backtest: 'khong-co' }) }) },
  'POST /api/backfills/:id/cancel': { may: RULES, ask: () => ({ path: '/backfills/khong-co/cancel', ...json({}) }) },
  'POST /api/backtests': { may: RULES, ask: () => ({ path: '/backtests', ...json({ rule: 'khong-co' }) }) },
  'GET /api/backtests/:id': { may: RULES, ask: () => ({ path: '/backtests/khong-co' }) },
  'POST /api/backtests/:id/cancel': { may: RULES, ask: () => ({ path: '/backtests/khong-co/cancel', ...json({}) }) },
  'GET /api/exceptions': { ask: () => ({ path: '/exceptions' }), reads: true },
  'GET /api/exceptions/:id': { ask: () => ({ path: '/exceptions/khong-co' }) },
  'POST /api/exceptions': { may: EXCEPT, ask: () => ({ path: '/exceptions', ...json({ kql: 'x' }) }) },
  'POST /api/exceptions/effect': {
    may: EXCEPT,
    ask: () => ({ path: '/exceptions/effect', ...json({ kql: 'x', rules: ['sql-injection'], groups: [] }) }),
  },
  'POST /api/exceptions/:id': { may: EXCEPT, ask: () => ({ path: '/exceptions/khong-co', ...json({ version: 1 }) }) },
  'POST /api/exceptions/:id/undo': {
    may: EXCEPT,
    ask: () => ({ path: '/exceptions/khong-co/undo', ...json({ act: 'x' }) }),
  },
  'GET /api/sources': { ask: () => ({ path: '/sources' }), reads: true },
  'GET /api/users': { may: ADMIN, ask: () => ({ path: '/users' }) },
  'POST /api/users': {
    may: ADMIN,
    ask: () => ({ path: '/users', ...json({ name: 'a b', display_name: 'x', role: 'manager' }) }),
  },
  'POST /api/users/:id': { may: ADMIN, ask: () => ({ path: '/users/khong-co', ...json({}) }) },
  'GET /api/people': { ask: () => ({ path: '/people' }), reads: true },
  'GET /api/audit': { may: TRAIL, ask: () => ({ path: '/audit' }) },
  'GET /api/health': { ask: () => ({ path: '/health' }), reads: true },
  'POST /api/health/clock': { may: ADMIN, ask: () => ({ path: '/health/clock', ...json({}) }) },
  'GET /api/openapi.json': { ask: () => ({ path: '/openapi.json' }), reads: true },
  'GET /api/docs': { ask: () => ({ path: '/docs' }) },
  'GET /api/find': { ask: () => ({ path: '/find?q=so' }), reads: true },
}
/** What nobody of another agency is told. */
const foreign = (): string[] => [
  THEIRS.agency,
  THEIRS.host,
  THEIRS.source,
  THEIRS.firewall,
  THEIRS.path,
  'Sở Giáo dục',
  'gd-nguoi',
  theirs.injection.id,
  theirs.guessing.id,
  theirs.incident.id,
  theirs.incident.number,
  // A word of Vietnamese too: here a source by its id.
  '"chung"',
  '/vo-chu',
  'khong-co.example',
]
/** Without what repeats the question itself, and what is the same for everyone: settings to copy, the rules' own words. */
const told = (path: string, text: string): string => {
  const body = JSON.parse(text) as { setup?: unknown }
  delete body.setup
  const out = JSON.stringify(body)
  return path.startsWith('/find') ? out.replaceAll(/"href":"[^"]*"/g, '') : out
}
const tellsNothing = (path: string, text: string) => {
  for (const word of foreign())
    expect(told(path, text).includes(word), `${path}: ${word} in ${text.slice(0, 3000)}`).toBe(false)
}
const call = (person: Person, { path, body }: { path: string; body?: object }) =>
  body === undefined ? person.get(path) : person.post(path, body)

/** What speaks to Elasticsearch: all of it by the source's own token. */
const OF_SENDERS = /^\/ingest\/:source\/./

test('every route that is registered has an expectation, and every expectation a route', () => {
  const registered = new Set(
    console_.running.routes
      .filter(({ method, path }) => method !== 'ALL' && !OF_SENDERS.test(path))
      .map(({ method, path }) => `${method} ${path}`),
  )
  expect([...registered].sort()).toEqual(Object.keys(ROUTES).sort())
})

test('nobody is answered as an Elasticsearch without the token of the source, at the root either', async () => {
  const inner = console_.running.routes.filter(({ path }) => OF_SENDERS.test(path))
  expect(inner.length).toBeGreaterThan(10)
  for (const { method, path } of inner)
    for (const base of ['/ingest/nguon-yt', '']) {
      const asked = path.replace('/ingest/:source', base).replace(/:\w+(?:\{[^/]*(?:\/[^/]*)?\})?|\*/g, 'ten')
      if (base === '' && !asked.startsWith('/_')) continue
      const answer = await fetch(`${console_.running.url}${asked}`, { method: method === 'ALL' ? 'GET' : method })
      expect([answer.status, method, asked]).toEqual([401, method, asked])
    }
})

const asked = Object.entries(ROUTES).filter((entry): entry is [string, Expected] => typeof entry[1] === 'object')

test('each does an operation, and the table of permissions says of its act what is expected here', () => {
  const registered = new Map<string, Operation>(
    console_.running.routes.flatMap(({ method, path, operation }) =>
      operation ? [[`${method} ${path}`, operation] as const] : [],
    ),
  )
  for (const [route, { may = ROLES }] of asked) {
    const { act } = registered.get(route)!
    expect(
      ROLES.filter((role) => roleMay(role, act)),
      `${route}: ${act}`,
    ).toEqual(ROLES.filter((role) => may.includes(role)))
  }
  expect(new Set([...registered.values()].map(({ id }) => id)).size).toBe(registered.size)
})

describe('every route, as every role and as nobody', () => {
  test.each(asked)('%s', async (_, { may, ask }) => {
    for (const role of ROLES) {
      const { status, body } = await call(as(role), ask(ours))
      const told = `${role} ${JSON.stringify(body)}`
      if (!may || may.includes(role)) expect([401, 403, 500], told).not.toContain(status)
      else expect({ status, code: body.error.code }, told).toEqual({ status: 403, code: 'forbidden' })
    }
    expect(await call(console_.anybody, ask(ours))).toMatchObject({
      status: 401,
      body: { error: { code: 'signed_out', message: 'You are signed out: sign in again.' } },
    })
  })
})

describe('who belongs to an agency sees that agency', () => {
  const viewers = () => [as('agency_viewer'), scoped]
  test.each(asked.filter(([, { reads }]) => reads))('%s tells nothing of another', async (_, { ask }) => {
    for (const person of viewers()) {
      const question = ask(ours)
      const { status, text } = await call(person, question)
      expect(status, question.path).toBe(200)
      tellsNothing(question.path, text)
    }
  })
  test.each(asked.filter(([, { foreign: answer }]) => answer))(
    '%s: another agency’s is not there',
    async (_, { ask, foreign: answer, may }) => {
      for (const person of may ? [scoped] : viewers()) {
        const { status, body, text } = await call(person, ask(theirs))
        if (answer === 'not found')
          expect({ status, code: body.error?.code }).toEqual({ status: 404, code: 'not_found' })
        else {
          expect(body.results, text).toHaveLength(1)
          expect(body.results[0], text).toMatchObject({ ok: false, message: 'not found' })
          expect(body.results[0].version).toBeUndefined()
        }
      }
      // Those who see everything find it: the test would see a route that answers so to all.
      const { status, text } = await call(as('administrator'), ask(theirs))
      expect(status, text).not.toBe(404)
      expect(text).not.toContain('"not found"')
    },
  )
  /** Whatever one asks for in words. */
  test.each([
    `/overview?organization=${THEIRS.agency}`,
    '/alerts?group=organization',
    '/alerts?group=campaign',
    '/alerts?status=new,acknowledged,in_progress,closed',
    `/alerts?organization=${THEIRS.agency}`,
    `/alerts?q=${THEIRS.path}`,
    '/alerts?q=gd-nguoi-1',
    `/incidents?organization=${THEIRS.agency}`,
    '/events?q=event.dataset:vonglau.source',
    '/events?q=vonglau.source.id:*',
    `/events?q=url.path:"${THEIRS.path}"`,
    '/events?q=source.ip:198.51.100.9',
    '/events?fields=organization.id,vonglau.source.id,url.path,user.name',
    '/kql/suggest?q=url.path:',
    '/kql/suggest?q=user.name:',
    '/kql/suggest?q=vonglau.source.id:',
    '/find?q=giao',
    '/find?q=nguon',
    '/find?q=tuong-lua',
    '/find?q=tuyen',
    '/find?q=SGDDT-2026',
    '/find?q=1',
    '/find?q=2',
    '/find?q=198.51.100.9',
  ])('%s', async (path) => {
    for (const person of viewers()) {
      const { status, text } = await person.get(path)
      expect(status).toBe(200)
      tellsNothing(path, text)
    }
  })
  test('the test would see it: those who see everything are told', async () => {
    for (const path of ['/alerts', '/incidents', '/agencies', '/portals', '/events', '/sources'])
      expect((await as('manager').get(path)).text).toContain(THEIRS.agency)
  })

  test('one attacker at two agencies: an alert each, a campaign for who sees the province', async () => {
    for (const [person, mine, count] of [
      [as('agency_viewer'), ours, 7],
      [await console_.person('agency_viewer', [THEIRS.agency]), theirs, 7],
    ] as const) {
      const alert = (await person.get(`/alerts/${mine.guessing.id}`)).body as AlertDetail
      expect(alert).toMatchObject({ count, wider: true, organization: { id: mine.incident.organization!.id } })
      expect(alert.campaign).toBeUndefined()
      expect(alert.events).toHaveLength(count)
      expect(new Set(alert.events.map((event) => event['organization.id']))).toEqual(
        new Set([mine.incident.organization!.id]),
      )
      expect((await person.get(`/incidents/${mine.incident.id}`)).body).toMatchObject({
        // Two rules found it.
        alerts: 2,
        events: 2 * count,
        related: [],
      })
      expect((await person.get('/rules/vpn-brute-force')).body).toMatchObject({ alerts_7d: 1, runs: [] })
      expect((await person.get('/rules/vpn-brute-force')).body.last_run).toBeUndefined()
    }
    const whole = (await as('manager').get(`/alerts/${ours.guessing.id}`)).body as AlertDetail
    expect(whole.campaign?.map(({ id }) => id).sort()).toEqual([ours.guessing.id, theirs.guessing.id].sort())
    const related = (await as('manager').get(`/incidents/${ours.incident.id}`)).body.related as IncidentRow[]
    expect(related.map(({ id }) => id)).toContain(theirs.incident.id)
    expect((await as('manager').get('/rules/vpn-brute-force')).body.runs.length).toBeGreaterThan(0)
    const groups = (await as('manager').get('/alerts?group=campaign')).body.groups as {
      agencies: number
      count: number
    }[]
    expect(groups[0]).toMatchObject({ agencies: 2, count: 2 })
  })
  test('each agency counts its own incidents, and an old or a new number finds them', async () => {
    const viewer = as('agency_viewer')
    expect(ours.incident.number).toMatch(/^SYT-\d{4}-00[12]$/)
    expect(theirs.incident.number).toMatch(/^SGDDT-\d{4}-00[12]$/)
    for (const q of [
      ours.incident.number,
      ours.incident.number.toLowerCase(),
      `#${Number(ours.incident.number.slice(-3))}`,
    ]) {
      const { items } = (await viewer.get(`/find?q=${encodeURIComponent(q)}`)).body
      expect(
        items.map(({ id }: { id: string }) => id),
        q,
      ).toContain(ours.incident.number)
    }
  })
  test('its own it sees', async () => {
    const viewer = as('agency_viewer')
    expect((await viewer.get('/alerts')).body.total).toBe(3)
    expect((await viewer.get('/agencies')).body.items.map(({ id }: { id: string }) => id)).toEqual([OURS.agency])
    expect((await viewer.get('/portals')).body.items.map(({ domain }: { domain: string }) => domain)).toEqual([
      OURS.host,
    ])
    // Its portal's source serves an address of several agencies: how much comes there is not its own affair.
    expect((await viewer.get('/sources')).body.items.map(({ id }: { id: string }) => id)).toEqual([OURS.firewall])
    expect((await viewer.get(`/events?q=url.path:"${OURS.path}"`)).body.total).toBe(2)
    expect((await viewer.get('/rules/sql-injection')).body.alerts_7d).toBe(1)
    expect((await as('manager').get('/rules/sql-injection')).body.alerts_7d).toBe(2)
  })
  test('an analyst of one agency changes its alerts, and nothing of another', async () => {
    const seen = await now(ours.injection.id)
    const change = (alert: AlertRow) =>
      scoped.post('/alerts/change', { items: [{ id: alert.id, version: alert.version }], note: 'đã xem' })
    expect((await change(seen)).body.results).toMatchObject([{ id: seen.id, ok: true }])
    expect((await change(await now(theirs.injection.id))).body.results).toMatchObject([
      { ok: false, message: 'not found' },
    ])
    expect(
      (await scoped.post('/alerts/incident', { ids: [ours.injection.id], incident: theirs.incident.id })).status,
    ).toBe(404)
    expect(
      (await scoped.post(`/incidents/${ours.incident.id}/merge`, { version: 1, into: theirs.incident.id })).status,
    ).toBe(404)
    expect((await now(theirs.injection.id)).status).toBe('new')
  })
  test('what belongs to nobody is listed for those who see everything, and only for them', async () => {
    expect((await as('manager').get('/agencies')).body.unassigned.events).toBeGreaterThan(0)
    expect((await as('agency_viewer').get('/agencies')).body.unassigned).toEqual({ events: 0, hosts: [] })
  })
  test('a rule author or an administrator of one agency switches nothing for the province', async () => {
    const whole = { status: 403, body: { error: { code: 'forbidden', message: /one agency may not/ } } }
    const author = await console_.person('rule_author', [OURS.agency])
    const keeper = await console_.person('administrator', [OURS.agency])
    for (const person of [author, keeper]) {
      expect((await person.get('/me')).body.can).toMatchObject({ rules: false, admin: false })
      const { status, body } = await person.post('/rules/sql-injection', { enabled: false })
      expect({ status, code: body.error.code }).toEqual({ status: 403, code: whole.body.error.code })
      expect(body.error.message).toMatch(whole.body.error.message)
    }
    expect((await as('administrator').get('/rules/sql-injection')).body.enabled).toBe(true)
    // Who could make users would make one of the whole province.
    const one = { name: 'toan-tinh', display_name: 'x', role: 'administrator' }
    for (const answer of [
      await keeper.post('/users', one),
      await keeper.post(`/users/${(await user('administrator-1')).id}`, { reset: true }),
      await keeper.get('/users'),
      await keeper.get('/audit'),
    ])
      expect(answer.status).toBe(403)
    // And is not the one who remains.
    const { id } = await user('administrator-1')
    const others = ((await as('administrator').get('/users')).body.items as UserRow[]).filter(
      (each) => each.role === 'administrator' && each.organizations.length === 0 && each.id !== id && !each.disabled,
    )
    for (const other of others) await as('administrator').post(`/users/${other.id}`, { disabled: true })
    expect(await as('administrator').post(`/users/${id}`, { organizations: [OURS.agency] })).toMatchObject({
      status: 422,
      body: { error: { code: 'last_administrator' } },
    })
    for (const other of others) await as('administrator').post(`/users/${other.id}`, { disabled: false })
  })
  test('a viewer without an agency sees nothing', async () => {
    const lost = await console_.person('agency_viewer', [])
    expect((await lost.get('/alerts')).body.total).toBe(0)
    expect((await lost.get('/events')).body.total).toBe(0)
    expect((await lost.get('/agencies')).body.items).toEqual([])
  })
})

describe('the stream of changes', () => {
  const open = async (person: Person, query = 'alerts=0&incidents=0') => {
    const stop = new AbortController()
    const answer = await fetch(`${console_.running.url}/api/live?${query}`, {
      headers: { cookie: person.cookie },
      signal: stop.signal,
    })
    let text = ''
    let over = false
    const reading = (async () => {
      try {
        for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>)
          text += chunk
      } catch {
        // Stopped by us.
      }
      over = true
    })()
    return {
      status: answer.status,
      text: () => text,
      over: () => over,
      stop: () => {
        stop.abort()
        return reading
      },
    }
  }
  const KINDS = ['tick', 'alerts', 'incidents']
  const whole = (text: string) => KINDS.every((kind) => text.includes(`"kind":"${kind}"`))
  test('nobody has one, and each has their own', async () => {
    expect((await open(console_.anybody)).status).toBe(401)
    for (const person of [as('agency_viewer'), scoped]) {
      const stream = await open(person)
      await expect.poll(() => whole(stream.text())).toBe(true)
      await stream.stop()
      const messages = [...stream.text().matchAll(/^data: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data!))
      expect(messages.length).toBeGreaterThan(2)
      for (const message of messages) expect(liveMessage.safeParse(message).error).toBeUndefined()
      expect(stream.text()).toContain(OURS.host)
      for (const word of foreign()) expect(stream.text()).not.toContain(word)
    }
    const all = await open(as('manager'))
    await expect.poll(() => all.text().includes(THEIRS.host)).toBe(true)
    await all.stop()
  })
  test('what changes later comes by the one reader, to whom it concerns', async () => {
    const [viewer, manager] = [await open(as('agency_viewer'), ''), await open(as('manager'), '')]
    for (const stream of [viewer, manager]) await expect.poll(() => stream.text().includes('"kind":"tick"')).toBe(true)
    const note = async (id: string) => {
      const { version } = await now(id)
      await as('analyst').post('/alerts/change', { items: [{ id, version }], status: 'acknowledged' })
    }
    await note(theirs.injection.id)
    await expect.poll(() => manager.text().includes(theirs.injection.id)).toBe(true)
    await note(ours.injection.id)
    await expect.poll(() => viewer.text().includes(ours.injection.id)).toBe(true)
    for (const word of foreign()) expect(viewer.text()).not.toContain(word)
    await Promise.all([viewer.stop(), manager.stop()])
  })
  test.each<[string, object]>([
    ['another role', { role: 'rule_author' }],
    ['another agency', { organizations: [THEIRS.agency] }],
    ['a new password', { reset: true }],
    ['a disabled account', { disabled: true }],
  ])('%s ends session and stream at once', async (_, change) => {
    const person = await console_.person('agency_viewer', [OURS.agency])
    const stream = await open(person)
    await expect.poll(() => whole(stream.text())).toBe(true)
    const { id } = await user(person.username)
    let told = false
    console_.running.auth!.onEnded(id, () => {
      told = true
    })
    expect((await as('administrator').post(`/users/${id}`, change)).status).toBe(200)
    // Not by the next look at the session: streams of this process have heard of it when the change is answered.
    expect(told).toBe(true)
    await expect.poll(() => stream.over(), { interval: 20 }).toBe(true)
    expect((await person.get('/me')).status).toBe(401)
    await stream.stop()
  })
})

test('/me says what the console may offer', async () => {
  const can = Object.fromEntries(
    await Promise.all(ROLES.map(async (role) => [role, (await as(role).get('/me')).body.can])),
  )
  const NOTHING = {
    own: true,
    read: true,
    secrets: false,
    export: false,
    triage: false,
    except: false,
    rules: false,
    trail: false,
    admin: false,
  }
  expect(can).toEqual({
    administrator: {
      own: true,
      read: true,
      secrets: true,
      export: true,
      triage: true,
      except: true,
      rules: true,
      trail: true,
      admin: true,
    },
    analyst: { ...NOTHING, secrets: true, export: true, triage: true, except: true },
    rule_author: { ...NOTHING, except: true, rules: true },
    manager: NOTHING,
    auditor: { ...NOTHING, export: true, trail: true },
    agency_viewer: NOTHING,
  })
})
