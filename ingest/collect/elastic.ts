/**
 * What speaks to Elasticsearch sends to us: Beats, Logstash, Fluent Bit, Vector, rsyslog's omelasticsearch, the clients. Their
 * bulk requests are taken (`bulk.ts`), and what they ask before the first is answered as Elasticsearch documents it: version,
 * licence, health; templates, pipelines and lifecycles, which have nothing to do here, are acknowledged and not kept.
 *
 * Under `/ingest/SOURCE`, or at the root for a sender that can name no path: the source is then the user of its credentials.
 */
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Ingest } from '../ingest.ts'
import type { Source } from '../source.ts'
import { type Bodies, type Body, type BodyRefused, saysTooLarge } from './body.ts'
import { answerBulk, readBulk } from './bulk.ts'
import { sourceOfToken } from './token.ts'

/** The version whose requests are answered: a Beat refuses a server that is older than itself. */
const VERSION = '9.5.0'
const PRODUCT = { 'X-Elastic-Product': 'Elasticsearch' }
const VENDOR = /^application\/vnd\.elasticsearch\+json\s*;\s*compatible-with=\d+/

export interface ElasticOptions {
  readonly sources: () => readonly Source[]
  readonly ingest: Ingest
  /** The sender's address. */
  readonly peer: (request: unknown) => string
  /** Bounds what all requests hold. */
  readonly bodies: Bodies
  /** Whether the source's parser reads documents as they are, not the line in them. */
  readonly whole: (source: Source) => boolean
}

