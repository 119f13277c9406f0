/**
 * The way to a cluster: the client, repeated requests, and what went wrong as one sentence that a person can act on.
 * Only what every plain Elasticsearch 9 offers is asked for; so there is no `info()` and no `ping()`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, errors, type estypes } from '@elastic/elasticsearch'
import { StoreError, StoreAway, storeClosed, StoreRefused } from '../store.ts'

export interface Connection {
  /** 'https://es1:9200', one or more of one cluster. */
  readonly nodes: readonly string[]
  readonly user?: string
  readonly password?: string
  /** As Elasticsearch hands it out (`encoded`); instead of user and password. */
  readonly apiKey?: string
  /** PEM of the authority that signed the cluster's certificates, where the machine does not know it. */
  readonly ca?: string
  /** ms that one request may take: 30,000. */
  readonly timeout?: number
}

/** What went wrong. Of these only `unreachable`, `busy` and `full` may pass by themselves. */
export type Kind =
  | 'unreachable' // no connection, or a broken one; the request may have been carried out
  | 'busy' // 429, 502, 503, 504
  | 'full' // indices are read-only because the disk is (nearly) full
  | 'blocked' // a write block on an index
  | 'credentials'
  | 'privilege'
  | 'certificate'
  | 'version' // not an Elasticsearch 9
  | 'missing' // no such index or alias
  | 'conflict' // 409
  | 'refused' // 400 and the like: what was asked for is wrong

/** Connects to nothing yet. Throws a `StoreError` on an address that is none, or on credentials of two kinds. */
export const openClient = ({ nodes, user, password, apiKey, ca, timeout = 30_000 }: Connection): Client => {
  if (nodes.length === 0)
    throw new StoreRefused('no address of Elasticsearch is given: name one, like https://es1:9200')
  for (const node of nodes)
    if (!URL.canParse(node) || !/^https?:$/.test(new URL(node).protocol))
      throw new StoreRefused(`"${node}" is not an address of Elasticsearch: write it like https://es1:9200`)
  if (apiKey && (user || password))
    throw new StoreRefused('Elasticsearch takes an API key or a user with a password, not both: leave one of them out')
  if (Boolean(user) !== Boolean(password))
    throw new StoreRefused(
      `Elasticsearch needs a user and a password, and the ${user ? 'password' : 'user'} is missing: give both, or neither`,
    )
  return new Client({
    nodes: [...nodes],
    ...(apiKey ? { auth: { apiKey } } : user && password ? { auth: { username: user, password } } : {}),
    ...(ca ? { tls: { ca } } : {}),
    requestTimeout: timeout,
    // `insist` repeats, with backoff, and tells what it repeats that the first try may have been carried out.
    maxRetries: 0,
    // Every error has the request with it. The default copies that to hide the password, a bulk request byte by byte, which
    // stops the process for seconds whenever the cluster is away: here headers are left out instead.
    redaction: { type: 'remove' },
    // A field of an event may be called __proto__. JSON.parse makes that a property like any other; the client's
    // protection would refuse the whole answer.
    disablePrototypePoisoningProtection: true,
  })
}

export interface ServerError {
  readonly type?: string
  readonly reason?: string
  readonly caused_by?: ServerError
  readonly root_cause?: readonly ServerError[]
}
const serverError = (error: errors.ResponseError): ServerError => {
  const found = (error.body as { error?: ServerError | string } | undefined)?.error
  return typeof found === 'string' ? { reason: found } : (found ?? {})
}

/**
 * A node that starts or stops says of a shard that is on its way that it is not found (404), and of itself that something
 * is wrong with it (500).
 */
const ON_ITS_WAY =
  /^(illegal_index_shard_state|index_shard_\w+|shard_not_found|shard_not_in_primary_mode|no_shard_available_action|primary_missing_action|unavailable_shards|node_closed|node_disconnected|node_not_connected|already_closed)_exception$/

/** Of an answer, or of one item of a bulk request. */
export const kindOfStatus = (
  status: number,
  { type = '', reason = '', root_cause = [], caused_by }: ServerError,
): Kind => {
  if ([{ type }, ...root_cause, caused_by].some((each) => ON_ITS_WAY.test(each?.type ?? ''))) return 'busy'
  if (type === 'cluster_block_exception') {
    if (/read-only-allow-delete|flood.?stage/.test(reason)) return 'full'
    return status === 503 ? 'busy' : 'blocked'
  }
  if (type === 'media_type_header_exception') return 'version'
  if (status === 404) return 'missing'
  if (status === 401) return 'credentials'
  if (status === 403) return 'privilege'
  if (status === 409) return 'conflict'
  return status === 429 || status === 502 || status === 503 || status === 504 ? 'busy' : 'refused'
}

/** Undefined: not an error of the connection to Elasticsearch. Sees through what `explain` made of it. */
export const kindOf = (error: unknown): Kind | undefined => {
  if (error instanceof StoreError) return error.cause === undefined ? undefined : kindOf(error.cause)
  if (error instanceof errors.ResponseError) return kindOfStatus(error.statusCode ?? 0, serverError(error))
  if (error instanceof errors.ProductNotSupportedError) return 'version'
  if (error instanceof errors.ConnectionError)
    return /certificate|self.signed|altnames|\bCERT_|UNABLE_TO_(GET|VERIFY)/i.test(error.message)
      ? 'certificate'
      : /wrong version number|packet length too long|EPROTO/i.test(error.message)
        ? 'version'
        : 'unreachable'
  if (error instanceof errors.TimeoutError || error instanceof errors.NoLivingConnectionsError) return 'unreachable'
  if (error instanceof errors.DeserializationError) return 'version'
  return undefined
}

const passing = (kind: Kind | undefined): boolean => kind === 'unreachable' || kind === 'busy' || kind === 'full'

