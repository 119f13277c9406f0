/** `vonglau.yml`: read, completed with defaults and the environment, and held to its schema with errors a person can act on. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { expectedOf } from '../ingest/expected.ts'
import { lineOf } from '../ingest/line-of.ts'
import { type Around, type Own, sourceWith, toSource } from './config-source.ts'
import { syslog, syslogPorts } from './config-syslog.ts'
import { address, network, shownValue, zone } from './config-values.ts'
import { readDescriptions } from './descriptions.ts'
import { expectedField, isField } from './fields.ts'
import { type SourceText, sourceTextOf } from './source-text.ts'
import { reportSettings } from './reports/settings.ts'
import type { Source } from '../ingest/source.ts'
import { checkRegex, compile } from '../ingest/store/match.ts'

const schemaWith = (own: Own) =>
  z.strictObject({
    data: z.string().default('.vonglau'),
    listen: address.default('127.0.0.1:8420'),
    public_url: z.url({ protocol: /^https?$/ }).optional(),
    tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
    /** Addresses of proxies whose X-Forwarded-* is believed. */
    trusted_proxy: z.array(network).default([]),
    syslog: syslog.prefault({}),
    inventory: z.string().optional(),
    /** A folder of parsers of one's own. */
    parsers: z.string().optional(),
    rules: z.string().optional(), // a folder of rules of one's own, beside those that come with the program
    timezone: zone.default('Asia/Ho_Chi_Minh'),
    language: z.enum(['vi', 'en']).default('vi'),
    retention: z
      .strictObject({
        days: z.int().min(1).default(365),
        /** Of the events: what else fills the disk is no reason to remove any. */
        gigabytes: z.number().positive().optional(),
        /** Above, doctor warns. */
        disk_percent: z.number().min(1).max(99).default(80),
      })
      .prefault({}),
    geoip: z.strictObject({ country: z.string().optional(), asn: z.string().optional() }).default({}),
    store: z.enum(['duckdb', 'elasticsearch']).default('duckdb'),
    elasticsearch: z
      .strictObject({
        nodes: z
          .array(z.url({ protocol: /^https?$/ }))
          .min(1)
          .default(['http://127.0.0.1:9200']),
        user: z.string().optional(),
        password: z.string().optional(),
        api_key: z.string().optional(),
        ca: z.string().optional(), // a PEM file with the certificate authority of the cluster
        prefix: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'small letters, digits and "-"')
          .default('vonglau'), // of the names of its indices
      })
      .default({ nodes: ['http://127.0.0.1:9200'], prefix: 'vonglau' }),
    memory: z
      .string()
      .regex(/^[1-9]\d{0,8}(MB|GB)$/, 'a size such as 4GB')
      .optional(),
    /** What is masked beside what is by itself (masks.ts). */
    masks: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          pattern: z.string().superRefine((text, context) => {
            const reason = checkRegex(text)
            if (reason !== undefined)
              context.addIssue({ code: 'custom', message: `a regular expression of RE2: ${reason}` })
            // One that is found in every text would mask nothing, and keep a role from searching at all.
            else if (compile({ op: 'regex', field: 'x', source: text })({ x: '' }))
              context.addIssue({ code: 'custom', message: 'an expression that the empty text does not match' })
          }),
          in: z
            .array(z.string().refine(isField, { error: (issue) => expectedField(String(issue.input)) }))
            .min(1)
            .optional(),
        }),
      )
      .default([]),
    /** Folders that links among the files of sources may lead into. */
    files: z.array(z.string()).default([]),
    reports: reportSettings.prefault({}),
    sources: z.array(sourceWith(own)).default([]),
  })
const schema = schemaWith(new Map())

export type Config = Omit<z.output<typeof schema>, 'sources'> & {
  readonly sources: readonly Source[]
  /** The same as they are written, and where: a file, or the variable of the environment. */
  readonly entries: { readonly path: string; readonly list: readonly SourceText[] }
  /** The parsers of one's own, by their ids. */
  readonly described: Own
  /** The file it was read from, or undefined where there is none. */
  readonly file?: string
  readonly folder: string
}

