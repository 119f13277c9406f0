/**
 * Every operation of the API answers as its schema says: once so that it succeeds, and in each way in which anybody may be
 * refused. The console of these tests holds each answer to its schema (`held.ts`); here none is left out.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlertRow, ChangedIncident, IncidentRow, Role } from '../../api/contract.ts'
import { permitted, ROLES } from '../../api/permissions.ts'
import type { Operation } from '../../api/schema/operation.ts'
import { attack, type Answer, type Console, OURS, openConsole, type Person, refused, request } from './console.ts'

let console_: Console
const people = new Map<Role, Person>()
const routes = new Map<string, { method: string; path: string; operation: Operation }>()
let alerts: AlertRow[]
let incident: IncidentRow
let event: string
let exception: string
let backtest: string
let backfill = ''
const SUCCESSION = {
  predecessors: ['xa-thanh-trung.binhtan'],
  successors: ['xa-moi'],
  founded: [{ id: 'xa-moi', name: 'Ủy ban nhân dân xã Mới', kind: 'commune' }],
  date: '2026-01-01',
  given: [],
}
const EXCEPTION = {
  kql: 'source.ip : 198.51.100.66',
  rules: ['sql-injection'],
  groups: [],
  reason: 'máy quét của Trung tâm',
  expires: Date.now() + 86_400_000,
}

const admin = () => people.get('administrator')!
const alert = async (rule: string): Promise<AlertRow> =>
  (await admin().get(`/alerts?rule=${rule}`)).body.items.find(
    (each: AlertRow) => each.organization?.id === OURS.agency,
  )!
const changed = async (): Promise<IncidentRow> => (await admin().get(`/incidents/${incident.id}`)).body

beforeAll(async () => {
  console_ = await openConsole()
  await console_.take(OURS.source, [request(OURS.host, OURS.path), attack(OURS.host, OURS.path)])
  await console_.take(
    OURS.firewall,
    Array.from({ length: 20 }, (_, i) => refused(OURS.firewall, `nguoi-${i}`, { ago: 300_000 - i * 10_000 })),
  )
  await console_.take('chung', [attack('khong-co.example', '/vo-chu', { ip: '198.51.100.77' })])
  for (const role of ROLES) people.set(role, await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : []))
  for (const { method, path, operation } of console_.running.routes)
    if (operation) routes.set(operation.id, { method, path: path.replace(/^\/api/, ''), operation })
  alerts = (await admin().get('/alerts')).body.items
  incident = (await admin().get(`/incidents?organization=${OURS.agency}`)).body.items[0]
  event = (await admin().get('/events?q=url.path:*')).body.items[0]['event.id']
})
afterAll(() => console_.close())

/** How each succeeds. What changes something is in an order in which it can be done. */
const SUCCEEDS: { readonly [operation: string]: () => Promise<Answer> } = {
  getMe: () => admin().get('/me'),
  getOverview: () => admin().get(`/overview?organization=${OURS.agency}`),
  listAlerts: async () => {
    for (const group of ['campaign', 'level', 'organization', 'rule', 'portal', 'source', 'status', 'system'])
      expect((await admin().get(`/alerts?group=${group}`)).body.groups.length).toBeGreaterThan(0)
    return admin().get('/alerts?limit=1&sort=count')
  },
  getAlert: () => admin().get(`/alerts/${alerts[0]!.id}`),
  listIncidents: () => admin().get('/incidents?limit=1&from=0&opened=1'),
  getIncident: () => admin().get(`/incidents/${incident.number}`),
  listEvents: () => admin().get('/events?limit=1&fields=url.path'),
  getEvent: () => admin().get(`/events/${event}`),
  checkKql: () => admin().get('/kql?q=url.path:*'),
  suggestKql: () => admin().get('/kql/suggest?q=url.path:'),
  find: () => admin().get(`/find?q=${encodeURIComponent('sở y tế')}`),
  listAgencies: () => admin().get('/agencies'),
  getAgency: () => admin().get(`/agencies/${OURS.agency}`),
  listPortals: () => admin().get('/portals'),
  listSystems: () => admin().get('/systems'),
  getSystem: async () => {
    const { items } = (await admin().get('/systems')).body as { items: { id: string }[] }
    for (const { id } of items) expect((await admin().get(`/systems/${id}`)).status).toBe(200)
    return admin().get(`/systems/${items[0]!.id}`)
  },
  getCoverage: () => admin().get('/coverage'),
  getRisk: () => admin().get('/risk'),
  getFigures: () => admin().get(`/figures?organization=${OURS.agency}`),
  getLetters: () => admin().get('/letters'),
  getWall: () => admin().get('/wall'),
  listReports: () => admin().get('/reports?kind=month'),
  previewReport: () => admin().post('/reports/preview', { kind: 'incident', incident: incident.number }),
  makeReport: () => admin().post('/reports', { kind: 'month', period: '2025-01', organization: OURS.agency }),
  getReportFile: async () => {
    const { items } = (await admin().get('/reports')).body as { items: { id: string }[] }
    return admin().get(`/reports/${items[0]!.id}/csv`)
  },
  getInventory: async () => {
    for (const date of ['2024-12-31', '2025-07-01', '2030-01-01'])
      expect((await admin().get(`/inventory?date=${date}`)).status).toBe(200)
    return admin().get('/inventory')
  },
  getInventoryEntry: () => admin().get('/inventory/agencies?key=so-y-te'),
  getInventoryFile: () => admin().get('/inventory/file'),
  changeInventory: () =>
    admin().post('/inventory/change', {
      kind: 'agencies',
      text: 'id: don-vi-moi\nname: Đơn vị mới\nkind: department\n',
      reason: 'Thành lập mới',
    }),
  planSuccession: () => admin().post('/inventory/succession/plan', SUCCESSION),
  carrySuccession: async () => {
    const { version } = (await admin().post('/inventory/succession/plan', SUCCESSION)).body
    return admin().post('/inventory/succession', { ...SUCCESSION, reason: 'Nghị quyết 214', seen: version })
  },
  listRules: () => admin().get('/rules'),
  getRule: () => admin().get('/rules/sql-injection'),
  enableRule: () => admin().post('/rules/sql-injection', { enabled: true }),
  getRuleVersions: () => admin().get('/rules/sql-injection/versions'),
  getRuleDifference: () => admin().get('/rules/sql-injection/difference?from=1&to=catalog'),
  newRuleText: () => admin().get('/rule-texts/new?id=moi-tinh&correlation=true'),
  addRule: async () => {
    const { yaml } = (await admin().get('/rule-texts/new?id=moi-tinh')).body
    return admin().post('/rules', { yaml, reason: 'theo công văn 214' })
  },
  changeRule: async () => {
    const { n, text } = (await admin().get('/rules/sql-injection/versions')).body
    return admin().post('/rules/sql-injection/text', { yaml: `${text}# thêm\n`, reason: 'thử sửa', seen: n })
  },
  getSourceVersions: () => admin().get('/sources/chung/versions'),
  getSourceDifference: () => admin().get('/sources/chung/difference?from=1&to=1'),
  changeSource: async () => {
    const { n, text } = (await admin().get('/sources/chung/versions')).body
    return admin().post('/sources/chung/text', { yaml: `title: Dùng chung\n${text}`, reason: 'thử sửa', seen: n })
  },
  addException: async () => {
    exception = (await admin().post('/exceptions', EXCEPTION)).body.id
    // Unlike those that are asked of it: none has been made yet.
    return admin().post('/exceptions', { ...EXCEPTION, rules: [], groups: ['portal'], suppression: true })
  },
  tryException: async () => {
    const about = { kql: EXCEPTION.kql, rules: EXCEPTION.rules, groups: [] }
    const answer = await admin().post('/exceptions/effect', about)
    expect(answer.body).toMatchObject({ matched: 2, hidden: 1 })
    return answer
  },
  listExceptions: () => admin().get('/exceptions?rule=sql-injection&status=active'),
  changeException: () => admin().post(`/exceptions/${exception}`, { version: 1, reason: 'lý do khác', withdraw: true }),
  undoException: async () => {
    const { history } = (await admin().get(`/exceptions/${exception}`)).body as { history: { act: string }[] }
    return admin().post(`/exceptions/${exception}/undo`, { act: history.at(-1)!.act })
  },
  getException: () => admin().get(`/exceptions/${exception}`),
  startBacktest: async () => {
    const begun = await admin().post('/backtests', { rule: 'sql-injection' })
    backtest = begun.body.id
    return begun
  },
  getBacktest: async () => {
    await expect.poll(async () => (await admin().get(`/backtests/${backtest}`)).body.state).toBe('done')
    const done = await admin().get(`/backtests/${backtest}`)
    // An exception of the suppressions above hides the other.
    expect(done.body.result).toMatchObject({ hits: 1, alerts: 1, hidden: 1 })
    expect(done.body.result.examples).toHaveLength(1)
    return done
  },
  startBackfill: async () => {
    const begun = await admin().post('/backfills', { backtest })
    await expect
      .poll(
        async () => {
          await console_.running.minute()
          return (await admin().get('/backfills?rule=sql-injection')).body.items[0].state
        },
        { timeout: 30_000 },
      )
      .toBe('done')
    backfill = begun.body.id
    return begun
  },
  listBackfills: () => admin().get('/backfills'),
  cancelBackfill: () => admin().post(`/backfills/${backfill}/cancel`, {}),
  cancelBacktest: () => admin().post(`/backtests/${backtest}/cancel`, {}),
  listSources: () => admin().get('/sources'),
  listPeople: () => admin().get('/people'),
  listUsers: () => admin().get('/users'),
  addUser: () => admin().post('/users', { name: 'kiem-tra', display_name: 'Kiểm Tra', role: 'auditor' }),
  changeUser: async () => {
    const { items } = (await admin().get('/users')).body as { items: { id: string; name: string }[] }
    return admin().post(`/users/${items.find(({ name }) => name === 'kiem-tra')!.id}`, { reset: true })
  },
  changePassword: async () => {
    const { password } = (await admin().post('/users', { name: 'moi', display_name: 'Mới', role: 'analyst' })).body
    const person = await console_.signIn('moi', password)
    return person.post('/me/password', { current: password, next: 'mot-mat-khau-khac' })
  },
  changeAlerts: async () => {
    const { id, version } = await alert('sql-injection')
    return admin().post('/alerts/change', { items: [{ id, version }], status: 'acknowledged', note: 'đã xem' })
  },
  undoAlerts: async () => {
    const { id, version } = await alert('sql-injection')
    const { results } = (
      await admin().post('/alerts/change', { items: [{ id, version }], assignee: people.get('analyst')!.username })
    ).body as { results: { acts: string[] }[] }
    return admin().post('/alerts/undo', { items: [{ id, act: results[0]!.acts[0]! }] })
  },
  giveAgency: async () => {
    const homeless = alerts.find(({ organization }) => organization === undefined)!
    const { id, version } = homeless
    return admin().post('/alerts/agency', { items: [{ id, version }], organization: OURS.agency })
  },
  leaveIncident: async () => {
    const { id, version } = await alert('sql-injection')
    return admin().post('/alerts/leave', { items: [{ id, version }] })
  },
  joinIncident: async () => admin().post('/alerts/incident', { ids: [(await alert('sql-injection')).id] }),
  changeIncident: async () =>
    admin().post(`/incidents/${incident.id}`, {
      version: (await changed()).version,
      status: 'in_progress',
      held: true,
      task: { text: 'gọi đơn vị', due: Date.now() },
    }),
  undoIncident: async () => {
    const { version } = await changed()
    const { acts } = (await admin().post(`/incidents/${incident.id}`, { version, title: 'Tên khác' }))
      .body as ChangedIncident
    return admin().post(`/incidents/${incident.id}/undo`, { act: acts[0]! })
  },
  mergeIncident: async () => {
    const open = (
      (await admin().get(`/incidents?organization=${OURS.agency}&status=new,in_progress`)).body.items as IncidentRow[]
    ).filter(({ system }) => system === undefined)
    const [from, into] = open as [IncidentRow, IncidentRow]
    return admin().post(`/incidents/${from.id}/merge`, { version: from.version, into: into.id })
  },
  splitIncident: async () => {
    const list = (await admin().get(`/incidents?organization=${OURS.agency}&status=new,in_progress`)).body
      .items as IncidentRow[]
    const whole = list.find((each) => each.alerts > 1)!
    const { alert_rows } = (await admin().get(`/incidents/${whole.id}`)).body
    return admin().post(`/incidents/${whole.id}/split`, { ids: [alert_rows[0].id], title: 'Phần riêng' })
  },
  getAudit: async () => {
    const { cursor } = (await admin().get('/audit')).body
    return admin().get(`/audit${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`)
  },
  getHealth: () => admin().get('/health'),
  getDocument: () => admin().get('/openapi.json'),
  readDocument: () => admin().get('/docs'),
}
/** What these tests cannot bring about: the stream (`roles.test.ts`), a clock that is not believed (`faults/retention.test.ts`). */
const OF_SENDERS = ['assignSender', 'getUnknownSender', 'listUnknownSenders'] // unknown.test.ts
const ELSEWHERE = ['followLive', 'acceptClock', 'settleInventory', 'settleRule', 'settleSource', ...OF_SENDERS]

