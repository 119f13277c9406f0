/**
 * Several processes of the program over one cluster, started by its command line; and what a calm run of one process
 * makes of the same lines.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { expect } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { openInstallation } from '../../api/installation.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type DocumentStore, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { readLedger } from '../../rules/ledger.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { type Cluster, randomPrefix, removeAll } from '../servers/cluster.ts'
import { FEW_AGENCIES, LAUNCHER, openPlace, originals } from './place.ts'
import { HTTP, HTTP_SOURCE, type Written } from './traffic.ts'

export interface Process {
  readonly name: string
  /** Undefined while it does not run. */
  url(): string | undefined
  /** Resolves when it answers. */
  start(): Promise<void>
  /** `kill -9`. Resolves when it is gone. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  stop(): Promise<void>
  /** Everything it has printed, over all its starts. */
  printed(): string
}

export interface Several {
  readonly prefix: string
  readonly client: Client
  readonly folder: string
  process(name: string, role: 'ingest' | 'detect', files: readonly Written[]): Process
  /** How many events of a source the store has. */
  stored(source: string): Promise<number>
  /** The holder and the token of every lease, by its name. */
  leases(): Promise<Map<string, { holder: string | null; token: number }>>
  /** How far the rules have come: the greatest ingest time that any has covered. */
  covered(): Promise<number>
  /** The least of what each has covered. */
  coveredByAll(): Promise<number>
  /**
   * After every process has ended: runs what is left of the rules, and holds the store to the lines and to what a calm run
   * makes of them. `unknown`: may be there once, or not.
   */
  compare(files: readonly Written[], accepted: readonly string[], unknown: readonly string[]): Promise<Outcome>
  remove(): Promise<void>
}

export interface Outcome {
  readonly events: number
  readonly alerts: readonly string[]
  readonly incidents: readonly string[]
}

export const openSeveral = (cluster: Cluster): Several => {
  const place = openPlace()
  const prefix = randomPrefix()
  const client = openClient(cluster)
  const running = new Set<ChildProcess>()
  const signal = (child: ChildProcess, name: NodeJS.Signals) => {
    try {
      // The launcher and the program below it are one group.
      process.kill(-child.pid!, name)
    } catch {}
  }
  const killAll = () => {
    for (const child of running) signal(child, 'SIGKILL')
  }
  process.on('exit', killAll)
  const ca = cluster.ca === undefined ? '' : `, ca: ${JSON.stringify(place.write('ca.pem', cluster.ca))}`
  const user = cluster.user === undefined ? '' : `, user: ${cluster.user}, password: ${cluster.password}`
  const nodes = cluster.nodes.map((node) => new URL(node).origin)
  const configOf = (name: string, store: 'duckdb' | 'elasticsearch', files: readonly Written[]) =>
    place.write(
      `${name}.yml`,
      `data: data-${name}\nlisten: 127.0.0.1:0\ninventory: ${FEW_AGENCIES}\nstore: ${store}\nelasticsearch: { nodes: ${JSON.stringify(nodes)}, prefix: ${prefix}${user}${ca} }\nsources:\n${files.map(({ source }) => source).join('')}${HTTP}`,
    )

  /** The ingest time that each rule has covered. */
  const ledger = async (): Promise<number[]> => {
    const index = `${prefix}-d-ledger`
    await client.indices.refresh({ index, ignore_unavailable: true })
    const { hits } = await client.search<{ doc: { covered: number } }>({ index, ignore_unavailable: true, size: 1000 })
    return hits.hits.map(({ _source }) => _source!.doc.covered)
  }

  /** The greatest ingest time of what is stored. */
  const newest = async (): Promise<number> => {
    await client.indices.refresh({ index: `${prefix}-events` })
    const { aggregations } = await client.search<unknown, { last: { value: number | null } }>({
      index: `${prefix}-events`,
      size: 0,
      aggs: { last: { max: { field: 'event.ingested' } } },
    })
    return aggregations?.last.value ?? 0
  }

  const open = (name: string, role: 'ingest' | 'detect', files: readonly Written[]): Process => {
    const config = configOf(name, 'elasticsearch', files)
    let child: ChildProcess | undefined
    let gone: Promise<void> = Promise.resolve()
    let url: string | undefined
    let printed = ''
    return {
      name,
      url: () => url,
      start: () =>
        new Promise((resolve, reject) => {
          const mine = spawn(process.execPath, [LAUNCHER, '-c', config, 'start', '--roles', role], {
            cwd: place.folder,
            env: { PATH: process.env['PATH'], HOME: place.folder, TZ: 'UTC' },
            detached: true,
          })
          child = mine
          running.add(mine)
          let text = ''
          const take = (chunk: string) => {
            printed += chunk
            text += chunk
            const found = /(?:ingest|detect) at (\S+)\n/.exec(text)?.[1]
            if (!found || url) return
            url = found
            resolve()
          }
          mine.stdout.setEncoding('utf8').on('data', take)
          mine.stderr.setEncoding('utf8').on('data', take)
          gone = new Promise((done) =>
            mine.once('close', () => {
              running.delete(mine)
              url = undefined
              reject(new Error(`${name} ended: ${text}`))
              done()
            }),
          )
        }),
      kill: async () => {
        url = undefined
        if (child) signal(child, 'SIGKILL')
        await gone
      },
      pause: () => signal(child!, 'SIGSTOP'),
      resume: () => child && signal(child, 'SIGCONT'),
      stop: async () => {
        url = undefined
        // To the launcher, which hands it on: sent to both, the program would have it twice.
        child?.kill('SIGTERM')
        await gone
      },
      printed: () => printed,
    }
  }

  const index = `${prefix}-events`
  const options = { clock: Date.now, warn: () => {}, wait: 5, poll: 20 }
  return {
    prefix,
    client,
    folder: place.folder,
    process: open,
    stored: async (source) => {
      await client.indices.refresh({ index, ignore_unavailable: true })
      const query = { term: { 'vonglau.source.id': source } }
      try {
        const { count } = await client.count({
          index,
          ignore_unavailable: true,
          query: { bool: { filter: [query], must_not: [{ term: { 'event.dataset': 'vonglau.source' } }] } },
        })
        return count
      } catch (error) {
        // An index that is being made cannot be asked yet.
        if ((error as { statusCode?: number }).statusCode === 503) return 0
        throw error
      }
    },
    leases: async () => {
      const index = `${prefix}-leases`
      await client.indices.refresh({ index, ignore_unavailable: true })
      const { hits } = await client.search<{ doc: { holder: string | null; token: number } }>({
        index,
        ignore_unavailable: true,
        size: 1000,
      })
      return new Map(hits.hits.map(({ _id, _source }) => [_id!, _source!.doc]))
    },
    covered: async () => Math.max(0, ...(await ledger())),
    coveredByAll: async () => Math.min(...(await ledger())),

    compare: async (files, accepted, unknown) => {
      // What a killed process held is given to others only when they know that it is dead.
      const settings = readConfig(configOf('look', 'elasticsearch', files), {})
      const several = await openInstallation(settings, { ...options, roles: ['detect'] })
      let http: string[]
      let events: number
      let found: Outcome
      try {
        const last = await newest()
        await eventually('the rules have covered everything', async () => {
          await several.schedule.runAll()
          const to = await several.store.events.committed()
          // One that was killed a moment ago holds it back until it is known to be dead.
          if (to < last) return false
          const ledger = await readLedger(several.store.documents)
          return several.rules.every(({ id }) => ledger.get(id)?.covered === to)
        })
        const counts = await originals(several.store.events)
        const wanted = files.flatMap(({ lines }) => lines)
        const allowed = new Set(unknown)
        expect({
          missing: [...wanted, ...accepted].filter((line) => !counts.has(line)),
          twice: [...counts].filter(([, count]) => count > 1),
        }).toEqual({ missing: [], twice: [] })
        http = [...accepted, ...[...counts.keys()].filter((line) => allowed.has(line))]
        events = counts.size
        expect(events).toBe(new Set([...wanted, ...http]).size)
        found = { events, ...(await outcome(several.store.documents)) }
      } finally {
        await several.close()
      }
      const calm = await openInstallation(readConfig(configOf('calm', 'duckdb', files), {}), options)
      try {
        await calm.ingest.start()
        for (let i = 0; i < http.length; i += 1000)
          await calm.ingest.accept(
            HTTP_SOURCE,
            http.slice(i, i + 1000).map((line) => Buffer.from(line)),
            '127.0.0.1',
          )
        await calm.ingest.drain()
        await calm.schedule.runAll()
        expect((await originals(calm.store.events)).size).toBe(events)
        const expected = await outcome(calm.store.documents)
        expect(found.alerts).toEqual(expected.alerts)
        expect(found.incidents).toEqual(expected.incidents)
      } finally {
        await calm.close()
      }
      return found
    },
    remove: async () => {
      killAll()
      process.off('exit', killAll)
      await place.remove()
      rmSync(place.folder, { recursive: true, force: true })
      await removeAll(client, prefix)
      await client.close()
    },
  }
}