/** What a process does: reads and stores logs, runs the rules, answers the console. */
export const SERVER_ROLES = ['ingest', 'detect', 'api'] as const
export type ServerRole = (typeof SERVER_ROLES)[number]

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (out, part) => (typeof part === 'number' ? `${out}[${part}]` : out ? `${out}.${String(part)}` : String(part)),
    '',
  )

/** VONGLAU_RETENTION_DAYS=90 is retention.days: 90; VONGLAU_SOURCES takes JSON. */
const fromEnvironment = (env: NodeJS.ProcessEnv, into: Record<string, unknown>): Map<string, string> => {
  const said = new Map<string, string>()
  const set = (path: readonly string[], shape: z.ZodType) => {
    const name = `VONGLAU_${path.join('_').toUpperCase()}`
    const inner = unwrap(shape)
    if (inner instanceof z.ZodObject)
      for (const [key, child] of Object.entries(inner.shape)) set([...path, key], child as z.ZodType)
    const text = env[name]
    if (text === undefined || text === '') return
    let at = into
    for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>
    at[path.at(-1)!] =
      inner instanceof z.ZodNumber
        ? numeric(text)
        : inner instanceof z.ZodArray || inner instanceof z.ZodObject
          ? json(text)
          : text
    said.set(path.join('.'), name)
  }
  for (const [key, child] of Object.entries(schema.shape)) set([key], child as z.ZodType)
  return said
}
const unwrap = (shape: z.ZodType): z.ZodType => {
  let inner = shape
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional)
    inner = inner.unwrap() as z.ZodType
  return inner
}
/** What is no number stays text, so that the error shows what was written. */
const numeric = (text: string): number | string =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text.includes(',') ? text.split(',').map((part) => part.trim()) : [text]
  }
}

const origins = new WeakMap<Config, () => Config>()
/** What its file and environment say now. Throws as `readConfig` does. */
export const rereadConfig = (config: Config): Config => origins.get(config)?.() ?? config

/** Throws an Error that names file, line, path, the value there and what was expected. */
export const readConfig = (file: string | undefined, env: NodeJS.ProcessEnv = process.env): Config => {
  const config = read(file, env)
  origins.set(config, () => readConfig(file, env))
  return config
}
const read = (file: string | undefined, env: NodeJS.ProcessEnv): Config => {
  const path = file ?? env['VONGLAU_CONFIG'] ?? (existsSync('vonglau.yml') ? 'vonglau.yml' : undefined)
  let value: Record<string, unknown> = {}
  let lines: LineCounter | undefined
  let document: ReturnType<typeof parseDocument> | undefined
  if (path !== undefined) {
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      throw new Error(
        `${path} cannot be read (${(error as NodeJS.ErrnoException).code}): name a configuration file with --config, or leave it out for the defaults`,
      )
    }
    lines = new LineCounter()
    document = parseDocument(text, { lineCounter: lines })
    const broken = document.errors[0]
    if (broken)
      throw new Error(`${path}:${lines.linePos(broken.pos[0]).line}: not YAML: ${broken.message.split('\n')[0]}`)
    const read: unknown = document.toJS()
    if (read !== null && (typeof read !== 'object' || Array.isArray(read)))
      throw new Error(`${path}: expected keys and values such as "listen: 0.0.0.0:8420"`)
    value = (read ?? {}) as Record<string, unknown>
  }
  const said = fromEnvironment(env, value)
  const folder = path === undefined ? process.cwd() : dirname(resolve(path))
  const under = (p: string) => (isAbsolute(p) ? p : resolve(folder, p))
  const described: Own = typeof value['parsers'] === 'string' ? readDescriptions(under(value['parsers'])) : new Map()
  const parsed = schemaWith(described).safeParse(value)
  if (!parsed.success) throw new Error(problem(parsed.error.issues[0]!, path, value, said, document, lines))
  const { sources, ...rest } = parsed.data
  const twice = sources.find((s, i) => sources.findIndex((other) => other.id === s.id) !== i)
  if (twice) throw new Error(`${path ?? 'VONGLAU_SOURCES'}: two sources have the id "${twice.id}": each needs its own`)
  for (const [i, { id, syslog: its }] of sources.entries())
    if (its) checkPorts(rest.syslog, id, its, `${path ?? 'VONGLAU_SOURCES'}: sources[${i}].syslog`)
  return {
    ...rest,
    data: under(rest.data),
    elasticsearch: {
      ...rest.elasticsearch,
      ...(rest.elasticsearch.ca === undefined ? {} : { ca: under(rest.elasticsearch.ca) }),
    },
    ...(rest.inventory === undefined ? {} : { inventory: under(rest.inventory) }),
    ...(rest.rules === undefined ? {} : { rules: under(rest.rules) }),
    ...(rest.parsers === undefined ? {} : { parsers: under(rest.parsers) }),
    reports: {
      ...rest.reports,
      ...(rest.reports.templates === undefined ? {} : { templates: under(rest.reports.templates) }),
    },
    described,
    entries: {
      path: said.get('sources') ?? path ?? '',
      list: sources.map(({ id }, i) => ({ id, text: sourceTextOf((value['sources'] as object[])[i]!) })),
    },
    ...(rest.tls === undefined ? {} : { tls: { cert: under(rest.tls.cert), key: under(rest.tls.key) } }),
    sources: sources.map((s) => toSource(s, { under, described, timezone: rest.timezone, files: rest.files })),
    ...(path === undefined ? {} : { file: path }),
    folder,
  }
}

