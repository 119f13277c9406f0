/** A data folder as the program wrote it before an alert had one agency (`upgrade/make.ts`), opened by this one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { casesOf } from '../../api/acts.ts'
import { examine } from '../../api/commands/doctor.ts'
import { readConfig } from '../../api/config.ts'
import { openInstallation, readInventory } from '../../api/installation.ts'
import { openEmbedded } from '../../api/store.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { examineCases } from '../../rules/case/examine.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { historyOf } from '../../rules/case/journal.ts'
import { loadRules } from '../../rules/load.ts'
import { readMark, upgradeCases } from '../../rules/upgrade/upgrade.ts'
import { breaking, Killed } from '../rules/stores.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'

const ARCHIVE = join(import.meta.dirname, 'upgrade', 'before-agencies.tar.gz')
/** An hour after the folder was written. */
const NOW = Date.UTC(2026, 10, 20, 8)
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const unpack = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-upgrade-'))
  folders.push(folder)
  execFileSync('tar', ['-xzf', ARCHIVE, '-C', folder])
  return join(folder, 'vonglau.yml')
}
const all = async <T extends object>(store: Store, name: string) =>
  (
    await store.documents
      .collection<T & { readonly [field: string]: unknown }>(name)
      .query(SYSTEM, { filter: EVERYTHING, limit: 1000 })
  ).items

/** What a person sees of it. */
const told = async (store: Store) => {
  const alerts = await all<Alert>(store, 'alerts')
  const incidents = await all<Incident>(store, 'incidents')
  return {
    alerts: alerts
      .map(({ doc }) => [
        doc['rule.id'],
        doc['organization.id'],
        doc['alert.count'],
        doc['alert.status'],
        doc['alert.reason'],
        doc['alert.assignee'],
        [...new Set(doc.events.map((event) => event['organization.id']))].join(),
        doc['incident_number'],
      ])
      .map((row) => JSON.stringify(row))
      .sort(),
    incidents: incidents
      .map(({ doc }) => [
        doc['incident.number'],
        doc['incident.former'] ?? null,
        doc['organization.id'],
        doc['incident.status'],
        doc['incident.assignee'] ?? null,
        doc['incident.alerts'],
        doc['incident.events'],
      ])
      .map((row) => JSON.stringify(row))
      .sort(),
    journal: (await all(store, 'journal')).map(
      ({ id, doc }) => `${id} ${String(doc['journal.by'])} ${JSON.stringify(doc['before'] ?? false)}`,
    ),
  }
}

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
      expect.stringMatching(/the journal's \d+ entries are whole/),
      expect.stringMatching(/4 incidents agree with their alerts/),
      expect.stringMatching(/2 agencies have no code .*so-y-te: SOYTE/),
      expect.stringMatching(/of events that came until 2026-11-20T\S+ the agency is the destination's first/),
    ]),
  )
})

test('killed between any two writes it goes on at the next start, to the same end', async () => {
  const open = async (file: string) => {
    const config = readConfig(file, {})
    const { events, documents } = await openEmbedded(config, 0)
    return {
      store: embedded(events, documents),
      inventory: readInventory(config),
      rules: loadRules(config.rules, LOGSOURCES),
    }
  }
  const once = async (left: number): Promise<{ killed: boolean; told: unknown }> => {
    const { store, inventory, rules } = await open(unpack())
    const facts = { inventory, clock: () => NOW, deadlines: () => ({}) }
    const upgrade = (documents: Store['documents']) => {
      const broken: Store = {
        ...store,
        documents,
        lease: async (name) => ({ ...(await store.lease(name))!, documents }),
      }
      return upgradeCases(broken, rules, casesOf(facts, documents))
    }
    let killed = false
    try {
      await upgrade(breaking(store.documents, left)).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
        killed = true
      })
      if (killed) await upgrade(store.documents)
      expect((await examineCases(casesOf(facts, store.documents))).filter(({ ok }) => !ok)).toEqual([])
      const { alerts, incidents, journal } = await told(store)
      // A number that was drawn and not used leaves a gap.
      const plain = (rows: string[]) => rows.map((row) => row.replaceAll(/-2026-\d+/g, '')).sort()
      return { killed, told: { alerts: plain(alerts), incidents: plain(incidents), journal } }
    } finally {
      await store.close()
    }
  }
  const calm = await once(Number.POSITIVE_INFINITY)
  let n = 0
  for (let killed = true; killed; n++) {
    const broken = await once(n)
    killed = broken.killed
    expect(broken.told, `killed before write ${n + 1}`).toEqual(calm.told)
  }
  expect(n).toBeGreaterThan(20)
})