/** What is looked at is a cluster that others keep busy: not too often, and with patience. */
export const eventually = async (what: string, look: () => Promise<boolean>): Promise<void> => {
  const began = performance.now()
  while (!(await look())) {
    if (performance.now() - began > 900_000) throw new Error(`waited in vain until ${what}`)
    await sleep(400)
  }
}

const all = async <T extends { readonly [field: string]: unknown }>(documents: DocumentStore, name: string) =>
  (await documents.collection<T>(name).query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items

/** Alerts and incidents without what depends on when the rules ran: ids, numbers, the rule that opened an incident. */
const outcome = async (documents: DocumentStore): Promise<Omit<Outcome, 'events'>> => {
  const alerts = new Map((await all<Alert>(documents, 'alerts')).map(({ id, doc }) => [id, doc]))
  const burst = (alert: Alert) => [
    alert['rule.id'],
    alert.group.map(({ field, value }) => `${field} ${value}`).join(', '),
    new Date(alert['alert.first']).toISOString(),
    new Date(alert['alert.last']).toISOString(),
    alert['alert.count'],
  ]
  const open = [...alerts.values()].filter((doc) => doc['alert.status'] !== 'absorbed')
  return {
    alerts: open.map((alert) => JSON.stringify([...burst(alert), alert.events.length])).sort(),
    incidents: (await all<Incident>(documents, 'incidents'))
      .map(({ id: incident, doc }) =>
        JSON.stringify([
          doc['organization.id'],
          doc['incident.key'],
          doc['incident.level'],
          doc['incident.status'],
          new Date(doc['incident.first']).toISOString(),
          new Date(doc['incident.last']).toISOString(),
          doc.portals.map(({ id }) => id).sort(),
          [doc['incident.alerts'], doc['incident.events']],
          // Membership is said once, on the alert.
          open
            .filter((alert) => alert['alert.incident'] === incident)
            .map((alert) => JSON.stringify(burst(alert)))
            .sort(),
        ]),
      )
      .sort(),
  }
}
