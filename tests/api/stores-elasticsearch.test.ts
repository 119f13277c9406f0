/** The demo's logs on both stores: the same alerts, the same incidents. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { dueBetween, readSeeds } from '../../api/demo/seed.ts'
import { type Installation, openInstallation } from '../../api/installation.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { describeCluster, environment, randomPrefix, removeAll } from '../servers/cluster.ts'

const HOUR = 3_600_000
const SEEDS = fileURLToPath(new URL('../../seeds/vinh-long', import.meta.url))
/** Afternoon of a working day in the province. */
const END = Date.UTC(2026, 10, 20, 8)
const HOURS = 48
const OFFSET = 7 * HOUR

/** What a person sees: which rule found what, where, from when to when, how often. */
const found = async ({ store }: Installation) => {
  const alerts = await store.documents.collection<Alert>('alerts').query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })
  const incidents = await store.documents
    .collection<Incident>('incidents')
    .query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })
  return {
    alerts: alerts.items
      .filter(({ doc }) => doc['alert.status'] !== 'absorbed')
      .map(({ doc }) => ({
        rule: doc['rule.id'],
        group: doc['alert.group'],
        agency: doc['organization.id'],
        first: doc['alert.first'],
        last: doc['alert.last'],
        count: doc['alert.count'],
        events: doc.events.map((event) => event['event.original']).sort(),
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    incidents: incidents.items
      .map(({ doc }) => ({
        agency: doc['organization.id'],
        key: doc['incident.key'],
        level: doc['incident.level'],
        alerts: [doc['incident.alerts'], doc['incident.events']],
        number: doc['incident.number'],
        first: doc['incident.first'],
        last: doc['incident.last'],
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  }
}

await describeCluster('both stores', (cluster) => {
  test('give the same alerts and incidents on two days of the province', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vonglau-stores-'))
    const prefix = randomPrefix()
    let now = END - HOURS * HOUR
    const clock = () => now
    const open = async (name: string, env: NodeJS.ProcessEnv) => {
      const path = join(folder, `${name}.yml`)
      const settings = readFileSync(join(SEEDS, 'vonglau.yml'), 'utf8')
        .replaceAll('{data}', join(folder, name))
        .replaceAll('{seeds}', SEEDS)
        .replaceAll('{listen}', '127.0.0.1:0')
      writeFileSync(path, settings)
      // The demo's rules stand in a folder of its own.
      cpSync(join(SEEDS, 'rules'), join(folder, name, 'rules'), { recursive: true })
      const config = readConfig(path, env)
      // Whatever the demo's sources are collected by, the lines are handed in: the stores are compared here.
      const sources = config.sources.map((source) => ({
        ...source,
        collect: { kind: 'http' as const, token: 'x'.repeat(16) },
      }))
      const installation = await openInstallation(
        { ...config, sources },
        { clock, warn: console.warn, wait: 20, poll: 50 },
      )
      await installation.ingest.start()
      return installation
    }
    const installations = [await open('duckdb', {}), await open('elasticsearch', environment(cluster, prefix))]
    try {
      const logs = join(SEEDS, 'logs')
      const seeds = readdirSync(logs)
        .filter((name) => name.endsWith('.log'))
        .flatMap((name) => readSeeds(join(logs, name), name.slice(0, -4)))
      for (let from = now; from < END; from = now) {
        now = Math.min(from + 2 * HOUR, END)
        const due = dueBetween(seeds, from, now, END, OFFSET)
        for (const { ingest, schedule } of installations) {
          for (const source of new Set(due.map((each) => each.source))) {
            const lines = due.filter((each) => each.source === source).map(({ line }) => Buffer.from(line))
            await ingest.accept(source, lines, '127.0.0.1')
          }
          await ingest.drain()
          await schedule.runAll()
        }
      }
      const [embedded, clustered] = await Promise.all(installations.map(found))
      expect(embedded!.alerts.length).toBeGreaterThan(10)
      expect(new Set(embedded!.alerts.map(({ rule }) => rule)).size).toBeGreaterThan(5)
      expect(clustered).toEqual(embedded)
    } finally {
      for (const installation of installations) await installation.close()
      rmSync(folder, { recursive: true, force: true })
      const client = openClient(cluster)
      await removeAll(client, prefix)
      await client.close()
    }
  })
})