/** User and secret of Basic and of an API key (`id:key`, base64), the secret alone of Bearer. */
export const credentialsOf = (header: string | undefined): { user: string | undefined; secret: string } | undefined => {
  const [, scheme, value] = /^(\w+) +(\S+)$/.exec(header ?? '') ?? []
  if (!value) return undefined
  if (/^bearer$/i.test(scheme!)) return { user: undefined, secret: value }
  if (!/^(?:basic|apikey)$/i.test(scheme!)) return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** The paths that are asked for at the root. */
export const AT_ROOT =
  `/ /_bulk /:index/_bulk /_license /_xpack /_cluster/* /_cat/* /_ilm/* /_index_template/* /_template/*
/_component_template/* /_ingest/* /_data_stream/* /_alias/*`.split(/\s+/)

const failure = (type: string, reason: string, status: number) => ({
  error: { root_cause: [{ type, reason }], type, reason },
  status,
})

export const elasticRoute = ({ sources, ingest, peer, bodies, whole }: ElasticOptions) => {
  const app = new Hono<{ Variables: { source: Source } }>()
  /** A text is JSON already. */
  const say = (c: Context, body: object | string, status: ContentfulStatusCode = 200) => {
    const wanted = VENDOR.exec(c.req.header('accept') ?? '')?.[0] ?? 'application/json'
    return c.body(typeof body === 'string' ? body : JSON.stringify(body), status, {
      ...PRODUCT,
      'content-type': wanted,
    })
  }
  const refuse = (c: Context, status: ContentfulStatusCode, type: string, reason: string) =>
    say(c, failure(type, reason, status), status)

  app.use(async (c, next) => {
    const given = credentialsOf(c.req.header('authorization'))
    const id = c.req.param('source') ?? given?.user
    const source = given && sourceOfToken(sources(), id, given.secret)
    if (!source) {
      c.header('WWW-Authenticate', 'Basic realm="security", charset="UTF-8"')
      return refuse(
        c,
        401,
        'security_exception',
        'no HTTP source takes these credentials: send the source of vonglau.yml as user (or in the path, /ingest/SOURCE) and its token as password, as API key SOURCE:TOKEN, or as "Authorization: Bearer TOKEN"',
      )
    }
    c.set('source', source)
    return await next()
  })
  const take = async (c: Context<{ Variables: { source: Source } }>, index: string, body: Body) => {
    const source = c.get('source')
    const began = performance.now()
    const bulk = await readBulk(body.lines, index, whole(source))
    if (typeof bulk === 'string') return refuse(c, 400, 'illegal_argument_exception', bulk)
    try {
      const { documents, names } = bulk
      const taken = documents.length ? await ingest.acceptNamed(source.id, documents, peer(c), names) : {}
      return say(c, await answerBulk(bulk, taken, Math.round(performance.now() - began)))
    } catch (error) {
      const reason = `nothing of this request was accepted (${(error as Error).message}): send it again later`
      return refuse(c, 503, 'unavailable_shards_exception', reason)
    }
  }
  const bulk = async (c: Context<{ Variables: { source: Source } }>) => {
    const large = () =>
      refuse(
        c,
        413,
        'content_too_large_exception',
        'the request is larger than 64 MiB or has more than 500,000 lines, unpacked: send it in parts',
      )
    if (saysTooLarge(c.req.raw)) return large()
    let body: Body
    try {
      body = await bodies.of(c.req.raw)
    } catch (error) {
      const { why, message } = error as BodyRefused
      if (why === 'encoding') return refuse(c, 415, 'media_type_header_exception', message)
      if (why === 'large') return large()
      return why === 'busy'
        ? refuse(c, 429, 'es_rejected_execution_exception', 'others are being taken: send it again in some seconds')
        : refuse(c, 400, 'parse_exception', `the body cannot be read (${message})`)
    }
    try {
      return await take(c, c.req.param('index') ?? 'logs', body)
    } finally {
      body.free()
    }
  }
  app.on(['POST', 'PUT'], '/_bulk', bulk).on(['POST', 'PUT'], '/:index/_bulk', bulk)

  const about = (c: Context<{ Variables: { source: Source } }>) =>
    say(c, {
      name: 'vonglau',
      cluster_name: 'vonglau',
      cluster_uuid: c.get('source').id,
      version: {
        number: VERSION,
        build_flavor: 'default',
        build_type: 'docker',
        build_hash: '0',
        build_date: '2026-01-01T00:00:00.000Z',
        build_snapshot: false,
        lucene_version: '10.3.0',
        minimum_wire_compatibility_version: '8.19.0',
        minimum_index_compatibility_version: '8.0.0',
      },
      tagline: 'You Know, for Search',
    })
  app.get('/', about)
  app.get('/_license', (c) =>
    say(c, {
      license: {
        status: 'active',
        uid: c.get('source').id,
        type: 'basic',
        issue_date: '2026-01-01T00:00:00.000Z',
        issue_date_in_millis: Date.UTC(2026, 0, 1),
        max_nodes: 1000,
        max_resource_units: null,
        issued_to: 'vonglau',
        issuer: 'elasticsearch',
        start_date_in_millis: -1,
      },
    }),
  )
  app.get('/_xpack', (c) =>
    say(c, {
      build: { hash: '0', date: '2026-01-01T00:00:00.000Z' },
      license: { uid: c.get('source').id, type: 'basic', mode: 'basic', status: 'active' },
      features: { ilm: { available: true, enabled: true }, security: { available: true, enabled: true } },
      tagline: 'You know, for X',
    }),
  )
  app.get('/_cluster/health', (c) =>
    say(c, { cluster_name: 'vonglau', status: 'green', timed_out: false, number_of_nodes: 1, number_of_data_nodes: 1 }),
  )
  app.get('/_cat/health', (c) => c.text('vonglau green 1 1\n', 200, PRODUCT))
  app.get('/_ilm/status', (c) => say(c, { operation_mode: 'RUNNING' }))

  // Where they would stand there is nothing, so a sender that asks sets them, and goes on.
  const kinds = [
    '_ilm/policy',
    '_index_template',
    '_template',
    '_component_template',
    '_ingest/pipeline',
    '_data_stream',
  ]
  for (const kind of kinds) {
    app.on(['PUT', 'POST'], `/${kind}/:name`, (c) => say(c, { acknowledged: true }))
    app.get(`/${kind}/:name`, (c) =>
      refuse(c, 404, 'resource_not_found_exception', `${kind} [${c.req.param('name')?.slice(0, 100)}] not found`),
    )
  }
  app.get('/_alias/:name', (c) => refuse(c, 404, 'aliases_not_found_exception', 'aliases are not kept here'))
  app.put('/:index{[^_][^/]*}', (c) =>
    say(c, { acknowledged: true, shards_acknowledged: true, index: c.req.param('index') }),
  )
  app.get('/:index{[^_][^/]*}', (c) =>
    refuse(c, 404, 'index_not_found_exception', `no such index [${c.req.param('index').slice(0, 100)}]`),
  )
  // Beats and Logstash ask for `PATH/`.
  app.get('*', (c, next) => (/^\/ingest\/[^/]+\/$/.test(c.req.path) ? about(c) : next()))
  app.all('*', (c) =>
    refuse(
      c,
      400,
      'illegal_argument_exception',
      `${c.req.method} ${c.req.path.slice(0, 100)} is not answered here: documents are taken by _bulk`,
    ),
  )
  return app
}