const problem = (
  issue: z.core.$ZodIssue,
  path: string | undefined,
  value: unknown,
  said: Map<string, string>,
  document?: ReturnType<typeof parseDocument>,
  lines?: LineCounter,
): string => {
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const at = unknownKey === undefined ? issue.path : [...issue.path, unknownKey]
  const name = pathText(at)
  // The variable that said it, or the whole of which it is a part.
  const texts = at.map(String)
  const env = texts
    .map((_, i) => said.get(texts.slice(0, texts.length - i).join('.')))
    .find((each) => each !== undefined)
  const line = document && lines ? `:${lineOf(document, lines, at)}` : ''
  const where = env
    ? `environment variable ${env}${said.has(name) ? '' : `: ${name}`}`
    : `${path ?? 'configuration'}${line}: ${name || 'the file'}`
  if (unknownKey !== undefined) {
    const parent = unwrap(
      issue.path.reduce<z.ZodType>((shape, part) => {
        const inner = unwrap(shape)
        return inner instanceof z.ZodObject
          ? (inner.shape[part as string] as z.ZodType)
          : inner instanceof z.ZodArray
            ? (inner.element as z.ZodType)
            : inner
      }, schema),
    )
    const known = parent instanceof z.ZodObject ? ` The keys here are ${Object.keys(parent.shape).join(', ')}.` : ''
    return `${where}: there is no such key.${known}`
  }
  const found = at.reduce<unknown>((v, part) => (v as Record<PropertyKey, unknown> | undefined)?.[part], value)
  return `${where}: expected ${expectedOf(issue).en}, found ${shownValue(at, found)}`
}

interface Waits {
  readonly port?: number | undefined
  readonly host?: readonly string[] | undefined
  readonly program?: readonly string[] | undefined
}
const checkPorts = (syslog: Config['syslog'], id: string, its: Waits, where: string): void => {
  if (its.port !== undefined && !syslogPorts(syslog).has(its.port))
    throw new Error(
      `${where}.port: source "${id}" waits at port ${its.port}, which syslog: does not open: add it under syslog: udp, tcp or tls`,
    )
  if ((its.host || its.program) && syslog.relays.length === 0)
    throw new Error(
      `${where}: host and program of a line are believed of relays alone: name the relay of source "${id}" under syslog: relays:`,
    )
}
/** Throws a sentence where a source waits for what this configuration does not let in. */
export const holdPorts = ({ syslog }: Config, { id, collect }: Source): void => {
  if (collect.kind === 'syslog') checkPorts(syslog, id, collect, 'syslog')
}

/** What a source of this configuration is read by. */
export const aroundOf = ({ folder, described, timezone, files }: Config): Around => ({
  under: (path) => (isAbsolute(path) ? path : resolve(folder, path)),
  described,
  timezone,
  files,
})

/** Where a running server listens for other commands of this machine. */
export const socketPath = (config: Config): string => join(config.data, 'control.sock')
