/**
 * The cluster of the tests: the one that VONGLAU_TEST_ES names (`https://user:password@host:9200`, its authority's file
 * in VONGLAU_TEST_ES_CA), else one server that the whole run shares, started when the first test needs it. Each suite
 * has a prefix of its own in it.
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { afterAll, describe } from 'vitest'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { RUN, startElasticsearch, stopLeft } from './elasticsearch.ts'
import { Unavailable } from './distribution.ts'

export interface Cluster {
  /** As `openClient` takes it. */
  readonly nodes: readonly string[]
  readonly user?: string
  readonly password?: string
  readonly ca?: string
}

/** For the start of a test run: where its tests find the server that they share. Answers what ends it. */
export const shareCluster = (): (() => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-run-'))
  chmodSync(folder, 0o755) // the user of the servers has to come through
  writeFileSync(join(folder, 'owner'), String(process.pid))
  process.env[RUN] = folder
  return async () => {
    // Found by what they left there, for the processes that started them are gone, maybe in the middle.
    for (const name of readdirSync(folder)) if (name.startsWith('vonglau-')) await stopLeft(join(folder, name))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The cluster to test on. Throws `Unavailable`, with what to do, where there is none. */
export const testCluster = async (): Promise<Cluster> => {
  const named = process.env['VONGLAU_TEST_ES']
  if (named) {
    const url = new URL(named)
    const file = process.env['VONGLAU_TEST_ES_CA']
    const { username, password } = url
    url.username = url.password = ''
    return {
      nodes: [url.href],
      ...(username ? { user: decodeURIComponent(username), password: decodeURIComponent(password) } : {}),
      ...(file ? { ca: readFileSync(file, 'utf8') } : {}),
    }
  }
  const folder = process.env[RUN]
  if (!folder) throw new Error(`${RUN} is not set: run the tests by "npm test" or with tests/vitest.config.ts`)
  const note = join(folder, 'url')
  const failure = join(folder, 'failure')
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.tmp`, text)
    renameSync(`${file}.tmp`, file)
  }
  const first = (() => {
    try {
      mkdirSync(join(folder, 'starting'))
      return true
    } catch {
      return false
    }
  })()
  if (first)
    try {
      put(note, (await startElasticsearch()).url)
    } catch (error) {
      put(failure, (error as Error).message)
    }
  while (!existsSync(note)) {
    if (existsSync(failure)) throw new Unavailable(readFileSync(failure, 'utf8'))
    await sleep(200)
  }
  return { nodes: [readFileSync(note, 'utf8')] }
}

/** A prefix that no other suite has, within what the role of roles.yml allows. */
/** What makes an installation keep everything there. */
export const environment = ({ nodes, user, password }: Cluster, prefix: string): NodeJS.ProcessEnv => ({
  VONGLAU_STORE: 'elasticsearch',
  VONGLAU_ELASTICSEARCH_NODES: JSON.stringify(nodes),
  VONGLAU_ELASTICSEARCH_PREFIX: prefix,
  ...(user ? { VONGLAU_ELASTICSEARCH_USER: user, VONGLAU_ELASTICSEARCH_PASSWORD: password } : {}),
})
export const randomPrefix = (): string => `vonglau-t${randomBytes(5).toString('hex')}`

/**
 * A prefix of a suite's own, all of which is deleted at its end. To be asked for before the suite says what it does then: what is
 * registered first is done last.
 */
export const ownPrefix = (cluster: Cluster): string => {
  const prefix = randomPrefix()
  afterAll(async () => {
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  })
  return prefix
}

/** Deletes every index of a prefix, and the templates for them. */
export const removeAll = async (client: Client, prefix: string): Promise<void> => {
  // By their names: a server refuses to delete by a pattern.
  const index = Object.keys(await client.indices.get({ index: `${prefix}-*`, features: ['settings'] }))
  if (index.length > 0) await client.indices.delete({ index, ignore_unavailable: true })
  const all = { name: `${prefix}-*` }
  const none = { ignore: [404] }
  for (const { name } of (await client.indices.getIndexTemplate(all, none)).index_templates ?? [])
    await client.indices.deleteIndexTemplate({ name })
  for (const { name } of (await client.cluster.getComponentTemplate(all, none)).component_templates ?? [])
    await client.cluster.deleteComponentTemplate({ name })
}

/**
 * `describe` for what needs the cluster. Where none can be started, the suite is skipped and its name says why; under
 * CI=true that is a failure.
 */
export const describeCluster = async (name: string, suite: (cluster: Cluster) => void): Promise<void> => {
  try {
    const cluster = await testCluster()
    describe(name, () => suite(cluster))
  } catch (error) {
    if (!(error instanceof Unavailable) || process.env['CI'] === 'true') throw error
    describe.skip(`${name} (skipped: ${error.message})`, () => suite({ nodes: [] }))
  }
}