test('every operation is here', () => {
  expect([...Object.keys(SUCCEEDS), ...ELSEWHERE].sort()).toEqual([...routes.keys()].sort())
})
test.each(Object.entries(SUCCEEDS))('%s succeeds, and answers as it says', async (_, ask) => {
  const { status, text } = await ask()
  expect(status, text).toBe(200)
  const results = /^\{"results":(.*)\}$/.exec(text)?.[1]
  if (results) for (const { ok, message } of JSON.parse(results)) expect(ok, message).toBe(true)
})
test('every operation refuses as it says', async () => {
  for (const { method, path, operation } of routes.values()) {
    const address = path.replaceAll(/:\w+/g, 'khong-co')
    const ask = (person: Person, query = '', body: object = {}) =>
      method === 'GET' ? person.get(`${address}${query}`) : person.post(`${address}${query}`, body)
    expect((await ask(console_.anybody)).status, operation.id).toBe(401)
    for (const [role, person] of people) {
      const can = permitted({ role, organizations: [] })[operation.act]
      const { status, body } = await ask(person, '?khong-co=1')
      expect({ status, code: body.error.code }, `${operation.id} ${role}`).toEqual(
        can ? { status: 400, code: 'parameter' } : { status: 403, code: 'forbidden' },
      )
      if (can) expect(body.error.message).toBe('khong-co="1": there is no such parameter.')
    }
    if (operation.body) expect((await ask(admin(), '', { khong_co: 1 })).status, operation.id).toBe(400)
    if (operation.refuses?.includes(404) && method === 'GET')
      expect((await ask(admin())).status, operation.id).toBe(404)
  }
})
