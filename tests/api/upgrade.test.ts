/** A data folder as the program wrote it before an alert had one agency (`upgrade/make.ts`), opened by this one. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { examine } from '../../api/commands/doctor.ts'
import { readConfig } from '../../api/config.ts'
import { openInstallation } from '../../api/installation.ts'
import { one } from '../../api/routes/incidents.ts'
import { startServer } from '../../api/server.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { reachOf } from '../../ingest/inventory/scope.ts'
import { eq, EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { examineCases } from '../../rules/case/examine.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { historyOf } from '../../rules/case/journal.ts'
import { readMark } from '../../rules/upgrade/upgrade.ts'
import { all, NOW, told, unpack } from './upgrade/folder.ts'

test('alerts of several agencies are split, nothing is lost, and doctor is content', async () => {
  const file = unpack()
  const installation = await openInstallation(readConfig(file, {}), { clock: () => NOW, warn: () => {} })
  const { store } = installation
  try {
    const { alerts, incidents } = await told(store)
    expect(alerts).toEqual(
      [
        ['sql-injection', 'so-tai-chinh', 1, 'closed', 'true_positive', null, 'so-tai-chinh', 'SOTAICHINH-2026-001'],
        ['sql-injection', 'so-y-te', 1, 'new', null, null, 'so-y-te', 'SOYTE-2026-002'],
        ['sql-injection', 'so-y-te', 1, 'new', null, null, 'so-y-te', 'SOYTE-2026-002'],
        // 24 guesses were one alert: twelve are each agency's, and the person's word stays with the first.
        ['vpn-brute-force', 'so-tai-chinh', 12, 'new', null, null, 'so-tai-chinh', 'SOTAICHINH-2026-002'],
        ['vpn-brute-force', 'so-y-te', 12, 'acknowledged', null, 'an', 'so-y-te', 'SOYTE-2026-001'],
        ['vpn-password-spray', 'so-tai-chinh', 12, 'new', null, null, 'so-tai-chinh', 'SOTAICHINH-2026-002'],
        ['vpn-password-spray', 'so-y-te', 12, 'new', null, null, 'so-y-te', 'SOYTE-2026-001'],
      ]
        .map((row) => JSON.stringify(row))
        .sort(),
    )
    expect(incidents.map((row) => JSON.parse(row).slice(0, 6))).toEqual([
      ['SOTAICHINH-2026-001', expect.any(Number), 'so-tai-chinh', 'in_progress', 'an', 1],
      ['SOTAICHINH-2026-002', null, 'so-tai-chinh', 'new', null, 2],
      ['SOYTE-2026-001', expect.any(Number), 'so-y-te', 'new', null, 2],
      ['SOYTE-2026-002', expect.any(Number), 'so-y-te', 'new', null, 2],
    ])
    // An old number and the new one open the same incident.
    const [old] = (await all<Incident>(store, 'incidents')).filter(({ doc }) => doc['incident.former'] === 3)
    for (const id of ['3', old!.doc['incident.number'], old!.id])
      expect((await one(installation, SYSTEM, id)).id).toBe(old!.id)
    // What people did then is in the journal, before the chain; the documents hold no history any more.
    const guessing = (await all<Alert>(store, 'alerts')).find(({ doc }) => doc['alert.assignee'] === 'an')!
    const acts = await historyOf(store.documents, guessing.id, guessing.doc)
    expect(acts.map(({ what, actor, text }) => [what, actor.name, text])).toEqual([
      ['acknowledge', 'an', undefined],
      ['assign', 'an', undefined],
      ['note', 'an', 'đang gọi đơn vị'],
    ])
    for (const { doc } of [...(await all<Alert>(store, 'alerts')), ...(await all<Incident>(store, 'incidents'))])
      expect(doc).not.toHaveProperty('activity')
    const entries = (await all(store, 'journal')).filter(({ doc }) => doc['before'])
    expect(entries.length).toBeGreaterThan(8)
    expect((await readMark(store.documents))?.until).toBeGreaterThan(Date.UTC(2026, 10, 20))
    expect((await examineCases(installation.cases)).filter(({ ok }) => !ok)).toEqual([])
  } finally {
    await installation.close()
  }
  const findings = await examine(file, {})
  expect(findings.filter(({ ok }) => !ok)).toEqual([])
  expect(findings.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/the journal is whole, \d+ entries/),
      expect.stringMatching(/4 incidents agree with their alerts/),
      expect.stringMatching(/2 agencies have no code .*so-y-te: SOYTE/),
      expect.stringMatching(/of events that came until 2026-11-20T\S+ the agency is the destination's first/),
    ]),
  )
})

test('events of before rows were judged where they are made: nothing is told again, and what comes joins it', async () => {
  const file = unpack('before-hits')
  const config = readConfig(file, {})
  let now = NOW
  const installation = await openInstallation(config, { clock: () => now, warn: () => {}, wait: 5, poll: 20 })
  const { store, ingest, schedule } = installation
  try {
    await ingest.start()
    await schedule.runAll()
    const before = await told(store)
    expect(before.alerts.length).toBe(7)
    const failed = (at: number) => {
      const local = new Date(at + 7 * 3_600_000).toISOString()
      return `date=${local.slice(0, 10)} time=${local.slice(11, 19)} devname="fw-yt" devid="FG100E000000000" logid="0101039426" type="event" subtype="vpn" level="alert" vd="root" logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" remip=198.51.100.9 user="moi" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in"`
    }
    const guessing = async () =>
      (await all<Alert>(store, 'alerts')).find(
        ({ doc }) => doc['rule.id'] === 'vpn-brute-force' && doc['organization.id'] === 'so-y-te',
      )!.doc
    // Its spool is gone: what is accepted now is a file of its own all the same.
    // A minute behind the last one of before: its window holds events that nobody judged by hits, and this one that has them.
    const last = (await guessing())['alert.last']
    now += 60_000
    await ingest.accept('fw-yt', [Buffer.from(failed(last + 1000))], '127.0.0.1')
    await ingest.drain()
    await schedule.runAll()
    expect((await guessing())['alert.count']).toBe(13)
    const others = (alerts: readonly string[]) => alerts.filter((text) => !text.includes('so-y-te'))
    expect(others((await told(store)).alerts)).toEqual(others(before.alerts))
    const { items } = await store.events.search(SYSTEM, { filter: eq('user.name', 'moi'), order: 'newest', limit: 1 })
    expect(items[0]!['vonglau.judged']).toBe(installation.judging.set)
    expect(String(items[0]!['vonglau.hits'])).toContain('vpn-brute-force@')
  } finally {
    await installation.close()
  }
})

test('agencies of kind system become systems: their old ids stay valid, are read by owner and operator, and are not given again', async () => {
  const file = unpack('before-systems')
  let now = NOW
  const running = await startServer(readConfig(file, {}), {
    clock: () => now,
    say: () => {},
    warn: () => {},
    wait: 5,
    poll: 20,
  })
  const { installation } = running
  const { inventory, store } = installation
  try {
    expect(inventory.agencies.map(({ id, kind }) => [id, kind])).toEqual([
      ['ubnd', 'committee'],
      ['so-tttt', 'department'],
      ['trung-tam-du-lieu', 'centre'],
      ['so-y-te', 'department'],
    ])
    expect(inventory.systems).toMatchObject([
      { id: 'dich-vu-cong', owner: 'so-tttt', operator: 'trung-tam-du-lieu', shared: true, former: ['dich-vu-cong'] },
    ])
    const before = await told(store)
    expect(before.alerts.map((row) => JSON.parse(row)[1]).sort()).toEqual(['dich-vu-cong', 'dich-vu-cong', 'so-y-te'])
    /** Whose alerts and events an account of before sees now. */
    const seenBy = async (username: string) => {
      const user = (await running.auth!.users()).find((each) => each.username === username)!
      const scope = reachOf(inventory, user.organizations)
      const alerts = await store.documents.collection<Alert>('alerts').query(scope, { filter: EVERYTHING, limit: 100 })
      const events = await store.events.search(scope, {
        filter: eq('event.dataset', 'nginx_access'),
        order: 'oldest',
        limit: 100,
      })
      return [alerts.items.map(({ doc }) => whose(doc)).sort(), events.items.map(whose).sort()]
    }
    const whose = (doc: { readonly [field: string]: unknown }) =>
      [doc['organization.id'], doc['system.id']].filter(Boolean).join('/')
    const old = ['dich-vu-cong', 'dich-vu-cong']
    for (const username of ['dvc', 'ttdl', 'tttt']) expect(await seenBy(username), username).toEqual([old, old])
    // What comes now is the owner's, on the system, also through the source that names the old id; the same people see it.
    now += 48 * 3_600_000
    const line = (ip: string, host: string) =>
      `${host} ${ip} - - [22/Nov/2026:08:00:00 +0000] "GET /tin?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20- HTTP/1.1" 200 512 "-" "x"`
    await installation.ingest.accept('iis-dvc', [Buffer.from(line('198.51.100.70', 'dvc.example'))], '127.0.0.1')
    await installation.ingest.accept('proxy', [Buffer.from(line('198.51.100.71', 'dvc.example'))], '127.0.0.1')
    await installation.ingest.drain()
    await running.minute()
    const fresh = ['so-tttt/dich-vu-cong', 'so-tttt/dich-vu-cong']
    for (const username of ['dvc', 'ttdl', 'tttt'])
      expect(await seenBy(username), username).toEqual([
        [...old, ...fresh],
        [...old, ...fresh],
      ])
    // Both are one incident of the owner.
    const incidents = (await all<Incident>(store, 'incidents')).filter(({ doc }) => doc['system.id'] === 'dich-vu-cong')
    expect(incidents.map(({ doc }) => [doc['organization.id'], doc['incident.alerts']])).toEqual([['so-tttt', 2]])
    expect((await examineCases(installation.cases)).filter(({ ok }) => !ok)).toEqual([])
  } finally {
    await running.stop()
  }
  const taken = readFileSync(join(dirname(file), 'inventory.yml'), 'utf8').replace(
    'agencies:\n',
    'systems:\n  - { id: khac, name: Khác, owner: ubnd, former: [dich-vu-cong] }\nagencies:\n',
  )
  expect(() => parseInventory(taken, 'a.yml')).toThrow(
    /former\[0\] is "dich-vu-cong", expected an id that nothing else has/,
  )
})