/** A kind as the store's contract has it. */
export const failureOf = (kind: Kind, said: string, options?: ErrorOptions): StoreError =>
  new (passing(kind) ? StoreAway : StoreRefused)(said, options)

/** By this it is known that two sentences say the same of a full disk. */
export const FULL = 'read-only because a disk'

/** The sentence for an error of a kind. `what`: what was being done; `where`: the address. */
export const sentence = (kind: Kind, what: string, where: string, reason: string): string => {
  const at = `Elasticsearch at ${where}`
  switch (kind) {
    case 'unreachable':
      return `${what}: ${at} does not answer (${reason}): see that it runs and that this machine reaches that address`
    case 'busy':
      // What a full queue says of itself goes on with the insides of the server.
      return `${what}: ${at} is too busy or not ready (${reason.split('{')[0]!.trim()}): give it a moment, and more memory or nodes if that lasts`
    case 'full':
      return `${what}: ${at} has made indices ${FULL} is nearly full (${reason}): free space or add a node, it then takes writes again by itself`
    case 'blocked':
      return `${what}: ${at} does not take writes to an index (${reason}): remove the block of that index, if a person has set it`
    case 'credentials':
      return `${what}: ${at} does not know this user and password or API key (${reason}): correct them in the configuration`
    case 'privilege':
      return `${what}: the user has not the privilege for that on ${at} (${reason}): give the user the role of README.md`
    case 'certificate':
      return `${what}: the certificate of ${at} is not trusted (${reason}): name the file of the authority that signed it in the configuration (ca), and use a host name that is in the certificate`
    case 'version':
      return `${what}: what answers at ${where} is not an Elasticsearch 9 (${reason}): correct the address (http or https, the port), or install version 9`
    case 'missing':
      return `${what}: ${at} has no such index (${reason}): somebody deleted it; restore it from a snapshot, or start Vọng Lâu again to begin an empty one`
    case 'conflict':
      return `${what}: ${at} has a newer version (${reason}): read it again`
    case 'refused':
      return `${what}: ${at} refuses that (${reason}): compare the mapping of the index with that of a fresh installation, and report this if they are the same`
  }
}

const reasonOf = (error: Error): string => {
  if (!(error instanceof errors.ResponseError)) return (error.message.split('\n')[0] || error.name).trim()
  const { type, reason, caused_by } = serverError(error)
  const said = reason ?? type ?? `status ${error.statusCode}`
  return shorten(caused_by?.reason && !said.includes(caused_by.reason) ? `${said}: ${caused_by.reason}` : said)
}
export const shorten = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}…` : text)

/** The address of a client's cluster, for sentences: every node, without credentials. */
export const addressOf = (client: Client): string =>
  [...new Set([...client.connectionPool.connections].map(({ url }) => url.origin))].join(', ')

/** An error as one sentence, with the error itself as its cause; one that is not of the connection stays what it is. */
export const explain = (client: Client, what: string, error: unknown): Error => {
  const kind = kindOf(error)
  if (kind === undefined || error instanceof StoreError) return error as Error
  return failureOf(kind, sentence(kind, what, addressOf(client), reasonOf(error as Error)), { cause: error })
}

/** ms to wait before the nth repetition: doubled from 100 to 10,000, the upper half of it at random. */
export const backoff = (n: number): number => Math.min(10_000, 100 * 2 ** Math.min(n, 10)) * (0.5 + Math.random() / 2)

export interface Patience {
  /** ms until it gives up repeating: 30,000. */
  readonly patience?: number
  /** ms between two tries at most: 10,000. */
  readonly most?: number
  /** Gives up with its reason. */
  readonly signal?: AbortSignal
  /** Told before each repetition. */
  readonly onRetry?: (error: Error) => void
}

/**
 * Asks, and asks again with backoff and jitter while the cluster is busy, full or not to be reached. `again` says that an
 * earlier try may have been carried out although its answer was lost. Rejects with a `StoreError` (see `explain`).
 */
export const insist = async <T>(
  client: Client,
  what: string,
  ask: (again: boolean) => Promise<T>,
  { patience = 30_000, most = 10_000, signal, onRetry }: Patience = {},
): Promise<T> => {
  const began = performance.now()
  let again = false
  for (let n = 0; ; n++) {
    signal?.throwIfAborted()
    try {
      return await ask(again)
    } catch (error) {
      // The client was closed: it has no way to any node, and will have none.
      if (error instanceof errors.NoLivingConnectionsError && addressOf(client) === '') throw storeClosed()
      const kind = kindOf(error)
      if (!passing(kind)) throw explain(client, what, error)
      const wait = Math.min(most, backoff(n))
      if (performance.now() - began + wait > patience) throw explain(client, what, error)
      // What was refused as a whole was not carried out.
      if (!(error instanceof errors.ResponseError && error.statusCode === 429)) again = true
      onRetry?.(explain(client, what, error))
      await sleep(wait, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())
    }
  }
}

/** What one item of a request says, as the error of a request of its own: to be repeated like one. */
export const itemError = (statusCode: number, error: unknown): errors.ResponseError =>
  new errors.ResponseError({ statusCode, body: { error } } as ConstructorParameters<typeof errors.ResponseError>[0])

type Found<T> = estypes.GetGetResult<T>
/**
 * What a request for several found, without what is of an index that is not there. Throws what is repeated where a shard
 * does not answer, as that of an index which another process has just made.
 */
export const known = <T>(docs: readonly estypes.MgetResponseItem<T>[]): Found<T>[] =>
  docs.flatMap((each) => {
    if (!('error' in each)) return each
    if (each.error.type === 'index_not_found_exception') return []
    throw itemError(503, each.error)
  })
