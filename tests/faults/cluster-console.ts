/** The program over a cluster that something happens to: its console, its log, `vonglau doctor`, and what is in the store. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { readConfig } from '../../api/config.ts'
import type { AlertRow, Health } from '../../api/contract.ts'
import { openInstallation } from '../../api/installation.ts'
import { type Running, startServer } from '../../api/server.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { OURS } from '../api/console.ts'
import { type Cluster, randomPrefix } from '../servers/cluster.ts'
import { FEW_AGENCIES, openPlace, originals, type Place, until } from './place.ts'

const TOKEN = 'a-token-of-the-tests'
const PASSWORD = 'mat-khau-cua-toi'
const SOURCE = `organization: ${OURS.agency}, serves: ["203.0.113.10"], silent_minutes: 100000`

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: what a route answers is what the test is about
  readonly body: any
}
export interface ClusterConsole {
  readonly place: Place
  readonly prefix: string
  readonly running: Running
  /** What it told the operator. */
  readonly warned: readonly string[]
  /** As the administrator. */
  get(path: string): Promise<Answer>
  post(path: string, body: object): Promise<Answer>
  signIn(): Promise<Answer>
  /** Sends lines over HTTP; they have to be accepted whatever the store is like. */
  send(lines: readonly string[]): Promise<void>
  /** Appends lines to the file that is read. */
  write(lines: readonly string[]): void
  /** Every line that was sent or written. */
  readonly lines: string[]
  /** Sentences of the health page; where it cannot be had, the one that says why. */
  problems(): Promise<string[]>
  /** What `vonglau doctor` finds wrong of the store. */
  doctor(): Promise<string[]>
  /** Waits until what other processes had stored before the call is visible to this one. */
  seen(): Promise<void>
  /** Waits until everything is in the store, and that each line is there once. */
  settled(): Promise<void>
  /** Rule, group, first, last and count of every alert; and of a calm run over the same lines. */
  alerts(): Promise<string[]>
  calm(): Promise<string[]>
  close(): Promise<void>
}

/** How a configuration says where the cluster is. */
export const clusterYaml = (place: Place, cluster: Cluster, prefix: string): string => {
  const ca = cluster.ca === undefined ? '' : `, ca: ${JSON.stringify(place.write('ca.pem', cluster.ca))}`
  const user = cluster.user === undefined ? '' : `, user: ${cluster.user}, password: ${cluster.password}`
  const nodes = cluster.nodes.map((node) => new URL(node).origin)
  return `store: elasticsearch\nelasticsearch: { nodes: ${JSON.stringify(nodes)}, prefix: ${prefix}${user}${ca} }\n`
}

const burst = (rule: string, group: readonly { field: string; value: string }[], ...numbers: number[]) =>
  JSON.stringify([rule, group.map(({ field, value }) => `${field} ${value}`).sort(), ...numbers])

/** `lines`: those of another one over the same store, where there is one. */
export const openClusterConsole = async (
  cluster: Cluster,
  prefix = randomPrefix(),
  lines: string[] = [],
): Promise<ClusterConsole> => {
  const place = openPlace()
  place.write('logs/a.log', '')
  const config = (store: string, data: string) =>
    place.write(
      `${data}.yml`,
      `data: ${data}\nlisten: 127.0.0.1:0\ninventory: ${FEW_AGENCIES}\n${store}sources:\n  - { id: tep, parser: nginx_access, ${SOURCE}, file: { path: "logs/*.log" } }\n  - { id: web, parser: nginx_access, ${SOURCE}, http: { token: ${TOKEN} } }\n`,
    )
  const options = { clock: Date.now, wait: 5, poll: 200 }
  const warned: string[] = []
  const running = await startServer(readConfig(config(clusterYaml(place, cluster, prefix), 'data'), {}), {
    ...options,
    say: () => {},
    warn: (sentence) => void warned.push(sentence),
  })
  running.begin()
  let cookie = ''
  let closed = false
  const call = async (path: string, body?: object): Promise<Answer & { headers: Headers }> => {
    const answer = await fetch(`${running.url}/api${path}`, {
      headers: { cookie, origin: running.url, 'accept-language': 'en', 'content-type': 'application/json' },
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    })
    return { status: answer.status, body: await answer.json(), headers: answer.headers }
  }
  if (!(await running.auth!.users()).some(({ username }) => username === 'quan-tri'))
    await running.auth!.add(
      { username: 'quan-tri', name: 'Quản trị', role: 'administrator', organizations: [] },
      PASSWORD,
    )
  const signIn = () => call('/auth/sign-in/username', { username: 'quan-tri', password: PASSWORD })
  const signedIn = await signIn()
  expect(signedIn.status, JSON.stringify(signedIn.body)).toBe(200)
  cookie = signedIn.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ') // prettier-ignore
  return {
    place,
    prefix,
    running,
    warned,
    get: call,
    post: call,
    signIn,
    send: async (some) => {
      const answer = await fetch(`${running.url}/ingest/web`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}` },
        body: some.join('\n'),
      })
      expect(await answer.json()).toEqual({ accepted: some.length })
      lines.push(...some)
    },
    write: (some) => {
      appendFileSync(join(place.folder, 'logs/a.log'), `${some.join('\n')}\n`)
      lines.push(...some)
    },
    lines,
    problems: async () => {
      const { status, body } = await call('/health')
      return status === 200 ? (body as Health).problems.map(({ message }) => message) : [body.error.message]
    },
    doctor: async () => {
      const { out, err } = await place.run(['-c', 'data.yml', 'doctor'])
      expect(err).toBe('')
      return out.split('\n').flatMap((line) => /^WRONG {2}(.*)$/.exec(line)?.[1] ?? [])
    },
    seen: async () => {
      const now = Date.now()
      await until(
        'what others stored is visible',
        async () => (await running.installation.store.events.committed()) >= now,
      )
    },
    settled: async () => {
      const { ingest, store } = running.installation
      await ingest.drain()
      const counts = await originals(store.events)
      expect({
        missing: lines.filter((line) => !counts.has(line)).slice(0, 5),
        twice: [...counts].filter(([, count]) => count > 1),
        others: counts.size - lines.length,
      }).toEqual({ missing: [], twice: [], others: 0 })
    },
    alerts: async () => {
      const out: string[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const { body } = await call(`/alerts?from=0&limit=500&cursor=${encodeURIComponent(cursor)}`)
        for (const { rule, group, first, last, count } of body.items as AlertRow[])
          out.push(burst(rule.id, group, first, last, count))
        cursor = body.cursor
      }
      return out.sort()
    },
    calm: async () => {
      const calm = await openInstallation(readConfig(config('', 'calm'), {}), { ...options, warn: () => {} })
      try {
        await calm.ingest.start()
        const sent = new Set(await originals(running.installation.store.events).then((counts) => counts.keys()))
        await calm.ingest.drain()
        const read = await originals(calm.store.events)
        const rest = [...sent].filter((line) => !read.has(line)).map((line) => Buffer.from(line))
        if (rest.length > 0) await calm.ingest.accept('web', rest, '127.0.0.1')
        await calm.ingest.drain()
        await calm.schedule.runAll()
        const { items } = await calm.store.documents
          .collection<Alert>('alerts')
          .query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })
        return items
          .filter(({ doc }) => doc['alert.status'] !== 'absorbed')
          .map(({ doc }) => burst(doc['rule.id'], doc.group, doc['alert.first'], doc['alert.last'], doc['alert.count']))
          .sort()
      } finally {
        await calm.close()
      }
    },
    close: async () => {
      if (closed) return
      closed = true
      await running.stop()
      await place.remove()
    },
  }
}
